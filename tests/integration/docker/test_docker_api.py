# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices reach the API themselves, at the gateway of their network and nowhere else."""

from __future__ import annotations

import json
import shlex
from typing import Any
from urllib.parse import urlsplit

from docker_site import Site, output


def url_of(site: Site) -> str:
    """As programs learn it."""
    return str(json.loads(site.server.command("status", "--json").stdout)["network"]["api"])


def from_device(site: Site, device: str, path: str) -> Any:
    """What a device is answered; the token comes by standard input, as arguments can be read by everybody."""
    asking = f"curl -s -m 60 --header @/dev/stdin {shlex.quote(url_of(site) + path)}"
    return json.loads(
        site.host(device).output(f"echo X-Auth-Token: {shlex.quote(site.server.token)} | {asking}")
    )


def test_its_url_is_told_and_is_at_the_gateway(site: Site, one: str) -> None:
    serving = json.loads((site.server.state / "packetd.json").read_text())
    url = url_of(site)
    assert serving["network"]["api"] == url
    assert f"api for devices\t{url}" in site.server.command("status").stdout.splitlines()
    gateway = site.host(one).output("ip -4 route show default").split()[2]
    assert serving["network"]["gateway"] == urlsplit(url).hostname == gateway
    assert serving["api"] != url


def test_a_device_is_answered_as_others_are(site: Site, one: str, two: str) -> None:
    for path in (f"/devices/{one}", f"/metal/v1/projects/{site.project}/devices?per_page=1"):
        assert from_device(site, two, path) == site.api("GET", path)
    url = url_of(site)
    code = "curl -s -m 5 -o /dev/null -w '%{http_code}' "
    assert site.host(one).output(f"{code} {url}/projects") == "401"
    # What is not the API is where it was.
    assert site.host(one).output(f"{code} http://metadata.packet.net/projects") == "404"


def test_a_device_waits_for_events(site: Site, one: str, two: str) -> None:
    path = f"/devices/{two}/events"
    after = site.api("GET", path)["events"][0]["id"]
    site.act(two, "reboot", "active")
    told = from_device(site, one, f"{path}?after={after}&wait=60&type=power.200")["events"]
    assert [event["type"] for event in told] == ["power.200"]


def test_nobody_listens_at_other_addresses_of_the_host(site: Site) -> None:
    url = urlsplit(url_of(site))
    listening = output("ss", "-Hltn", f"sport = :{url.port}").split()
    assert f"{url.hostname}:{url.port}" in listening
    assert not {f"{address}:{url.port}" for address in ("0.0.0.0", "*", "127.0.0.1")} & set(listening)
