# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-test cannot see: an action's options, and what has to be the same in two places."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.packet.kubernetes.plugins.action import certificate_info
from ansible_collections.packet.kubernetes.plugins.doc_fragments._connection import ModuleDocFragment
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.device import Devices
from ansible_collections.packet.kubernetes.plugins.module_utils._packet.connection import (
    PROJECT_VARIABLES,
    TOKEN_FILE_VARIABLES,
    TOKEN_VARIABLES,
    URL_VARIABLES,
)

COLLECTION = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def modules() -> dict[str, Any]:
    """Every module's documentation with its fragments, by its short name."""
    names = [f"packet.kubernetes.{path.stem}" for path in (COLLECTION / "plugins/modules").glob("*.py")]
    command = [str(Path(sys.executable).with_name("ansible-doc")), "--json", *names]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {name.rpartition(".")[2]: entry["doc"] for name, entry in json.loads(out).items()}


def as_documented(spec: dict[str, Any]) -> dict[str, Any]:
    """An argument spec in the words of a documentation; what cannot be said of both is left out."""
    shown = {}
    for name, option in spec.items():
        shown[name] = {
            key: option[key]
            for key in ("type", "elements", "choices", "default", "required")
            if key in option
        }
        if "options" in option:
            shown[name]["suboptions"] = as_documented(option["options"])
    return shown


def as_specified(documented: dict[str, Any]) -> dict[str, Any]:
    """The same of a documentation."""
    shown = {}
    for name, option in documented.items():
        keys = ("type", "elements", "choices", "default", "required")
        shown[name] = {key: option[key] for key in keys if option.get(key) is not None}
        if "suboptions" in option:
            shown[name]["suboptions"] = as_specified(option["suboptions"])
    return shown


ACTIONS = {"device": Devices.options, "certificate_info": certificate_info.OPTIONS}


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_takes_the_options_that_are_documented(modules: dict[str, Any], action: str) -> None:
    assert as_specified(modules[action]["options"]) == as_documented(dict(ACTIONS[action]))


def test_the_action_group_has_every_module_of_the_api(modules: dict[str, Any]) -> None:
    runtime = yaml.safe_load((COLLECTION / "meta/runtime.yml").read_text())
    speaking = {name for name, doc in modules.items() if "api_url" in doc.get("options", {})}
    assert set(runtime["action_groups"]["all"]) == speaking
    assert all("action_group" in modules[name]["attributes"] for name in speaking)


def test_every_module_is_named_where_the_collection_is_told() -> None:
    told = (COLLECTION / "docs" / "collection.md").read_text()
    names = {path.stem for path in (COLLECTION / "plugins" / "modules").glob("*.py")}
    implied = {name for name in names if name.endswith("_info") and f"`{name.removesuffix('_info')}`" in told}
    assert sorted(name for name in names - implied if f"`{name}`" not in told) == []


def test_modules_and_inventory_have_the_same_connection() -> None:
    def bare(text: str) -> dict[str, Any]:
        options = yaml.safe_load(text)["options"]
        return {
            name: {k: v for k, v in option.items() if k in ("type", "default")}
            for name, option in options.items()
        }

    assert bare(ModuleDocFragment.DOCUMENTATION) == bare(ModuleDocFragment.PLUGIN)


VARIABLES = {
    "api_url": URL_VARIABLES,
    "api_token": TOKEN_VARIABLES,
    "api_token_file": TOKEN_FILE_VARIABLES,
    "project": PROJECT_VARIABLES,
}


@pytest.mark.parametrize("option", VARIABLES)
def test_the_variables_of_the_environment_are_told_in_their_order(
    modules: dict[str, Any], option: str
) -> None:
    told = re.findall(r"E\((\w+)\)", " ".join(modules["device"]["options"][option]["description"]))
    assert tuple(told) == VARIABLES[option]


@pytest.mark.parametrize(
    ("kind", "name", "project"), [("inventory", "packet", "projects"), ("lookup", "device", "project")]
)
def test_plugins_read_the_same_variables(kind: str, name: str, project: str) -> None:
    command = [str(Path(sys.executable).with_name("ansible-doc")), "--json", "--type", kind]
    out = subprocess.run([*command, f"packet.kubernetes.{name}"], check=True, capture_output=True, text=True)
    (entry,) = json.loads(out.stdout).values()
    for option, variables in VARIABLES.items():
        read = entry["doc"]["options"][project if option == "project" else option]["env"]
        # Of these the last one prevails.
        assert tuple(variable["name"] for variable in reversed(read)) == variables
