# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens on the controller: reading a machine's facts, fetching published checksums."""

from __future__ import annotations

import subprocess
from multiprocessing import get_context
from pathlib import Path

import pytest
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import ResourceError
from ansible_collections.packet.kubernetes.plugins.plugin_utils._checksums import published_checksums
from ansible_collections.packet.kubernetes.plugins.plugin_utils._node_facts import SCRIPT, read_facts
from hypothesis import given
from hypothesis import strategies as st
from node_fakes import commands, served

DIGEST = "ab" * 32

TOLD = {
    "container": "0",
    "machine": "x86_64",
    "cgroup": "cgroup2fs",
    "capabilities": "000001ffffffffff",
    "memory_kib": str(4 << 20),
    "memory_limit": "max",
    "cpus": "8",
    "os_id": "debian",
    "os_version_id": "12",
    "hostname": "a",
    "addresses": "10.0.0.1 2001:db8::1",
    "kubelet_active": "1",
    "kubelet_configured": "1",
    "kubelet_version": "Kubernetes v1.36.3",
    "initialised": "0",
    "joined": "1",
    "end": "1",
}


def output(**told: str) -> str:
    return "".join(f"{name}={value}\n" for name, value in {**TOLD, **told}.items())


def test_the_facts_of_a_machine() -> None:
    facts = read_facts(output())
    assert facts["architecture"] == "amd64"
    assert (facts["cgroup_version"], facts["cap_sys_resource"], facts["memory_mib"]) == (2, True, 4096)
    assert facts["addresses"] == ["10.0.0.1", "2001:db8::1"]
    assert facts["kubelet"]["version"] == "v1.36.3"
    assert (facts["initialised"], facts["joined"]) == (False, True)


@given(st.integers(0, 1 << 63))
def test_memory_is_never_more_than_there_is(limit: int) -> None:
    assert read_facts(output(memory_limit=str(limit)))["memory_mib"] == min(4096, limit >> 20)


@given(st.integers(0, (1 << 41) - 1))
def test_the_capability_is_one_bit(capabilities: int) -> None:
    facts = read_facts(output(capabilities=f"{capabilities:016x}"))
    assert facts["cap_sys_resource"] == bool(capabilities & 1 << 24)


@given(st.text())
def test_an_answer_that_is_not_whole_is_an_error(text: str) -> None:
    if "end=" not in text:
        with pytest.raises(ResourceError, match="did not answer to the end"):
            read_facts(text)


def test_this_machine_tells_its_facts(tmp_path: Path) -> None:
    with commands(tmp_path, kubelet="print('Kubernetes v1.2.3')"):
        told = subprocess.run(["/bin/sh"], input=SCRIPT, capture_output=True, text=True, check=True).stdout
    facts = read_facts(told)
    assert facts["memory_mib"] > 0
    assert facts["cpus"] > 0
    assert facts["kubelet"]["version"] == "v1.2.3"


@pytest.mark.parametrize("text", [DIGEST, f"{DIGEST}\n", f"{DIGEST.upper()}  tool\n", f"{DIGEST} *tool"])
def test_published_checksums_are_read_with_and_without_a_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "tool.sha256").write_text(text)
    with served(tmp_path) as url:
        assert published_checksums([f"{url}/tool"], tmp_path) == {f"{url}/tool": DIGEST}


def test_a_checksum_is_fetched_once_for_all_forks(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.sha256").write_text(DIGEST)
    cache = tmp_path / "cache"
    cache.mkdir()
    with served(tmp_path) as url:
        urls = [f"{url}/a", f"{url}/b"]
        with get_context("spawn").Pool(3) as pool:
            answers = pool.starmap(published_checksums, [(urls, cache)] * 6)
    # The server is gone, and still they are known.
    assert [*answers, published_checksums(urls, cache)] == [dict.fromkeys(urls, DIGEST)] * 7


@pytest.mark.parametrize(("text", "why"), [(None, "answered 404"), ("<html>", "is no SHA-256 digest")])
def test_a_checksum_that_cannot_be_had_says_what_to_do(tmp_path: Path, text: str | None, why: str) -> None:
    if text is not None:
        (tmp_path / "tool.sha256").write_text(text)
    with (
        served(tmp_path) as url,
        pytest.raises(
            ResourceError, match=rf"node: no checksum from {url}/tool\.sha256: .*{why}.*give `checksum`"
        ),
    ):
        published_checksums([f"{url}/tool"], tmp_path)
