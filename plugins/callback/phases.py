# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says at the end of a playbook how long each of its plays took."""

from __future__ import annotations

DOCUMENTATION = r"""
name: phases
type: aggregate
short_description: How long each play of a playbook took
version_added: 0.1.0
description:
  - Prints after the recap a line for each play with the seconds that it took, so that a slow phase is seen.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
requirements:
  - enable it with C(callbacks_enabled = packet.kubernetes.phases)
"""

import time
from typing import Any

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """Measures from the start of one play to the start of the next."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "packet.kubernetes.phases"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._starts: list[tuple[str, float]] = []

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Notes when a play begins."""
        self._starts.append((play.get_name(), time.monotonic()))

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Prints the phases."""
        ends = [start for _name, start in self._starts[1:]] + [time.monotonic()]
        self._display.banner("PHASES")
        for (name, start), end in zip(self._starts, ends, strict=True):
            self._display.display(f"{name:<28}{end - start:8.1f} s")
