# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the options of the connection are documented, for modules and for plugins."""

from __future__ import annotations


class ModuleDocFragment:
    """Matches module_utils/_packet/connection.py."""

    DOCUMENTATION = r"""
options:
  api_url:
    description:
      - URL of the Packet API, for example V(http://127.0.0.1:8080).
      - There is no default, as the API at V(https://api.equinix.com/metal/v1) was shut down; C(packetd)
        serves one.
      - If not set, the first of the environment variables E(PACKET_API_URL) and E(METAL_API_URL) that is set
        is used.
    type: str
  api_token:
    description:
      - Token of the Packet API.
      - If not set, the first of the environment variables E(PACKET_API_TOKEN), E(PACKET_AUTH_TOKEN),
        E(METAL_API_TOKEN) and E(METAL_AUTH_TOKEN) that is set is used.
    type: str
  api_token_file:
    description:
      - File that holds the token, as C(packetd) writes one for its administrator. It prevails over a token in
        the environment.
      - If not set, the environment variable E(PACKET_API_TOKEN_FILE) is used, where no token is given
        otherwise.
    type: path
  api_timeout:
    description:
      - Seconds to wait for the answer to one request.
    type: float
    default: 30.0
  api_retries:
    description:
      - How often a request is sent again that got no answer, or an answer of status 429 or 5xx, where it is
        safe to repeat it. The pauses grow; a C(Retry-After) of the API is respected.
    type: int
    default: 5
  validate_certs:
    description:
      - Whether to check the certificate of an API that is spoken to by HTTPS.
    type: bool
    default: true
  ca_path:
    description:
      - File of the authorities in PEM form against which the certificate is checked, instead of those of the
        system.
    type: path
requirements:
  - packet-python >= 1.44.3
  - urllib3 >= 2.8
"""

    PLUGIN = r"""
options:
  api_url:
    description:
      - URL of the Packet API, for example V(http://127.0.0.1:8080).
      - There is no default, as the API at V(https://api.equinix.com/metal/v1) was shut down; C(packetd)
        serves one.
    type: str
    env:
      # Here and below, Ansible takes the last one that is set.
      - name: METAL_API_URL
      - name: PACKET_API_URL
  api_token:
    description:
      - Token of the Packet API.
    type: str
    env:
      - name: METAL_AUTH_TOKEN
      - name: METAL_API_TOKEN
      - name: PACKET_AUTH_TOKEN
      - name: PACKET_API_TOKEN
  api_token_file:
    description:
      - File that holds the token, as C(packetd) writes one for its administrator. It prevails over a token in
        the environment.
    type: path
    env:
      - name: PACKET_API_TOKEN_FILE
  api_timeout:
    description:
      - Seconds to wait for the answer to one request.
    type: float
    default: 30.0
  api_retries:
    description:
      - How often a request is sent again that got no answer, or an answer of status 429 or 5xx, where it is
        safe to repeat it. The pauses grow; a C(Retry-After) of the API is respected.
    type: int
    default: 5
  validate_certs:
    description:
      - Whether to check the certificate of an API that is spoken to by HTTPS.
    type: bool
    default: true
  ca_path:
    description:
      - File of the authorities in PEM form against which the certificate is checked, instead of those of the
        system.
    type: path
requirements:
  - packet-python >= 1.44.3
  - urllib3 >= 2.8
"""

    PROJECT = r"""
options:
  project:
    description:
      - Name or id of the project.
      - If not set, the first of the environment variables E(PACKET_PROJECT_ID) and E(METAL_PROJECT_ID) that
        is set is used.
    type: str
"""
