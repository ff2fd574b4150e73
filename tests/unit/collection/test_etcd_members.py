# SPDX-License-Identifier: GPL-3.0-or-later
"""Which members of etcd are removed before a control plane joins, and which never."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.packet.kubernetes.plugins.module_utils._kubeadm.etcd import (
    JoiningMachine,
    Member,
    refuse_unsafe,
    remove_former_member,
)
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import ResourceError, reconcile
from hypothesis import given
from hypothesis import strategies as st
from kinds_kubeadm import membership
from kubeadm_fakes import KUBEADM, FakeMachine, machine
from node_fakes import commands

ENDPOINT = "https://10.0.0.1:2379"
JOINING = JoiningMachine("c", "10.0.0.3", (ENDPOINT,))


class FakeEtcd:
    """etcd's gateway at every URL; a member is known by the last number of its address."""

    def __init__(self, *names: str, silent: tuple[str, ...] = ()) -> None:
        self.members = {str(number): name for number, name in enumerate(names, 1)}
        self.silent = silent
        self.lost = False

    def __call__(self, url: str) -> Any:
        return _Endpoint(self, url)

    def told(self, number: str, name: str) -> dict[str, Any]:
        started = {"name": name, "clientURLs": [f"https://10.0.0.{number}:2379"]} if name else {}
        return {"ID": number, "peerURLs": [f"https://10.0.0.{number}:2380"], **started}


class _Endpoint:
    def __init__(self, etcd: FakeEtcd, url: str) -> None:
        self._etcd, self._url = etcd, url

    def post(self, path: str, body: dict[str, str]) -> Any:
        if self._etcd.lost or self._url == "https://10.0.0.9:2379":
            raise ConnectionRefusedError("nobody there")
        if path.endswith("/list"):
            return {"members": [self._etcd.told(*each) for each in self._etcd.members.items()]}
        return {} if self._etcd.members.pop(body["ID"], None) is not None else None

    def answers(self, _path: str) -> bool:
        number = self._url.removesuffix(":2379").rpartition(".")[2]
        return self._etcd.members[number] not in self._etcd.silent


def test_a_machine_that_is_new_changes_nothing() -> None:
    etcd = FakeEtcd("a", "b", silent=("b",))
    remove_former_member(JOINING, etcd)
    assert etcd.members == {"1": "a", "2": "b"}


@pytest.mark.parametrize(
    "joining",
    [JOINING, replace(JOINING, address="10.0.0.77"), replace(JOINING, name="new-name")],
    ids=["both", "by its name", "by its address"],
)
def test_what_the_machine_was_is_removed(joining: JoiningMachine) -> None:
    etcd = FakeEtcd("a", "b", "c", silent=("c",))
    remove_former_member(joining, etcd)
    assert etcd.members == {"1": "a", "2": "b"}
    remove_former_member(joining, etcd)
    assert etcd.members == {"1": "a", "2": "b"}


def test_one_that_was_added_and_never_started_is_removed() -> None:
    etcd = FakeEtcd("a", "b", "")
    remove_former_member(JOINING, etcd)
    assert etcd.members == {"1": "a", "2": "b"}


def test_one_that_is_alive_is_not_removed() -> None:
    etcd = FakeEtcd("a", "b", "c")
    with pytest.raises(ResourceError, match=r"the member c \(https://10.0.0.3:2380\) is alive"):
        remove_former_member(JOINING, etcd)
    assert len(etcd.members) == 3


def test_without_a_majority_nothing_is_removed_and_the_others_are_named() -> None:
    etcd = FakeEtcd("a", "b", "c", silent=("b", "c"))
    with pytest.raises(
        ResourceError,
        match=r"only 1 of 3 members answer, and it takes 2; .* Start b \(https://10.0.0.2:2380\) and run",
    ):
        remove_former_member(JOINING, etcd)
    assert len(etcd.members) == 3


def test_an_etcd_that_is_not_there_is_named() -> None:
    etcd = FakeEtcd("a")
    etcd.lost = True
    with pytest.raises(ResourceError, match=rf"does not answer at {ENDPOINT} \(nobody there\)"):
        remove_former_member(JOINING, etcd)


def test_the_next_endpoint_is_asked() -> None:
    etcd = FakeEtcd("a", "b", "c", silent=("c",))
    remove_former_member(replace(JOINING, endpoints=("https://10.0.0.9:2379", ENDPOINT)), etcd)
    assert len(etcd.members) == 2


MEMBERS = st.lists(
    st.builds(Member, st.uuids().map(str), st.just("m"), st.just(()), st.just(()), st.booleans()),
    min_size=1,
    max_size=9,
    unique_by=lambda member: member.id,
)


@given(MEMBERS, st.data())
def test_what_is_not_refused_removes_nobody_alive_and_keeps_a_majority(
    members: list[Member], data: st.DataObject
) -> None:
    former = data.draw(st.lists(st.sampled_from(members), min_size=1, unique_by=lambda member: member.id))
    answering = data.draw(st.sets(st.sampled_from([member.id for member in members])))
    try:
        refuse_unsafe(members, former, answering)
    except ResourceError:
        return
    assert not {member.id for member in former} & answering
    while True:
        voters = [member for member in members if not member.learner]
        assert len([member for member in voters if member.id in answering]) > len(voters) // 2
        if not former:
            break
        members = [member for member in members if member != former[0]]
        former = former[1:]


# ---- as part of a join


class EtcdMachine(FakeMachine):
    """A machine whose etcd is that of the test."""

    others: FakeEtcd

    def etcd_api(self, url: str) -> Any:
        assert (self.etc / "pki/apiserver-etcd-client.crt").exists()
        return self.others(url)


@pytest.fixture
def join(tmp_path: Path) -> Iterator[Callable[..., FakeEtcd]]:
    """Joins a control plane that has been a member; gives etcd as it then is."""

    def joined(*, stop: str | None = None, dry_run: bool = False) -> FakeEtcd:
        node = EtcdMachine(machine(tmp_path).root)
        etcd = FakeEtcd("a", "b", "c", silent=("c",))
        object.__setattr__(node, "others", etcd)
        if stop is not None:
            (tmp_path / "stop").write_text(stop)
            with pytest.raises(ResourceError, match="kubeadm join failed"):
                settle(node, dry_run)
            (tmp_path / "stop").unlink()
            etcd.members["3"] = "c"
        assert settle(node, dry_run)
        return etcd

    def settle(node: FakeMachine, dry_run: bool) -> bool:
        kind = replace(membership(node, control_plane=True), etcd=JOINING)
        return reconcile(kind, kind.wanted(), dry_run=dry_run).changed

    with commands(tmp_path, kubeadm=KUBEADM) as units:
        units.mkdir()
        yield joined


def test_a_control_plane_joins_without_its_former_self(join: Callable[..., FakeEtcd]) -> None:
    assert list(join().members.values()) == ["a", "b"]


@pytest.mark.parametrize("stop", ["3", "8"])
def test_an_interrupted_join_leaves_no_member_behind(join: Callable[..., FakeEtcd], stop: str) -> None:
    assert list(join(stop=stop).members.values()) == ["a", "b"]


def test_a_check_removes_nothing(join: Callable[..., FakeEtcd]) -> None:
    assert len(join(dry_run=True).members) == 3
