# SPDX-License-Identifier: GPL-3.0-or-later
"""Bootstrap tokens in a real API server, which also proves our keys and certificates."""

from __future__ import annotations

import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.packet.kubernetes.plugins.module_utils._kubeadm.bootstrap_tokens import (
    BootstrapToken,
)
from ansible_collections.packet.kubernetes.plugins.module_utils._module import STATE
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import (
    Plan,
    ResourceError,
    reconcile,
)
from control_plane import free_port, serve

from playbooks import changed, cluster_tasks, run, succeed

Answer = TypeVar("Answer")

GIVEN = "abcdef.0123456789abcdef"


class Cluster:
    """An API server, asked as the module asks it and as a machine that joins does."""

    def __init__(self, folder: Path, pki: Path, url: str) -> None:
        self.folder = folder
        self.pki = pki
        self.url = url
        self.kubeconfig = str(pki / "admin.conf")

    def token(self, *, dry_run: bool = False, **given: Any) -> Plan:
        """As the module bootstrap_token."""
        spec = {**BootstrapToken.options, "state": STATE}
        checked = ArgumentSpecValidator(spec).validate({"kubeconfig": self.kubeconfig, **given})
        assert not checked.error_messages
        params = checked.validated_parameters
        kind = BootstrapToken.from_params(params)
        return reconcile(kind, kind.wanted() if params["state"] == "present" else None, dry_run=dry_run)

    def user(self, token: str) -> dict[str, Any] | None:
        """Whom the API server takes the bearer of a token for; None if it does not let it in."""
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(self.pki / "ca.crt"))),
        )
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        request = urllib.request.Request(
            f"{self.url}/apis/authentication.k8s.io/v1/selfsubjectreviews",
            data=json.dumps(review).encode(),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        try:
            with opener.open(request, timeout=30) as answer:
                found: dict[str, Any] = json.load(answer)["status"]["userInfo"]
                return found
        except urllib.error.HTTPError as error:
            if error.code == 401:
                return None
            raise

    def lets_in(self, token: str) -> dict[str, Any]:
        """As `user`, of a token that is good: the API server hears of it a moment after it is made."""
        return eventually(lambda: self.user(token))

    def keeps_out(self, token: str) -> bool:
        """Whether a token is or becomes no good. Ask nothing of it before: an answer is remembered 10 s."""
        return eventually(lambda: self.user(token) is None)


def eventually(ask: Callable[[], Answer | None], patience: float = 15.0) -> Answer:
    """The first answer that is something, within so many seconds."""
    deadline = time.monotonic() + patience
    while not (answer := ask()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return answer


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    port = free_port()
    url = f"https://127.0.0.1:{port}"
    succeed(folder, cluster_tasks(folder / "pki", url))
    with serve(folder, folder / "pki", port):
        yield Cluster(folder, folder / "pki", url)


def test_a_token_that_is_made_lets_its_bearer_in_with_its_groups(cluster: Cluster) -> None:
    foretold = cluster.token(description="joining", dry_run=True)
    made = cluster.token(description="joining")
    assert foretold.changed
    assert foretold.diff == made.diff
    assert made.after is not None
    user = cluster.lets_in(made.after["token"])
    assert user["username"] == f"system:bootstrap:{made.after['id']}"
    assert "system:bootstrappers:kubeadm:default-node-token" in user["groups"]


def test_check_mode_makes_none(cluster: Cluster) -> None:
    assert cluster.token(description="checked", dry_run=True).changed
    assert cluster.token(description="checked", dry_run=True).before is None


def test_the_second_run_gives_the_same_token_and_changes_nothing(cluster: Cluster) -> None:
    first = cluster.token(description="twice", ttl="2h")
    second = cluster.token(description="twice", ttl="2h")
    assert not second.changed
    assert first.after == second.after


def test_one_that_lasts_less_than_half_as_long_is_prolonged(cluster: Cluster) -> None:
    first = cluster.token(description="short", ttl="1h")
    assert not cluster.token(description="short", ttl="90m").changed
    foretold = cluster.token(description="short", ttl="24h", dry_run=True)
    prolonged = cluster.token(description="short", ttl="24h")
    assert foretold.diff == prolonged.diff
    assert set(prolonged.diff["before"]) == {"expiry"}
    assert first.after is not None
    assert prolonged.after is not None
    assert prolonged.after["token"] == first.after["token"]
    assert prolonged.after["ends"] > first.after["ends"]
    assert cluster.token(description="short", ttl="0").after["ends"] is None  # type: ignore[index]
    assert not cluster.token(description="short", ttl="0").changed
    assert cluster.token(description="short", ttl="1h").diff["before"] == {"expiry": "never ends"}


def test_a_given_token_is_kept_as_given_and_changed_in_place(cluster: Cluster) -> None:
    cluster.token(token=GIVEN, description="by hand")
    groups = ["system:bootstrappers:test", "system:bootstrappers:kubeadm:default-node-token"]
    foretold = cluster.token(token=GIVEN, groups=groups, dry_run=True)
    assert foretold.diff == cluster.token(token=GIVEN, groups=groups).diff
    eventually(lambda: set(groups) < set(cluster.lets_in(GIVEN)["groups"]))
    assert not cluster.token(token=GIVEN, groups=groups[::-1], description="by hand").changed
    another = "abcdef.fedcba9876543210"
    assert cluster.token(token=another, groups=groups).diff["before"] == {"secret": "another"}
    assert cluster.lets_in(another)
    assert cluster.keeps_out(GIVEN)


def test_usages_decide_who_is_let_in(cluster: Cluster) -> None:
    signing = cluster.token(description="signing only", usages=["signing"])
    both = cluster.token(description="both")
    assert signing.after is not None
    assert both.after is not None
    assert cluster.lets_in(both.after["token"])
    assert cluster.keeps_out(signing.after["token"])


@pytest.mark.parametrize("known_by", ["description", "token_id"])
def test_absent_removes_it_without_showing_it_and_twice_is_fine(cluster: Cluster, known_by: str) -> None:
    made = cluster.token(description=f"gone by {known_by}").after
    assert made is not None
    name = {known_by: made["id" if known_by == "token_id" else known_by], "state": "absent"}
    assert cluster.token(**name, dry_run=True).changed
    assert cluster.token(**name, dry_run=True).changed
    gone = cluster.token(**name)
    assert gone.changed
    assert made["token"].partition(".")[2] not in repr(gone)
    assert cluster.keeps_out(made["token"])
    assert not cluster.token(**name).changed


def test_no_diff_holds_a_token(cluster: Cluster) -> None:
    made = cluster.token(description="quiet")
    changed_groups = cluster.token(description="quiet", groups=["system:bootstrappers:other"])
    assert made.after is not None
    for plan in (made, changed_groups):
        assert made.after["token"].partition(".")[2] not in repr(plan.diff)


def test_the_module_answers_the_token_and_no_log_hides_it(cluster: Cluster) -> None:
    options = {"kubeconfig": cluster.kubeconfig, "description": "a playbook's"}
    tasks = [
        {"packet.kubernetes.bootstrap_token": options, "register": "made", "no_log": True},
        {
            "ansible.builtin.assert": {
                "that": "made.bootstrap_token.token is match('[a-z0-9]{6}[.][a-z0-9]{16}$')"
            }
        },
    ]
    output = succeed(cluster.folder, tasks, "--diff", "-vvv")
    assert changed(output) == 1
    assert changed(succeed(cluster.folder, tasks, "--diff", "-vvv")) == 0
    token = cluster.token(description="a playbook's").after
    assert token is not None
    assert token["token"].partition(".")[2] not in output


def test_check_mode_before_there_is_a_cluster(cluster: Cluster, tmp_path: Path) -> None:
    options = {"kubeconfig": str(tmp_path / "later.conf"), "description": "x"}
    assert changed(succeed(tmp_path, [{"packet.kubernetes.bootstrap_token": options}], "--check")) == 1
    done = run(tmp_path, [{"packet.kubernetes.bootstrap_token": options}])
    assert done.returncode != 0
    assert "kubeconfig" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_whoever_may_not_is_told_so(cluster: Cluster, tmp_path: Path) -> None:
    nobody = {"path": str(tmp_path / "nobody.conf"), "server": cluster.url, "ca": str(cluster.pki / "ca")}
    succeed(tmp_path, [{"packet.kubernetes.kubeconfig": {**nobody, "user": "nobody"}}])
    with pytest.raises(ResourceError, match=f"the API server {cluster.url} answered 403 Forbidden"):
        cluster.token(kubeconfig=nobody["path"], description="x")


def test_a_server_that_does_not_answer_is_named(cluster: Cluster, tmp_path: Path) -> None:
    url = f"https://127.0.0.1:{free_port()}"
    nowhere = {"path": str(tmp_path / "nowhere.conf"), "server": url, "ca": str(cluster.pki / "ca")}
    succeed(tmp_path, [{"packet.kubernetes.kubeconfig": nowhere}])
    with pytest.raises(ResourceError, match=f"the API server {url} does not answer"):
        cluster.token(kubeconfig=nowhere["path"], description="x")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"token": "abcdef"}, "token has the wrong form"),
        ({"token_id": "ABCDEF"}, "token_id is 'ABCDEF'"),
        ({"description": "x", "ttl": "soon"}, "ttl is 'soon'; allowed are durations such as 24h"),
        ({"description": "x", "ttl": ""}, "ttl is ''"),
        ({"description": "x", "groups": ["system:masters"]}, "groups has 'system:masters'"),
    ],
)
def test_values_that_cannot_be_are_refused(cluster: Cluster, asked: dict[str, Any], told: str) -> None:
    with pytest.raises(ResourceError) as error:
        cluster.token(**asked)
    assert told in str(error.value)
