# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's inventory: the sample as a user copies it, and beside it what is different in a lab."""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml

from lab import servers
from lab.state import CHECKOUT, State

# Every registry that the cluster's images name; the mirror keeps each below its name.
REGISTRIES = ("docker.io", "ghcr.io", "registry.k8s.io")


def write(state: State, control_planes: int, workers: int, kubernetes: str) -> None:
    """Makes or refreshes the lab's inventory."""
    variables = state.inventory / "group_vars" / "all"
    variables.mkdir(parents=True, exist_ok=True)
    sample = CHECKOUT / "inventory"
    shutil.copy(sample / "packet.yml", state.inventory / "packet.yml")
    shutil.copy(sample / "group_vars" / "all.yml", variables / "1-sample.yml")
    mirror = servers.Mirror.of(state)
    settings = {
        # Pods of the control planes do not reach packetd where Ansible does.
        "cloud_controller_api_url": servers.device_api_url(state),
        "kubernetes_version": kubernetes,
        "kubernetes_asset_dir": str(state.assets),
        "kubernetes_kubeconfig": str(state.kubeconfig),
        "kubernetes_download_url": mirror.files_url,
        "kubernetes_github_url": mirror.files_url,
        "kubernetes_registry_mirrors": {name: f"{mirror.registry_url}/v2/{name}" for name in REGISTRIES},
        "provision_control_planes": control_planes,
        "provision_workers": workers,
    }
    _write_if_changed(variables / "2-lab.yml", "---\n" + yaml.safe_dump(settings, sort_keys=True))


def _write_if_changed(path: Path, text: str) -> None:
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
