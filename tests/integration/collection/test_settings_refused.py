# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings that cannot be: site.yml refuses them before it makes a single file, or anything at the API."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_runs import Ansible

NOBODY = {"PACKET_API_URL": "http://127.0.0.1:9", "PACKET_API_TOKEN": "unused"}


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"kubernetes_version": "v1.30.1"}, "version is 'v1.30.1'; allowed are v1.35.4, v1.36.3 and others"),
        ({"provision_control_planes": 2}, "control_planes is 2; allowed are 1, 3, 5 and 7"),
        ({"kubernetes_service_cidr": "172.26.5.0/24"}, "pod_cidr is 172.26.0.0/16 and overlaps service_cidr"),
        ({"kubernetes_cluster_name": "Prod_1"}, "cluster_name is 'Prod_1'; allowed are"),
        ({"pki_ca_days": 0}, "ca_days is 0; allowed are 1 to 36500"),
        ({"pki_kubeconfig_days": 60}, "kubeconfig_days is 60; allowed are 61 to 36500"),
        (
            {"provision_pools": [{"name": "fast", "count": 300}]},
            "which has a /24 for 256 nodes; allowed are larger ranges, because there are 301",
        ),
        ({"provision_timeout": "soon"}, "argument 'provision_timeout' is of type str"),
        ({"kubernetes_api_port": 10258}, "api_port is 10258, where the cloud controller manager listens"),
        (
            {"cloud_controller_api_url": ""},
            "cloud_controller_api_url is empty; wanted is http:// or https://",
        ),
        (
            {"cloud_controller_api_url": "http://127.0.0.1:9"},
            "wanted is http:// or https:// and a host that control planes reach, which is not themselves",
        ),
        (
            {"cloud_controller_api_url": "192.0.2.1"},
            "cloud_controller_api_url is 192.0.2.1; wanted is http://",
        ),
        (
            {"cloud_controller_ca_file": "/nowhere"},
            "cloud_controller_ca_file is /nowhere, which is no file on",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_setting_that_cannot_be_is_named(tmp_path: Path, settings: dict[str, Any], sentence: str) -> None:
    assert sentence in refusal(Ansible(tmp_path, NOBODY), settings)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"provision_metro": "xx"}, "metro 'xx' (of kubernetes-control-plane-0, "),
        ({"provision_operating_system": "beos"}, "operating_system 'beos' (of kubernetes-control-plane-0, "),
        (
            {"provision_pools": [{"name": "fast", "count": 1, "plan": "c9.huge"}]},
            "plan 'c9.huge' (of kubernetes-fast-0) is not offered; this API has: ",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_the_api_does_not_offer_is_refused_before_anything_is_made(
    ansible: Ansible, packetd: Any, settings: dict[str, Any], sentence: str
) -> None:
    before = packetd.call("GET", "/projects")
    assert sentence in refusal(ansible, settings)
    assert packetd.call("GET", "/projects") == before


def refusal(ansible: Ansible, settings: dict[str, Any]) -> str:
    """Why site.yml refuses these settings, without having made a file."""
    assets = ansible.folder / "assets"
    chosen = {
        "provision_project": "p",
        "kubernetes_asset_dir": str(assets),
        "cloud_controller_api_url": "http://192.0.2.1:8082",
        **settings,
    }
    done = subprocess.run(
        ["ansible-playbook", "-i", "localhost,", "packet.kubernetes.site", "-e", json.dumps(chosen)],
        env=ansible.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert not assets.exists()
    return str(json.loads(done.stdout)["plays"][0]["tasks"][-1]["hosts"]["localhost"]["msg"])
