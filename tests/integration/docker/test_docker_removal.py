# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking a state down leaves nothing of it on the host."""

from __future__ import annotations

import json

from docker_site import Site, output, until

from packetd.drivers.docker import DockerDriver


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
