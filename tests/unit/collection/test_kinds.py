# SPDX-License-Identifier: GPL-3.0-or-later
"""What projects, keys, reservations and assignments do beyond what every Kind does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.device_attributes import attributes
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.ip_assignment import IpAssignment
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.ip_reservation import IpReservation
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.project import Project
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.ssh_key import SshKey
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import (
    Plan,
    ResourceError,
    reconcile,
)
from fake_packet import FakePacket
from packet_options import KEY, OTHER_KEY, options

NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def api() -> FakePacket:
    return FakePacket()


@pytest.fixture
def project(api: FakePacket) -> dict[str, Any]:
    return api.add("projects", name="p", customdata={})


def settle(kind: type[Any], api: FakePacket, dry_run: bool = False, **given: Any) -> Plan:
    thing = kind(api, options(kind.options, **given))
    return reconcile(thing, None if given.get("state") == "absent" else thing.wanted(), dry_run=dry_run)


def test_a_project_of_an_ambiguous_name_is_not_guessed(api: FakePacket) -> None:
    ids = sorted(api.add("projects", name="p")["id"] for _ in range(2))
    with pytest.raises(
        ResourceError, match=f"project 'p' is ambiguous: {ids[0]}, {ids[1]} have that name; give the id"
    ):
        settle(Project, api, name="p")


def test_a_project_is_renamed_by_its_id(api: FakePacket, project: dict[str, Any]) -> None:
    step = settle(Project, api, id=project["id"], name="new")
    assert step.diff == {"before": {"name": "p"}, "after": {"name": "new"}}
    assert project["name"] == "new"


def test_a_project_on_a_later_page_is_found(api: FakePacket) -> None:
    for number in range(150):
        api.add("projects", name=f"p{number}")
    assert not settle(Project, api, name="p149").changed


@pytest.mark.parametrize("name", ["", "x" * 81])
def test_a_project_name_that_the_api_does_not_take(api: FakePacket, name: str) -> None:
    with pytest.raises(ResourceError, match="allowed are 1 to 80"):
        settle(Project, api, name=name)


def test_an_id_that_does_not_exist_is_not_made(api: FakePacket) -> None:
    with pytest.raises(ResourceError, match=f"project {NOWHERE} does not exist"):
        settle(Project, api, id=NOWHERE)


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_home_by_id_must_exist(api: FakePacket, dry_run: bool) -> None:
    with pytest.raises(ResourceError, match=f"project {NOWHERE} does not exist"):
        settle(SshKey, api, dry_run, project=NOWHERE, label="me", key=KEY)


def test_check_mode_warns_of_a_home_that_is_not_there_yet(api: FakePacket) -> None:
    key = SshKey(api, options(SshKey.options, project="later", label="me", key=KEY))
    assert reconcile(key, key.wanted(), dry_run=True).changed
    assert key.warnings == ["the project 'later' does not exist yet"]


def test_a_home_must_be_given(api: FakePacket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PACKET_PROJECT_ID", raising=False)
    with pytest.raises(ResourceError, match=r"project is not set: .*PACKET_PROJECT_ID"):
        settle(IpReservation, api, tags=["x"], metro="sv")


@pytest.mark.parametrize(
    "key",
    [
        "",
        "ssh-ed25519",
        "ssh-ed25519 not-base64",
        "ssh-rsa " + KEY.split()[1],
        KEY + "\n" + OTHER_KEY,
        "-----BEGIN X-----",
    ],
)
def test_what_is_no_public_key_is_refused_without_being_shown(api: FakePacket, key: str) -> None:
    with pytest.raises(ResourceError, match="key is no public key of OpenSSH") as caught:
        settle(SshKey, api, label="me", key=key)
    assert not key or key not in str(caught.value)


def test_a_key_comes_from_a_file_that_check_mode_does_not_need(api: FakePacket, tmp_path: Path) -> None:
    file = tmp_path / "key.pub"
    given = {"label": "me", "key_file": str(file)}
    assert settle(SshKey, api, dry_run=True, **given).changed
    assert SshKey(api, options(SshKey.options, **given)).warnings == [f"key_file {file} does not exist yet"]
    with pytest.raises(ResourceError, match=f"key_file {file} does not exist"):
        settle(SshKey, api, **given)
    file.write_text(f"{KEY} me\n")
    assert settle(SshKey, api, **given).after["key"] == f"{KEY} me"  # type: ignore[index]
    assert not settle(SshKey, api, **given).changed
    file.write_bytes(b"\xff")
    with pytest.raises(ResourceError, match=f"key_file {file} cannot be read"):
        settle(SshKey, api, **given)


def test_a_key_under_another_label_is_given_this_one(api: FakePacket) -> None:
    api.add("ssh_keys", project=None, label="old", key=f"{KEY} comment", fingerprint="00")
    step = settle(SshKey, api, label="new", key=KEY)
    assert step.diff == {"before": {"label": "old"}, "after": {"label": "new"}}
    assert len(api.things["ssh_keys"]) == 1


def test_a_reservation_among_others_is_found_by_its_tags(api: FakePacket, project: dict[str, Any]) -> None:
    common = {"project": "p", "metro": "sv"}
    first = settle(IpReservation, api, **common, tags=["a", "b"])
    second = settle(IpReservation, api, **common, tags=["c"])
    assert settle(IpReservation, api, **common, tags=["b"]).after == first.after
    assert second.after is not None
    api.add("ip_addresses", **{**next(iter(api.things["ip_addresses"].values())), "id": NOWHERE})
    with pytest.raises(ResourceError, match="with tags a is ambiguous, there are 2"):
        settle(IpReservation, api, **common, tags=["a"])


@pytest.mark.parametrize(
    ("given", "text"),
    [({"tags": [], "metro": "sv"}, "tags is empty"), ({"tags": ["x"]}, "give metro or facility")],
)
def test_a_reservation_needs_tags_and_a_place(api: FakePacket, given: dict[str, Any], text: str) -> None:
    with pytest.raises(ResourceError, match=text):
        settle(IpReservation, api, project="p", **given)


def reserved(api: FakePacket) -> str:
    reservation = settle(IpReservation, api, project="p", metro="sv", tags=["x"])
    assert reservation.after is not None
    return str(reservation.after["address"])


def test_an_address_moves_from_device_to_device(api: FakePacket, project: dict[str, Any]) -> None:
    address = reserved(api)
    a, b = (api.add_device(project, name)["id"] for name in "ab")
    settle(IpAssignment, api, project="p", address=address, device="a")
    assert settle(IpReservation, api, project="p", metro="sv", tags=["x"]).after["assigned_to"] == [a]  # type: ignore[index]
    step = settle(IpAssignment, api, project="p", address=address, device=b)
    assert step.diff == {"before": {"device_id": a}, "after": {"device_id": b}}
    assert settle(IpReservation, api, project="p", metro="sv", tags=["x"]).after["assigned_to"] == [b]  # type: ignore[index]


def test_an_address_on_another_device_is_not_taken_away(api: FakePacket, project: dict[str, Any]) -> None:
    address = reserved(api)
    for name in "ab":
        api.add_device(project, name)
    settle(IpAssignment, api, project="p", address=address, device="a")
    assert not settle(IpAssignment, api, project="p", address=address, device="b", state="absent").changed
    assert settle(IpAssignment, api, project="p", address=address, state="absent").changed


def test_an_assignment_to_a_device_that_is_not_there(api: FakePacket, project: dict[str, Any]) -> None:
    address = reserved(api)
    given = {"project": "p", "address": address, "device": "later"}
    assert settle(IpAssignment, api, dry_run=True, **given).changed
    assert IpAssignment(api, options(IpAssignment.options, **given)).warnings == [
        "the device 'later' does not exist yet"
    ]
    with pytest.raises(ResourceError, match="the project has no device 'later'"):
        settle(IpAssignment, api, **given)
    api.add_device(project, "a")
    settle(IpAssignment, api, **{**given, "device": "a"})
    with pytest.raises(ResourceError, match="the project has no device 'later'"):
        settle(IpAssignment, api, **given)
    assert not settle(IpAssignment, api, **{**given, "device": "a"}).changed


def test_what_is_no_address_is_refused(api: FakePacket) -> None:
    with pytest.raises(ResourceError, match=r"'198\.51\.100\.300' is no address or network"):
        settle(IpAssignment, api, project="p", address="198.51.100.300", device="a")


def test_the_addresses_shown_of_a_device_are_its_own() -> None:
    def address(text: str, family: int, *, public: bool, management: bool = True) -> dict[str, Any]:
        return {"address": text, "address_family": family, "public": public, "management": management}

    shown = attributes(
        {
            "id": "1",
            "hostname": "a",
            "state": "active",
            "ip_addresses": [
                address("198.51.100.130", 4, public=True, management=False),
                address("2001:db8::2", 6, public=True),
                address("10.0.0.2", 4, public=False),
                address("198.51.100.2", 4, public=True),
            ],
        }
    )
    assert (shown["public_ipv4"], shown["private_ipv4"], shown["public_ipv6"]) == (
        "198.51.100.2",
        "10.0.0.2",
        "2001:db8::2",
    )
