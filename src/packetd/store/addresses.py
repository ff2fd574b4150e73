# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses devices hold."""

from __future__ import annotations

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from packetd.model.addresses import Address, Network, free_hosts
from packetd.store.tables import DeviceAddress

# Made once, as every order executes them for each of its addresses.
_HELD = select(func.count()).select_from(DeviceAddress).where(DeviceAddress.network == bindparam("of"))
_TAKEN = select(DeviceAddress.address).where(
    DeviceAddress.address.in_(bindparam("addresses", expanding=True))
)


def take_hosts(session: Session, network: Network, count: int) -> list[Address]:
    """Free host addresses of a network; raises ExhaustedError.

    Nobody takes one in between, as writers wait for each other; the addresses' unique key would refuse
    the second.
    """

    def taken(addresses: list[Address]) -> set[Address]:
        named = {str(address): address for address in addresses}
        return {named[text] for text in session.scalars(_TAKEN, {"addresses": tuple(named)})}

    held = session.execute(_HELD, {"of": str(network)}).scalar_one()
    return free_hosts(network, held, count, taken)
