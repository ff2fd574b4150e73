# SPDX-License-Identifier: GPL-3.0-or-later
"""Orders find machines as long as there are any, and the spot market makes and outbids as prices go."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from packetd.drivers.record import RecordDriver, url_of
from packetd.market import NOTICE, Market
from packetd.model import catalogue
from packetd.model.capacity import UNLIMITED, Level, level_of
from packetd.model.hardware import is_provisionable
from packetd.model.lifecycle import Goal, State
from packetd.model.orders import USUAL, Order, numbered
from packetd.store import Store, open_sqlite
from packetd.store.devices import set_goal
from packetd.store.placement import NoCapacityError, Owner, RefusedOrderError, Site, place
from packetd.store.tables import Device, Organization, Project, SpotMarketRequest, SpotPrice, Stock, now

PLAN, FACILITY = "c3.small.x86", "sv15"
ORDER = Order(
    hostname="n",
    plan=PLAN,
    operating_system="debian_12",
    facilities=(FACILITY,),
    ssh_keys=(),
    addresses=USUAL,
    hardware_reservation=None,
    spot_price_max=None,
    termination_time=None,
    others={"billing_cycle": "hourly", "userdata": ""},
)


class World:
    """A project at a simulated site; ``woken`` counts how often the provisioner was told of work."""

    def __init__(self, state: Path, **limits: Any) -> None:
        self.store: Store = open_sqlite(state / "packetd.sqlite")
        self.driver = RecordDriver(url_of(state, None))
        self.driver.start()
        self.exhausted: set[str] = set()
        site = Site(
            catalogue.load(), self.driver, lambda _name, _plan, metro: metro in self.exhausted, **limits
        )
        self.site, self.woken = site, 0
        self.market = Market(self.store, site, self._wake)
        with self.store.write() as session:
            organization = Organization(name="o")
            session.add(organization)
            session.flush()
            project = Project(organization_id=organization.id, name="p")
            session.add(project)
            session.flush()
            self.project = project.id

    def _wake(self) -> None:
        self.woken += 1

    def order(self, *orders: Order) -> list[str]:
        with self.store.write() as session:
            return [device.id for device in place(session, self.site, Owner(self.project, None), orders)]

    def set_price(self, price: float) -> None:
        with self.store.write() as session:
            session.add(SpotPrice(plan=PLAN, facility=FACILITY, price=price, created_at=now()))

    def request(self, least: int, most: int, bid: float = 0.1, **others: Any) -> None:
        with self.store.write() as session:
            session.add(
                SpotMarketRequest(
                    project_id=self.project,
                    devices_min=least,
                    devices_max=most,
                    max_bid_price=bid,
                    facilities=[FACILITY],
                    parameters={},
                    order=msgspec.to_builtins(msgspec.structs.replace(ORDER, spot_price_max=bid)),
                    hostnames=["a{{index}}", "b{{index}}"],
                    **others,
                )
            )

    def devices(self) -> list[Device]:
        with self.store.read() as session:
            return list(session.scalars(select(Device).order_by(Device.created_at)))

    def lose(self, device_id: str) -> None:
        with self.store.write() as session:
            set_goal(session.get_one(Device, device_id), Goal.DELETE, State.DEPROVISIONING, now())

    def close(self) -> None:
        self.driver.stop()
        self.store.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def test_orders_of_one_request_share_what_is_left(world: World) -> None:
    with world.store.write() as session:
        session.add(Stock(plan=PLAN, facility=FACILITY, servers=2))
    with pytest.raises(NoCapacityError, match="The facility sv15 has no provisionable"):
        world.order(ORDER, ORDER, ORDER)
    assert world.devices() == []
    both = msgspec.structs.replace(ORDER, facilities=(FACILITY, "ny5"))
    world.order(both, both, both)
    assert [device.facility for device in world.devices()] == [FACILITY, FACILITY, "ny5"]


def test_faults_and_quotas_hold_for_every_order(tmp_path: Path) -> None:
    world = World(tmp_path, device_quota=2)
    world.exhausted = {"sv"}
    with pytest.raises(NoCapacityError):
        world.order(ORDER)
    world.exhausted = set()
    first, _ = world.order(ORDER, ORDER)
    with pytest.raises(RefusedOrderError, match="it has 2 of at most 2 devices"):
        world.order(ORDER)
    world.request(1, 3)
    world.market.turn()
    assert len(world.devices()) == 2
    world.lose(first)
    world.market.turn()
    assert [device.hostname for device in world.devices()] == ["n", "n", "a0"]
    world.close()


def test_a_request_is_met_as_far_as_machines_go_and_again_when_some_are_lost(world: World) -> None:
    with world.store.write() as session:
        session.add(Stock(plan=PLAN, facility=FACILITY, servers=3))
    world.request(2, 5)
    world.market.turn()
    assert [device.hostname for device in world.devices()] == ["a0", "b1", "a2"]
    assert world.woken == 1
    world.market.turn()
    assert (len(world.devices()), world.woken) == (3, 1)
    with world.store.write() as session:
        session.merge(Stock(plan=PLAN, facility=FACILITY, servers=9))
    world.lose(world.devices()[0].id)
    world.market.turn()
    assert [device.hostname for device in world.devices()][3:] == ["b3", "a4", "b5"]


def test_less_than_the_least_is_nothing(world: World) -> None:
    with world.store.write() as session:
        session.add(Stock(plan=PLAN, facility=FACILITY, servers=1))
    world.request(2, 2)
    world.market.turn()
    assert (world.devices(), world.woken) == ([], 0)
    world.request(1, 1, end_at=now() - timedelta(seconds=1))
    world.market.turn()
    assert world.devices() == []


def test_who_pays_less_than_the_price_gets_notice_once(world: World) -> None:
    bid = msgspec.structs.replace(ORDER, spot_price_max=0.05)
    world.order(ORDER, bid)
    world.market.turn()
    assert [device.termination_time for device in world.devices()] == [None, None]
    world.set_price(0.06)
    world.market.turn()
    on_demand, spot = world.devices()
    assert on_demand.termination_time is None
    assert spot.termination_time is not None
    assert timedelta() < spot.termination_time - now() <= NOTICE
    world.market.turn()
    assert world.devices()[1].termination_time == spot.termination_time
    with pytest.raises(RefusedOrderError, match=r"0\.05 is below the market price of c3\.small\.x86"):
        world.order(bid)


@given(left=st.integers(0, 1000))
def test_levels_fall_with_what_is_left(left: int) -> None:
    levels = list(Level)
    assert (
        levels.index(level_of(left)) <= levels.index(level_of(left + 1)) <= levels.index(level_of(UNLIMITED))
    )
    assert (level_of(left) is Level.UNAVAILABLE) == (left == 0)


@given(flags=st.tuples(st.booleans(), st.booleans(), st.booleans()), seconds=st.integers(-5, 5))
def test_a_reserved_machine_is_used_by_one_and_rests(flags: tuple[bool, bool, bool], seconds: int) -> None:
    used, spare, broken = flags
    at = now()
    rested_at = at + timedelta(seconds=seconds)
    free = is_provisionable(used=used, spare=spare, need_of_service=broken, rested_at=rested_at, now=at)
    assert free == (not any(flags) and seconds <= 0)


def test_names_are_numbered() -> None:
    assert [numbered("n{{index}}-{{index}}", 3), numbered("n", 3)] == ["n3-3", "n"]
