# SPDX-License-Identifier: GPL-3.0-or-later
"""A Service of type LoadBalancer with pods behind it, as its clients on the host see it."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from conftest import Lab

T = TypeVar("T")
IMAGE = "registry.k8s.io/e2e-test-images/agnhost:2.63.0"


def eventually(ask: Callable[[], T | None], seconds: float = 60.0) -> T:
    """The first answer that is something."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.5)
    return answer


class Service:
    """Two pods on two nodes, and an elastic address before them."""

    def __init__(self, lab: Lab, name: str, policy: str) -> None:
        self.lab = lab
        self.name = name
        self.policy = policy

    def make(self) -> None:
        """Has pods and Service."""
        file = self.lab.state.root / f"{self.name}.json"
        file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": self._objects()}))
        self.lab.kubectl("apply", "--filename", str(file))
        file.unlink()
        self.lab.kubectl("rollout", "status", f"deployment/{self.name}", "--timeout=120s")

    def remove(self) -> None:
        """Removes both, and waits until they are gone."""
        self.lab.kubectl("delete", f"service/{self.name}", f"deployment/{self.name}", "--timeout=60s")

    def address(self) -> str:
        """Its elastic address, once it has one."""

        def ask() -> str | None:
            (found,) = self.lab.get("services", "--field-selector", f"metadata.name={self.name}")
            ingress = found["status"]["loadBalancer"].get("ingress") or []
            return ingress[0]["ip"] if ingress else None

        return eventually(ask)

    def answers(self) -> str | None:
        """The hostname of a pod that answered on the elastic address, None where none did in a second."""
        try:
            with urllib.request.urlopen(f"http://{self.address()}/hostname", timeout=1) as answer:
                text: str = answer.read().decode()
                return text
        except OSError:
            return None

    def holder(self) -> str | None:
        """The hostname of the device that has its address."""
        return self.lab.holder(self.address())

    def _objects(self) -> list[dict[str, Any]]:
        labels = {"app": self.name}
        spread = {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": labels},
        }
        container = {"name": "echo", "image": IMAGE, "args": ["netexec", "--http-port=8080"]}
        pods = {
            "metadata": {"labels": labels},
            "spec": {"containers": [container], "topologySpreadConstraints": [spread]},
        }
        return [
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": self.name},
                "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": pods},
            },
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": self.name},
                "spec": {
                    "type": "LoadBalancer",
                    "externalTrafficPolicy": self.policy,
                    "selector": labels,
                    "ports": [{"port": 80, "targetPort": 8080}],
                },
            },
        ]
