# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/migrating.md names no option that there is not, and leaves out none of community.general's."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

COLLECTION = Path(__file__).parents[3]
GUIDE = (COLLECTION / "docs" / "migrating.md").read_text()
FORMER = [
    "packet_device",
    "packet_ip_subnet",
    "packet_project",
    "packet_sshkey",
    "packet_volume",
    "packet_volume_attachment",
]
Row = tuple[str, str]


def options_of(plugins: list[str], kind: str = "module") -> dict[str, Any]:
    """The options of plugins, by their short names."""
    command = [str(Path(sys.executable).with_name("ansible-doc")), "--json", "--type", kind, *plugins]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {
        name.rpartition(".")[2]: entry["doc"].get("options", {}) for name, entry in json.loads(out).items()
    }


@pytest.fixture(scope="module")
def ours() -> dict[str, Any]:
    modules = [f"packet.kubernetes.{path.stem}" for path in (COLLECTION / "plugins/modules").glob("*.py")]
    return options_of(modules) | options_of(["packet.kubernetes.packet"], "inventory")


@pytest.fixture(scope="module")
def former() -> dict[str, Any]:
    return options_of([f"community.general.{name}" for name in FORMER])


def tables() -> dict[str, list[Row]]:
    """The first two columns of the tables, without their heads, by the heading above."""
    found: dict[str, list[Row]] = {}
    for section in re.split(r"\n##+ ", GUIDE)[1:]:
        heading, _, text = section.partition("\n")
        found[heading] = re.findall(r"^\| ([^|]+) \| ([^|]+) \|(?: .*\|)?$(?!\n\|---)", text, re.MULTILINE)
    return found


def options_in(documented: dict[str, Any], prefix: str = "") -> set[str]:
    """Options with their aliases and suboptions, as a table names them."""
    names = set()
    for name, option in documented.items():
        names |= {f"{prefix}{known}" for known in (name, *option.get("aliases", ()))}
        names |= options_in(option.get("suboptions") or {}, f"{prefix}{name}.")
    return names


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_option_that_is_named_here_exists(ours: dict[str, Any]) -> None:
    known = {f"{name}.{option}" for name, options in ours.items() for option in options_in(options)}
    cells = [new for rows in tables().values() for _, new in rows]
    named = {name.replace("[]", "") for cell in cells for name in quoted(cell)}
    options = {name for name in named if "." in name or name.endswith("_info")}
    assert len(options) > 100
    assert sorted(options - known - ours.keys()) == []


def test_every_row_says_what_an_option_becomes_or_that_it_is_gone() -> None:
    rows = [row for rows in tables().values() for row in rows]
    assert [old for old, new in rows if not quoted(new) and new not in ("none", "the same")] == []


@pytest.mark.parametrize("name", FORMER)
def test_no_option_of_community_general_is_left_out(name: str, former: dict[str, Any]) -> None:
    told = {option for old, _ in tables()[f"`{name}`"] for option in quoted(old)}
    assert told == options_in(former[name])


def tasks() -> list[dict[str, Any]]:
    blocks = re.findall(r"^```yaml\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    return [task for block in map(yaml.safe_load, blocks) if isinstance(block, list) for task in block]


def test_examples_give_options_that_exist(ours: dict[str, Any], former: dict[str, Any]) -> None:
    checked = 0
    for task in tasks():
        (called,) = task.keys() - {"name", "register"}
        collection, _, module = called.rpartition(".")
        if collection == "equinix.cloud":
            continue
        documented = {"packet.kubernetes": ours, "community.general": former}[collection][module]
        assert task[called].keys() <= options_in(documented), task
        required = {name for name, option in documented.items() if option.get("required")}
        assert required <= task[called].keys(), task
        checked += 1
    assert checked >= 2 * len(FORMER)


def test_variables_of_hosts_are_those_of_the_inventory() -> None:
    told = (COLLECTION / "plugins/inventory/packet.py").read_text()
    cells = [
        new for heading in ("`packet_net.py`", "`equinix.cloud.metal_device`") for _, new in tables()[heading]
    ]
    named = {name for cell in cells for name in quoted(cell) if name.startswith("packet_")}
    assert "packet_tags" in named
    assert [name for name in named if f"C({name})" not in told] == []


def test_the_examples_of_inventories_give_options_that_exist(ours: dict[str, Any]) -> None:
    blocks = re.findall(r"^```yaml\n(plugin: .*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        assert yaml.safe_load(block).keys() <= options_in(ours["packet"])
