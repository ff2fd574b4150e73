# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kinds of kubeadm, over a folder and a fake kubeadm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import kubeadm_fakes
from ansible_collections.packet.kubernetes.plugins.module_utils._kubeadm.init import ControlPlane
from ansible_collections.packet.kubernetes.plugins.module_utils._kubeadm.join import Membership
from ansible_collections.packet.kubernetes.plugins.module_utils._kubeadm.machine import Machine
from ansible_collections.packet.kubernetes.plugins.module_utils._kubeadm.reset import Remains
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import reconcile
from kinds import Case, Outcome, World
from node_fakes import commands

INIT = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\n"
JOIN = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\n"
JOIN_CONTROL_PLANE = f"{JOIN}controlPlane: {{}}\n"


def control_plane(machine: Machine, *skip_phases: str, timeout: float = 20) -> ControlPlane:
    return ControlPlane(INIT, ("Swap",), skip_phases, timeout, machine)


def membership(machine: Machine, *, control_plane: bool = False, timeout: float = 20) -> Membership:
    config = JOIN_CONTROL_PLANE if control_plane else JOIN
    return Membership(config, control_plane, (), timeout, machine=machine)


class Node:
    """A machine that is made a node by one Kind, and nothing again by the other."""

    def __init__(self, home: Path, make: Callable[[Machine], Any]) -> None:
        self._home, self._make = home, make
        self._machine = kubeadm_fakes.machine(home)

    def settle(self, wanted: Any, *, dry_run: bool) -> Outcome:
        if wanted is None:
            return reconcile(Remains(20, self._machine), None, dry_run=dry_run)
        kind = self._make(self._machine)
        return reconcile(kind, kind.wanted(), dry_run=dry_run)

    def state(self) -> Any:
        paths = [*self._home.glob("root/**/*"), *self._home.glob("units/*.since")]
        return {str(path): path.read_text() for path in paths if path.is_file()}


def world(make: Callable[[Machine], Any]) -> Callable[[Path], AbstractContextManager[World]]:
    """What makes the machine and its commands."""

    @contextmanager
    def opened(home: Path) -> Iterator[World]:
        with commands(home, kubeadm=kubeadm_fakes.KUBEADM) as units:
            units.mkdir()
            yield Node(home, make)

    return opened


CASES = [
    Case("kubeadm_init", world(control_plane), {}, None),
    Case("kubeadm_join of a worker", world(membership), {}, None),
    Case("kubeadm_join of a control plane", world(lambda m: membership(m, control_plane=True)), {}, None),
]
