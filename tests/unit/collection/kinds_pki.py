# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kinds of keys and certificates, over a folder of files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pki_cases
from kinds import Case, Outcome, World

Run = Callable[..., Outcome]


class Folder:
    """A folder with an authority, `ca`, and in `made` what the Kind makes."""

    def __init__(self, path: Path, run: Run, *places: Path) -> None:
        pki_cases.ca(path)
        self._made = path / "made"
        self._run = run
        self._places = places

    def settle(self, wanted: Any, *, dry_run: bool) -> Outcome:
        options = {"state": "absent"} if wanted is None else wanted
        return self._run(*self._places, **options, dry_run=dry_run)

    def state(self) -> Any:
        if not self._made.exists():
            return {}
        modes = {str(path): path.stat().st_mode for path in self._made.rglob("*") if path.is_file()}
        return pki_cases.tree(self._made), modes


def authorities(path: Path, **options: Any) -> Outcome:
    """Two authorities in one task."""
    both = [{"name": "ca"}, {"name": "etcd/ca"}]
    return pki_cases.ca(path, None, authorities=both, **options)


def folder(run: Run, *names: str) -> Callable[[Path], AbstractContextManager[World]]:
    """What makes the folder; `names` are the places in it that `run` is told of."""

    @contextmanager
    def world(path: Path) -> Iterator[World]:
        yield Folder(path, run, *(path / name for name in names))

    return world


CASES = [
    Case(
        "ca",
        folder(authorities, "made"),
        # Of what exists, only a certificate whose end is near may change, and then only if one says so.
        {"days": 300, "renew_before": 180},
        {"renew": True, "renew_before": 310},
        {"organization": "another"},
    ),
    Case(
        "key_pair",
        folder(pki_cases.key_pair, "made/sa"),
        {},
        None,
        {"key_type": "ecdsa-p256"},
    ),
    Case(
        "certificate",
        folder(pki_cases.certificate, "made/web", "ca"),
        {"common_name": "web", "dns_names": ["b.example.com", "a.example.com"], "usages": ["server"]},
        {"common_name": "web", "dns_names": ["a.example.com"], "usages": ["server", "client"]},
    ),
    Case(
        "kubeconfig",
        folder(pki_cases.kubeconfig, "made/kubeconfig", "ca"),
        {"organizations": ["kubeadm:cluster-admins"]},
        {"organizations": ["kubeadm:cluster-admins"], "server": "https://api.example.com:6443"},
    ),
]
