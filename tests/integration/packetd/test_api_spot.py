# SPDX-License-Identifier: GPL-3.0-or-later
"""The spot market: prices, bids, and being outbid."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from packetd_process import Packetd

Body = dict[str, Any]
PLAN = "c3.small.x86"


def set_price(server: Packetd, facility: str, price: float) -> None:
    done = server.command("spot-price", "set", PLAN, facility, str(price))
    assert done.returncode == 0, done.stderr


@pytest.fixture
def bid() -> Body:
    """A request; each test has a facility of its own, as prices are for all projects."""
    return {
        "devices_min": 2,
        "devices_max": 3,
        "max_bid_price": 0.05,
        "instance_parameters": {
            "hostname": "spot{{index}}",
            "plan": PLAN,
            "operating_system": "ubuntu_18_04",
            "billing_cycle": "hourly",
            "userdata": "",
            "tags": ["a"],
        },
    }


def test_prices(server: Packetd) -> None:
    _, prices = server.call("GET", "/market/spot/prices")
    assert prices["spot_market_prices"]["ny5"][PLAN] == {"price": 0.04}
    assert "baremetal_2a2" not in prices["spot_market_prices"]["ny5"]
    before = datetime.now(UTC)
    set_price(server, "ny7", 0.03)
    _, prices = server.call("GET", f"/market/spot/prices/metros?metro=ny&plan={PLAN}")
    assert prices == {"spot_market_prices": {"ny": {PLAN: {"price": 0.03}}}}
    _, answer = server.call("GET", f"/market/spot/prices/history?facility=ny7&plan={PLAN}")
    (first, second) = answer["prices_history"]["datapoints"]
    assert (first[1], second[1]) == (0.04, 0.03)
    assert second[0] >= before.timestamp()
    for query in ("plan=c9", "facility=x"):
        assert server.call("GET", f"/market/spot/prices?{query}")[0] == 422
    for query in ("", f"facility=ny7&plan={PLAN}&from=%C2%B2", f"facility=ny7&plan={PLAN}&until=99999999999"):
        assert server.call("GET", f"/market/spot/prices/history?{query}")[0] == 422


def test_a_device_that_is_outbid_has_two_minutes(server: Packetd, project: str, order: Body) -> None:
    wanted = {**order, "metro": "", "facility": "se4", "spot_instance": True, "spot_price_max": "0.05"}
    status, device = server.call("POST", f"/projects/{project}/devices", wanted)
    assert (status, device["spot_instance"], device["spot_price_max"]) == (201, True, 0.05)
    assert device["termination_time"] is None
    server.wait_for_state(device["id"], "active")
    set_price(server, "se4", 0.06)
    path = f"/devices/{device['id']}"
    device = server.wait(path, lambda _status, it: it["termination_time"] is not None)
    left = datetime.fromisoformat(device["termination_time"]) - datetime.now(UTC)
    assert timedelta(seconds=90) < left <= timedelta(minutes=2)
    _, events = server.call("GET", f"{path}/events")
    assert events["events"][0]["type"] == "instance.outbid"
    status, answer = server.call("POST", f"/projects/{project}/devices", wanted)
    assert (status, "below the market price" in answer["errors"][0]) == (422, True)
    # Kept at the price on demand.
    server.call("PUT", path, {"spot_instance": False, "termination_time": None})
    _, kept = server.call("GET", path)
    assert (kept["spot_instance"], kept["spot_price_max"], kept["termination_time"]) == (False, None, None)


def test_a_bid_below_the_price_waits_until_it_falls(server: Packetd, project: str, bid: Body) -> None:
    set_price(server, "at4", 0.5)
    status, request = server.call(
        "POST",
        f"/projects/{project}/spot-market-requests?include=devices,project,plan",
        {**bid, "facilities": ["at4"], "metro": ""},
    )
    assert status == 201
    assert (request["plan"]["slug"], request["project"]["id"], request["devices"]) == (PLAN, project, [])
    assert (request["max_bid_price"], request["facilities"][0].keys()) == (0.05, {"href"})
    assert server.call("GET", f"/projects/{project}/devices")[1]["meta"]["total"] == 0
    set_price(server, "at4", 0.01)
    path = f"/spot-market-requests/{request['id']}?include=devices"
    found = server.wait(
        path, lambda _status, it: [device["state"] for device in it["devices"]] == ["active"] * 3
    )
    assert sorted(device["hostname"] for device in found["devices"]) == ["spot0", "spot1", "spot2"]
    assert all(device["spot_price_max"] == 0.05 for device in found["devices"])
    _, listed = server.call("GET", f"/projects/{project}/spot-market-requests")
    assert [item["id"] for item in listed["spot_market_requests"]] == [request["id"]]

    assert server.call("DELETE", path, {"force_termination": True})[0] == 204
    server.wait(f"/projects/{project}/devices", lambda _status, page: page["meta"]["total"] == 0)
    assert server.call("GET", path)[0] == 404


def test_fewer_than_the_least_are_not_made(server: Packetd, project: str, bid: Body) -> None:
    assert server.command("stock", "set", PLAN, "hk2", "1").returncode == 0
    two = {**bid, "facilities": ["hk2"]}
    assert server.call("POST", f"/projects/{project}/spot-market-requests", two)[0] == 201
    one = {**two, "devices_min": 1}
    _, other = server.call("POST", "/projects", {"name": "other"})
    _, request = server.call("POST", f"/projects/{other['id']}/spot-market-requests", one)
    server.wait(f"/spot-market-requests/{request['id']}", lambda _status, it: len(it["devices"]) == 1)


def test_the_end_of_a_request_is_the_end_of_its_devices(server: Packetd, project: str, bid: Body) -> None:
    end = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)
    body = {**bid, "metro": "fr", "end_at": end.isoformat()}
    _, request = server.call("POST", f"/projects/{project}/spot-market-requests", body)
    path = f"/spot-market-requests/{request['id']}?include=devices"
    found = server.wait(path, lambda _status, it: len(it["devices"]) == 3)
    assert {datetime.fromisoformat(device["termination_time"]) for device in found["devices"]} == {end}
    # The devices outlive the request unless they are to go too.
    assert server.call("DELETE", f"/spot-market-requests/{request['id']}")[0] == 204
    assert server.call("GET", f"/projects/{project}/devices")[1]["meta"]["total"] == 3


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"devices_min": 4}, "devices_min"),
        ({"max_bid_price": None}, "max_bid_price"),
        ({"max_bid_price": "cheap"}, "max_bid_price"),
        ({"instance_parameters": {}}, "instance_parameters"),
        ({"instance_parameters": {"plan": "c9", "operating_system": "debian_12"}}, "plan"),
        ({"instance_parameters": {"plan": PLAN, "operating_system": "x"}}, "operating_system"),
        ({"metro": "xx"}, "metro"),
        ({"end_at": "soon"}, "end_at"),
    ],
)
def test_what_is_wrong_is_named(server: Packetd, project: str, bid: Body, change: Body, field: str) -> None:
    body = {**bid, "metro": "sv", **change}
    status, answer = server.call("POST", f"/projects/{project}/spot-market-requests", body)
    assert status == 422
    assert answer["errors"][0].startswith(f"{field} "), answer
