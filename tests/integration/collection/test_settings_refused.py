# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings that cannot be: site.yml refuses them before it asks any API, or makes a single file."""

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
        (
            {"provision_pools": [{"name": "fast", "count": 300}]},
            "which has a /24 for 256 nodes; allowed are larger ranges, because there are 301",
        ),
        ({"provision_timeout": "soon"}, "argument 'provision_timeout' is of type str"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_setting_that_cannot_be_is_named(tmp_path: Path, settings: dict[str, Any], sentence: str) -> None:
    assets = tmp_path / "assets"
    chosen = {"provision_project": "p", "kubernetes_asset_dir": str(assets), **settings}
    done = subprocess.run(
        ["ansible-playbook", "-i", "localhost,", "packet.kubernetes.site", "-e", json.dumps(chosen)],
        env=Ansible(tmp_path, NOBODY).environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert sentence in json.loads(done.stdout)["plays"][0]["tasks"][-1]["hosts"]["localhost"]["msg"]
    assert not assets.exists()
