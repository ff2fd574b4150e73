# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking a state down leaves nothing of it on the host."""

from __future__ import annotations

import json

import pytest
from docker_site import Site, output, until

from packetd.drivers.docker import DockerDriver

# A connection whose last words nobody confirms: its kernel goes on saying them for minutes.
UNHEARD = """
import socket, subprocess
gateway = subprocess.check_output(["ip", "route", "show", "default"], text=True).split()[2]
talk = socket.create_connection((gateway, 80))
subprocess.run(["nft", "add table inet deaf; add chain inet deaf input "
    "{ type filter hook input priority 0; policy drop; }"], check=True)
talk.send(b"POST /phone-home HTTP/1.1\\r\\n")
"""


def test_destruction_leaves_nothing(own_site: Site) -> None:
    names, state = own_site.names, own_site.server.state
    containers = ("docker", "ps", "--all", "--quiet", "--filter", f"label={names.label}")
    device = own_site.order("one", "")
    address = own_site.reserve()[1]
    own_site.api("POST", f"/devices/{device}/ips", {"address": f"{address}/32"})
    until(lambda: output("ip", "route", "show", "exact", f"{address}/32") != "", "the route")
    ranges = json.loads((state / "network.json").read_text())
    inspect = ("docker", "inspect", "--format", "{{range .Mounts}}{{.Name}} {{end}}")
    volumes = set(output(*inspect, *output(*containers).split()).split())
    assert volumes

    own_site.destroy()
    DockerDriver(state).destroy()

    assert output(*containers) == ""
    assert volumes.isdisjoint(output("docker", "volume", "ls", "--quiet").split())
    assert names.network not in output("docker", "network", "ls", "--format", "{{.Name}}").split()
    assert names.network not in output("ip", "-brief", "link")
    assert names.table not in output("nft", "list", "tables")
    for network in ranges.values():
        assert output("ip", "route", "show", "root", network) == ""


@pytest.mark.parametrize("ending", ["delete", "power_off", "within"])
def test_who_is_gone_no_longer_answers_at_its_addresses(own_site: Site, ending: str) -> None:
    """Its network would stay while its kernel wants to be heard, beside the next with its address."""
    device = own_site.order("one", "")
    own_site.wait_for(device, "active")
    host, inside = own_site.host(device), ("docker", "exec", own_site.names.container(device))
    until(host.answers, "ssh")
    output(*inside, "python3", "-c", UNHEARD)
    ports = ("ip", "-oneline", "link", "show", "master", own_site.names.network)
    (before,) = output(*ports).splitlines()
    if ending == "delete":
        assert own_site.server.call("DELETE", f"/devices/{device}?force_delete=true")[0] == 204
        until(lambda: own_site.server.call("GET", f"/devices/{device}")[0] == 404, "the deletion")
        assert output(*ports) == ""
    elif ending == "power_off":
        own_site.act(device, "power_off", "inactive")
        assert output(*ports) == ""
    else:
        output(*inside, "systemctl", "reboot")
        until(host.answers, "ssh after the reboot")
        (after,) = output(*ports).splitlines()
        assert after.split(":")[0] != before.split(":")[0]
