#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: metro_info
short_description: Show metros of the Packet API
version_added: 0.1.0
description:
  - Shows the metros of the API, which are the areas that its facilities are in.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes.info
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
options:
  codes:
    description:
      - Only metros with one of these codes. One that does not exist is no error; it is not shown.
    type: list
    elements: str
  country:
    description:
      - Only metros of the country of this code, such as V(DE).
    type: str
seealso:
  - module: packet.kubernetes.facility_info
"""

EXAMPLES = r"""
- name: List the metros of Germany
  packet.kubernetes.metro_info:
    country: DE
  register: result

- name: Show their codes
  ansible.builtin.debug:
    msg: "{{ result.metros | map(attribute='code') }}"
"""

RETURN = r"""
metros:
  description: The metros.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its id.
      type: str
      sample: d2a8e94f-2b42-4440-9c8e-8ef01defcd27
    code:
      description: By what it is spoken of.
      type: str
      sample: fr
    name:
      description: Its name.
      type: str
      sample: Frankfurt
    country:
      description: Code of its country.
      type: str
      sample: DE
"""

from ..module_utils._kinds.catalogue import METROS
from ..module_utils._module import run_info


def main() -> None:
    """Runs the module."""
    run_info(METROS)


if __name__ == "__main__":
    main()
