# SPDX-License-Identifier: GPL-3.0-or-later
"""Users and machines do what they like, the controller dies where it likes: all converges, nothing leaks."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

from elastic_model import CLUSTER, LENT, OTHER, STATIC, Model, device, node
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from controllers.cloud.addresses import (
    NO_NODE,
    Ask,
    Assign,
    Claim,
    Free,
    Release,
    Reserve,
    Tell,
    Unassign,
    World,
    plan,
)
from controllers.cloud.holders import REGION, Health
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
        # Tags of Services that nobody can tell from another cluster's.
        self.unknown: set[str] = set()

    @initialize(shared=st.booleans())
    def begin(self, shared: bool) -> None:
        self.model = Model(shared)

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
        known = self.model.services.pop(name, None)
        if known and known.tag in self.model.reservations["lent"].tags and len(self.model.theirs) > 1:
            self.unknown.add(known.tag)

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
                services = set(reservation.services) - set(self.model.theirs)
                assert services
                assert services <= tags | (self.unknown if reservation.id == "lent" else set())
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
        assert set(self.model.theirs) <= set(lent.tags)
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


def served(*services: Service, model: Model | None = None, nodes: int = 2) -> Model:
    """A model in which these have come to rest, on nodes that are numbered from 1."""
    model = model or Model()
    for number in range(1, nodes + 1):
        model.nodes.setdefault(number, node(number))
    model.services = {each.name: each for each in services}
    model.settle()
    return model


def service(name: str, **differences: object) -> Service:
    """One that is older than those whose names come after its own."""
    made = Service("default", name, f"uid-{name}", created=name, ports=frozenset({("TCP", 80)}))
    return replace(made, **differences)  # type: ignore[arg-type]


def test_addresses_are_spread_over_the_nodes_that_are_well() -> None:
    model = Model()
    model.sick = {2}
    model = served(*(service(name) for name in "abcd"), model=model, nodes=3)
    load = Counter(model.holder(address) for each in model.services.values() for address in each.told)
    assert load == {device(1): 2, device(3): 2}


def test_the_address_goes_where_the_service_the_settings_or_the_nodes_say() -> None:
    wishes = {"metro": "da", "facility": "da11"}
    for given, settings_, place in (
        (wishes, {"metro": "sv"}, ("metro", "da")),
        ({"facility": "da11"}, {"metro": "sv"}, ("facility", "da11")),
        ({}, {"metro": "sv", "facility": "ny5"}, ("metro", "sv")),
        ({}, {"facility": "ny5"}, ("facility", "ny5")),
        ({}, {}, ("metro", "da")),
    ):
        world = World(CLUSTER, [service("a", claimed=True, **given)], nodes=[node(1)], **settings_)
        assert plan(world).actions == [Reserve(world.services[0], *place)]
    nowhere = plan(World(CLUSTER, [service("a", claimed=True)]))
    assert nowhere.actions == []
    assert nowhere.problems["default", "a"].reason == "NoMetro"


def test_an_address_stays_in_its_metro() -> None:
    model = Model()
    model.nodes = {1: node(1, labels={REGION: "sv"}), 2: node(2)}
    model = served(service("a"), model=model)
    (address,) = model.services["a"].told
    assert model.holder(address) == device(2)
    model.sick = {2}
    assert model.settle().problems["default", "a"].reason == NO_NODE
    assert model.holder(address) == device(2)


def test_the_control_planes_address_is_no_services() -> None:
    lent = Model().reservations["lent"].retagged(["planes"], [])
    world = World(CLUSTER, [service("a", claimed=True, requested=LENT[1])], reservations=[lent])
    assert plan(replace(world, endpoint="planes")).actions == []
    assert "control planes" in plan(replace(world, endpoint="planes")).problems["default", "a"].message
    assert plan(world).actions != []


def test_ports_that_clash_are_named() -> None:
    wanted = {"sharing": "k", "ports": frozenset({("TCP", 80), ("UDP", 53)})}
    model = served(service("a", sharing="k"), service("b", **wanted), service("c"), nodes=1)
    assert model.services["b"].told == ()
    (address,) = model.services["a"].told
    text = f"Service default/a, which shares address {address}, has TCP 80; take other ports, or another"
    problem = model.settle().problems["default", "b"]
    assert problem.reason == "PortInUse"
    assert problem.message.startswith(text)
    model.services["d"] = service("d", requested=IPv4Address(address))
    problem = model.settle().problems["default", "d"]
    assert problem.reason == "AddressInUse"
    assert f"address {address} is that of Service default/a" in problem.message


def test_a_slip_in_what_is_asked_for_does_not_cost_the_address() -> None:
    model = served(service("a"))
    told = model.services["a"].told
    for slip in ({"problem": "a slip"}, {"requested": IPv4Address("192.0.2.200")}):
        model.services["a"] = service("a", claimed=True, told=told, **slip)
        assert ("default", "a") in model.settle().problems
        assert model.services["a"].told == told
        assert model.holder(told[0])


def test_a_service_that_is_given_to_somebody_else_is_let_go_before_its_address() -> None:
    model = served(service("a"))
    model.services["a"] = replace(model.services["a"], foreign=True)
    model.done.clear()
    model.settle()
    assert [type(action) for action in model.done] == [Tell, Free, Unassign, Release]
    # What another one has claimed is its own.
    model.services["b"] = service("b", foreign=True, claimed=True, told=("192.0.2.1",))
    assert model.plan().actions == []


def test_of_two_reservations_the_older_stays_unless_clients_know_the_younger() -> None:
    model = Model()
    model.services["a"] = service("a", claimed=True)
    for _ in range(3):
        model.reserve(model.services["a"])
    model = served(service("a", claimed=True), model=model, nodes=1)
    assert model.services["a"].told == ("203.0.113.1",)
    model.reserve(replace(model.services["a"], name="b"))
    younger = str(list(model.reservations.values())[-1].network[0])
    model.services["b"] = service("b", claimed=True, told=(younger,))
    model.settle()
    assert model.services["b"].told == (younger,)


def test_an_address_that_no_device_may_have_is_not_tried_with_all() -> None:
    model = served(service("a", claimed=True), nodes=0)
    (made,) = (each for each in model.reservations.values() if CLUSTER.made(each))
    world = World(
        CLUSTER,
        [*model.services.values()],
        nodes=[node(number) for number in range(1, 9)],
        reservations=[made],
        health=Health(asked={f"http://10.0.0.{number}:10256/healthz": True for number in range(1, 9)}),
    )
    tried = []
    for _ in range(8):
        tried += [each.device for each in plan(world).actions if isinstance(each, Assign)]
        world = replace(world, refused=frozenset((made.id, each) for each in tried))
    assert tried == [device(1), device(2), device(3)]
    assert "gives it to no device" in plan(world).problems["default", "a"].message


def test_few_are_asked_first_and_then_all() -> None:
    model = served(service("a", claimed=True), nodes=0)
    model.nodes = {number: node(number) for number in range(1, 21)}
    model.sick = set(range(1, 20))
    asked = [action for action in model.plan().actions if isinstance(action, Ask)]
    assert len(asked) == 4
    for action in asked:
        model.act(action)
    asked = [action for action in model.plan().actions if isinstance(action, Ask)]
    assert len(asked) == 16
    model.settle()
    assert model.holder(*model.services["a"].told) == device(20)


def test_nothing_is_reserved_or_lent_before_the_finalizer() -> None:
    """Though a tag is left of a Service of this name whose finalizer was removed by hand."""
    holder, new = service("a", claimed=True, requested=LENT[1]), service("b")
    tags = (CLUSTER.tag, holder.tag, new.tag, CLUSTER.moves(LENT[1]), OTHER.tag)
    lent = replace(Model().reservations["lent"], tags=tags)
    other = replace(lent, id="other", network=IPv4Network("198.51.100.8/32"), tags=(), assignments=())
    for wish in ({}, {"requested": other.network[0]}):
        world = World(CLUSTER, [holder, replace(new, **wish)], nodes=[node(1)], reservations=[lent, other])
        about = [action for action in plan(world).actions if not isinstance(action, Ask)]
        assert [type(action) for action in about if "198.51.100.8" in str(action)] == []
        assert [type(action) for action in about if "default/b" in str(action)] == [Claim]
