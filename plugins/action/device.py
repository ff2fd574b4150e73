# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the controller: it can show progress there, and saves the 0.2 s that it takes to start a module.

The documentation is in modules/device.py.
"""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..module_utils._kinds.device import Devices
from ..module_utils._reconcile import ResourceError, reconcile_all

display = Display()


def _tell(line: str) -> None:
    """Progress, where it is out of the way of callbacks that print a document."""
    display.display(f"device: {line}", stderr=True)


class ActionModule(ActionBase):
    """The action `packet.kubernetes.device`."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Reads the options, reconciles, answers changed, diff and the devices."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validated, params = self.validate_argument_spec(argument_spec=Devices.options, **Devices.rules)
        try:
            devices = Devices.from_params(params, _tell)
            plans = reconcile_all(devices, devices.wanted(), dry_run=self._task.check_mode)
            # Of a run that checks: a task alone with check_mode may come before the project is made.
            if (task_vars or {}).get("ansible_check_mode"):
                result["warnings"] = [f"device: {warning}" for warning in devices.warnings]
        except ResourceError as error:
            return {**result, "failed": True, "msg": str(error)}
        return {**result, "changed": plans.changed, "diff": plans.diff, "devices": list(plans.after.values())}
