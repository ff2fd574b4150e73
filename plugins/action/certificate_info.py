# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Has the machine tell its certificates, and reads them on the controller, where the library for that is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ansible.plugins.action import ActionBase

from ..module_utils._pki.libraries import need
from ..module_utils._reconcile import ResourceError
from ..plugin_utils._certificate_info import DEFAULT_PATHS, read, script

OPTIONS: dict[str, Any] = {
    "paths": {"type": "list", "elements": "str", "default": list(DEFAULT_PATHS)},
    "due_within": {"type": "int", "default": 30},
}


class ActionModule(ActionBase):
    """The action of the module `certificate_info`."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Reads the options, asks the machine, answers with the certificates."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validated, params = self.validate_argument_spec(argument_spec=OPTIONS)
        try:
            need("cryptography")
            if params["due_within"] < 0:
                raise ResourceError(f"due_within is {params['due_within']}; allowed are 0 days and more")
            told = self._low_level_execute_command("/bin/sh", in_data=script(params["paths"]).encode())
            if told["rc"] != 0:
                raise ResourceError(f"certificate_info: {told['stderr'].strip() or told['stdout'].strip()}")
            found = read(told["stdout"], datetime.now(UTC), timedelta(days=params["due_within"]))
        except ResourceError as error:
            return {**result, "failed": True, "msg": str(error)}
        due = [one["path"] for one in found if one["due"]]
        return {**result, "changed": False, "certificates": found, "due": sorted(set(due))}
