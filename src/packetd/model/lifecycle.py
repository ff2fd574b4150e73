# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a device: its states, what may be asked of it when, and what is told on the way.

States and event types are a closed set of the API (clients refuse others).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class State(StrEnum):
    QUEUED = "queued"
    PROVISIONING = "provisioning"
    ACTIVE = "active"
    INACTIVE = "inactive"
    POWERING_ON = "powering_on"
    POWERING_OFF = "powering_off"
    REINSTALLING = "reinstalling"
    DEPROVISIONING = "deprovisioning"
    FAILED = "failed"
    DELETED = "deleted"


class Goal(StrEnum):
    """What the provisioner has to do to a device."""

    PROVISION = "provision"
    POWER_ON = "power_on"
    POWER_OFF = "power_off"
    REBOOT = "reboot"
    RESCUE = "rescue"
    REINSTALL = "reinstall"
    DELETE = "delete"


class RefusedError(Exception):
    """What was asked cannot be done to a device in its state; the message says why."""


ACTIONS = (Goal.POWER_ON, Goal.POWER_OFF, Goal.REBOOT, Goal.RESCUE, Goal.REINSTALL)

# Goal -> (states it may be asked in, state the device shows while it is worked on).
# A reboot shows only in events, as the API has no state for it.
_ALLOWED: dict[Goal, tuple[frozenset[State], State | None]] = {
    Goal.POWER_ON: (frozenset({State.INACTIVE, State.ACTIVE}), State.POWERING_ON),
    Goal.POWER_OFF: (frozenset({State.ACTIVE, State.INACTIVE}), State.POWERING_OFF),
    Goal.REBOOT: (frozenset({State.ACTIVE}), None),
    Goal.RESCUE: (frozenset({State.ACTIVE, State.INACTIVE}), None),
    Goal.REINSTALL: (frozenset({State.ACTIVE, State.INACTIVE, State.FAILED}), State.REINSTALLING),
}

INSTALLING = frozenset({Goal.PROVISION, Goal.REINSTALL})

# The state in which a device is once its goal is reached.
REACHED: dict[Goal, State] = {
    Goal.PROVISION: State.ACTIVE,
    Goal.POWER_ON: State.ACTIVE,
    Goal.POWER_OFF: State.INACTIVE,
    Goal.REBOOT: State.ACTIVE,
    Goal.RESCUE: State.ACTIVE,
    Goal.REINSTALL: State.ACTIVE,
    Goal.DELETE: State.DELETED,
}

# Told one after the other while a device is installed; the last when it phoned home.
PROVISIONING_EVENTS: tuple[tuple[str, str], ...] = (
    ("provisioning.101", "Provisioning started"),
    ("provisioning.102", "Network configured with addresses {addresses}"),
    ("provisioning.103", "Configuration written, restarting device"),
    ("provisioning.104", "Connected to magic install system"),
    ("provisioning.105", "Server partitions created"),
    ("provisioning.106", "Operating system packages installed"),
    ("provisioning.107", "Server networking interfaces configured"),
    ("provisioning.108", "Cloud-init packages installed and configured"),
    ("provisioning.109", "Installation finished, rebooting server"),
    ("provisioning.110", "Device phoned home and is ready to go"),
)
# How many of them come before the machine is made, and how many before it phones home.
BEFORE_CREATION = 4
BEFORE_PHONE_HOME = 9

POWER_EVENTS: dict[Goal, tuple[str, str]] = {
    Goal.REBOOT: ("power.203", "Device rebooted"),
    Goal.RESCUE: ("power.203", "Device rebooted"),
    Goal.POWER_ON: ("power.204", "Device powered on"),
    Goal.POWER_OFF: ("power.205", "Device powered off"),
}


def ask(state: State, goal: Goal | None, action: Goal) -> State:
    """The state a device goes to when ``action`` is accepted; raises RefusedError when it cannot be."""
    states, working = _ALLOWED[action]
    if goal is not None or state not in states:
        doing = f" and working on {goal.value}" if goal is not None else ""
        raise RefusedError(
            f"Cannot {action.value.replace('_', ' ')} a device that is {state.value}{doing};"
            f" it must be {' or '.join(sorted(states))}"
        )
    return working or state


def ask_deletion(state: State, *, locked: bool, force: bool) -> State:
    """The state a device goes to when its deletion is accepted; raises RefusedError when it cannot be.

    ``force`` deletes a device that is still being provisioned; nothing deletes a locked one.
    """
    if locked:
        raise RefusedError("Cannot delete a locked item")
    if state is State.PROVISIONING and not force:
        raise RefusedError("Cannot delete a device while it is provisioning (force_delete=true does)")
    return State.DEPROVISIONING


def provisioning_percentage(state: State, progress: int) -> float | None:
    """How far a device is, in percent; None when it is not being provisioned."""
    if state not in (State.QUEUED, State.PROVISIONING):
        return None
    return round(100 * progress / len(PROVISIONING_EVENTS), 2)


class Installation(StrEnum):
    """What an installation needs next."""

    MAKE = "make"  # have the driver make the machine
    WAIT = "wait"  # the machine runs but did not phone home yet
    FINISH = "finish"
    EXPIRE = "expire"


def next_of_installation(
    *, installed: bool, phoned_home: bool, deadline: datetime, now: datetime
) -> Installation:
    """Both the driver's word and the machine's are needed; a late phone call still counts.

    A machine that is not made yet never expires here: when time is up it is the driver's next refusal,
    with its reason, that ends the installation.
    """
    if not installed:
        return Installation.MAKE
    if phoned_home:
        return Installation.FINISH
    return Installation.EXPIRE if now >= deadline else Installation.WAIT


@dataclass(frozen=True)
class BackOff:
    """Waiting between attempts: doubles from ``first`` up to ``longest``."""

    first: timedelta = timedelta(seconds=1)
    longest: timedelta = timedelta(seconds=60)

    def after(self, attempts: int) -> timedelta:
        """How long to wait after so many failed attempts (from 1)."""
        doublings = min(attempts - 1, 32)
        return min(self.first * (1 << doublings), self.longest)
