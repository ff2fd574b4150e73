# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Kinds of networks and accounts do beyond what every Kind does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.packet.kubernetes.plugins.module_utils._info import Info
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds import (
    api_key,
    bgp_config,
    bgp_session,
    organization,
    port,
    vlan,
)
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.api_key import ApiKey
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.bgp_config import BgpConfig
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.bgp_session import BgpSession
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.organization import Organization
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.port import Port
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.vlan import Vlan
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import (
    Attributes,
    Plan,
    ResourceError,
    reconcile,
)
from kinds_networks import BOND, INTERFACE, PLAIN, leave, with_vlans
from kinds_packet import PacketWorld, with_address
from packet_options import options

NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def world() -> Iterator[PacketWorld]:
    """A project `p` with two devices, three VLANs and BGP, and none of it afterwards."""
    world = PacketWorld(Port)
    with_vlans(world)
    yield world
    world.leave()
    leave(world.api)


def settle(kind: type[Any], world: PacketWorld, dry_run: bool = False, **given: Any) -> Plan:
    thing = kind(world.api, options(kind.options, **given))
    return reconcile(thing, None if given.get("state") == "absent" else thing.wanted(), dry_run=dry_run)


def after(kind: type[Any], world: PacketWorld, **given: Any) -> Attributes:
    """What an object then is."""
    made = settle(kind, world, **given).after
    assert made is not None
    return made


def warnings(kind: type[Any], world: PacketWorld, **given: Any) -> list[str]:
    thing = kind(world.api, options(kind.options, **given))
    assert reconcile(thing, thing.wanted(), dry_run=True).changed
    found: list[str] = thing.warnings
    return found


def told(info: Info, world: PacketWorld, **given: Any) -> list[Attributes]:
    """What an info module shows."""
    return info.search(world.api, options(info.options, **given))


def requests(world: PacketWorld, **given: Any) -> list[str]:
    """The last parts of the paths of what is asked for a port, in their order."""
    before = len(world.api.writes)
    settle(Port, world, **given)
    return [path.split("/", 2)[2] for path in world.api.writes[before:]]


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (Vlan, {"vxlan": 1100, "metro": "sv"}),
        (Port, {"device": "a", "name": "bond0", "vlans": ["1100"]}),
        (BgpConfig, {}),
        (BgpSession, {"device": "a"}),
        (ApiKey, {"description": "new"}),
    ],
)
def test_check_mode_warns_of_a_project_that_is_not_there_yet(
    world: PacketWorld, kind: type[Any], given: dict[str, Any]
) -> None:
    assert warnings(kind, world, project="later", **given) == ["the project 'later' does not exist yet"]
    with pytest.raises(ResourceError, match="'later'"):
        settle(kind, world, project="later", **given)


@pytest.mark.parametrize(
    ("kind", "given"), [(Port, {"name": "bond0", "layer": 2}), (BgpSession, {"default_route": True})]
)
def test_check_mode_warns_of_a_device_that_is_not_there_yet(
    world: PacketWorld, kind: type[Any], given: dict[str, Any]
) -> None:
    given = {"project": "p", "device": "later", **given}
    assert warnings(kind, world, **given) == ["the device 'later' does not exist yet"]
    with pytest.raises(ResourceError, match="the project 'p' has no device 'later'"):
        settle(kind, world, **given)


def test_a_vlan_without_a_number_is_given_one(world: PacketWorld) -> None:
    made = after(Vlan, world, project="p", metro="sv", description="new")
    assert made["vxlan"] == 1000
    assert not settle(Vlan, world, project="p", vxlan=1000).changed
    assert after(Vlan, world, project="p", id=made["id"], description="other")["vxlan"] == 1000


def test_an_ambiguous_vlan_is_not_guessed(world: PacketWorld) -> None:
    settle(Vlan, world, project="p", metro="da", vxlan=1100, description="storage")
    for known in ({"vxlan": 1100}, {"description": "storage"}):
        with pytest.raises(
            ResourceError, match=r"is ambiguous: .*, .* give its metro or facility, or the id"
        ):
            settle(Vlan, world, project="p", **known, state="absent")
        assert not settle(Vlan, world, project="p", metro="sv", **known).changed
    settle(Vlan, world, project="p", metro="sv", vxlan=1103, description="storage")
    with pytest.raises(ResourceError, match=r"vlan 'storage' is ambiguous: .*; give the id"):
        settle(Vlan, world, project="p", metro="sv", description="storage")


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"vxlan": 1}, "vxlan 1 is not valid; allowed are 2 to 3999"),
        ({"vxlan": 4000}, "vxlan 4000 is not valid"),
        ({"description": ""}, "nothing says which one"),
        ({"vxlan": 1200}, "vlan 1200 does not exist; give metro or facility to make it"),
        ({"id": NOWHERE}, f"vlan {NOWHERE} does not exist in the project; leave out the id"),
    ],
)
def test_a_vlan_that_cannot_be_made(
    world: PacketWorld, given: dict[str, Any], text: str, dry_run: bool
) -> None:
    with pytest.raises(ResourceError, match=text):
        settle(Vlan, world, dry_run, project="p", **given)


def test_a_vlan_keeps_its_number_and_place(world: PacketWorld) -> None:
    id_ = after(Vlan, world, project="p", vxlan=1100)["id"]
    with pytest.raises(ResourceError, match=r"cannot change metro .*, vxlan \(is 1100, wanted 1200\)"):
        settle(Vlan, world, project="p", id=id_, vxlan=1200, metro="da")


def test_a_description_can_be_taken_away(world: PacketWorld) -> None:
    assert after(Vlan, world, project="p", vxlan=1100, description="")["description"] is None
    assert not settle(Vlan, world, project="p", vxlan=1100, description="").changed


def test_a_vlan_that_is_used_shows_by_whom_and_stays(world: PacketWorld) -> None:
    device = after(Port, world, **BOND, vlans=["storage"])["device_id"]
    assert told(vlan.INFO, world, project="p")[0]["device_ids"] == [device]
    with pytest.raises(ResourceError, match=r"Cannot delete virtual network 1100: bond0 of a is assigned"):
        settle(Vlan, world, project="p", vxlan=1100, state="absent")


def test_a_port_by_id_and_its_vlans_by_number_id_and_description(world: PacketWorld) -> None:
    id_ = after(Vlan, world, project="p", vxlan=1102)["id"]
    by_name = after(Port, world, **BOND, vlans=["1100", "backup", id_])
    assert by_name["vlans"] == [1100, 1101, 1102]
    assert by_name["network_type"] == "hybrid-bonded"
    assert not settle(Port, world, project="p", id=by_name["id"], vlans=[id_, "storage"]).changed
    with pytest.raises(ResourceError, match=f"port {NOWHERE}: no device of the project has it"):
        settle(Port, world, project="p", id=NOWHERE, vlans=[])
    with pytest.raises(
        ResourceError, match="port eth7 of a does not exist; its ports are: bond0, eth0, eth1"
    ):
        settle(Port, world, **{**BOND, "name": "eth7"}, vlans=[])


def test_only_with_purge_are_vlans_taken_off(world: PacketWorld) -> None:
    settle(Port, world, **BOND, vlans=["1100", "1101"], native_vlan="1100")
    step = settle(Port, world, **BOND, vlans=["1102"])
    assert step.diff == {"before": {"vlans": [1100, 1101]}, "after": {"vlans": [1100, 1101, 1102]}}
    step = settle(Port, world, **BOND, vlans=["1102"], purge=True)
    assert step.diff["after"] == {"vlans": [1102], "native_vlan": ""}
    assert step.after is not None
    assert (step.after["vlans"], step.after["native_vlan"]) == ([1102], None)


def test_a_vlan_that_is_not_there_yet(world: PacketWorld) -> None:
    given = {**BOND, "vlans": ["1100", "later", "1200"], "native_vlan": "later"}
    assert warnings(Port, world, **given) == [
        "the VLAN 'later' does not exist yet",
        "the VLAN '1200' does not exist yet",
    ]
    with pytest.raises(ResourceError, match=r"there is no VLAN 'later' where the device is; make it first"):
        settle(Port, world, **given)
    # It may be the same VLAN, by another name.
    assert settle(Port, world, dry_run=True, **BOND, vlans=["1200"], native_vlan="later").changed
    with pytest.raises(ResourceError, match=f"there is no vlan {NOWHERE} where the device is"):
        settle(Port, world, dry_run=True, **BOND, vlans=[NOWHERE])


def test_a_vlan_of_another_metro_is_not_meant(world: PacketWorld) -> None:
    settle(Vlan, world, project="p", metro="da", vxlan=1300, description="storage")
    assert after(Port, world, **BOND, vlans=["storage"])["vlans"] == [1100]
    with pytest.raises(ResourceError, match="there is no VLAN '1300' where the device is"):
        settle(Port, world, **BOND, vlans=["1300"])


def test_two_vlans_of_one_description_are_not_guessed(world: PacketWorld) -> None:
    settle(Vlan, world, project="p", metro="sv", vxlan=1104, description="storage")
    with pytest.raises(ResourceError, match=r"vlan 'storage' is ambiguous: 1100, 1104 have that description"):
        settle(Port, world, **BOND, vlans=["storage"])


def test_a_bond_is_converted_in_the_order_that_the_api_needs(world: PacketWorld) -> None:
    layer_2 = requests(world, **BOND, layer=2, bonded=False)
    assert layer_2 == ["convert/layer-2", "disbond"]
    assert requests(world, **BOND, layer=2, bonded=True, vlans=["1100"], native_vlan="1100") == [
        "bond",
        "assign",
        "native-vlan",
    ]
    # It must carry nothing while it is converted.
    assert requests(world, **BOND, layer=3) == [
        "native-vlan",
        "unassign",
        "convert/layer-3",
        "assign",
        "native-vlan",
    ]
    assert after(Port, world, **BOND)["native_vlan"] == 1100
    assert requests(world, **BOND, native_vlan="") == ["native-vlan"]
    assert after(Port, world, **BOND)["native_vlan"] is None


def test_layer_3_forms_a_broken_bond_and_check_mode_knows(world: PacketWorld) -> None:
    settle(Port, world, **BOND, layer=2, bonded=False)
    step = settle(Port, world, dry_run=True, **BOND, layer=3)
    assert step.diff["after"] == {"bonded": True, "layer": 3}
    assert requests(world, **BOND, layer=3) == ["bond", "convert/layer-3"]


def test_an_interface_leaves_the_bond_and_comes_back(world: PacketWorld) -> None:
    given = {**INTERFACE, "bonded": False, "vlans": ["1100", "1101"], "native_vlan": "1101"}
    assert requests(world, **given) == ["disbond", "assign", "assign", "native-vlan"]
    assert requests(world, **given) == []
    assert requests(world, **INTERFACE, **PLAIN) == ["native-vlan", "unassign", "unassign", "bond"]


def test_a_vlan_moves_to_another_port_once_it_is_off_the_first(world: PacketWorld) -> None:
    settle(Port, world, **BOND, vlans=["1100"])
    moved = {**INTERFACE, "bonded": False, "vlans": ["1100"]}
    with pytest.raises(
        ResourceError, match="Cannot assign to eth1 what bond0 carries; unassign it there first"
    ):
        settle(Port, world, **moved)
    settle(Port, world, **BOND, vlans=[], purge=True)
    assert after(Port, world, **moved)["vlans"] == [1100]


def test_what_was_half_done_is_gone_on_with(world: PacketWorld) -> None:
    given = {**INTERFACE, "bonded": False, "vlans": ["1100", "1101"], "native_vlan": "1101"}
    wire = world.api.call_api

    def cut(path: str, type_: str = "GET", params: Any = None) -> Any:
        if params == {"vnid": "1101"}:
            raise ResourceError("the wire is cut")
        return wire(path, type_, params)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.api, "call_api", cut)
        with pytest.raises(ResourceError, match="the wire is cut"):
            settle(Port, world, **given)
    assert requests(world, **given) == ["assign", "native-vlan"]


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({**BOND, "layer": 3, "bonded": False}, "layer is 3, which needs the bond, and bonded is false"),
        ({**BOND, "bonded": False}, "a bond of layer 3 cannot be broken; give layer: 2 besides"),
        (
            {**BOND, "layer": 2, "bonded": False, "vlans": ["1100"]},
            r"cannot carry VLANs \(1100\) .* no inter",
        ),
        ({**BOND, "vlans": ["1100"], "native_vlan": "1101"}, "native_vlan 1101 is none of the VLANs"),
        ({**INTERFACE, "vlans": ["1100"]}, r"while it is in the bond; give bonded: false, or take them off"),
        ({**INTERFACE, "layer": 2}, "layer is for bonds; give it for the bond of the device"),
    ],
)
def test_what_a_port_cannot_be_is_refused(
    world: PacketWorld, given: dict[str, Any], text: str, dry_run: bool
) -> None:
    before = len(world.api.writes)
    with pytest.raises(ResourceError, match=text):
        settle(Port, world, dry_run, **given)
    assert len(world.api.writes) == before


def test_a_bond_of_layer_2_gives_its_elastic_addresses_back() -> None:
    """As the documentation of the module says."""
    world = PacketWorld(Port)
    with_address(world)
    device = world.api.call_api(f"projects/{world.project['id']}/devices")["devices"][0]
    world.api.add(f"devices/{device['id']}/ips", address=world.known["address"])
    name = device["hostname"]
    for layer in (2, 3):
        settle(Port, world, project="p", device=name, name="bond0", layer=layer)
    shown = world.api.call_api(f"devices/{device['id']}")["ip_addresses"]
    assert len(shown) == 3
    assert world.known["address"] not in [address["address"] for address in shown]
    world.leave()


def test_all_ports_of_a_project_or_of_one_device(world: PacketWorld) -> None:
    bond = after(Port, world, **BOND, vlans=["1100"], native_vlan="1100")
    everywhere = told(port.INFO, world, project="p")
    assert [(item["device"], item["name"]) for item in everywhere] == [
        (device, name) for device in "ab" for name in ("bond0", "eth0", "eth1")
    ]
    assert told(port.INFO, world, project="p", device="a")[0] == bond
    with pytest.raises(ResourceError, match="has no device 'c'"):
        told(port.INFO, world, project="p", device="c")


def test_bgp_is_enabled_and_its_password_is_never_shown(world: PacketWorld) -> None:
    assert told(bgp_config.INFO, world, project="p") == []
    step = settle(BgpConfig, world, project="p", md5="a-great-secret")
    assert step.diff["after"] == {"deployment_type": "local", "md5": "set"}
    assert step.after is not None
    assert (step.after["asn"], step.after["status"], step.after["md5"]) == (65000, "enabled", "set")
    assert told(bgp_config.INFO, world, project="p") == [step.after]

    assert not settle(BgpConfig, world, project="p", md5="a-great-secret").changed
    step = settle(BgpConfig, world, project="p", md5="another-secret")
    assert step.diff == {"before": {"md5": "set"}, "after": {"md5": "set to another"}}


def test_what_is_not_asked_of_bgp_stays(world: PacketWorld) -> None:
    settle(BgpConfig, world, project="p", deployment_type="global", md5="a-great-secret")
    step = settle(BgpConfig, world, project="p", asn=65010)
    assert step.diff == {"before": {"asn": 65000}, "after": {"asn": 65010}}
    given = {"deployment_type": "global", "asn": 65010, "md5": "a-great-secret"}
    assert not settle(BgpConfig, world, project="p", **given).changed
    assert after(BgpConfig, world, project="p", md5="")["md5"] == ""
    with pytest.raises(ResourceError, match="asn 0 is not valid; allowed are 1 to 4294967295"):
        settle(BgpConfig, world, project="p", asn=0)


def test_sessions_of_both_families_and_all_of_a_project(world: PacketWorld) -> None:
    given = {"project": "p", "device": "a"}
    with pytest.raises(ResourceError, match="before its project enabled BGP"):
        settle(BgpSession, world, **given)
    settle(BgpConfig, world, project="p")
    ipv4 = after(BgpSession, world, **given)
    ipv6 = after(BgpSession, world, **given, address_family="ipv6", default_route=True)
    other = after(BgpSession, world, project="p", device="b")
    assert told(bgp_session.INFO, world, **given) == [ipv4, ipv6]
    assert told(bgp_session.INFO, world, project="p") == [ipv4, ipv6, other]
    assert not settle(BgpSession, world, **given, address_family="ipv6").changed
    settle(BgpSession, world, **given, state="absent")
    assert told(bgp_session.INFO, world, **given) == [ipv6]


def test_an_organization_is_renamed_by_its_id(world: PacketWorld) -> None:
    made = after(Organization, world, name="new", address={"city": "Sunnyvale"})
    step = settle(Organization, world, id=made["id"], name="newer")
    assert step.diff == {"before": {"name": "new"}, "after": {"name": "newer"}}
    assert step.after in told(organization.INFO, world)
    assert not settle(Organization, world, name="newer", address={"city": "Sunnyvale"}).changed
    assert after(Organization, world, name="newer", address={})["address"] == {}
    assert not settle(Organization, world, name="newer", address={}).changed


def test_organizations_that_cannot_be(world: PacketWorld) -> None:
    with pytest.raises(ResourceError, match="allowed are 1 to 80"):
        settle(Organization, world, name="")
    with pytest.raises(ResourceError, match=f"organization {NOWHERE} does not exist; leave out the id"):
        settle(Organization, world, id=NOWHERE)
    ids = sorted(world.api.add("organizations", name="new")["id"] for _ in range(2))
    with pytest.raises(ResourceError, match=f"'new' is ambiguous: {ids[0]}, {ids[1]} have that name"):
        settle(Organization, world, name="new", state="absent")


def test_a_token_is_told_once(world: PacketWorld) -> None:
    made = after(ApiKey, world, description="new", read_only=True)
    assert len(made["token"]) > 20
    again = after(ApiKey, world, description="new")
    assert again == {name: value for name, value in made.items() if name != "token"}
    assert again in told(api_key.INFO, world)


def test_keys_of_a_project_are_not_those_of_the_user(world: PacketWorld) -> None:
    made = after(ApiKey, world, project="p", description="new")
    assert [key["id"] for key in told(api_key.INFO, world, project="p")] == [made["id"]]
    assert made["id"] not in [key["id"] for key in told(api_key.INFO, world)]
    assert not settle(ApiKey, world, description="new", state="absent").changed


def test_of_two_keys_of_one_description_the_id_tells(world: PacketWorld) -> None:
    ids = sorted(world.api.add("user/api-keys", description="new")["id"] for _ in range(2))
    with pytest.raises(ResourceError, match=f"'new' is ambiguous: {ids[0]}, {ids[1]} have that name"):
        settle(ApiKey, world, description="new")
    settle(ApiKey, world, id=ids[0], state="absent")
    assert after(ApiKey, world, description="new")["id"] == ids[1]
    with pytest.raises(ResourceError, match=f"api_key {ids[0]} does not exist; leave out the id"):
        settle(ApiKey, world, id=ids[0])
    with pytest.raises(ResourceError, match="description is empty"):
        settle(ApiKey, world, description="")


@pytest.mark.parametrize("kind", [Vlan, BgpSession, Organization, ApiKey])
def test_what_is_gone_already_is_no_error(world: PacketWorld, kind: type[Any]) -> None:
    given = {"project": "p", "device": "a", "vxlan": 1100, "name": "new", "description": "new"}
    thing = kind(
        world.api,
        options(kind.options, **{name: given[name] for name in given if name in kind.options}),
    )
    thing.delete({"id": NOWHERE})
