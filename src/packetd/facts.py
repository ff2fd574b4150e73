# SPDX-License-Identifier: GPL-3.0-or-later
"""What a state was made with, kept in its database: the driver, and the ranges of its addresses."""

from __future__ import annotations

from ipaddress import IPv4Network

import msgspec
from sqlalchemy.orm import Session

from packetd.drivers.choice import SHAREABLE
from packetd.model.addresses import NetworkPlan
from packetd.ownership import ServerError, identity
from packetd.settings import State
from packetd.store import Store
from packetd.store.tables import Setting

DRIVER = "driver"
# Only where the machines are on one host, and several could think that it is theirs.
DRIVER_STATE = "driver_state"
NETWORK = "network"


class Ranges(msgspec.Struct):
    """A NetworkPlan as it is kept."""

    public: str
    elastic: str
    private: str

    def plan(self) -> NetworkPlan:
        return NetworkPlan(IPv4Network(self.public), IPv4Network(self.elastic), IPv4Network(self.private))


def remember_driver(store: Store, state: State, name: str) -> None:
    """Note which driver the machines belong to, and on which host where that matters.

    Raises ServerError when it is another.
    """
    facts = {DRIVER: name}
    if store.shared and name not in SHAREABLE:
        facts[DRIVER_STATE] = identity(state)
    with store.write() as session:
        for fact, value in facts.items():
            known = session.get(Setting, fact)
            if known is None:
                session.add(Setting(name=fact, value=value))
            elif known.value != value:
                raise ServerError(_other_driver(name, known))


def _other_driver(name: str, known: Setting) -> str:
    if known.name == DRIVER:
        return (
            f"this state was made with --driver {known.value}, not {name};"
            " give --state another directory, or `packetd destroy` this one first"
        )
    return (
        f"the machines of --driver {name} are on the host of one server, and this database has them on that"
        f" with server.id {known.value}; serve it from there, or several servers with --driver record"
    )


def driver_of(session: Session) -> str | None:
    """The name of the driver; None for a state that was never served."""
    setting = session.get(Setting, DRIVER)
    return setting.value if setting else None


def remember_network(store: Store, plan: NetworkPlan) -> None:
    """Note the ranges, for a backup to be restored where the driver knows nothing yet."""
    ranges = Ranges(public=str(plan.public), elastic=str(plan.elastic), private=str(plan.private))
    with store.write() as session:
        session.merge(Setting(name=NETWORK, value=msgspec.json.encode(ranges).decode()))


def network_of(session: Session) -> NetworkPlan | None:
    """The ranges; None for a state that was never served."""
    setting = session.get(Setting, NETWORK)
    return msgspec.json.decode(setting.value, type=Ranges).plan() if setting else None
