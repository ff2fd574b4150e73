#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: organization
short_description: Manage organizations of the Packet API
version_added: 0.1.0
description:
  - Creates, renames, changes and removes organizations, to which projects and people belong.
  - Whoever makes an organization owns it. A token of a project cannot.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
options:
  name:
    description:
      - Name of the organization, 1 to 80 characters. With O(id) it is the name that the organization shall
        have.
    type: str
  id:
    description:
      - Id of an organization that exists.
      - At least one of O(name) and O(id) is needed.
    type: str
  description:
    description:
      - What the organization is for.
    type: str
  website:
    description:
      - Where it is on the web.
    type: str
  twitter:
    description:
      - Its name there.
    type: str
  logo:
    description:
      - URL of its logo.
    type: str
  address:
    description:
      - Where it is. What is there is replaced as a whole.
    type: dict
    suboptions:
      address:
        description:
          - Street and number.
        type: str
      zip_code:
        description:
          - Postal code.
        type: str
      city:
        description:
          - City.
        type: str
      state:
        description:
          - State or province.
        type: str
      country:
        description:
          - Country, V(US) for example.
        type: str
  custom_data:
    description:
      - Data of your own to be kept with the organization. What is there is replaced as a whole.
    type: dict
  state:
    description:
      - Whether the organization shall exist. The API refuses to remove one that has projects.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: packet.kubernetes.organization_info
"""

EXAMPLES = r"""
- name: Have an organization
  packet.kubernetes.organization:
    name: Example
    website: https://example.com
    address:
      city: Sunnyvale
      country: US
"""

RETURN = r"""
organization:
  description:
    - The organization; without C(id) in check mode if it does not exist yet, null once it is removed.
  returned: success
  type: dict
  contains:
    id:
      description: Its id.
      type: str
      sample: c0ffee00-1234-4abc-9def-0123456789ab
    name:
      description: Its name.
      type: str
      sample: Example
    description:
      description: What it is for.
      type: str
      sample: machines of the example
    website:
      description: Where it is on the web.
      type: str
      sample: https://example.com
    twitter:
      description: Its name there.
      type: str
    logo:
      description: URL of its logo.
      type: str
    address:
      description: Where it is; parts that are empty are left out.
      type: dict
      sample: {"city": "Sunnyvale", "country": "US"}
    custom_data:
      description: The data kept with it.
      type: dict
    project_ids:
      description: Ids of its projects that the token can see.
      type: list
      elements: str
"""

from ..module_utils._kinds.organization import Organization
from ..module_utils._module import run


def main() -> None:
    """Runs the module."""
    run(Organization)


if __name__ == "__main__":
    main()
