# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of keys and certificates share: objects as the modules make them, run as the modules are."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.packet.kubernetes.plugins.module_utils._module import STATE
from ansible_collections.packet.kubernetes.plugins.module_utils._pki.authorities import Authorities
from ansible_collections.packet.kubernetes.plugins.module_utils._pki.certificates import LeafCertificate
from ansible_collections.packet.kubernetes.plugins.module_utils._pki.key_pairs import KeyPair
from ansible_collections.packet.kubernetes.plugins.module_utils._pki.kubeconfigs import Kubeconfig
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import (
    Plan,
    Plans,
    reconcile,
    reconcile_all,
)


def options(kind: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """The options as Ansible would hand them to a module: checked, with defaults."""
    result = ArgumentSpecValidator({**kind.options, "state": STATE}).validate(
        {name: value for name, value in given.items() if value is not None}
    )
    assert not result.error_messages, result.error_messages
    return dict(result.validated_parameters)


def ca(directory: Path, name: str | None = "ca", *, dry_run: bool = False, **given: Any) -> Plans:
    """As the module ca."""
    params = options(Authorities, {"directory": str(directory), "name": name, **given})
    authorities = Authorities.from_params(params)
    wanted = authorities.wanted() if params["state"] == "present" else {}
    return reconcile_all(authorities, wanted, dry_run=dry_run)


def ca_warnings(directory: Path) -> list[str]:
    """What the module ca warns of."""
    return Authorities.from_params(options(Authorities, {"directory": str(directory), "name": "ca"})).warnings


def certificate(path: Path, authority: Path, **given: Any) -> Plan:
    """As the module certificate."""
    return _one(LeafCertificate, {"path": str(path), "ca": str(authority), "common_name": "someone", **given})


def key_pair(path: Path, **given: Any) -> Plan:
    """As the module key_pair."""
    return _one(KeyPair, {"path": str(path), **given})


def kubeconfig(path: Path, authority: Path, **given: Any) -> Plan:
    """As the module kubeconfig."""
    server = "https://192.0.2.10:6443"
    return _one(Kubeconfig, {"path": str(path), "ca": str(authority), "server": server, **given})


def tree(directory: Path) -> dict[str, bytes]:
    """Every file below a directory."""
    return {
        str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


def openssl(*arguments: str | Path) -> str:
    """What openssl answers; it fails the test if openssl does."""
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _one(kind: Any, given: Mapping[str, Any]) -> Plan:
    params = options(kind, {name: value for name, value in given.items() if name != "dry_run"})
    thing = kind.from_params(params)
    wanted = thing.wanted() if params["state"] == "present" else None
    return reconcile(thing, wanted, dry_run=given.get("dry_run", False))
