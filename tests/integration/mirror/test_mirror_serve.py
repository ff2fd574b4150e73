# SPDX-License-Identifier: GPL-3.0-or-later
"""kube-mirror serve: files, ranges, images, health, and an end that leaves nothing."""

import json
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
import requests
from mirror_command import Run, Serve

SMALL = "v1.0.0/bin/linux/amd64/small"


def test_files_are_served_whole_and_in_ranges(built: Path, serve: Serve) -> None:
    content = (built / "files" / SMALL).read_bytes()
    with serve(built) as served, requests.Session() as session:
        url = f"{served.files}/{SMALL}"
        assert session.get(url).content == content
        head = session.head(url)
        assert (head.headers["Content-Length"], head.headers["Accept-Ranges"]) == (str(len(content)), "bytes")
        for asked, part in [
            ("0-9", content[:10]),
            ("100-", content[100:]),
            ("-7", content[-7:]),
            ("5-999999999", content[5:]),
        ]:
            answer = session.get(url, headers={"Range": f"bytes={asked}"})
            assert (answer.status_code, answer.content) == (206, part)
        beyond = session.get(url, headers={"Range": f"bytes={len(content)}-"})
        assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(content)}")
        assert session.get(url, headers={"Range": "lines=1-2"}).content == content


@pytest.mark.parametrize(
    "path",
    [
        "/../records/small-v1.0.0.json",
        "/%2e%2e/records/small-v1.0.0.json",
        "//etc/passwd",
        "/v1.0.0",
        "/absent",
        "/.x",
    ],
)
def test_nothing_else_is_served(built: Path, serve: Serve, path: str) -> None:
    (built / "files/.x").write_text("hidden")
    with serve(built) as served:
        host, _, port = served.files.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port))) as raw:
            raw.sendall(f"GET {path} HTTP/1.1\r\nHost: mirror\r\nConnection: close\r\n\r\n".encode())
            assert raw.makefile("rb").readline().split()[1] == b"404"


def test_images_are_pulled_and_the_registry_is_read_only(built: Path, serve: Serve, tmp_path: Path) -> None:
    with serve(built) as served:
        registry = served.images.removeprefix("http://")
        source = f"docker://{registry}/registry.k8s.io/small:v1.0.0"
        skopeo = ["skopeo", "--insecure-policy"]
        inspected = subprocess.run(
            [*skopeo, "inspect", "--config", "--tls-verify=false", source], capture_output=True, check=True
        )
        assert json.loads(inspected.stdout)["config"]["Entrypoint"] == ["/small"]
        copy = [
            *skopeo,
            "copy",
            "--quiet",
            "--src-tls-verify=false",
            source,
            f"oci:{tmp_path / 'pulled'}:small",
        ]
        subprocess.run(copy, check=True)
        assert requests.post(f"{served.images}/v2/registry.k8s.io/small/blobs/uploads/").status_code == 405


def test_health_speaks_for_the_registry_too_and_its_end_is_ours(built: Path, serve: Serve) -> None:
    with serve(built) as served:
        healthy = requests.get(f"{served.files}/healthz")
        assert (healthy.status_code, healthy.json()) == (200, {"files": True, "registry": True})
        registry = _child(served.process.pid)
        subprocess.run(["kill", "-STOP", str(registry)], check=True)
        try:
            assert requests.get(f"{served.files}/healthz").status_code == 503
        finally:
            subprocess.run(["kill", "-CONT", str(registry)], check=True)
        subprocess.run(["kill", "-KILL", str(registry)], check=True)
        assert served.process.wait(10) == 1
        assert served.process.stderr is not None
        assert "docker-registry ended by itself" in served.process.stderr.read()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_whatever_ends_it_ends_the_registry(built: Path, serve: Serve, number: signal.Signals) -> None:
    with serve(built) as served:
        port = int(served.images.rpartition(":")[2])
        served.process.send_signal(number)
        assert served.process.wait(10) != 0
        for _ in range(50):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) != 0:
                    return
            time.sleep(0.1)
        pytest.fail("docker-registry still answers")


@pytest.mark.parametrize("taken", ["--listen", "--registry"])
def test_a_port_in_use_is_one_clear_line(built: Path, run: Run, taken: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        ports = {"--listen": "127.0.0.1:0", "--registry": "127.0.0.1:0", taken: address}
        result = run("serve", "--store", built, *(word for pair in ports.items() for word in pair))
    assert result.returncode == 1
    assert result.stderr == f"kube-mirror: cannot listen on {address}: Address already in use\n"


def test_an_empty_store_is_not_served(store: Path, run: Run) -> None:
    result = run("serve", "--store", store, "--listen", "127.0.0.1:0", "--registry", "127.0.0.1:0")
    assert result.returncode == 1
    assert "holds nothing: run `kube-mirror build`" in result.stderr


def test_list_tells_files_and_images(built: Path, run: Run) -> None:
    lines = [line.split("\t") for line in run("list", "--store", built).stdout.splitlines()]
    assert [line[:2] for line in lines] == [
        ["file", "/other/other/releases/download/v2.0.0/other-2.0.0.tar.gz"],
        ["file", f"/{SMALL}"],
        ["image", "registry.k8s.io/small:v1.0.0"],
    ]
    assert lines[1][2] == str((built / "files" / SMALL).stat().st_size)
    assert lines[2][4] == "pause in place of small v1.0.0"
    records = json.loads(run("list", "--json", "--store", built).stdout)
    assert [record["component"] for record in records] == ["other", "small"]


def _child(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
