# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes over HTTP, with the simulated block storage of the record driver."""

from __future__ import annotations

from typing import Any

import pytest
from packetd_process import Packetd

ORDER = {"facility": "ewr1", "plan": "storage_1", "size": 10, "description": "data"}


def make(server: Packetd, project: str, **fields: Any) -> Any:
    """A volume that is active."""
    status, volume = server.call("POST", f"/projects/{project}/storage", ORDER | fields)
    assert status == 201, volume
    assert volume["state"] == "queued"
    return server.wait(f"/storage/{volume['id']}", lambda _status, found: found["state"] == "active")


@pytest.fixture
def device(server: Packetd, project: str) -> Any:
    order = {
        "hostname": "node-0",
        "plan": "baremetal_0",
        "operating_system": "debian_12",
        "facility": "ewr1",
    }
    _, device = server.call("POST", f"/projects/{project}/devices", order)
    return server.wait_for_state(device["id"], "active")


def refused(answer: tuple[int, Any], *words: str) -> None:
    status, document = answer
    assert status == 422, document
    for word in words:
        assert any(word in error for error in document["errors"]), document


def test_a_volume_is_made_and_tells_where_it_is_reached(server: Packetd, project: str) -> None:
    volume = make(server, project, customdata={"a": 1})
    assert volume["name"] == f"volume-{volume['id'][:8]}"
    assert volume["access"]["ips"] == ["192.0.2.1", "192.0.2.2"]
    assert volume["access"]["iqn"].startswith("iqn.2013-05.")
    assert volume["plan"]["id"] == "87728148-3155-4992-a730-8d1e6aca8a32"
    assert volume["facility"].keys() == {"href"}
    _, whole = server.call("GET", f"/storage/{volume['id']}?include=facility,project")
    assert (whole["facility"]["code"], whole["project"]["id"]) == ("ewr1", project)
    assert server.call("GET", f"/storage/{volume['id']}/customdata") == (200, {"a": 1})
    _, events = server.call("GET", f"/volumes/{volume['id']}/events")
    assert [event["type"] for event in events["events"]] == ["volume.active", "volume.created"]


def test_older_names_of_fields_and_plans_by_id_are_understood(server: Packetd, project: str) -> None:
    order = {
        "facility_id": "ewr1",
        "plan_id": "d6570cfb-38fa-4467-92b3-e45d059bb249",
        "size": "20",
        "snapshot_policies": {"snapshot_count": 7, "snapshot_frequency": "1day"},
    }
    status, volume = server.call("POST", f"/projects/{project}/storage?include=snapshot_policies", order)
    assert (status, volume["plan"]["slug"], volume["size"]) == (201, "storage_2", 20)
    (policy,) = volume["snapshot_policies"]
    assert (policy["snapshot_count"], policy["snapshot_frequency"]) == (7, "1day")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"plan": "baremetal_0"}, ["plan 'baremetal_0' is not valid", "storage_1"]),
        ({"plan": None, "facility": None}, ["plan can't be blank", "facility can't be blank"]),
        ({"size": 9}, ["size 9 is not valid", "10 to 10000"]),
        ({"billing_cycle": "daily"}, ["billing_cycle"]),
        ({"snapshot_policies": [{"snapshot_count": 300}]}, ["snapshot_count", "snapshot_frequency"]),
    ],
)
def test_what_cannot_be_is_refused_with_the_field(
    server: Packetd, project: str, fields: dict[str, Any], words: list[str]
) -> None:
    refused(server.call("POST", f"/projects/{project}/storage", ORDER | fields), *words)


def test_a_volume_changes_and_grows_and_never_shrinks(server: Packetd, project: str) -> None:
    path = f"/storage/{make(server, project)['id']}"
    change = {"description": "other", "size": 15, "plan": "storage_2", "locked": True}
    status, volume = server.call("PATCH", path, change)
    assert status == 200
    assert (volume["description"], volume["size"], volume["plan"]["slug"]) == ("other", 15, "storage_2")
    refused(server.call("PUT", path, {"size": 14}), "size 14 is smaller than the present 15")
    refused(server.call("DELETE", path), "Cannot delete a locked item")
    assert server.call("PATCH", path, {"locked": False})[1]["locked"] is False
    assert server.call("DELETE", path)[0] == 204
    assert server.call("GET", path)[0] == 404
    assert server.call("GET", f"/projects/{project}/storage")[1]["volumes"] == []


def test_a_volume_is_attached_to_one_device_of_its_facility(
    server: Packetd, project: str, device: Any, order: dict[str, Any]
) -> None:
    volume = make(server, project)
    path = f"/storage/{volume['id']}"
    status, attachment = server.call("POST", f"{path}/attachments", {"device_id": device["id"]})
    assert status == 201
    _, shown = server.call("GET", f"{path}?include=attachments.device")
    assert shown["attachments"][0]["device"]["id"] == device["id"]
    assert server.call("GET", f"{path}/attachments")[1]["attachments"] == [attachment]
    assert server.call("GET", f"/devices/{device['id']}")[1]["volumes"] == [{"href": path}]
    refused(server.call("POST", f"{path}/attachments", {"device_id": device["id"]}), "attached to node-0")
    refused(server.call("DELETE", path), "Cannot delete a volume that is attached to node-0")
    refused(server.call("DELETE", f"/devices/{device['id']}"), "force_delete=true")
    assert server.call("DELETE", attachment["href"])[0] == 204
    assert server.call("GET", attachment["href"])[0] == 404

    _, elsewhere = server.call("POST", f"/projects/{project}/devices", order)
    refused(server.call("POST", f"{path}/attachments", {"device_id": elsewhere["id"]}), "same facility")
    _, other = server.call("POST", "/projects", {"name": "other"})
    _, stranger = server.call("POST", f"/projects/{other['id']}/devices", order)
    refused(server.call("POST", f"{path}/attachments", {"device_id": stranger["id"]}), "no device of")


def test_a_device_that_is_deleted_with_force_lets_its_volumes_go(
    server: Packetd, project: str, device: Any
) -> None:
    path = f"/storage/{make(server, project)['id']}"
    server.call("POST", f"{path}/attachments", {"device_id": device["id"]})
    assert server.call("DELETE", f"/devices/{device['id']}?force_delete=true")[0] == 204
    assert server.call("GET", path)[1]["attachments"] == []
    refused(server.call("DELETE", f"/projects/{project}"), "that has volumes")
    assert server.call("DELETE", path)[0] == 204
    server.wait(f"/devices/{device['id']}", lambda status, _device: status == 404)
    assert server.call("DELETE", f"/projects/{project}")[0] == 204


def test_snapshots_are_taken_restored_cloned_and_deleted(server: Packetd, project: str) -> None:
    volume = make(server, project)
    path = f"/storage/{volume['id']}"
    status, snapshot = server.call("POST", f"{path}/snapshots")
    assert status == 202

    def taken(_status: int, document: Any) -> bool:
        return [item["status"] for item in document["snapshots"]] == ["available"]

    assert server.wait(f"{path}/snapshots", taken)["snapshots"][0]["id"] == snapshot["id"]
    refused(server.call("POST", f"{path}/restore", {"restore_point": "never"}), "restore_point 'never'")
    status, restored = server.call("POST", f"{path}/restore", {"restore_point": snapshot["timestamp"]})
    assert (status, restored["state"]) == (202, "restoring")
    server.wait(path, lambda _status, found: found["state"] == "active")
    _, clone = server.call("POST", f"{path}/clone?snapshot_timestamp={snapshot['timestamp']}")
    assert clone["size"] == volume["size"]
    server.wait(f"/storage/{clone['id']}", lambda _status, found: found["state"] == "active")
    assert server.call("DELETE", f"{path}/snapshots/{snapshot['id']}")[0] == 204
    assert server.call("GET", f"{path}/snapshots")[1] == {"snapshots": []}
    assert server.call("DELETE", f"{path}/snapshots/{snapshot['id']}")[0] == 404


def test_policies_are_made_changed_and_deleted_by_arguments_in_the_query(
    server: Packetd, project: str
) -> None:
    path = f"/storage/{make(server, project)['id']}"
    ask = "snapshot-policies?snapshot_frequency={}&snapshot_count={}"
    status, policy = server.call("POST", f"{path}/{ask.format('1day', 2)}")
    assert (status, policy["snapshot_frequency"], policy["snapshot_count"]) == (201, "1day", 2)
    refused(server.call("POST", f"{path}/{ask.format('1decade', 2)}"), "snapshot_frequency", "1month")
    status, policy = server.call("PATCH", f"{policy['href']}?snapshot_frequency=1month&snapshot_count=3")
    assert (status, policy["snapshot_frequency"], policy["snapshot_count"]) == (200, "1month", 3)
    assert server.call("DELETE", policy["href"])[0] == 204
    assert server.call("GET", path)[1]["snapshot_policies"] == []


def test_lists_come_in_pages(server: Packetd, project: str) -> None:
    made = [server.call("POST", f"/projects/{project}/storage", ORDER)[1]["id"] for _ in range(11)]
    _, first = server.call("GET", f"/projects/{project}/storage")
    _, second = server.call("GET", first["meta"]["next"]["href"])
    assert [volume["id"] for volume in first["volumes"] + second["volumes"]] == made
