# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The members of etcd, and the removal of one that its machine has lost.

This module util is PRIVATE to the collection. etcd is asked by its JSON gateway, so that nothing has to be
installed for it: etcd's documentation, "Why gRPC gateway", and api/etcdserverpb/rpc.proto.
"""

from __future__ import annotations

import http.client
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .._reconcile import ResourceError
from .api import Api

_LIST = "/v3/cluster/member/list"
_REMOVE = "/v3/cluster/member/remove"
_HEALTH = "/health?serializable=true"
"""Of the one member that is asked, whatever the others do."""


@dataclass(frozen=True)
class Member:
    """A member, as the others know it."""

    id: str
    name: str
    """Empty for one that was added and never started."""
    peer_urls: tuple[str, ...]
    client_urls: tuple[str, ...]
    learner: bool

    @classmethod
    def from_answer(cls, told: Mapping[str, Any]) -> Member:
        """From the gateway's JSON, which leaves out what is empty."""
        return cls(
            told["ID"],
            told.get("name", ""),
            tuple(told.get("peerURLs", ())),
            tuple(told.get("clientURLs", ())),
            told.get("isLearner", False),
        )

    def __str__(self) -> str:
        return f"{self.name or 'one without a name'} ({', '.join(self.peer_urls)})"

    def is_of(self, machine: JoiningMachine) -> bool:
        """Whether this is what the machine was."""
        return self.name == machine.name or machine.address in (
            urlsplit(url).hostname for url in self.peer_urls
        )


@dataclass(frozen=True)
class JoiningMachine:
    """A machine without data of etcd's that is to become a member."""

    name: str
    address: str
    """At which the other members will find it."""
    endpoints: tuple[str, ...]
    """URLs of etcd on other machines."""


def remove_former_member(machine: JoiningMachine, connect: Callable[[str], Api]) -> None:
    """Removes what the machine was before it lost its data; kubeadm refuses to add to a cluster with it in.

    Raises ResourceError where that cannot be done safely, without having changed anything.
    """
    api, members = _ask(machine.endpoints, connect)
    former = [member for member in members if member.is_of(machine)]
    if not former:
        return
    answering = {member.id for member in members if _answers(member, connect)}
    refuse_unsafe(members, former, answering)
    for member in former:
        # None where another run was faster.
        api.post(_REMOVE, {"ID": member.id})


def refuse_unsafe(members: Sequence[Member], former: Sequence[Member], answering: Collection[str]) -> None:
    """Raises ResourceError if a former member is alive, or etcd has no majority without it. Pure.

    `answering`: the ids of the members that answer.
    """
    if alive := [str(member) for member in former if member.id in answering]:
        raise ResourceError(
            f"etcd: the member {', '.join(alive)} is alive, though this machine is to join in its place; "
            "nothing was changed. If two machines have that name or address, give one of them another; if "
            "the other machine is to go, use packet.kubernetes.kubeadm_reset on it"
        )
    voters = [member for member in members if not member.learner]
    silent = [member for member in voters if member.id not in answering]
    there, majority = len(voters) - len(silent), len(voters) // 2 + 1
    if there < majority:
        others = ", ".join(str(member) for member in silent if member not in former)
        raise ResourceError(
            f"etcd: before this machine can join, the former member {', '.join(map(str, former))} has to be "
            f"removed, but only {there} of {len(voters)} members answer, and it takes {majority}; nothing "
            f"was changed. Start {others or 'the others'} and run again; where its data is lost too, etcd "
            "has to be restored from a snapshot"
        )


def _ask(endpoints: Sequence[str], connect: Callable[[str], Api]) -> tuple[Api, list[Member]]:
    """The first that answers, and the members that it knows. It need not have a majority for that."""
    problems = []
    for url in endpoints:
        api = connect(url)
        try:
            answer = api.post(_LIST, {}) or {}
        except (OSError, http.client.HTTPException) as error:
            problems.append(f"{url} ({error})")
        else:
            return api, [Member.from_answer(told) for told in answer.get("members", ())]
    raise ResourceError(
        f"etcd does not answer at {', '.join(problems)}, so no control plane can join; nothing was changed. "
        "Look at etcd there (`journalctl -u kubelet`, /var/log/pods/kube-system_etcd*) and run again"
    )


def _answers(member: Member, connect: Callable[[str], Api]) -> bool:
    return any(connect(url).answers(_HEALTH) for url in member.client_urls)
