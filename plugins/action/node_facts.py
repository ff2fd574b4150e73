# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Learns what a machine is by one shell command."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..module_utils._reconcile import ResourceError
from ..plugin_utils._node_facts import SCRIPT, read_facts


class ActionModule(ActionBase):
    """The action of the module `node_facts`."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        self.validate_argument_spec({})
        answer = self._low_level_execute_command("/bin/sh", in_data=SCRIPT.encode())
        try:
            facts = read_facts(answer["stdout"] or answer["stderr"])
        except ResourceError as error:
            raise AnsibleActionFail(str(error)) from error
        return {"changed": False, "ansible_facts": {"packet_node": facts}}
