# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a machine to its wanted state: looks by one shell command, sends the module only what differs."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase

from ..module_utils._node.binary import checked_url
from ..module_utils._node.file import File
from ..module_utils._node.machine import OPTIONS, Machine, params_of
from ..module_utils._node.part import Part, quoted
from ..module_utils._reconcile import Plan, ResourceError
from ..plugin_utils._checksums import published_checksums

Steps = Sequence[tuple[Part, Plan]]

_SHOWN = 100_000
"""Bytes of a file up to which a diff shows its text."""


class ActionModule(ActionBase):
    """The action of the module `node`."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        params = self.validate_argument_spec(OPTIONS)[1]
        try:
            machine = Machine.from_params(self._resolved(params))
            differing = [
                (part, step) for part, step in machine.steps(self._ask(machine.probe)) if step.changed
            ]
        except ResourceError as error:
            raise AnsibleActionFail(str(error)) from error
        result: dict[str, Any] = {
            "changed": bool(differing),
            "differing": [step[0].title for step in differing],
        }
        if self._task.diff:
            result["diff"] = self._diff(differing)
        if differing and not self._task.check_mode:
            result |= self._apply(machine, differing, task_vars or {})
        return result

    def _resolved(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The options with all that only the controller can know: contents of files, published checksums."""
        downloads = [*params["binaries"], *params["archives"]]
        urls = [checked_url("url", entry["url"]) for entry in downloads if not entry["checksum"]]
        checksums = published_checksums(urls, Path(constants.DEFAULT_LOCAL_TMP))

        def verified(entry: Mapping[str, Any]) -> dict[str, Any]:
            return {**entry, "checksum": entry["checksum"] or checksums[entry["url"]]}

        return {
            **params,
            "files": [self._with_content(entry) for entry in params["files"]],
            "binaries": [verified(entry) for entry in params["binaries"]],
            "archives": [verified(entry) for entry in params["archives"]],
        }

    def _with_content(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        content = entry["content"]
        if entry["src"]:
            try:
                content = Path(self._find_needle("files", entry["src"])).read_text()
            except (AnsibleError, OSError, UnicodeDecodeError) as error:
                raise ResourceError(
                    f"node: files.src {entry['src']}: no text file to read: {error}"
                ) from error
        return {name: value for name, value in entry.items() if name != "src"} | {"content": content}

    def _ask(self, script: str) -> str:
        # By standard input, so that neither length nor quoting of a command line matter.
        answer = self._low_level_execute_command("/bin/sh", in_data=script.encode())
        return str(answer["stdout"]) or f"{answer['stderr']}\n"

    def _apply(self, machine: Machine, differing: Steps, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Has the module change what differs; gives what of its answer is worth passing on."""
        entries = machine.entries_with(step[0] for step in differing)
        answer = self._execute_module(
            module_name="packet.kubernetes.node", module_args=params_of(entries), task_vars=task_vars
        )
        if answer.get("failed"):
            said = [str(answer.get("msg")), *str(answer.get("module_stderr", "")).splitlines()[-1:]]
            raise AnsibleActionFail(" / ".join(said))
        # Not the whole answer: it repeats the arguments.
        return {name: answer[name] for name in ("ansible_facts", "warnings") if name in answer}

    def _diff(self, differing: Steps) -> list[dict[str, Any]]:
        rewritten = [
            part.path
            for part, step in differing
            if isinstance(part, File) and not part.sensitive and step.before and "sha256" in step.changes
        ]
        texts = self._texts(rewritten) if rewritten else {}
        return [diff for part, step in differing for diff in _diffs(part, step, texts)]

    def _texts(self, paths: Sequence[str]) -> dict[str, str]:
        """The texts of files on the machine, as far as they can be shown."""
        ask = "\n".join(
            f"head -c {_SHOWN} {quoted([path])} 2>/dev/null | base64 -w 0; echo" for path in paths
        )
        answers = self._ask(ask).split("\n")
        return {
            path: base64.b64decode(answer).decode(errors="replace")
            for path, answer in zip(paths, answers, strict=False)
        }


def _diffs(part: Part, step: Plan, texts: Mapping[str, str]) -> list[dict[str, Any]]:
    """The core's diff of one part; of a file its text instead of its digest."""
    header = {"before_header": part.title, "after_header": part.title}
    if not isinstance(part, File) or "sha256" not in step.changes:
        return [{**step.diff, **header}]
    digest = "(sensitive) {}" if part.sensitive else None
    attributes = {
        side: {
            name: digest.format(value) if digest and name == "sha256" else value
            for name, value in values.items()
            if digest or name != "sha256"
        }
        for side, values in step.diff.items()
    }
    diffs = [{**attributes, **header}] if any(attributes.values()) else []
    if part.sensitive:
        return diffs
    return [{"before": texts.get(part.path, ""), "after": part.content, **header}, *diffs]
