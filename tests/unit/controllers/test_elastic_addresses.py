# SPDX-License-Identifier: GPL-3.0-or-later
"""Users and machines do what they like, the controller dies where it likes: all converges, nothing leaks."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

from elastic_model import CLUSTER, LENT, OTHER, STATIC, THEIRS, Model, node
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from controllers.cloud.services import Service

NAMES = st.sampled_from(("a", "b", "c", "d"))
NUMBERS = st.integers(min_value=1, max_value=4)
CHOICE = st.integers(min_value=0, max_value=1000)
WISHES = {
    "ports": st.frozensets(st.sampled_from((("TCP", 80), ("TCP", 443), ("UDP", 53))), min_size=1),
    "local": st.booleans(),
    "sharing": st.sampled_from((None, "k")),
    "requested": st.sampled_from(
        (None, None, LENT[1], LENT[2], STATIC, IPv4Address("198.51.100.1"), IPv4Address("203.0.113.1"))
    ),
    "problem": st.sampled_from((None, None, None, "the annotation is no address")),
}


class Elastic(RuleBasedStateMachine):
    """Services and nodes come, change and go."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.uids = 0

    @rule(name=NAMES, wishes=st.fixed_dictionaries(WISHES))
    def create(self, name: str, wishes: dict[str, object]) -> None:
        if name not in self.model.services:
            self.uids += 1
            service = Service("default", name, f"uid-{self.uids}", created=f"{self.uids:04d}")
            self.model.services[name] = replace(service, **wishes)  # type: ignore[arg-type]

    @rule(name=NAMES, wishes=st.fixed_dictionaries({}, optional=WISHES))
    def wish(self, name: str, wishes: dict[str, object]) -> None:
        self.change(name, **wishes)

    @rule(name=NAMES, balanced=st.booleans())
    def retype(self, name: str, balanced: bool) -> None:
        self.change(name, balanced=balanced)

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        known = self.model.services.get(name)
        if known and known.claimed:
            self.change(name, leaving=True)
        else:
            self.model.services.pop(name, None)

    @rule(name=NAMES)
    def tear_out(self, name: str) -> None:
        """The finalizer was removed by hand."""
        self.model.services.pop(name, None)

    @rule(number=NUMBERS)
    def add_node(self, number: int) -> None:
        self.model.nodes.setdefault(number, node(number))

    @rule(number=NUMBERS, with_device=st.booleans())
    def remove_node(self, number: int, with_device: bool) -> None:
        if self.model.nodes.pop(number, None) and with_device:
            self.model.remove_device(number)

    @rule(number=NUMBERS)
    def fail(self, number: int) -> None:
        self.model.sick.add(number)

    @rule(number=NUMBERS, unschedulable=st.booleans(), ready=st.booleans())
    def drain(self, number: int, unschedulable: bool, ready: bool) -> None:
        if known := self.model.nodes.get(number):
            self.model.nodes[number] = replace(known, unschedulable=unschedulable, ready=ready)

    @rule(name=NAMES, nodes=st.frozensets(st.sampled_from([f"node-{number}" for number in range(1, 5)])))
    def run_on(self, name: str, nodes: frozenset[str]) -> None:
        self.model.endpoints[name] = nodes

    @rule(name=NAMES)
    def reserve_twice(self, name: str) -> None:
        """Another one, or the one before, whose request came late."""
        known = self.model.services.get(name)
        if known and known.ours and known.claimed:
            self.model.reserve(known)

    @rule(choices=st.lists(CHOICE, max_size=8))
    def begin_and_die(self, choices: list[int]) -> None:
        self.model.asked.clear()
        for choice in choices:
            if actions := self.model.plan().actions:
                self.model.act(actions[choice % len(actions)])
        self.model.die()

    @rule()
    def settle(self) -> None:
        plan = self.model.settle()
        for service in list(self.model.services.values()):
            self.check(service, problem=service.key in plan.problems)
        self.check_sharing()
        tags = {service.tag for service in self.model.services.values() if service.ours}
        for reservation in self.model.reservations.values():
            if CLUSTER.tag in reservation.tags:
                services = set(reservation.services) - set(THEIRS)
                assert services
                assert services <= tags
        self.model.die()
        assert all("Ask" in type(action).__name__ for action in self.model.plan().actions)

    @rule(number=NUMBERS)
    def heal(self, number: int) -> None:
        """What works stays where it is, when there is one more that works."""
        if self.model.nodes and number in self.model.sick:
            self.model.settle()
            before = self.working()
            self.model.sick.discard(number)
            self.model.settle()
            after = self.working()
            assert {address: after[address] for address in before} == before

    @invariant()
    def what_is_not_ours_stays(self) -> None:
        lent, other = self.model.reservations["lent"], self.model.reservations["other"]
        assert set(THEIRS) <= set(lent.tags)
        assert lent.at(STATIC) is not None
        assert OTHER.tag in other.tags
        assert CLUSTER.tag not in other.tags
        assert not other.assignments

    def change(self, name: str, **differences: object) -> None:
        if name in self.model.services and not self.model.services[name].leaving:
            known = self.model.services[name]
            self.model.services[name] = replace(known, **differences)  # type: ignore[arg-type]

    def working(self) -> dict[str, str | None]:
        """Addresses that are on a good node, and where."""
        return {
            address: self.model.holder(address)
            for address in self.told()
            if any(each.device_id == self.model.holder(address) for each in self.good(address))
        }

    def told(self) -> set[str]:
        return {address for service in self.model.services.values() for address in service.told}

    def users(self, address: str) -> list[Service]:
        return [service for service in self.model.services.values() if address in service.told]

    def good(self, address: str) -> list[object]:
        good = self.model.good(self.users(address))
        return [each for each in good if not each.unschedulable] or list(good)

    def check(self, service: Service, problem: bool) -> None:
        """Who is ours has what it asks for, and the others have nothing."""
        if not service.ours:
            assert not service.claimed
            assert not service.told
            assert not service.leaving
            return
        assert service.claimed
        if problem:
            return
        (address,) = service.told
        assert service.requested is None or str(service.requested) == address
        assert self.model.holder(address) in {each.device_id for each in self.good(address)}
        (reservation,) = (
            each
            for each in self.model.reservations.values()
            if service.tag in each.tags and CLUSTER.tag in each.tags
        )
        assert IPv4Address(address) in reservation.network

    def check_sharing(self) -> None:
        for address in self.told():
            users = self.users(address)
            for user in users:
                others = [other for other in users if other is not user]
                assert all(other.sharing == user.sharing == "k" for other in others)
                assert not any(other.ports & user.ports for other in others)


def test_everything_converges_and_nothing_leaks() -> None:
    run_state_machine_as_test(Elastic, settings=settings(max_examples=300, stateful_step_count=40))


def served(*services: Service, nodes: int = 2) -> Model:
    """A model in which these have come to rest."""
    model = Model()
    model.nodes = {number: node(number) for number in range(1, nodes + 1)}
    model.services = {service.name: service for service in services}
    model.settle()
    return model
