# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs playbooks of a few tasks as a user would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Task = dict[str, Any]


def run(folder: Path, tasks: Iterable[Task], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs tasks on the controller; what they register can be read with `results`."""
    play = {"hosts": "localhost", "gather_facts": False, "tasks": list(tasks)}
    playbook = folder / "playbook.yml"
    playbook.write_text(json.dumps([play]))
    # Away from the checkout, whose ansible.cfg has an inventory and a callback of its own.
    environment = {
        **os.environ,
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_LOCALHOST_WARNING": "False",
        "ANSIBLE_NOCOLOR": "1",
    }
    command = [Path(sys.executable).with_name("ansible-playbook"), "-i", "localhost,", "-c", "local"]
    return subprocess.run(
        [*command, "-e", f"ansible_python_interpreter={sys.executable}", playbook, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=environment,
        timeout=120,
    )


def succeed(folder: Path, tasks: Iterable[Task], *arguments: str) -> str:
    """The output of tasks that have to succeed."""
    done = run(folder, tasks, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def changed(output: str) -> int:
    """How many tasks changed something, as the recap says."""
    return int(output.rpartition("changed=")[2].split()[0])


def cluster_tasks(pki: Path, server: str) -> list[Task]:
    """All keys and certificates that an etcd and an API server on this machine need."""

    def certificate(path: str, ca: str, common_name: str, **options: Any) -> Task:
        place = {"path": str(pki / path), "ca": str(pki / ca), "common_name": common_name}
        return {"packet.kubernetes.certificate": {**place, **options}}

    loopback = {"dns_names": ["localhost"], "ip_addresses": ["127.0.0.1"], "usages": ["server", "client"]}
    names = ("ca", "front-proxy-ca", "etcd/ca")
    return [
        {"packet.kubernetes.ca": {"directory": str(pki), "authorities": [{"name": name} for name in names]}},
        {"packet.kubernetes.key_pair": {"path": str(pki / "sa")}},
        certificate("etcd/server", "etcd/ca", "etcd", **loopback),
        certificate("apiserver-etcd-client", "etcd/ca", "kube-apiserver-etcd-client"),
        certificate("apiserver", "ca", "kube-apiserver", **{**loopback, "usages": ["server"]}),
        certificate("front-proxy-client", "front-proxy-ca", "front-proxy-client"),
        {
            "packet.kubernetes.kubeconfig": {
                "path": str(pki / "admin.conf"),
                "server": server,
                "ca": str(pki / "ca"),
                # Nothing binds the group of kubeadm's administrators where kubeadm has not been.
                "organizations": ["system:masters"],
            }
        },
    ]
