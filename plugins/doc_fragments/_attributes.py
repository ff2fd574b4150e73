# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be said of every module of the collection."""

from __future__ import annotations


class ModuleDocFragment:
    """True by construction: module_utils/_reconcile.py is the only place that acts."""

    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Foretells what would change, and refuses what would be refused, without changing anything.
    support: full
  diff_mode:
    description: Shows the attributes that differ, before and after.
    support: full
  idempotent:
    description: Run again with the same options, it changes nothing.
    support: full
"""

    INFO = r"""
attributes:
  check_mode:
    description: Only looks, so it does in check mode what it does without.
    support: full
  diff_mode:
    description: Changes nothing, so there is nothing to show.
    support: none
  idempotent:
    description: Changes nothing; what it finds may have changed since.
    support: N/A
"""

    PACKET = r"""
attributes:
  action_group:
    description: >-
      Use C(group/packet.kubernetes.all) in C(module_defaults) to set defaults, the connection's for example,
      for
      all modules that talk to the Packet API.
    support: full
    membership:
      - packet.kubernetes.all
"""
