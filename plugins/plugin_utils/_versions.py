# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which versions of Kubernetes may run beside each other, and which may follow which. Pure.

The rules are those of https://kubernetes.io/releases/version-skew-policy/ as of v1.36.

This plugin util is PRIVATE to the collection.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

OLDER_KUBELETS = 3
"""How many minor versions a kubelet may be behind the API servers."""

_VERSION = re.compile(r"v?(\d{1,3})\.(\d{1,3})\.(\d{1,3})")

Version = tuple[int, int, int]


def skew_problems(target: Any, control_planes: Sequence[Any], kubelets: Sequence[Any]) -> list[str]:
    """What is wrong with bringing a cluster to a version, a sentence for each; empty if all is well.

    `control_planes` and `kubelets` are the versions that run now; those that are the same count once.
    """
    named = [("target", target), *_named("control_planes", control_planes), *_named("kubelets", kubelets)]
    if malformed := [
        f"{field} is {text!r}; allowed are versions as v1.36.3"
        for field, text in named
        if _parse(text) is None
    ]:
        return malformed
    servers, nodes = _versions(control_planes), _versions(kubelets)
    wanted = _versions([target])[0]
    return [*_of_servers(wanted, servers), *_of_kubelets(wanted, servers, nodes)]


def _of_servers(target: Version, servers: list[Version]) -> Iterator[str]:
    if not servers:
        return
    oldest, newest = servers[0], servers[-1]
    if _minor(newest) - _minor(oldest) > 1:
        yield (
            f"control_planes are of {_text(oldest)} to {_text(newest)}; allowed is one minor version apart: "
            "bring the older ones up first"
        )
    if target < newest:
        yield f"target is {_text(target)}, older than the control planes ({_text(newest)}); none goes back"
    if _minor(target) - _minor(oldest) > 1:
        step = f"v{oldest[0]}.{oldest[1] + 1}"
        yield (
            f"target is {_text(target)}, more than one minor version after the control planes "
            f"({_text(oldest)}); go to {step} first"
        )


def _of_kubelets(target: Version, servers: list[Version], kubelets: list[Version]) -> Iterator[str]:
    oldest_server = servers[0] if servers else target
    for kubelet in kubelets:
        if _minor(kubelet) > _minor(oldest_server):
            yield (
                f"kubelets has {_text(kubelet)}, newer than the control planes ({_text(oldest_server)}); "
                "a kubelet may not be newer than any API server"
            )
        if _minor(target) - _minor(kubelet) > OLDER_KUBELETS:
            yield (
                f"kubelets has {_text(kubelet)}, more than {OLDER_KUBELETS} minor versions behind "
                f"{_text(target)}; bring these nodes up first"
            )


def _named(field: str, versions: Sequence[Any]) -> list[tuple[str, Any]]:
    return [(f"{field}[{number}]", version) for number, version in enumerate(versions)]


def _parse(text: Any) -> Version | None:
    match = _VERSION.fullmatch(text) if isinstance(text, str) else None
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def _versions(texts: Sequence[Any]) -> list[Version]:
    """Each once, the oldest first."""
    return sorted({version for text in texts if (version := _parse(text)) is not None})


def _minor(version: Version) -> int:
    return version[0] * 1000 + version[1]


def _text(version: Version) -> str:
    return "v" + ".".join(map(str, version))
