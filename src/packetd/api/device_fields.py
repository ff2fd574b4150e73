# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of requests that make and change devices."""

from __future__ import annotations

from typing import Any

from packetd.api.body import Body
from packetd.api.fields import CUSTOMDATA, TAGS, Field, flag, mapping, moment, objects, text, whole, words
from packetd.model.hostnames import RULE, is_hostname
from packetd.model.orders import NEXT_AVAILABLE

BILLING_CYCLES = ("hourly", "daily", "monthly", "yearly")
# Clients that know no price send this one.
_NO_PRICE = -1


def check_hostname(body: Body, name: str) -> str:
    """The name; notes on the body when it cannot be one."""
    if name and not is_hostname(name):
        body.wrong("hostname", f"{name!r} is not a valid host name: {RULE}")
    return name


def _hostname(body: Body) -> str:
    return check_hostname(body, body.text("hostname", required=True) or "")


def _billing_cycle(body: Body) -> str:
    return body.one_of("billing_cycle", BILLING_CYCLES) or "hourly"


def _features(body: Body) -> dict[str, Any]:
    """By name to "required" or "preferred"; those in a list are required."""
    if isinstance(body.values.get("features"), list):
        return dict.fromkeys(body.words("features"), "required")
    return body.mapping("features")


def _spot_price(body: Body) -> float | None:
    if str(body.values.get("spot_price_max")) in (str(_NO_PRICE), str(float(_NO_PRICE))):
        return None
    return body.number("spot_price_max")


HOSTNAME = Field(
    "hostname", f"Its name; {RULE}", {"type": "string", "minLength": 1, "maxLength": 253}, _hostname, True
)
DESCRIPTION = text("description", "What it is for")
BILLING_CYCLE = Field(
    "billing_cycle",
    "How it is paid; kept, and never charged",
    {"type": "string", "enum": list(BILLING_CYCLES)},
    _billing_cycle,
)
LOCKED = flag("locked", "Whether it can be neither deleted nor installed anew")
USERDATA = Field(
    "userdata",
    "What its first boot carries out",
    {"type": "string"},
    lambda body: body.text("userdata") or "",
)
IPXE_SCRIPT_URL = text("ipxe_script_url", "What custom_ipxe boots")
ALWAYS_PXE = flag("always_pxe", "Whether it boots from the network every time")
NETWORK_FROZEN = flag("network_frozen", "Whether its ports and addresses stay as they are")
TERMINATION_TIME = moment("termination_time", "When it is deleted")
TERMINATION_TIMESTAMP = moment("termination_timestamp", "As termination_time")
SPOT_INSTANCE = flag("spot_instance", "Whether it is bought on the spot market")
SPOT_PRICE_MAX = Field(
    "spot_price_max",
    "What to pay at most, in dollars an hour; the price on demand unless given",
    {"type": "number", "minimum": 0},
    _spot_price,
)

PLAN = text("plan", "Slug or id of its plan", required=True)
OPERATING_SYSTEM = text("operating_system", "Slug or id of what is installed", required=True)
FACILITY = words("facility", "Codes of facilities that will do, the preferred first, or any")
METRO = text("metro", "Code of the metro it shall be in, if no facility is named")
HARDWARE_RESERVATION = text(
    "hardware_reservation_id", f"Id of the reserved machine to use, or {NEXT_AVAILABLE}"
)
FEATURES = Field(
    "features", "Names of features that its machine shall have; kept only", {"type": "object"}, _features
)
STORAGE = mapping("storage", "Partitions and RAID; kept only")
IMAGE_URL = text("image_url", "Image of the system; kept only")
NO_SSH_KEYS = flag("no_ssh_keys", "Whether it shall have no SSH keys at all")
PROJECT_SSH_KEYS = words("project_ssh_keys", "Ids of the SSH keys of the project to put on it")
USER_SSH_KEYS = words("user_ssh_keys", "Ids of the users whose SSH keys to put on it, or of such keys")
SSH_KEYS = objects(
    "ssh_keys",
    "Ids of SSH keys to put on it, or keys that are given here alone",
    (text("id", "Id of an SSH key"), text("label", "What people call it"), text("key", "The key itself")),
)

ADDRESS_FAMILY = whole("address_family", "4 or 6", default=4, least=4, most=6)
PUBLIC = flag("public", "Whether it is reached from outside", default=True)
CIDR = whole("cidr", "Prefix length of what to take of a reservation", default=0, most=128)
RESERVATIONS = words("ip_reservations", "Ids of elastic IP reservations to route to it")
IP_ADDRESSES = objects(
    "ip_addresses",
    "Its addresses: public IPv4 and IPv6 and private IPv4 unless given",
    (ADDRESS_FAMILY, PUBLIC, CIDR, RESERVATIONS),
)
PUBLIC_SUBNET = whole("public_ipv4_subnet_size", "31 or 32: one public address", default=31)
PRIVATE_SUBNET = whole("private_ipv4_subnet_size", "31 or 32: one private address", default=31)

# What is kept in a device as it was ordered, and may change later, by its attribute.
_ORDERED_OR_CHANGED: dict[str, Field[Any]] = {
    "description": DESCRIPTION,
    "tags": TAGS,
    "billing_cycle": BILLING_CYCLE,
    "locked": LOCKED,
    "userdata": USERDATA,
    "customdata": CUSTOMDATA,
    "ipxe_script_url": IPXE_SCRIPT_URL,
    "always_pxe": ALWAYS_PXE,
    "network_frozen": NETWORK_FROZEN,
}
# What may change in a device.
CHANGEABLE: dict[str, Field[Any]] = {
    "hostname": HOSTNAME,
    **_ORDERED_OR_CHANGED,
    "termination_time": TERMINATION_TIME,
}
# What is kept in a device as it was ordered.
KEPT: dict[str, Field[Any]] = {
    **_ORDERED_OR_CHANGED,
    "features": FEATURES,
    "storage": STORAGE,
    "image_url": IMAGE_URL,
}
ORDERED: tuple[Field[Any], ...] = (
    HOSTNAME,
    PLAN,
    OPERATING_SYSTEM,
    FACILITY,
    METRO,
    *KEPT.values(),
    TERMINATION_TIME,
    TERMINATION_TIMESTAMP,
    SPOT_INSTANCE,
    SPOT_PRICE_MAX,
    HARDWARE_RESERVATION,
    NO_SSH_KEYS,
    PROJECT_SSH_KEYS,
    USER_SSH_KEYS,
    SSH_KEYS,
    IP_ADDRESSES,
    PUBLIC_SUBNET,
    PRIVATE_SUBNET,
)
