# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives orders a machine, a place and addresses: what is accepted here can be carried out.

All of it happens in the transaction of the only writer, so nobody takes any of it in between.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from ipaddress import IPv4Network

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from packetd.drivers import Driver
from packetd.model.addresses import Address, ExhaustedError, Network, free_block, gateway_of
from packetd.model.catalogue import Catalogue
from packetd.model.hardware import is_provisionable
from packetd.model.lifecycle import State
from packetd.model.orders import NEXT_AVAILABLE, AddressWish, Order
from packetd.store.addresses import take_hosts
from packetd.store.market import SpotPrices
from packetd.store.stock import Stock
from packetd.store.tables import (
    Assignment,
    Device,
    DeviceAddress,
    HardwareReservation,
    Reservation,
    SSHKey,
    new_id,
    now,
)

_PASSWORD_BYTES = 12


class NoCapacityError(Exception):
    """Nothing is wrong with an order, but there is no machine or address left for it."""


class RefusedOrderError(Exception):
    """What an order names cannot be used; the message names the field."""


@dataclass(frozen=True)
class Site:
    """What devices are made of, and where."""

    catalogue: Catalogue
    driver: Driver
    # Whether there shall be no machine, though there is one, for a host name, plan and metro.
    exhausted: Callable[[str, str, str], bool]
    # How many devices a project may have, None for any number.
    device_quota: int | None = None


@dataclass(frozen=True)
class Owner:
    """Whom new devices belong to."""

    project_id: str
    user_id: str | None
    batch_id: str | None = None
    spot_market_request_id: str | None = None


@dataclass(frozen=True)
class _Place:
    facility: str
    reservation: HardwareReservation | None = None


def place(session: Session, site: Site, owner: Owner, orders: Sequence[Order]) -> list[Device]:
    """A device for each order, stored; raises NoCapacityError or RefusedOrderError, and then stores none."""
    _check_quota(session, site.device_quota, owner.project_id, len(orders))
    places = _Places(session, site, owner.project_id)
    found = [places.find(order) for order in orders]
    hosts = _take_addresses(session, site, orders)
    keys = _keys(session, orders)
    devices = [
        _device(site, owner, order, where, hosts, keys) for order, where in zip(orders, found, strict=True)
    ]
    session.add_all(devices)
    session.flush()
    for order, device in zip(orders, devices, strict=True):
        _assign(session, order, device)
    session.flush()
    return devices


def _check_quota(session: Session, quota: int | None, project_id: str, wanted: int) -> None:
    if quota is None:
        return
    there = (
        select(func.count())
        .select_from(Device)
        .where(Device.project_id == project_id, Device.state != State.DEPROVISIONING)
    )
    held = session.execute(there).scalar_one()
    if held + wanted > quota:
        raise RefusedOrderError(
            f"quantity {wanted} is beyond the quota of the project: it has {held} of at most {quota} devices"
        )


class _Places:
    """Finds places for orders one after the other, each counting with those before it."""

    def __init__(self, session: Session, site: Site, project_id: str) -> None:
        self._session = session
        self._site = site
        self._project_id = project_id
        self._stock = Stock(session, site.catalogue)
        self._taken: set[str] = set()

    @cached_property
    def _prices(self) -> SpotPrices:
        """Only who bids asks for them."""
        return SpotPrices(self._session, self._site.catalogue)

    def find(self, order: Order) -> _Place:
        if order.hardware_reservation is None:
            return _Place(self._facility(order))
        reservation = self._reservation(order, order.hardware_reservation)
        self._taken.add(reservation.id)
        return _Place(reservation.facility, reservation)

    def _facility(self, order: Order) -> str:
        left = [code for code in order.facilities if self._has_machine(order, code)]
        if not left:
            places = ", ".join(order.facilities)
            raise NoCapacityError(f"The facility {places} has no provisionable {order.plan} servers")
        chosen = left[0] if order.spot_price_max is None else self._affordable(order, left)
        self._stock.take(order.plan, chosen)
        return chosen

    def _has_machine(self, order: Order, facility: str) -> bool:
        if self._stock.left(order.plan, facility) <= 0:
            return False
        metro = self._site.catalogue.facilities[facility].metro
        return not self._site.exhausted(order.hostname, order.plan, metro)

    def _affordable(self, order: Order, facilities: Sequence[str]) -> str:
        prices = {code: self._prices.of(order.plan, code) for code in facilities}
        best = min(prices, key=lambda code: prices[code])
        if order.spot_price_max is not None and prices[best] > order.spot_price_max:
            raise RefusedOrderError(
                f"spot_price_max {order.spot_price_max:g} is below the market price of {order.plan},"
                f" which is {prices[best]:g} in {best}"
            )
        return best

    def _reservation(self, order: Order, wanted: str) -> HardwareReservation:
        if wanted == NEXT_AVAILABLE:
            return self._next(order)
        reservation = self._session.get(HardwareReservation, wanted)
        if reservation is None or reservation.project_id != self._project_id:
            raise RefusedOrderError(f"hardware_reservation_id {wanted!r} is no reservation of this project")
        if reservation.plan != order.plan:
            raise RefusedOrderError(
                f"hardware_reservation_id {wanted} is a {reservation.plan}, not a {order.plan}"
            )
        if reservation.facility not in order.facilities:
            raise RefusedOrderError(f"hardware_reservation_id {wanted} is in facility {reservation.facility}")
        if not self._is_free(reservation):
            raise RefusedOrderError(f"hardware_reservation_id {wanted} is not provisionable")
        return reservation

    def _next(self, order: Order) -> HardwareReservation:
        held = self._session.scalars(
            select(HardwareReservation)
            .where(
                HardwareReservation.project_id == self._project_id,
                HardwareReservation.plan == order.plan,
                HardwareReservation.facility.in_(order.facilities),
            )
            .order_by(HardwareReservation.created_at, HardwareReservation.id)
        )
        for reservation in held:
            if self._is_free(reservation):
                return reservation
        # Cluster API's provider looks for " no available hardware reservations ".
        raise NoCapacityError(f"There are no available hardware reservations for plan {order.plan}")

    def _is_free(self, reservation: HardwareReservation) -> bool:
        return reservation.id not in self._taken and provisionable(reservation, now())


def provisionable(reservation: HardwareReservation, at: datetime) -> bool:
    """Whether a device can be made on a reserved machine."""
    return is_provisionable(
        used=reservation.device is not None,
        spare=reservation.spare,
        need_of_service=reservation.need_of_service,
        rested_at=reservation.rested_at,
        now=at,
    )


def _take_addresses(
    session: Session, site: Site, orders: Sequence[Order]
) -> dict[Network, Iterator[Address]]:
    """All the addresses that the orders need, for each to draw from."""
    needed: Counter[Network] = Counter()
    for order in orders:
        needed.update(network for network in (_network(site, wish) for wish in order.addresses) if network)
    try:
        return {network: iter(hosts) for network, hosts in take_hosts(session, needed).items()}
    except ExhaustedError as error:
        raise NoCapacityError(f"There are no addresses left for new devices: {error}") from None


def _network(site: Site, wish: AddressWish) -> Network | None:
    return site.driver.network.of(wish.family, public=wish.public)


def _device(
    site: Site,
    owner: Owner,
    order: Order,
    where: _Place,
    hosts: dict[Network, Iterator[Address]],
    keys: dict[str, SSHKey],
) -> Device:
    networks = [(wish, network) for wish in order.addresses if (network := _network(site, wish))]
    return Device(
        id=new_id(),
        project_id=owner.project_id,
        user_id=owner.user_id,
        batch_id=owner.batch_id,
        spot_market_request_id=owner.spot_market_request_id,
        hostname=order.hostname,
        plan=order.plan,
        operating_system=order.operating_system,
        facility=where.facility,
        metro=site.catalogue.facilities[where.facility].metro,
        hardware_reservation=where.reservation,
        spot_instance=order.spot_price_max is not None,
        spot_price_max=order.spot_price_max,
        termination_time=order.termination_time,
        root_password=new_password(site),
        ssh_keys=[keys[id_] for id_ in dict.fromkeys(order.ssh_keys) if id_ in keys],
        addresses=[
            DeviceAddress(
                position=position,
                address=str(next(hosts[network])),
                network=str(network),
                gateway=str(gateway_of(network)),
                cidr=network.prefixlen,
                family=wish.family,
                public=wish.public,
                attached=True,
            )
            for position, (wish, network) in enumerate(networks)
        ],
        assignments=[],
        vlan_assignments=[],
        volume_attachments=[],
        individual_ports=list(site.catalogue.plans[order.plan].individual_ports),
        **order.others,
    )


def new_password(site: Site) -> str | None:
    """A password for a device that is installed; real machines have none, and are entered with keys."""
    return secrets.token_urlsafe(_PASSWORD_BYTES) if site.driver.simulated else None


def _keys(session: Session, orders: Sequence[Order]) -> dict[str, SSHKey]:
    wanted = {id_ for order in orders for id_ in order.ssh_keys}
    if not wanted:
        return {}
    return {key.id: key for key in session.scalars(select(SSHKey).where(SSHKey.id.in_(wanted)))}


def _assign(session: Session, order: Order, device: Device) -> None:
    """Route what the order takes from elastic reservations to its device."""
    for wish in order.addresses:
        for identifier in wish.reservations:
            reservation = session.get(Reservation, identifier)
            if reservation is None or reservation.project_id != device.project_id:
                raise RefusedOrderError(f"ip_addresses: {identifier!r} is no IP reservation of this project")
            network = _part(reservation, wish.prefix)
            device.assignments.append(Assignment(reservation=reservation, network=str(network)))


def _part(reservation: Reservation, prefix: int | None) -> IPv4Network:
    """The first part of a reservation of this size that nobody has."""
    if reservation.network is None:
        raise RefusedOrderError(f"ip_addresses: IP reservation {reservation.id} is still pending")
    if reservation.gateway is not None:
        raise RefusedOrderError(f"ip_addresses: IP reservation {reservation.id} is a gateway's")
    whole = IPv4Network(reservation.network)
    taken = [IPv4Network(assignment.network) for assignment in reservation.assignments]
    try:
        return free_block(whole, taken, whole.prefixlen if prefix is None else prefix)
    except ExhaustedError as error:
        raise RefusedOrderError(f"ip_addresses: IP reservation {reservation.id}: {error}") from None
