# SPDX-License-Identifier: GPL-3.0-or-later
"""The role cloud_controller, with packetd and a real API server: what it makes, hides, and gives back."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_runs import Ansible
from control_plane import free_port, serve
from lightkube import ApiError, Client, KubeConfig
from lightkube.models.authorization_v1 import ResourceAttributes, SubjectAccessReviewSpec
from lightkube.models.core_v1 import ServicePort, ServiceSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.apps_v1 import DaemonSet
from lightkube.resources.authorization_v1 import SubjectAccessReview
from lightkube.resources.core_v1 import Namespace, Node, Secret, Service, ServiceAccount
from lightkube.resources.rbac_authorization_v1 import ClusterRole, ClusterRoleBinding, Role, RoleBinding

from playbooks import cluster_tasks, succeed

SYSTEM = "kube-system"
NAME = "cloud-controller-manager"
KEY = "cloud controller of kubernetes"
USAGE = "usage=cloud-provider-equinix-metal-auto"
OF_THE_CONTROLLER: list[tuple[Any, str, str | None]] = [
    (DaemonSet, NAME, SYSTEM),
    (ServiceAccount, NAME, SYSTEM),
    (Secret, "metal-cloud-config", SYSTEM),
    (Role, f"packet:{NAME}", SYSTEM),
    (RoleBinding, f"packet:{NAME}", SYSTEM),
    (ClusterRole, f"packet:{NAME}", None),
    (ClusterRoleBinding, f"packet:{NAME}", None),
]


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The administrator's, of an API server with nothing but what it makes itself."""
    folder = tmp_path_factory.mktemp("cluster")
    port = free_port()
    succeed(folder, cluster_tasks(folder / "pki", f"https://127.0.0.1:{port}"))
    with serve(folder, folder / "pki", port):
        yield folder / "pki" / "admin.conf"


@dataclass
class Site:
    """A project at packetd, a cluster, and the role between them."""

    ansible: Ansible
    packetd: Any
    kubeconfig: Path
    project: str

    @property
    def api(self) -> Client:
        return Client(KubeConfig.from_file(self.kubeconfig), trust_env=False)

    @property
    def assets(self) -> Path:
        return self.ansible.folder / "assets"

    def settings(self, **settings: Any) -> str:
        told = {
            "provision_project": "cluster",
            "kubernetes_kubeconfig": str(self.kubeconfig),
            "kubernetes_asset_dir": str(self.assets),
            "cloud_controller_api_url": "http://192.0.2.1:8082",
            "ansible_python_interpreter": sys.executable,
        }
        return json.dumps(told | settings)

    def role(self, *arguments: str, tasks_from: str = "main.yml", **settings: Any) -> tuple[bool, str]:
        """Whether the role changed something, and all that was printed of it."""
        role = {"name": "packet.kubernetes.cloud_controller", "tasks_from": tasks_from}
        tasks = [{"name": "role", "ansible.builtin.include_role": role}]
        extra = ["--extra-vars", self.settings(**settings)]
        process = self.ansible.start(tasks, "-vvv", "--diff", *extra, *arguments)
        stdout, stderr = process.communicate(timeout=120)
        assert process.returncode == 0, stdout + stderr
        recap = json.loads(stdout[stdout.index("{\n") :])["stats"]["localhost"]
        return recap["changed"] > 0, stdout + stderr

    def config(self) -> dict[str, Any]:
        """cloud-sa.json, as it is in the Secret."""
        data = self.api.get(Secret, "metal-cloud-config", namespace=SYSTEM).data
        assert data
        told: dict[str, Any] = json.loads(base64.b64decode(data["cloud-sa.json"]))
        return told

    def digest(self) -> str:
        """What is told of the Secret to those who may read pods."""
        template = self.api.get(DaemonSet, NAME, namespace=SYSTEM).spec.template  # type: ignore[union-attr]
        assert template.metadata
        assert template.metadata.annotations
        return template.metadata.annotations["packet.kubernetes/cloud-config"]

    def keys(self) -> list[dict[str, Any]]:
        """The API keys of the project."""
        status, answer = self.packetd.call("GET", f"/projects/{self.project}/api-keys")
        assert status == 200
        return [key for key in answer["api_keys"] if key["description"] == KEY]

    def reach(self, token: str) -> int:
        """How the API answers the bearer of a token that asks for the project."""
        return int(self.packetd.call("GET", f"/projects/{self.project}", token=token)[0])

    def there(self) -> list[str]:
        """What there is in the cluster of the controller."""
        return self._each(self.api.get)

    def clear(self) -> None:
        """Removes it."""
        self._each(self.api.delete)

    def _each(self, act: Callable[..., Any]) -> list[str]:
        done = []
        for kind, name, namespace in OF_THE_CONTROLLER:
            try:
                act(kind, name, **({"namespace": namespace} if namespace else {}))
                done.append(kind.__name__)
            except ApiError as error:
                if error.status.code != 404:
                    raise
        return done


@pytest.fixture
def site(ansible: Ansible, packetd: Any, kubeconfig: Path) -> Iterator[Site]:
    """Nothing of the controller is there."""
    status, project = packetd.call("POST", "/projects", {"name": "cluster"})
    assert status == 201
    made = Site(ansible, packetd, kubeconfig, project["id"])
    made.assets.mkdir()
    yield made
    made.clear()


def test_it_has_a_key_of_its_own_that_only_the_secret_tells(site: Site) -> None:
    foretold, _ = site.role("--check")
    assert foretold
    assert site.there() == []
    assert site.keys() == []
    changed, printed = site.role()
    assert changed
    assert len(site.there()) == len(OF_THE_CONTROLLER)
    config = site.config()
    token = config.pop("apiKey")
    assert config == {
        "projectID": site.project,
        "base-url": "http://192.0.2.1:8082",
        "caCert": "",
        "metro": "sv",
        "eipTag": "cluster-api-provider-packet:cluster-id:kubernetes",
        "apiServerPort": 6443,
        "loadbalancer": "",
    }
    assert site.reach(token) == 200
    assert len(site.keys()) == 1
    again, printed_again = site.role()
    assert not again
    assert site.config()["apiKey"] == token
    for secret in (token, base64.b64encode(token.encode()).decode().rstrip("=")[:-1]):
        assert secret not in printed + printed_again
    assert token not in site.digest()


def test_a_key_whose_secret_is_gone_is_made_anew_and_pods_with_it(site: Site) -> None:
    site.role()
    token, digest = site.config()["apiKey"], site.digest()
    site.api.delete(Secret, "metal-cloud-config", namespace=SYSTEM)
    assert site.role()[0]
    assert site.config()["apiKey"] != token
    assert site.reach(site.config()["apiKey"]) == 200
    assert site.reach(token) == 401
    assert len(site.keys()) == 1
    assert site.digest() != digest


def test_a_key_that_is_gone_is_made_anew(site: Site) -> None:
    site.role()
    token = site.config()["apiKey"]
    site.packetd.call("DELETE", f"/api-keys/{site.keys()[0]['id']}")
    assert site.role()[0]
    assert site.reach(site.config()["apiKey"]) == 200
    assert site.config()["apiKey"] != token


def test_a_token_that_is_given_takes_the_place_of_the_key(site: Site) -> None:
    site.role()
    _, printed = site.role(cloud_controller_token="of-my-own", cloud_controller_load_balancer=False)
    assert site.config()["apiKey"] == "of-my-own"
    assert site.config()["loadbalancer"] == "disabled"
    assert site.keys() == []
    # What is given on the command line is shown as the command line; everything else is not.
    assert "of-my-own" not in printed.replace(site.settings(cloud_controller_token="of-my-own"), "")
    assert not site.role(cloud_controller_token="of-my-own", cloud_controller_load_balancer=False)[0]


def test_an_authority_goes_into_the_secret(site: Site, tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("-----BEGIN CERTIFICATE-----\n")
    site.role(cloud_controller_ca_file=str(tmp_path / "ca.crt"), kubernetes_endpoint="api.example.com")
    assert site.config()["caCert"] == "-----BEGIN CERTIFICATE-----"
    assert site.config()["eipTag"] == "", "where the endpoint is the user's own, nobody moves an address"


def test_removed_it_leaves_nodes_and_services_as_they_are(site: Site) -> None:
    labels = {"node.kubernetes.io/instance-type": "c3.small.x86"}
    site.api.create(Node(metadata=ObjectMeta(name="node-0", labels=labels)))
    spec = ServiceSpec(type="LoadBalancer", ports=[ServicePort(80)])
    site.api.create(Service(metadata=ObjectMeta(name="web", namespace="default"), spec=spec))
    site.role()
    token = site.config()["apiKey"]
    foretold, _ = site.role("--check", cloud_controller_state="absent")
    assert foretold
    assert len(site.there()) == len(OF_THE_CONTROLLER)
    site.role(cloud_controller_state="absent")
    assert site.there() == []
    assert site.keys() == []
    assert site.reach(token) == 401
    found = site.api.get(Node, "node-0").metadata
    assert found
    assert found.labels == labels
    assert site.api.get(Service, "web", namespace="default").spec.type == "LoadBalancer"  # type: ignore[union-attr]
    assert not site.role(cloud_controller_state="absent")[0]


MAY = [
    ("patch", "", "nodes", "status", None),
    ("delete", "", "nodes", "", None),
    ("watch", "", "services", "", None),
    ("patch", "", "services", "status", None),
    ("list", "discovery.k8s.io", "endpointslices", "", None),
    ("create", "", "events", "", None),
    ("create", "coordination.k8s.io", "leases", "", None),
    ("update", "coordination.k8s.io", "leases", "", NAME),
    ("get", "", "namespaces", "", SYSTEM),
]
MAY_NOT = [
    ("get", "", "secrets", "", "metal-cloud-config"),
    ("create", "", "pods", "", None),
    ("create", "", "nodes", "", None),
    ("delete", "", "services", "", None),
    ("list", "", "namespaces", "", None),
    ("update", "coordination.k8s.io", "leases", "", "kube-scheduler"),
]


def test_the_controller_may_do_what_it_does_and_no_more(site: Site) -> None:
    site.role()

    def allowed(verb: str, group: str, resource: str, part: str, name: str | None) -> bool:
        attributes = ResourceAttributes(
            verb=verb, group=group, resource=resource, subresource=part, name=name, namespace=SYSTEM
        )
        user = f"system:serviceaccount:{SYSTEM}:{NAME}"
        review = SubjectAccessReview(spec=SubjectAccessReviewSpec(resourceAttributes=attributes, user=user))
        status = site.api.create(review).status
        assert status
        return status.allowed

    assert [asked for asked in MAY if not allowed(*asked)] == []
    assert [asked for asked in MAY_NOT if allowed(*asked)] == []


def test_the_manifest_is_written_for_others_to_apply(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "cloud-controller.yml"
    assert site.role(cloud_controller_manifest=str(file))[0]
    assert file.stat().st_mode & 0o777 == 0o600
    kinds = [document["kind"] for document in yaml.safe_load_all(file.read_text())]
    assert sorted(kinds) == sorted(kind.__name__ for kind, *_ in OF_THE_CONTROLLER if kind is not Secret)
    assert site.there() == []
    assert site.keys() == []
    assert not site.role(cloud_controller_manifest=str(file))[0]
    site.role(cloud_controller_manifest=str(file), cloud_controller_token="of-my-own")
    (secret,) = [each for each in yaml.safe_load_all(file.read_text()) if each["kind"] == "Secret"]
    told = json.loads(base64.b64decode(secret["data"]["cloud-sa.json"]))
    assert (told["apiKey"], told["projectID"]) == ("of-my-own", site.project)
    task = {"kubernetes.core.k8s": {"kubeconfig": str(site.kubeconfig), "src": str(file)}}
    succeed(tmp_path, [task])
    assert len(site.there()) == len(OF_THE_CONTROLLER)


def test_destroy_gives_back_what_services_of_this_cluster_have_left(site: Site) -> None:
    uid = site.api.get(Namespace, SYSTEM).metadata.uid  # type: ignore[union-attr]
    left = {
        reserve(site, USAGE, f"service={service}", f"cluster={cluster}"): cluster
        for cluster in (uid, "another")
        for service in ("one", "two")
    }
    left[reserve(site, f"cluster={uid}", "by-hand")] = "by hand"
    site.role()
    assert site.keys()
    destroy(site)
    assert sorted(cluster for address, cluster in left.items() if address in reserved(site)) == [
        "another",
        "another",
        "by hand",
    ]
    assert site.keys() == []
    assert not (site.assets / "cluster-uid").exists()
    destroy(site)


def reserve(site: Site, *tags: str) -> str:
    order = {"type": "public_ipv4", "quantity": 1, "metro": "sv", "tags": list(tags)}
    status, made = site.packetd.call("POST", f"/projects/{site.project}/ips", order)
    assert status == 201, made
    return str(made["id"])


def reserved(site: Site) -> list[str]:
    _, answer = site.packetd.call("GET", f"/projects/{site.project}/ips")
    return [address["id"] for address in answer["ip_addresses"]]


def destroy(site: Site) -> None:
    command = ["ansible-playbook", "-i", "localhost,", "packet.kubernetes.destroy", "-e", site.settings()]
    done = subprocess.run(
        command, env={**os.environ, **site.ansible.environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
