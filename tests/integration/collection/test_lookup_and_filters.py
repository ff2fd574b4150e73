# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup and the filters as playbooks use them."""

from __future__ import annotations

from typing import Any

from ansible_runs import Ansible

ORDER = {"plan": "c3.small.x86", "operating_system": "debian_12", "metro": "sv"}
# A tag may look like a template; nobody has said that it is one.
TRAP = "{{ 6 * 7 }}"


def named(*references: str) -> str:
    """The arguments of a lookup for these."""
    return ", ".join(map(repr, ("packet.kubernetes.device", *references))) + ", project='p'"


def shown(name: str, expression: str, **further: Any) -> dict[str, Any]:
    """A task that shows what an expression comes to."""
    return {"name": name, "ansible.builtin.debug": {"msg": f"{{{{ {expression} }}}}"}, **further}


def test_devices_are_looked_up_and_nodes_are_told_from_them(ansible: Ansible, packetd: Any) -> None:
    _, project = packetd.call("POST", "/projects", {"name": "p"})
    path = f"/projects/{project['id']}/devices"
    ids = {
        name: packetd.call("POST", path, {**ORDER, "hostname": name, "tags": [TRAP]})[1]["id"]
        for name in "ab"
    }
    run = ansible.play(
        [
            shown("one", f"lookup({named('b')})"),
            shown("by id", f"lookup({named(ids['a'])}).hostname"),
            shown("some", f"query({named('b', 'c', 'a')}, missing='skip') | map(attribute='id')"),
            shown("missing", f"lookup({named('c')})", ignore_errors=True),
            shown(
                "node", f"'packet://{ids['a']}' | packet.kubernetes.device_id | packet.kubernetes.provider_id"
            ),
            shown("skew", "'v1.36.3' | packet.kubernetes.version_skew_problems(['v1.34.0'])"),
            shown("ranges", "{'a': '10.0.0.0/8', 'b': '10.1.0.0/16'} | packet.kubernetes.cidr_problems"),
        ]
    )
    assert run.code == 0, (run.tasks, run.stderr)
    told = {name: result.get("msg") for name, result in run.tasks.items()}
    assert (told["one"]["id"], told["one"]["tags"]) == (ids["b"], [TRAP])
    assert told["by id"] == "a"
    assert told["some"] == [ids["b"], ids["a"]]
    assert run.tasks["missing"]["failed"]
    assert "packet.kubernetes.device: the project has no device 'c'" in told["missing"]
    assert told["node"] == f"equinixmetal://{ids['a']}"
    assert "go to v1.35 first" in told["skew"][0]
    assert told["ranges"] == ["a is 10.0.0.0/8 and overlaps b 10.1.0.0/16; allowed are ranges apart"]
