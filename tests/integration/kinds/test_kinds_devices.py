# SPDX-License-Identifier: GPL-3.0-or-later
"""What devices do over packetd beyond what every Kind does: batches, choices of an order, ids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.device import Devices
from ansible_collections.packet.kubernetes.plugins.module_utils._packet.wait import Waiting
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import (
    Plans,
    ResourceError,
    reconcile_all,
)
from kinds_packet import DEVICE, PacketWorld
from packet_options import KEY, OTHER_KEY, Instant, options
from packetd_api import Packetd

from packetd.store.tables import HardwareReservation, Stock

NOWHERE = "00000000-0000-4000-8000-000000000000"
PLAN = "c3.small.x86"


@pytest.fixture
def world() -> Iterator[PacketWorld]:
    """A project `p` with nothing in it."""
    made = PacketWorld(Devices)
    yield made
    made.leave()


def hosts(*names: str) -> list[dict[str, Any]]:
    return [{"hostname": name} for name in names]


def settle(world: PacketWorld, dry_run: bool = False, **given: Any) -> Plans:
    devices = Devices(
        world.api, options(Devices.options, **DEVICE, **given), Waiting(clock=Instant(world.api.go_on))
    )
    return reconcile_all(devices, devices.wanted(), dry_run=dry_run)


def shown(world: PacketWorld, hostname: str) -> dict[str, Any]:
    """A device as the API shows it."""
    path = f"projects/{world.project['id']}/devices"
    (device,) = [item for item in world.api.call_api(path)["devices"] if item["hostname"] == hostname]
    assert isinstance(device, dict)
    return device


def reserve(api: Packetd, project: str, count: int = 1) -> list[str]:
    """Machines that are kept for a project."""
    common = {"project_id": project, "plan": PLAN, "facility": "sv15", "rest": 0.0}
    kept = [HardwareReservation(**common) for _ in range(count)]
    with api._site.store.write() as session:
        session.add_all(kept)
        session.flush()
        return [row.id for row in kept]


def test_a_hundred_devices_are_one_request(world: PacketWorld) -> None:
    before = len(world.api.writes)
    after = settle(world, devices=hosts(*(f"n{number}" for number in range(100)))).after
    assert len(world.api.writes) == before + 1
    assert {device["state"] for device in after.values()} == {"active"}
    assert list(after) == [f"n{number}" for number in range(100)]


@pytest.fixture
def scarce(world: PacketWorld) -> Iterator[None]:
    """Two machines of a plan in one of its facilities."""
    with world.api._site.store.write() as session:
        session.add(Stock(plan="m3.large.x86", facility="sv15", servers=2))
    yield
    with world.api._site.store.write() as session:
        session.delete(session.get(Stock, ("m3.large.x86", "sv15")))


@pytest.mark.usefixtures("scarce")
def test_what_there_is_no_machine_for_is_named_and_the_others_are_made(world: PacketWorld) -> None:
    rare = [{"hostname": name, "plan": "m3.large.x86", "facility": "sv15"} for name in ("r0", "r1", "r2")]
    with pytest.raises(
        ResourceError, match=r"could not make r\d: .*no provisionable m3.large.x86 servers.*the other 3 were"
    ):
        settle(world, devices=[*hosts("a"), *rare])
    assert shown(world, "a")["plan"]["slug"] == PLAN


def test_a_reserved_machine_is_used(world: PacketWorld) -> None:
    first, second = reserve(world.api, world.project["id"], 2)
    given = {"devices": [{"hostname": "a", "hardware_reservation_id": second}], "facility": "sv15"}
    assert settle(world, **given).after["a"]["hardware_reservation_id"] == second
    assert not settle(world, **given).changed
    other = {"devices": [{"hostname": "a", "hardware_reservation_id": first}]}
    with pytest.raises(ResourceError, match=f"cannot change hardware_reservation_id.*{second}.*{first}"):
        settle(world, **other, dry_run=True)


def test_a_machine_that_is_not_reserved_is_refused_with_those_that_are_free(world: PacketWorld) -> None:
    (free,) = reserve(world.api, world.project["id"])
    with pytest.raises(ResourceError, match=f"a: hardware_reservation_id {NOWHERE} is not there; .*: {free}"):
        settle(world, devices=hosts("a"), hardware_reservation_id=NOWHERE, dry_run=True)


def test_any_reserved_machine_will_do(world: PacketWorld) -> None:
    kept = reserve(world.api, world.project["id"], 2)
    given = {"devices": hosts("a", "b"), "hardware_reservation_id": "next-available"}
    after = settle(world, **given).after
    assert {device["hardware_reservation_id"] for device in after.values()} == set(kept)
    assert not settle(world, **given).changed
    with pytest.raises(ResourceError, match=r"could not make c: .* no available hardware reservations "):
        settle(world, devices=hosts("c"), hardware_reservation_id="next-available")


def test_a_tag_of_the_identity_may_be_any_text(world: PacketWorld) -> None:
    for tag in ("größe=5 % & mehr", 'a"b\\c', "with, a comma"):
        given = {"devices": hosts("a"), "identity_tags": [tag, "zzz"]}
        assert settle(world, **given).changed
        assert not settle(world, **given).changed


def test_keys_are_chosen_by_their_labels(world: PacketWorld) -> None:
    path = f"projects/{world.project['id']}/ssh-keys"
    ours = world.api.call_api(path, "POST", {"label": "of the project", "key": KEY})["id"]
    mine = world.api.call_api("ssh-keys", "POST", {"label": "mine", "key": OTHER_KEY})["id"]
    settle(
        world,
        devices=[
            {"hostname": "both"},
            {"hostname": "one", "project_ssh_keys": ["of the project"]},
            {"hostname": "other", "user_ssh_keys": ["mine"]},
            {"hostname": "by-id", "project_ssh_keys": [ours]},
            {"hostname": "none", "no_ssh_keys": True},
        ],
    )
    kept = {
        name: {key["href"].rpartition("/")[2] for key in shown(world, name)["ssh_keys"]}
        for name in ("both", "one", "other", "by-id", "none")
    }
    assert kept == {"both": {ours, mine}, "one": {ours}, "other": {mine}, "by-id": {ours}, "none": set()}
    with pytest.raises(
        ResourceError, match="a: project_ssh_keys 'x' is not there; there are: of the project"
    ):
        settle(world, devices=hosts("a"), project_ssh_keys=["x"], dry_run=True)


def test_addresses_are_chosen(world: PacketWorld) -> None:
    order = {"type": "public_ipv4", "quantity": 4, "tags": ["more"], "metro": "sv"}
    block = world.api.add(f"projects/{world.project['id']}/ips", **order)
    subnet = f"{block['network']}/{block['cidr']}"
    private = {"public": False}
    after = settle(
        world,
        devices=[
            {"hostname": "usual", "public_ipv4_subnet_size": 32},
            {"hostname": "inside", "ip_addresses": [private]},
            {"hostname": "more", "ip_addresses": [{"cidr": 31, "ip_reservations": [subnet]}, private]},
        ],
    ).after
    assert after["usual"]["public_ipv4"]
    assert (after["inside"]["public_ipv4"], after["inside"]["public_ipv6"]) == (None, None)
    assert after["inside"]["private_ipv4"]
    elastic = [part for part in after["more"]["ip_addresses"] if not part["management"]]
    assert [(part["cidr"], part["address_family"], part["public"]) for part in elastic] == [(31, 4, True)]
    with pytest.raises(
        ResourceError, match=rf"b: ip_addresses '10.0.0.0/8' is not there; there are: {subnet}"
    ):
        settle(world, devices=hosts("b"), ip_addresses=[{"ip_reservations": ["10.0.0.0/8"]}], dry_run=True)


def test_one_on_the_spot_market_ends_when_it_is_told_to(world: PacketWorld) -> None:
    given = {
        "devices": hosts("a"),
        "spot_instance": True,
        "spot_price_max": 5.0,
        "termination_time": "2099-01-01T12:00:00+02:00",
    }
    after = settle(world, **given).after["a"]
    assert (after["spot_instance"], after["spot_price_max"]) == (True, 5.0)
    assert after["termination_time"] == "2099-01-01T10:00:00Z"
    assert not settle(world, **given).changed
    later = settle(world, **{**given, "termination_time": "2099-01-02T00:00:00Z"})
    assert later.diff["after"] == {"a": {"termination_time": "2099-01-02T00:00:00Z"}}
    never = settle(world, **{**given, "termination_time": ""})
    assert (never.changed, never.after["a"]["termination_time"]) == (True, None)
    assert not settle(world, **{**given, "termination_time": ""}).changed


def test_features_are_asked_for_once(world: PacketWorld) -> None:
    given = {"devices": hosts("a"), "features": {"tpm": "required", "raid": "preferred"}}
    assert settle(world, **given).after["a"]["features"] == given["features"]
    assert not settle(world, **given).changed
    with pytest.raises(ResourceError, match="cannot change features"):
        settle(world, devices=hosts("a"), features={"tpm": "required"})


def test_a_network_is_frozen_and_freed(world: PacketWorld) -> None:
    assert settle(world, devices=hosts("a"), network_frozen=True).after["a"]["network_frozen"]
    assert not settle(world, devices=hosts("a"), network_frozen=False).after["a"]["network_frozen"]


def test_a_device_is_spoken_of_by_its_id(world: PacketWorld) -> None:
    id_ = settle(world, devices=hosts("a", "b")).after["a"]["id"]
    changed = settle(world, devices=[{"id": id_, "description": "the first"}])
    assert changed.diff["after"] == {id_: {"description": "the first"}}
    renamed = settle(world, devices=[{"id": id_, "hostname": "c"}])
    assert renamed.after[id_]["hostname"] == "c"
    assert not settle(world, devices=[{"id": id_, "hostname": "c"}]).changed
    settle(world, devices=[{"id": id_}], state="absent")
    assert not settle(world, devices=[{"id": id_}], state="absent").changed
    assert not settle(world, devices=hosts("b")).changed


@pytest.mark.parametrize("dry_run", [True, False])
def test_an_id_that_no_device_has_cannot_be_made(world: PacketWorld, dry_run: bool) -> None:
    with pytest.raises(ResourceError, match=f"has no device {NOWHERE}; give a hostname"):
        settle(world, devices=[{"id": NOWHERE}], dry_run=dry_run)


def test_one_of_two_with_the_same_hostname_is_removed_by_its_id(world: PacketWorld) -> None:
    path = f"projects/{world.project['id']}/devices"
    order = {name: value for name, value in DEVICE.items() if name != "project"}
    first, second = (world.api.add(path, hostname="a", **order)["id"] for _ in range(2))
    settle(world, devices=[{"id": second}], state="absent")
    again = settle(world, devices=hosts("a"))
    assert (again.changed, again.after["a"]["id"]) == (False, first)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            {"hardware_reservation_id": "x"},
            "hardware_reservation_id 'x' is not valid; allowed are next-avail",
        ),
        ({"features": {"tpm": "yes"}}, "features: tpm 'yes' is not valid; allowed are required, preferred"),
        ({"no_ssh_keys": True, "user_ssh_keys": ["me"]}, "no_ssh_keys leaves no room for"),
        ({"spot_price_max": 1.0}, "spot_price_max is for a spot_instance"),
        ({"termination_time": "soon"}, "termination_time 'soon' is no time such as"),
        ({"public_ipv4_subnet_size": 31, "ip_addresses": [{}]}, "public_ipv4_subnet_size and .* are both"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_asked(
    world: PacketWorld, given: dict[str, Any], text: str
) -> None:
    with pytest.raises(ResourceError, match=f"device a: {text}"):
        settle(world, devices=[{"hostname": "a", **given}])


def test_an_id_has_the_form_of_one(world: PacketWorld) -> None:
    with pytest.raises(ResourceError, match="device 'a': id is not valid"):
        settle(world, devices=[{"id": "a"}])
