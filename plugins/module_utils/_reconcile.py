# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reconcile core: the one place that knows check mode, diff mode and idempotence.

This module util is PRIVATE to the collection. It does no input or output of its own and knows nothing of
Ansible or of any API: a Kind brings both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol, runtime_checkable

Attributes = dict[str, Any]
"""The attributes of one object by name; a value of None in what is wanted means "leave it as it is"."""

Normalise = Callable[[Any], Any]
"""Gives the form of an attribute's value in which equal things compare equal (sorted tags, for example)."""


SIDES = ("before", "after")


class ResourceError(Exception):
    """What is wrong with one object, in a sentence that names it and says what to do."""


class Kind(Protocol):
    """One object of a kind: how to find it and how to change it.

    Nothing here asks whether it runs in check mode: `find` only reads, and the others are not called then.
    """

    name: ClassVar[str]
    """What the object is called in results and in messages: device, ssh_key, ..."""

    @property
    def immutable(self) -> frozenset[str]:
        """Attributes that cannot change once the object exists."""

    normalise: ClassVar[Mapping[str, Normalise]]
    """How to bring an attribute to the form in which it is compared; absent: compare as it is."""

    def find(self) -> Attributes | None:
        """The object as it is, None where it does not exist. Raises ResourceError."""

    def create(self, wanted: Attributes) -> Attributes:
        """Makes the object and gives it as it then is. Raises ResourceError."""

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        """Changes just these attributes and gives the object as it then is. Raises ResourceError."""

    def delete(self, found: Attributes) -> None:
        """Removes the object; one that is already gone is no error. Raises ResourceError."""


@runtime_checkable
class Replaces(Protocol):
    """A Kind or Fleet whose objects may be removed and made anew, where a change needs that."""

    @property
    def replace(self) -> bool:
        """Whether that is wished."""


@runtime_checkable
class Checks(Protocol):
    """A Kind that can know beforehand that a step will fail."""

    def check(self, step: Plan) -> None:
        """Raises ResourceError for what can be known to fail before anything is changed; only reads."""


class Fleet(Protocol):
    """Many objects of a kind, settled in one step, each under a key of its own (a hostname, for example).

    As in a Kind, nothing here asks whether it runs in check mode.
    """

    name: ClassVar[str]
    """What one of the objects is called in messages: device, ..."""

    @property
    def immutable(self) -> frozenset[str]:
        """Attributes that cannot change once an object exists."""

    normalise: ClassVar[Mapping[str, Normalise]]
    """How to bring an attribute to the form in which it is compared."""

    def find(self) -> Mapping[str, Attributes]:
        """Everything in the fleet's charge; what is found and not wanted will be removed."""

    def check(self, steps: Mapping[str, Plan]) -> None:
        """Raises ResourceError for what can be known to fail before anything is changed; only reads."""

    def create(self, wanted: Mapping[str, Attributes]) -> Mapping[str, Attributes]:
        """Makes these objects and gives them as they then are. Raises ResourceError."""

    def update(
        self, found: Mapping[str, Attributes], changes: Mapping[str, Attributes]
    ) -> Mapping[str, Attributes]:
        """Changes just these attributes of these objects and gives them as they then are."""

    def delete(self, found: Mapping[str, Attributes]) -> None:
        """Removes these objects; one that is already gone is no error. Raises ResourceError."""

    def settle(self, present: Mapping[str, Attributes]) -> Mapping[str, Attributes]:
        """Waits until all these are ready for use and gives them as they then are. Raises ResourceError."""


@dataclass(frozen=True)
class Plan:
    """The step from what exists to what is wanted."""

    before: Attributes | None
    after: Attributes | None
    changes: Attributes
    replaced: bool = False
    """Whether the object is removed and made anew; `changes` is then all that is asked of the new one."""

    @property
    def removes(self) -> bool:
        """Whether the object that is there goes."""
        return self.before is not None and (self.after is None or self.replaced)

    @property
    def makes(self) -> bool:
        """Whether there will be a new object."""
        return self.after is not None and (self.before is None or self.replaced)

    @property
    def changed(self) -> bool:
        """Whether taking the step changes anything."""
        return bool(self.changes) or (self.before is None) != (self.after is None)

    @property
    def diff(self) -> dict[str, Attributes]:
        """`before` and `after` as Ansible's diff mode shows them: only what differs.

        A new object is shown by what is asked of it, so that check mode and the run itself show the same;
        one that is replaced as the old one and the new one.
        """
        if self.before is None:
            return {"before": {}, "after": self.changes}
        if self.removes:
            return {"before": self.before, "after": self.changes}
        names = sorted(self.changes)
        return {
            "before": {name: self.before.get(name) for name in names},
            "after": {name: self.changes[name] for name in names},
        }


@dataclass(frozen=True)
class Plans:
    """The steps of a fleet, by key."""

    steps: Mapping[str, Plan]
    after: Mapping[str, Attributes]
    """What exists once the steps are taken, in the order in which it was asked for."""

    @property
    def changed(self) -> bool:
        """Whether any of the steps changes anything."""
        return any(step.changed for step in self.steps.values())

    @property
    def diff(self) -> dict[str, Attributes]:
        """`before` and `after` by key, of the objects that change."""
        diffs = {key: step.diff for key, step in self.steps.items() if step.changed}
        return {
            side: {key: diff[side] for key, diff in diffs.items() if diff[side]}
            for side in ("before", "after")
        }


def plan(
    found: Attributes | None, wanted: Attributes | None, normalise: Mapping[str, Normalise] | None = None
) -> Plan:
    """Compares what exists with what is wanted; `wanted` None means that the object shall not exist. Pure."""
    if wanted is None:
        return Plan(found, None, {})
    asked = {name: value for name, value in wanted.items() if value is not None}
    if found is None:
        return Plan(None, asked, asked)
    changes = {
        name: value
        for name, value in asked.items()
        if _comparable(name, found.get(name), normalise) != _comparable(name, value, normalise)
    }
    return Plan(found, found | changes, changes)


def plan_all(
    found: Mapping[str, Attributes],
    wanted: Mapping[str, Attributes],
    normalise: Mapping[str, Normalise] | None = None,
) -> dict[str, Plan]:
    """Compares a fleet with what is wanted of it, in the order wanted; the rest shall not exist. Pure."""
    unwanted = [key for key in found if key not in wanted]
    return {key: plan(found.get(key), wanted.get(key), normalise) for key in [*wanted, *unwanted]}


def settle_immutable(kind: Kind | Fleet, step: Plan, wanted: Attributes | None, key: str = "") -> Plan:
    """The step, or instead of one that changes what cannot be changed in place a replacement.

    Raises ResourceError where that is not wished.
    """
    if step.before is None or wanted is None:
        return step
    fixed = sorted(kind.immutable & step.changes.keys())
    if not fixed:
        return step
    if isinstance(kind, Replaces) and kind.replace:
        asked = {name: value for name, value in wanted.items() if value is not None}
        return Plan(step.before, asked, asked, replaced=True)
    differing = ", ".join(
        f"{name} (is {step.before.get(name)!r}, wanted {step.changes[name]!r})" for name in fixed
    )
    remedy = (
        "give replace: true to have the object removed and made anew"
        if isinstance(kind, Replaces)
        else "remove the object (state: absent) and make it anew"
    )
    raise ResourceError(
        f"{kind.name}{key and ' ' + key}: cannot change {differing} once it exists; keep the value, "
        f"or {remedy}"
    )


def reconcile(kind: Kind, wanted: Attributes | None, *, dry_run: bool) -> Plan:
    """Brings one object to what is wanted, or with `dry_run` foretells exactly that.

    Raises ResourceError for what cannot be done; an immutable change is refused in a dry run too. A
    replacement that is interrupted has removed the object, so the next run makes it.
    """
    found = kind.find()
    step = settle_immutable(kind, plan(found, wanted, kind.normalise), wanted, _called(wanted, found))
    if isinstance(kind, Checks):
        kind.check(step)
    if dry_run or not step.changed:
        return step
    if step.removes and step.before is not None:
        kind.delete(step.before)
    if step.makes:
        return replace(step, after=kind.create(step.changes))
    if step.before is not None and step.after is not None:
        return replace(step, after=kind.update(step.before, step.changes))
    return step


def reconcile_all(fleet: Fleet, wanted: Mapping[str, Attributes], *, dry_run: bool) -> Plans:
    """Brings a whole fleet to what is wanted, or with `dry_run` foretells exactly that.

    Removes first, so that what is freed can be used again. Raises ResourceError for what cannot be done.
    """
    steps = {
        key: settle_immutable(fleet, step, wanted.get(key), key)
        for key, step in plan_all(fleet.find(), wanted, fleet.normalise).items()
    }
    fleet.check(steps)
    if dry_run:
        return Plans(steps, {key: step.after for key, step in steps.items() if step.after is not None})
    present = {key: steps[key].before or {} for key in wanted}
    if doomed := {key: step.before for key, step in steps.items() if step.removes and step.before}:
        fleet.delete(doomed)
    kept = {key: step for key, step in steps.items() if not (step.removes or step.makes)}
    if differing := {key: step for key, step in kept.items() if step.changed}:
        present |= fleet.update(
            {key: present[key] for key in differing}, {key: step.changes for key, step in differing.items()}
        )
    if missing := {key: step.changes for key, step in steps.items() if step.makes}:
        present |= fleet.create(missing)
    return Plans(steps, fleet.settle(present))


def _called(wanted: Attributes | None, found: Attributes | None) -> str:
    """What an object is called in a message: as the task calls it, or else the API."""
    names = ("name", "label", "description", "id")
    return str(next((of[name] for of in (wanted, found) if of for name in names if of.get(name)), ""))


def _comparable(name: str, value: Any, normalise: Mapping[str, Normalise] | None) -> Any:
    if value is None or not normalise or name not in normalise:
        return value
    return normalise[name](value)
