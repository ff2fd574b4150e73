# SPDX-License-Identifier: GPL-3.0-or-later
"""The nftables table that keeps devices on their own network, and its counters.

A device reaches other devices, elastic addresses, and the host at the network's gateway. Everything
else is rejected and counted, unless the operator asked for egress.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields

from packetd.drivers.docker import host
from packetd.drivers.docker.names import Names
from packetd.model.addresses import NetworkPlan

# "flush table" empties chains and leaves counters alone, so that a restart of packetd forgets nothing;
# nft applies the whole text or none of it, so that there is no moment without rules.
_TABLE = """
table inet {table} {{
{counters}
  chain forward {{ type filter hook forward priority -10; policy accept; }}
  chain passed {{ type filter hook forward priority 300; policy accept; }}
  chain input {{ type filter hook input priority -10; policy accept; }}
  chain output {{ type filter hook output priority -10; policy accept; }}
  chain source {{ type nat hook postrouting priority srcnat; policy accept; }}
}}
flush table inet {table}
table inet {table} {{
  chain forward {{
    iifname "{bridge}" oifname "{bridge}" accept
{forward}
  }}
  # After every other filter: what is counted here did go through.
  chain passed {{
    iifname "{bridge}" oifname != "{bridge}" counter name passed_out
    oifname "{bridge}" iifname != "{bridge}" counter name passed_in
  }}
  chain input {{
    iifname != "{bridge}" accept
    ct state established,related accept
    ip daddr {{ {gateways} }} accept
    counter name rejected_host reject
  }}
  # An elastic address moves; a redirect would make a device remember where it was.
  chain output {{
    oifname "{bridge}" icmp type redirect drop
  }}
{nat}
}}
"""
_ISOLATED = """
    iifname "{bridge}" counter name rejected_out reject
    oifname "{bridge}" counter name rejected_in reject
"""
_EGRESS = """
    iifname "{bridge}" tcp flags syn tcp option maxseg size set rt mtu
    oifname "{bridge}" ct state established,related accept
    oifname "{bridge}" counter name rejected_in reject
"""
_NAT = """
  chain source {{
    ip saddr {{ {networks} }} oifname != "{bridge}" masquerade
  }}
"""


@dataclass(frozen=True)
class Counters:
    """Packets since the network was made: turned back at each border, and let through it."""

    rejected_out: int
    rejected_in: int
    rejected_host: int
    passed_out: int
    passed_in: int


_COUNTERS = tuple(field.name for field in fields(Counters))


def apply(names: Names, plan: NetworkPlan, *, egress: bool) -> None:
    """Put the rules in place, at once and keeping the counters of rules that were there."""
    values = {
        "table": names.table,
        "bridge": names.network,
        "counters": "\n".join(f"  counter {name} {{}}" for name in _COUNTERS),
        "gateways": f"{plan.gateway}, {plan.private_gateway}",
        "networks": f"{plan.public}, {plan.elastic}, {plan.private}",
    }
    forward = (_EGRESS if egress else _ISOLATED).format(**values)
    nat = _NAT.format(**values) if egress else ""
    host.run("nft", "-f", "-", stdin=_TABLE.format(**values, forward=forward, nat=nat))


def counters(names: Names) -> Counters:
    """Read the counters; raises DriverError when the table is not there."""
    listing = json.loads(host.run("nft", "-j", "list", "counters", "table", "inet", names.table))
    found = {
        item["counter"]["name"]: item["counter"]["packets"]
        for item in listing["nftables"]
        if "counter" in item
    }
    return Counters(**{name: found[name] for name in _COUNTERS})


def remove(names: Names) -> None:
    """Take the table away; none there is fine."""
    host.run("nft", "-f", "-", stdin=f"table inet {names.table}\ndelete table inet {names.table}\n")
