# SPDX-License-Identifier: GPL-3.0-or-later
"""What the info modules show, over packetd."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.packet.kubernetes.plugins.module_utils._info import Info
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.batch import BATCHES
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.bgp_neighbor import BGP_NEIGHBORS
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.catalogue import (
    FACILITIES,
    METROS,
    OPERATING_SYSTEMS,
    PLANS,
)
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.device import Devices
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.device_search import DEVICES
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.event import EVENTS
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.filters import fits, named, query
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.hardware_reservation import (
    HARDWARE_RESERVATIONS,
)
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.ip_assignment import (
    IP_ASSIGNMENTS,
    IpAssignment,
)
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.ip_reservation import (
    IP_RESERVATIONS,
    IpReservation,
)
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.market import CAPACITY, SPOT_PRICES
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.project import PROJECTS, Project
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.ssh_key import SSH_KEYS, SshKey
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.user import USERS
from ansible_collections.packet.kubernetes.plugins.module_utils._packet.errors import failed
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import ResourceError, reconcile
from kinds_packet import PacketWorld, with_address
from packet_options import KEY, OTHER_KEY, options
from packetd_api import Packetd

from packetd.store.tables import HardwareReservation, SpotPrice, Stock, now

NOWHERE = "00000000-0000-4000-8000-000000000000"
OF_PROJECT = [DEVICES, IP_RESERVATIONS, IP_ASSIGNMENTS, HARDWARE_RESERVATIONS, BATCHES, EVENTS]


@pytest.fixture
def world() -> Iterator[PacketWorld]:
    made = PacketWorld(Project)
    yield made
    made.leave()


@pytest.fixture
def api(world: PacketWorld) -> Packetd:
    return world.api


@pytest.fixture
def project(world: PacketWorld) -> str:
    return str(world.project["id"])


def order(hostname: str, **more: Any) -> dict[str, Any]:
    common = {"plan": "c3.small.x86", "operating_system": "debian_12", "metro": "sv"}
    return {"hostname": hostname, **common, **more}


def show(info: Info, api: Packetd, **given: Any) -> list[dict[str, Any]]:
    """What the module of it would answer with, which changes nothing but may ask by a POST."""
    was = api.digest()
    found = info.search(api, checked(info, given))
    assert api.digest() == was
    return found


def checked(info: Info, given: dict[str, Any]) -> dict[str, Any]:
    """The options as Ansible would hand them to the module: checked, with defaults."""
    known = {"api_url": "http://api", "api_token": "the-token-of-a-test"}
    result = ArgumentSpecValidator(info.options, **info.rules).validate({**known, **given})
    assert not result.error_messages, result.error_messages
    return dict(result.validated_parameters)


def refusal(info: Info, **given: Any) -> str:
    """What Ansible says of options that cannot be."""
    return ", ".join(ArgumentSpecValidator(info.options, **info.rules).validate(given).error_messages)


def values(rows: list[dict[str, Any]], name: str) -> list[Any]:
    return [row[name] for row in rows]


def made(kind: type[Any], api: Packetd, **given: Any) -> dict[str, Any]:
    """As the module of a kind makes and shows it."""
    thing = kind(api, options(kind.options, **given))
    reconcile(thing, thing.wanted(), dry_run=False)
    shown = kind(api, options(kind.options, **given)).find()
    assert shown is not None
    return dict(shown)


# What modules manage ------------------------------------------------------------------------------------


def test_objects_are_shown_as_their_modules_show_them(world: PacketWorld, api: Packetd) -> None:
    with_address(world)
    project = made(Project, api, name="p", custom_data={"a": 1})
    assert show(PROJECTS, api, names=["p"]) == [project]
    key = made(SshKey, api, project="p", label="me", key=KEY)
    assert show(SSH_KEYS, api, project="p") == [key]
    reservation = made(IpReservation, api, project="p", metro="sv", tags=["endpoint"])
    assert show(IP_RESERVATIONS, api, project="p") == [reservation]
    address = world.known["address"]
    assignment = made(IpAssignment, api, project="p", address=address, device="a")
    assert show(IP_ASSIGNMENTS, api, project="p") == [assignment]
    hosts = [{"hostname": "a"}, {"hostname": "b"}]
    devices = Devices(api, options(Devices.options, project="p", devices=hosts)).find()
    assert {device["hostname"]: device for device in show(DEVICES, api, project="p")} == devices


def test_projects_by_name_or_id(api: Packetd, project: str) -> None:
    assert values(show(PROJECTS, api, names=["p", NOWHERE, "other"]), "id") == [project]
    assert values(show(PROJECTS, api, names=[project]), "name") == ["p"]
    assert show(PROJECTS, api, names=[]) == []
    assert project in values(show(PROJECTS, api), "id")


def test_keys_of_the_user_and_of_a_project_are_apart(api: Packetd, project: str) -> None:
    api.add("ssh-keys", label="mine", key=KEY)
    api.add(f"projects/{project}/ssh-keys", label="ours", key=OTHER_KEY)
    assert values(show(SSH_KEYS, api), "label") == ["mine"]
    ours = show(SSH_KEYS, api, project="p")
    assert values(ours, "label") == ["ours"]
    assert show(SSH_KEYS, api, project="p", labels=["ours"]) == ours
    assert show(SSH_KEYS, api, project="p", labels=[ours[0]["id"]]) == ours
    assert show(SSH_KEYS, api, project="p", labels=["mine"]) == []


@pytest.fixture
def fleet(api: Packetd, project: str) -> dict[str, str]:
    """Ids by hostname."""
    path = f"projects/{project}/devices"
    orders = [
        order("n0", tags=["cluster=blue", "role=worker"]),
        order("n0-b", tags=["cluster=blue"], metro="da"),
        order("n1", tags=["cluster=blue,green"]),
    ]
    ids = {each["hostname"]: str(api.add(path, **each)["id"]) for each in orders}
    api.call_api(f"devices/{ids['n1']}/actions", "POST", {"type": "power_off"})
    return ids


@pytest.mark.parametrize(
    ("asked", "hostnames"),
    [
        ({}, ["n0", "n0-b", "n1"]),
        ({"hostnames": ["n0"]}, ["n0"]),
        ({"hostnames": ["n0", "n1", "later"]}, ["n0", "n1"]),
        ({"hostnames": []}, []),
        ({"tags": ["cluster=blue"]}, ["n0", "n0-b"]),
        ({"tags": ["role=worker", "cluster=blue"]}, ["n0"]),
        ({"tags": ["cluster=blue,green"]}, ["n1"]),
        ({"tags": ["cluster"]}, []),
        ({"states": ["active"]}, ["n0", "n0-b"]),
        ({"states": ["powering_off", "inactive"]}, ["n1"]),
        ({"metro": "da"}, ["n0-b"]),
        ({"facility": "da11"}, ["n0-b"]),
        ({"metro": "sv", "states": ["active"]}, ["n0"]),
    ],
)
def test_devices_that_are_asked_for(
    api: Packetd, fleet: dict[str, str], asked: dict[str, Any], hostnames: list[str]
) -> None:
    assert values(show(DEVICES, api, project="p", **asked), "hostname") == hostnames


def test_devices_by_id(api: Packetd, fleet: dict[str, str]) -> None:
    assert values(show(DEVICES, api, project="p", hostnames=[fleet["n1"]]), "hostname") == ["n1"]


def test_what_the_api_can_sift_is_asked_of_it(
    api: Packetd, fleet: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    whole = Packetd.call_api

    def unsifted(self: Packetd, method: str, type: str = "GET", params: Any = None) -> Any:  # noqa: A002 as in Manager
        if method.endswith("/devices"):
            asked.append(params)
            params = None
        return whole(self, method, type, params)

    monkeypatch.setattr(Packetd, "call_api", unsifted)
    given = {"hostnames": ["n0"], "tags": ["a", "b"], "states": ["active", "failed"], "metro": "sv"}
    assert show(DEVICES, api, project="p", **given) == []
    sent = {"hostname": "n0", "tag": "a,b", "state": "active,failed", "metro": "sv"}
    assert asked == [{**sent, "page": 1, "per_page": 100}]
    # A server that knows none of the filters gives all devices.
    assert values(show(DEVICES, api, project="p", metro="da", hostnames=["n0-b"]), "hostname") == ["n0-b"]


def test_reservations_are_shown_without_the_blocks_of_devices(world: PacketWorld, api: Packetd) -> None:
    with_address(world)
    project = world.project["id"]
    api.add(f"projects/{project}/ips", type="global_ipv4", quantity=1, tags=["everywhere", "endpoint"])
    blocks = api.call_api(f"projects/{project}/ips")["ip_addresses"]
    assert "private_ipv4" in values(blocks, "type")
    assert values(show(IP_RESERVATIONS, api, project="p"), "type") == ["public_ipv4", "global_ipv4"]
    assert values(show(IP_RESERVATIONS, api, project="p", type="global_ipv4"), "metro") == [None]
    assert values(show(IP_RESERVATIONS, api, project="p", metro="sv"), "type") == ["public_ipv4"]
    assert len(show(IP_RESERVATIONS, api, project="p", tags=["endpoint"])) == 2
    assert values(show(IP_RESERVATIONS, api, project="p", tags=["endpoint", "everywhere"]), "type") == [
        "global_ipv4"
    ]
    assert show(IP_RESERVATIONS, api, project="p", facility="da11") == []


def test_what_is_free_of_a_reservation(world: PacketWorld, api: Packetd) -> None:
    with_address(world)
    order = {"type": "public_ipv4", "quantity": 4, "tags": ["web"], "metro": "sv"}
    block = api.add(f"projects/{world.project['id']}/ips", **order)
    first, *others = ip_network(f"{block['network']}/30").subnets(new_prefix=32)
    made(IpAssignment, api, project="p", address=str(first), device="a")
    (shown,) = show(IP_RESERVATIONS, api, project="p", addresses=[block["id"]], available=32)
    assert shown["available"] == [str(subnet) for subnet in others]
    single, pairs = show(IP_RESERVATIONS, api, project="p", available=31)
    assert (single["available"], len(pairs["available"])) == ([], 1)
    assert "available" not in show(IP_RESERVATIONS, api, project="p")[0]
    with pytest.raises(ResourceError, match="available 33 is no length of a prefix; allowed are 24 to 32"):
        show(IP_RESERVATIONS, api, project="p", available=33)


def test_assignments_of_one_device(world: PacketWorld, api: Packetd) -> None:
    with_address(world)
    made(IpAssignment, api, project="p", address=world.known["address"], device="a")
    a = show(DEVICES, api, project="p", hostnames=["a"])[0]["id"]
    assert values(show(IP_ASSIGNMENTS, api, project="p", device="a"), "device_id") == [a]
    assert values(show(IP_ASSIGNMENTS, api, project="p", device=a), "address") == [
        f"{world.known['address']}/32"
    ]
    assert show(IP_ASSIGNMENTS, api, project="p", device="b") == []
    with pytest.raises(ResourceError, match="the project 'p' has no device 'later'"):
        show(IP_ASSIGNMENTS, api, project="p", device="later")


@pytest.mark.parametrize("info", OF_PROJECT, ids=lambda info: info.name)
def test_a_project_must_be_given_and_be_there(
    api: Packetd, info: Info, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PACKET_PROJECT_ID", raising=False)
    with pytest.raises(ResourceError, match=r"project is not set: .*PACKET_PROJECT_ID"):
        show(info, api)
    with pytest.raises(ResourceError, match="the project 'later' does not exist"):
        show(info, api, project="later")
    with pytest.raises(ResourceError, match=f"project {NOWHERE} does not exist"):
        show(info, api, project=NOWHERE)


@pytest.mark.parametrize("info", [BGP_NEIGHBORS, EVENTS, IP_ASSIGNMENTS], ids=lambda info: info.name)
def test_a_hostname_that_two_devices_have_is_not_guessed(api: Packetd, project: str, info: Info) -> None:
    ids = sorted(api.add(f"projects/{project}/devices", **order("twin"))["id"] for _ in range(2))
    with pytest.raises(ResourceError, match=f"device 'twin' is ambiguous: {ids[0]}, {ids[1]}"):
        show(info, api, project="p", device="twin")
    assert isinstance(show(info, api, project="p", device=ids[0]), list)


# What the API offers ------------------------------------------------------------------------------------


def test_a_plan_is_told_flat(api: Packetd) -> None:
    (plan,) = show(PLANS, api, slugs=["baremetal_2a2"])
    assert plan["class"] == "c1.large.arm.xda"
    assert plan["cpus"] == [{"count": 2, "type": "Cavium ThunderX CN8890"}]
    assert (plan["memory"], plan["hourly_price"]) == ("128GB", 0.5)
    assert "da" in plan["metros"]
    assert "da11" in plan["facilities"]
    assert "sv15" not in plan["facilities"]


def test_plans_that_are_asked_for(api: Packetd) -> None:
    every = values(show(PLANS, api), "slug")
    assert {"c3.small.x86", "baremetal_2a2"} <= set(every)
    assert "baremetal_2a2" not in values(show(PLANS, api, facility="sv15"), "slug")
    assert "baremetal_2a2" not in values(show(PLANS, api, metro="sv"), "slug")
    assert "baremetal_2a2" in values(show(PLANS, api, metro="da"), "slug")
    assert show(PLANS, api, slugs=["c9.huge"]) == []
    volumes = show(PLANS, api, categories=["storage"])
    assert set() < set(values(volumes, "slug")) < set(every)
    assert all(plan["memory"] is None and plan["cpus"] == [] for plan in volumes)
    spot = show(PLANS, api, deployment_type="spot_market")
    assert spot
    assert all("spot_market" in plan["deployment_types"] for plan in spot)


def test_operating_systems_that_are_asked_for(api: Packetd) -> None:
    debian = show(OPERATING_SYSTEMS, api, distro="debian")
    assert set(values(debian, "distro")) == {"debian"}
    (one,) = show(OPERATING_SYSTEMS, api, slugs=["debian_12", "beos"])
    assert one in debian
    assert (one["version"], one["licensed"]) == ("12", False)
    assert one in show(OPERATING_SYSTEMS, api, plan="c3.small.x86")
    assert show(OPERATING_SYSTEMS, api, plan="c9.huge") == []


def test_places_that_are_asked_for(api: Packetd) -> None:
    assert set(values(show(METROS, api, country="DE"), "code")) == {"fr"}
    (metro,) = show(METROS, api, codes=["sv", "xx"])
    assert (metro["name"], metro["country"]) == ("Silicon Valley", "US")
    assert values(show(FACILITIES, api, metro="sv"), "code") == ["sv15", "sjc1"]
    (facility,) = show(FACILITIES, api, codes=["sv15"])
    assert (facility["metro"], facility["name"]) == ("sv", "Silicon Valley SV15")
    assert facility["ip_ranges"]
    assert facility in show(FACILITIES, api, features=["layer_2", "baremetal"])
    assert show(FACILITIES, api, features=["layer_2", "moonbase"]) == []
    assert show(FACILITIES, api, codes=[facility["id"]]) == [facility]


# What is left, and at what price ------------------------------------------------------------------------


@pytest.fixture
def scarce(api: Packetd) -> Iterator[None]:
    """Two machines of a plan in Silicon Valley, in one of its facilities."""
    rows = [Stock(plan="m3.large.x86", facility=code, servers=left) for code, left in SCARCE.items()]
    with api._site.store.write() as session:
        session.add_all(rows)
    yield
    with api._site.store.write() as session:
        for code in SCARCE:
            session.delete(session.get(Stock, ("m3.large.x86", code)))


SCARCE = {"sv15": 2, "sjc1": 0}


@pytest.mark.usefixtures("scarce")
def test_capacity_by_metro_and_by_facility(api: Packetd) -> None:
    asked = {"plan": "m3.large.x86"}
    row = {"metro": "sv", "facility": None, "plan": "m3.large.x86", "level": "critical"}
    assert show(CAPACITY, api, metro="sv", **asked) == [row]
    levels = {"sv15": "critical", "sjc1": "unavailable"}
    rows = [{**row, "facility": code, "level": level} for code, level in levels.items()]
    assert show(CAPACITY, api, metro="sv", by_facility=True, **asked) == rows
    assert show(CAPACITY, api, facility="sjc1", **asked) == rows[1:]
    assert {row["plan"] for row in show(CAPACITY, api, metro="sv")} > {"m3.large.x86"}
    assert len(show(CAPACITY, api, by_facility=True, **asked)) > len(show(CAPACITY, api, **asked)) > 2


@pytest.mark.usefixtures("scarce")
def test_whether_servers_can_be_had_is_told_in_the_order_of_the_question(api: Packetd) -> None:
    servers = [
        {"plan": "m3.large.x86", "metro": "sv", "quantity": 2},
        {"plan": "m3.large.x86", "facility": "sjc1"},
        {"plan": "m3.large.x86", "metro": "sv", "quantity": 3},
        {"plan": "m3.large.x86", "facility": "sv15"},
    ]
    told = show(CAPACITY, api, servers=servers)
    assert values(told, "available") == [True, False, False, True]
    assert told[1] == {
        "plan": "m3.large.x86",
        "metro": None,
        "facility": "sjc1",
        "quantity": 1,
        "available": False,
    }
    assert show(CAPACITY, api, servers=[]) == []


def test_capacity_of_what_is_not_offered(api: Packetd) -> None:
    with pytest.raises(ResourceError, match=r"capacity: metro 'xx' is not offered; this API has: am, "):
        show(CAPACITY, api, metro="xx")
    with pytest.raises(ResourceError, match=r"capacity: plan 'c9\.huge' is not offered; this API has: "):
        show(CAPACITY, api, plan="c9.huge")
    with pytest.raises(ResourceError, match=r"'c9\.huge' is not a valid plan"):
        show(CAPACITY, api, servers=[{"plan": "c9.huge", "metro": "sv"}])


def test_capacity_is_asked_in_one_way_at_a_time() -> None:
    server = {"plan": "c3.small.x86", "metro": "sv"}
    assert "mutually exclusive: metro|facility" in refusal(CAPACITY, metro="sv", facility="sv15")
    assert "mutually exclusive: servers|plan" in refusal(CAPACITY, plan="c3.small.x86", servers=[server])
    assert "metro, facility found in servers" in refusal(CAPACITY, servers=[{"plan": "c3.small.x86"}])
    both = {**server, "facility": "sv15"}
    assert "metro|facility found in servers" in refusal(CAPACITY, servers=[both])


def test_spot_prices_by_metro_and_by_facility(api: Packetd) -> None:
    plan = "c3.medium.x86"
    with api._site.store.write() as session:
        for facility, price in {"ny5": 0.31, "ny7": 0.29, "ewr1": 0.33}.items():
            session.add(SpotPrice(plan=plan, facility=facility, price=price, created_at=now()))
    (metro,) = show(SPOT_PRICES, api, metro="ny", plan=plan)
    assert metro == {"metro": "ny", "facility": None, "plan": plan, "price": 0.29}
    told = show(SPOT_PRICES, api, by_facility=True, metro="ny", plan=plan)
    assert {row["facility"]: row["price"] for row in told} == {"ny5": 0.31, "ny7": 0.29, "ewr1": 0.33}
    assert show(SPOT_PRICES, api, facility="ny5", plan=plan) == [{**metro, "facility": "ny5", "price": 0.31}]
    assert len(show(SPOT_PRICES, api, facility="ny5")) > 1
    with pytest.raises(ResourceError, match="metro 'xx' is not valid"):
        show(SPOT_PRICES, api, metro="xx")


# What else there is of a project ------------------------------------------------------------------------


def test_hardware_reservations_that_are_asked_for(api: Packetd, project: str) -> None:
    common = {"project_id": project, "rest": 0.0}
    kept = [
        HardwareReservation(plan="c3.small.x86", facility="sv15", spare=False, **common),
        HardwareReservation(plan="m3.large.x86", facility="sv15", spare=True, **common),
        HardwareReservation(plan="m3.large.x86", facility="da11", need_of_service=True, **common),
        HardwareReservation(plan="m3.large.x86", facility="da11", **common),
    ]
    with api._site.store.write() as session:
        session.add_all(kept)
        session.flush()
        first, spare, broken, free = (row.id for row in kept)
    on_it = order("n0", hardware_reservation_id=first)
    device = api.add(f"projects/{project}/devices", **on_it)["id"]

    def ids(**asked: Any) -> set[str]:
        return set(values(show(HARDWARE_RESERVATIONS, api, project="p", **asked), "id"))

    assert ids() == {first, spare, broken, free}
    assert ids(state="active") == {first}
    assert ids(state="spare") == {spare}
    assert ids(state="need_of_service") == {broken}
    assert ids(provisionable=True) == {free}
    assert ids(provisionable=False) == {first, spare, broken}
    assert ids(plan="m3.large.x86", metro="da") == {broken, free}
    assert ids(facility="sv15") == {first, spare}
    (shown,) = show(HARDWARE_RESERVATIONS, api, project="p", state="active")
    assert (shown["device_id"], shown["project_id"]) == (device, project)
    assert (shown["plan"], shown["metro"], shown["facility"]) == ("c3.small.x86", "sv", "sv15")


def test_batches_that_are_asked_for(api: Packetd, project: str) -> None:
    hosts = {**order("n{{index}}"), "quantity": 2}
    path = f"projects/{project}/devices/batch"
    (done,) = api.add(path, batches=[hosts])["batches"]
    (begun,) = api.call_api(path, "POST", {"batches": [hosts]})["batches"]
    first, second = show(BATCHES, api, project="p")
    assert (first["id"], second["id"]) == (done["id"], begun["id"])
    assert (first["state"], first["quantity"], first["errors"]) == ("completed", 2, [])
    assert first["project_id"] == project
    devices = show(DEVICES, api, project="p")
    assert sorted(first["device_ids"] + second["device_ids"]) == sorted(values(devices, "id"))
    assert show(BATCHES, api, project="p", states=["in_progress"]) == [second]
    assert show(BATCHES, api, project="p", ids=[done["id"], NOWHERE]) == [first]


def test_neighbors_are_shown_without_the_password(api: Packetd, project: str) -> None:
    device = api.add(f"projects/{project}/devices", **order("n0"))["id"]
    assert show(BGP_NEIGHBORS, api, project="p", device="n0") == []
    config = {"deployment_type": "local", "asn": 65000, "md5": "my-great-secret"}
    api.call_api(f"projects/{project}/bgp-configs", "POST", config)
    session = {"address_family": "ipv4", "default_route": True}
    api.call_api(f"devices/{device}/bgp/sessions", "POST", session)
    (neighbor,) = show(BGP_NEIGHBORS, api, project="p", device="n0")
    assert (neighbor["address_family"], neighbor["device_id"]) == ("ipv4", device)
    assert (neighbor["customer_as"], neighbor["md5_enabled"]) == (65000, True)
    assert len(neighbor["peer_ips"]) == 2
    assert neighbor["routes_out"] == [{"route": "0.0.0.0/0", "exact": True}]
    assert "my-great-secret" not in str(neighbor)
    with pytest.raises(ResourceError, match="the project 'p' has no device 'later'"):
        show(BGP_NEIGHBORS, api, project="p", device="later")
    with pytest.raises(ResourceError, match="the project 'later' does not exist"):
        show(BGP_NEIGHBORS, api, project="later", device="n0")


# What happened, and who did it --------------------------------------------------------------------------


def test_events_of_a_device_and_of_its_project(api: Packetd, project: str) -> None:
    ids = [api.add(f"projects/{project}/devices", **order(name))["id"] for name in ("n0", "n1")]
    whole = show(EVENTS, api, project="p")
    assert {event["device_id"] for event in whole} >= set(ids)
    assert {event["project_id"] for event in whole} == {project}
    of_device = show(EVENTS, api, project="p", device="n0")
    assert of_device == [event for event in whole if event["device_id"] == ids[0]]
    moments = values(of_device, "created_at")
    assert moments == sorted(moments, reverse=True)
    (ready,) = show(EVENTS, api, project="p", device="n0", types=["provisioning.110", "power.203"])
    assert ready["body"].startswith("Device phoned home")
    assert show(EVENTS, api, project="p", types=["moon.landing"]) == []
    assert ready["user_id"] is None
    api.call_api(f"devices/{ids[0]}/actions", "POST", {"type": "reboot"})
    (me,) = show(USERS, api)
    assert values(show(EVENTS, api, project="p", types=["power.200"]), "user_id") == [me["id"]]
    with pytest.raises(ResourceError, match="the project 'p' has no device 'later'"):
        show(EVENTS, api, project="p", device="later")


def test_events_of_an_organization(api: Packetd, monkeypatch: pytest.MonkeyPatch) -> None:
    # The environment of a user who mostly works in one project.
    monkeypatch.setenv("PACKET_PROJECT_ID", "later")
    organization = api.add("organizations", name="those with events")
    path = f"organizations/{organization['id']}"
    api.call_api(f"{path}/invitations", "POST", {"invitee": "ada@example.org", "roles": ["admin"]})
    told = show(EVENTS, api, organization="those with events")
    assert values(told, "type") == ["invitation.created", "organization.created"]
    assert {event["organization_id"] for event in told} == {organization["id"]}
    assert {event["project_id"] or event["device_id"] for event in told} == {None}
    assert show(EVENTS, api, organization=organization["id"]) == told
    with pytest.raises(ResourceError, match="there is no organization 'nobody', or the token has no access"):
        show(EVENTS, api, organization="nobody")
    assert "device|organization" in refusal(EVENTS, device="n0", organization="nobody")


def test_the_user_of_the_token_and_all_others(api: Packetd, monkeypatch: pytest.MonkeyPatch) -> None:
    (me,) = show(USERS, api)
    assert me["full_name"] == f"{me['first_name']} {me['last_name']}".strip()
    assert me in show(USERS, api, everyone=True)
    assert show(USERS, api, search=me["email"]) == [me]
    assert show(USERS, api, search="nobody at all") == []

    def of_project(_self: Packetd, path: str, *_more: Any) -> Any:
        raise failed(f"GET {path}", 403, {"errors": ["This API token belongs to a project"]}, "the test")

    monkeypatch.setattr(Packetd, "call_api", of_project)
    with pytest.raises(ResourceError, match="a token of a project belongs to no user"):
        show(USERS, api)


# How it is asked ----------------------------------------------------------------------------------------


def test_what_fits() -> None:
    thing = {"id": "1", "name": "a", "tags": ["x", "y"], "on": False, "metro": None}
    assert fits(thing, name=None, tags=None)
    assert fits(thing, name="a", tags="x", on=False)
    assert fits(thing, name=["b", "a"], tags=["y", "x"])
    assert fits(thing, tags=[])
    assert not fits(thing, name=[])
    assert not fits(thing, tags=["x", "z"])
    assert not fits(thing, on=True)
    assert not fits(thing, metro="sv")
    assert named(thing, "name", None)
    assert named(thing, "name", ["1"])
    assert not named(thing, "name", ["2"])


def test_what_is_sent() -> None:
    asked = {"metro": "sv", "tag": ["a", "b"], "state": [], "facility": None, "search": ""}
    assert query(**asked) == {"metro": "sv", "tag": "a,b"}
    # The API would take it for two.
    assert query(tag=["a,b", "c"]) == {}
