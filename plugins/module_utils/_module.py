# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place that knows AnsibleModule: turns a Kind into a module.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

from ansible.module_utils.basic import AnsibleModule

from ._reconcile import Attributes, Fleet, Kind, ResourceError, reconcile, reconcile_all

STATE: dict[str, Any] = {"type": "str", "choices": ["present", "absent"], "default": "present"}


class ModuleKind(Kind, Protocol):
    """A Kind that can be made from the options of a module."""

    options: ClassVar[Mapping[str, Any]]
    """The argument spec, without `state`."""

    rules: ClassVar[Mapping[str, Any]]
    """Further arguments of AnsibleModule: required_if, mutually_exclusive and so on."""

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> ModuleKind:
        """The object that these options speak of. Raises ResourceError for values that cannot be."""

    def wanted(self) -> Attributes:
        """The attributes that the options ask for."""


class ModuleFleet(Fleet, Protocol):
    """A Fleet that can be made from the options of a module."""

    options: ClassVar[Mapping[str, Any]]
    """The argument spec, without `state`."""

    rules: ClassVar[Mapping[str, Any]]
    """Further arguments of AnsibleModule: required_if, mutually_exclusive and so on."""

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> ModuleFleet:
        """The objects that these options speak of. Raises ResourceError for values that cannot be."""

    def wanted(self) -> Mapping[str, Attributes]:
        """The attributes that the options ask for, by key."""


@runtime_checkable
class Warns(Protocol):
    """What has something to say: of what is not there yet in check mode, of what will soon end."""

    @property
    def warnings(self) -> list[str]:
        """A sentence for each of these things."""


class Information(Protocol):
    """Objects that are only looked at."""

    @property
    def name(self) -> str:
        """Under which name they are in the result: vlans, devices, ..."""

    @property
    def options(self) -> Mapping[str, Any]:
        """The argument spec."""

    @property
    def rules(self) -> Mapping[str, Any]:
        """Further arguments of AnsibleModule: required_one_of, mutually_exclusive and so on."""

    def find(self, params: Mapping[str, Any]) -> Any:
        """What the options ask for. Raises ResourceError."""


def run(kind: type[ModuleKind], *, always: Literal["present", "absent"] | None = None) -> None:
    """Runs a module for a kind: reads the options, reconciles, answers changed, diff and the object.

    `always`: the one state that this module is for; without it the option `state` decides.
    """
    spec = dict(kind.options) if always else {**kind.options, "state": STATE}
    module = _Module(argument_spec=spec, **kind.rules)
    try:
        thing = kind.from_params(module.params)
        wanted = thing.wanted() if (always or module.params["state"]) == "present" else None
        step = reconcile(thing, wanted, dry_run=module.check_mode)
        if module.check_mode and isinstance(thing, Warns):
            for warning in thing.warnings:
                module.warn(f"{kind.name}: {warning}")
    except ResourceError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=step.changed, diff=step.diff, **{kind.name: step.after})


def run_fleet(fleet: type[ModuleFleet], *, always: Literal["present"] | None = None) -> None:
    """Runs a module for a fleet: as `run`, but answers with a dictionary of the objects by their keys."""
    spec = dict(fleet.options) if always else {**fleet.options, "state": STATE}
    module = _Module(argument_spec=spec, **fleet.rules)
    try:
        things = fleet.from_params(module.params)
        wanted = things.wanted() if (always or module.params["state"]) == "present" else {}
        plans = reconcile_all(things, wanted, dry_run=module.check_mode)
        if isinstance(things, Warns):
            for warning in things.warnings:
                module.warn(f"{fleet.name}: {warning}")
    except ResourceError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=plans.changed, diff=plans.diff, **{fleet.name: dict(plans.after)})


def run_info(info: Information) -> None:
    """Runs an info module: answers with the objects under the name that `info` gives them."""
    module = _Module(argument_spec=dict(info.options), **info.rules)
    try:
        found = info.find(module.params)
    except ResourceError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **{info.name: found})


class _Module(AnsibleModule):
    """Does not write its options to the system log of the machine that it runs on.

    AnsibleModule leaves out values whose option is `no_log`, but misses those of several lines within
    lists: the private keys among a node's files, say.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(supports_check_mode=True, **arguments)  # type: ignore[no-untyped-call]

    def log(self, msg: str, log_args: Mapping[str, Any] | None = None) -> None:
        """`log_args` are the options; what is told without any is about how the module fares."""
        if log_args is None:
            super().log(msg)  # type: ignore[no-untyped-call]
