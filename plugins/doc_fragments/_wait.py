# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the options of waiting are documented."""

from __future__ import annotations


class ModuleDocFragment:
    """Matches module_utils/_packet/wait.py."""

    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Whether to wait until everything is done, rather than only asked for.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds after which waiting ends with an error that says what is not done and why.
    type: int
    default: 900
"""
