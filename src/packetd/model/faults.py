# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that users ask for, so that they can test what their programs do about them.

Each kind is a description of what goes wrong, where, and how often. A description says nothing about
how it is done: calls are hindered in api/injection.py, machines in faults.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from random import Random
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta, Struct

Seconds = Annotated[float, Meta(ge=0, le=3600)]


class Description(Struct, frozen=True, kw_only=True, tag_field="effect", forbid_unknown_fields=True):
    """How often: of the occasions that match, every n-th, with a probability, so many times at most."""

    every: Annotated[int, Meta(ge=1, le=1_000_000, description="the n-th, 2n-th, ... occasion only")] = 1
    probability: Annotated[float, Meta(gt=0, le=1, description="of each occasion")] = 1.0
    seed: Annotated[
        int, Meta(ge=0, le=2**31 - 1, description="the same seed, the same occasions; else one is drawn")
    ] = -1
    times: Annotated[int, Meta(ge=1, le=1_000_000, description="at most so often")] | None = None

    def strikes(self, occasion: int) -> bool:
        """Whether the fault strikes at the occasion of this number, counted from 1."""
        if occasion % self.every:
            return False
        return self.probability >= 1 or Random(f"{self.seed}/{occasion}").random() < self.probability  # noqa: S311


class CallFault(Description, frozen=True, kw_only=True):
    """Goes wrong with a call of the API."""

    route: Annotated[
        str,
        Meta(
            pattern=r"^(\*|[A-Z]+) (/\S*|\*\*)$",
            description="'METHOD /path'; * is any method or one part of a path, ** the rest of it",
        ),
    ] = "* **"

    def matches(self, method: str, path: str) -> bool:
        """``path`` is that of the API, without /metal/v1 and query."""
        return _route(self.route).fullmatch(f"{method} {path}") is not None


class Latency(CallFault, frozen=True, kw_only=True, tag="latency"):
    """the answer comes late"""

    seconds: Annotated[Seconds, Meta(description="how late")]


class RateLimit(CallFault, frozen=True, kw_only=True, tag="rate-limit"):
    """too many requests"""

    status: Annotated[Literal[429, 403], Meta(description="429, or 403 as some clients saw it")] = 429
    retry_after: Annotated[int, Meta(ge=0, le=86400, description="seconds, as the answer tells")] = 1


class Failure(CallFault, frozen=True, kw_only=True, tag="error"):
    """the server fails"""

    status: Annotated[int, Meta(ge=500, le=599, description="500 to 599")] = 500
    at: Annotated[
        Literal["before", "after"], Meta(description="before anything is done, or after it was stored")
    ] = "before"


class Drop(CallFault, frozen=True, kw_only=True, tag="drop"):
    """the connection breaks"""

    at: Annotated[
        Literal["before", "during", "after"],
        Meta(
            description="before anything is done, in the middle of the answer, or instead of the answer to"
            " what was stored"
        ),
    ] = "before"


Pattern = Annotated[str, Meta(min_length=1, max_length=253)]


class DeviceFault(Description, frozen=True, kw_only=True):
    """Goes wrong with devices whose names match; ``*``, ``?`` and ``[abc]`` as in the shell."""

    hostname: Annotated[Pattern, Meta(description="of the device, e.g. 'worker-*'")] = "*"
    plan: Annotated[Pattern, Meta(description="its slug")] = "*"
    metro: Annotated[Pattern, Meta(description="its code")] = "*"

    def matches(self, hostname: str, plan: str, metro: str) -> bool:
        pairs = ((hostname, self.hostname), (plan, self.plan), (metro, self.metro))
        return all(fnmatchcase(value, pattern) for value, pattern in pairs)


class ProvisioningFailure(DeviceFault, frozen=True, kw_only=True, tag="provisioning-failure"):
    """an installation (also a re-installation) fails"""

    reason: Annotated[str, Meta(min_length=1, max_length=200, description="told by the device's event")] = (
        "a fault that was asked for"
    )
    retryable: Annotated[bool, Meta(description="the hardware is only busy: it is tried again")] = False


class SlowProvisioning(DeviceFault, frozen=True, kw_only=True, tag="slow-provisioning"):
    """an installation takes longer"""

    seconds: Annotated[Seconds, Meta(description="how much longer")]


class Capacity(DeviceFault, frozen=True, kw_only=True, tag="capacity"):
    """orders are refused, as there are no such servers left"""


Fault = Latency | RateLimit | Failure | Drop | ProvisioningFailure | SlowProvisioning | Capacity

KINDS: dict[str, type[Description]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (Latency, RateLimit, Failure, Drop, ProvisioningFailure, SlowProvisioning, Capacity)
}


class FaultError(ValueError):
    """A description that cannot be understood; the message names the field."""

    known: ClassVar[str] = ", ".join(KINDS)


def describe(values: dict[str, Any], *, seed: int) -> Fault:
    """The fault of a JSON object such as ``{"effect": "latency", "seconds": 2}``; numbers may be strings.

    ``seed`` is used where none is given. Raises FaultError.
    """
    effect = values.get("effect")
    if not isinstance(effect, str) or effect not in KINDS:
        raise FaultError(f"effect {effect!r} is not valid; allowed are {FaultError.known}")
    try:
        fault: Fault = msgspec.convert({"seed": seed, **values}, Fault, strict=False)
    except msgspec.ValidationError as error:
        raise FaultError(f"fault {effect}: {error}") from None
    return fault


def settings(fault: Fault) -> dict[str, Any]:
    """What makes this fault special: everything but its effect that is not as by default."""
    kind = type(fault)
    return {
        field.name: value
        for field in msgspec.structs.fields(kind)
        if (value := getattr(fault, field.name)) != field.default
        and not (field.name == "seed" and fault.probability == 1)
    }


@dataclass(frozen=True)
class Option:
    """A field of a kind of fault, for a command that takes it."""

    name: str
    help: str
    required: bool
    flag: bool


def options(kind: type[Description]) -> list[Option]:
    """What may be said of faults of this kind."""
    return [_option(field) for field in msgspec.structs.fields(kind)]


def _option(field: msgspec.structs.FieldInfo) -> Option:
    schema = msgspec.json.schema(field.type)
    described = schema.get("description") or next(part["description"] for part in schema["anyOf"])
    shown = field.default not in (msgspec.NODEFAULT, None, False, -1)
    return Option(
        name=field.name,
        help=f"{described} (default: {field.default})" if shown else described,
        required=field.required,
        flag=schema.get("type") == "boolean",
    )


@lru_cache(maxsize=256)
def _route(route: str) -> re.Pattern[str]:
    method, _, path = route.partition(" ")
    parts = re.split(r"(\*\*|\*)", path)
    wild = {"**": ".*", "*": "[^/]+"}
    expression = "".join(wild.get(part) or re.escape(part) for part in parts)
    return re.compile(("[A-Z]+" if method == "*" else method) + " " + expression)
