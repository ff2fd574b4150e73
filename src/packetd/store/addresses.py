# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses devices hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from packetd.model.addresses import Address, Network, free_hosts, windows
from packetd.store.tables import DeviceAddress

# Made once, as every order executes them.
_HELD = (
    select(DeviceAddress.network, func.count())
    .where(DeviceAddress.network.in_(bindparam("networks", expanding=True)))
    .group_by(DeviceAddress.network)
)
_TAKEN = select(DeviceAddress.address).where(
    DeviceAddress.address.in_(bindparam("addresses", expanding=True))
)


def take_hosts(session: Session, wanted: Mapping[Network, int]) -> dict[Network, list[Address]]:
    """As many free host addresses of networks as are wanted; raises ExhaustedError.

    Nobody takes one in between, as writers wait for each other; the addresses' unique key would refuse
    the second.
    """

    def taken(addresses: Iterable[Address]) -> set[Address]:
        named = {str(address): address for address in addresses}
        return {named[text] for text in session.scalars(_TAKEN, {"addresses": tuple(named)})}

    rows = session.execute(_HELD, {"networks": tuple(map(str, wanted))})
    held = Counter(dict(rows.all()))
    # One question for all networks, which nearly always is enough.
    first = [next(windows(network, held[str(network)], count), []) for network, count in wanted.items()]
    looked_at = set().union(*first)
    used = taken(looked_at)
    return {
        network: free_hosts(
            network,
            held[str(network)],
            count,
            lambda window: used if looked_at.issuperset(window) else taken(window),
        )
        for network, count in wanted.items()
    }
