#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: facility_info
short_description: Show facilities of the Packet API
version_added: 0.1.0
description:
  - Shows the facilities of the API, which are its data centres.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes.info
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
options:
  codes:
    description:
      - Only facilities with one of these codes or ids. One that does not exist is no error; it is not shown.
    type: list
    elements: str
  metro:
    description:
      - Only facilities in the metro of this code.
    type: str
  features:
    description:
      - Only facilities that have all these features, such as V(layer_2).
    type: list
    elements: str
seealso:
  - module: packet.kubernetes.metro_info
"""

EXAMPLES = r"""
- name: List the facilities of a metro that have virtual networks
  packet.kubernetes.facility_info:
    metro: sv
    features:
      - layer_2
  register: result

- name: Show their codes
  ansible.builtin.debug:
    msg: "{{ result.facilities | map(attribute='code') }}"
"""

RETURN = r"""
facilities:
  description: The facilities.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its id.
      type: str
      sample: 6c4f2a52-1d2e-4a1b-9c8e-1f5d0a7b3e64
    code:
      description: By what it is spoken of.
      type: str
      sample: sv15
    name:
      description: Its name.
      type: str
      sample: Silicon Valley SV15
    metro:
      description: Code of the metro that it is in.
      type: str
      sample: sv
    features:
      description: What can be had in it.
      type: list
      elements: str
      sample: [baremetal, layer_2, global_ipv4]
    ip_ranges:
      description: Networks from which its devices have public addresses.
      type: list
      elements: str
      sample: [198.51.100.0/25]
"""

from ..module_utils._kinds.catalogue import FACILITIES
from ..module_utils._module import run_info


def main() -> None:
    """Runs the module."""
    run_info(FACILITIES)


if __name__ == "__main__":
    main()
