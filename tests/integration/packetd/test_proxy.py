# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients whose URL cannot be changed, sent here by HTTPS_PROXY."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
import requests
from packetd_process import Packetd

CLIENT = """
import packet
manager = packet.Manager(auth_token={token!r})
project = manager.create_project("by packet-python")
device = manager.create_device(project.id, "host-1", "baremetal_0", "ewr1", "ubuntu_20_04", tags={{}})
ips = manager.reserve_ip_address(project.id, "public_ipv4", 1, facility="ewr1")
names = [d.hostname for d in manager.list_devices(project.id)]
print(names, device.state, manager.get_user()['email'], len(manager.list_plans()) > 10)
"""


def environment(server: Packetd) -> dict[str, str]:
    proxied = {"HTTPS_PROXY": server.proxy_url, "REQUESTS_CA_BUNDLE": str(server.ca)}
    return {"PATH": os.environ["PATH"], **proxied}


def session(server: Packetd) -> requests.Session:
    client = requests.Session()
    client.trust_env = False
    client.proxies = {"https": server.proxy_url}
    client.verify = str(server.ca)
    client.headers["X-Auth-Token"] = server.token
    return client


@pytest.mark.parametrize("base", ["https://api.packet.net", "https://api.equinix.com/metal/v1"])
def test_both_names_of_the_api(server: Packetd, project: str, base: str) -> None:
    with session(server) as client:
        for _ in range(3):
            answer = client.get(f"{base}/projects/{project}", timeout=10)
            assert answer.headers["content-type"].startswith("application/json")
            assert answer.json()["href"].endswith(f"/projects/{project}")


def test_large_bodies_pass(server: Packetd, project: str) -> None:
    body = {
        "hostname": "big",
        "plan": "c3.small.x86",
        "operating_system": "debian_12",
        "metro": "sv",
        "userdata": "x" * 900_000,
    }
    with session(server) as client:
        url = f"https://api.packet.net/projects/{project}/devices"
        assert client.post(url, json=body, timeout=30).json()["userdata"] == body["userdata"]


def test_metadata_is_for_devices_only(server: Packetd) -> None:
    with session(server) as client:
        answer = client.get("https://metadata.packet.net/metadata", timeout=10)
    assert (answer.status_code, answer.json()) == (404, {"errors": ["Not found"]})


@pytest.mark.parametrize("target", ["example.com:443", "api.packet.net:22", "127.0.0.1:22", "nonsense"])
def test_nothing_else_is_connected_to(server: Packetd, target: str) -> None:
    proxy = urlsplit(server.proxy_url)
    with socket.create_connection((proxy.hostname, proxy.port), timeout=10) as connection:
        connection.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        assert connection.makefile("rb").readline().startswith(b"HTTP/1.1 403 ")


def test_plain_requests_are_refused(server: Packetd) -> None:
    client = requests.Session()
    client.trust_env = False
    client.proxies = {"http": server.proxy_url}
    answer = client.get("http://example.com/", timeout=10)
    assert (answer.status_code, "api.packet.net" in answer.text) == (403, True)


def test_packet_python_unmodified(server: Packetd) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CLIENT.format(token=server.token)],
        capture_output=True,
        text=True,
        check=False,
        env=environment(server),
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "['host-1'] queued admin@packetd.invalid True\n"
