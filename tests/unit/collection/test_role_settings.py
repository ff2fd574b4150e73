# SPDX-License-Identifier: GPL-3.0-or-later
"""A setting is written down in four places; here they are held to one another.

A role's defaults, its argument_specs, its README, and the sample inventory that users copy.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

COLLECTION = Path(__file__).parents[3]
ROLES = {path.name: path for path in sorted((COLLECTION / "roles").iterdir())}

SAMPLE = COLLECTION / "inventory" / "group_vars" / "all.yml"
ONLY_IN_THE_SAMPLE = {"provision_project": "kubernetes"}
"""The sample asks for machines, whereas a role that is used without it makes none."""


def load(path: Path) -> dict[str, Any]:
    """A file of YAML."""
    loaded = yaml.safe_load(path.read_text())
    assert isinstance(loaded, dict), path
    return loaded


def defaults(role: Path) -> dict[str, Any]:
    """A role's settings."""
    return load(role / "defaults" / "main.yml")


def options(role: Path) -> dict[str, Any]:
    """What a role says of its settings."""
    specs = load(role / "meta" / "argument_specs.yml")["argument_specs"]
    described: dict[str, Any] = specs["main"]["options"]
    return described


@pytest.mark.parametrize("role", ROLES.values(), ids=ROLES)
def test_every_default_is_described_as_it_is(role: Path) -> None:
    assert {name: option["default"] for name, option in options(role).items()} == defaults(role)


@pytest.mark.parametrize("role", ROLES.values(), ids=ROLES)
def test_a_setting_begins_with_its_role(role: Path) -> None:
    assert [name for name in defaults(role) if not name.startswith(f"{role.name}_")] == []


def test_the_sample_has_every_setting_with_its_default() -> None:
    settings = {name: value for role in ROLES.values() for name, value in defaults(role).items()}
    sample = {name: value for name, value in load(SAMPLE).items() if not name.startswith("ansible_")}
    assert sample == settings | ONLY_IN_THE_SAMPLE


def test_what_is_assumed_of_other_roles_settings_is_their_default() -> None:
    """The settings are checked together before the other roles' defaults can be known."""
    text = (COLLECTION / "roles" / "kubernetes" / "tasks" / "main.yml").read_text()
    assumed = {name: int(value) for name, value in re.findall(r"(\w+) \| default\((\d+)\)", text)}
    known = {name: value for role in ROLES.values() for name, value in defaults(role).items()}
    assert assumed == {name: known[name] for name in assumed}
    assert assumed.keys() >= {"provision_control_planes", "provision_workers", "pki_ca_days"}


@pytest.mark.parametrize("role", ROLES.values(), ids=ROLES)
def test_the_readme_says_of_every_setting_what_the_specs_say(role: Path) -> None:
    text = (role / "README.md").read_text().replace(r"\|", "¦")
    rows = re.findall(r"^\| `(\w+)` \| `([^`]*)` \| (.+) \|$", text, re.MULTILINE)
    described = [
        (name, as_shown(option["default"]).replace("|", "¦"), as_told(option))
        for name, option in options(role).items()
    ]
    assert rows == described


def as_told(option: dict[str, Any]) -> str:
    """What a README says of a setting: its description, what it may be, what it is made of."""
    described = option["description"]
    sentences = [described] if isinstance(described, str) else list(described)
    if "choices" in option:
        sentences.append(f"One of {', '.join(str(choice) for choice in option['choices'])}.")
    if "options" in option:
        parts = [
            f"`{name}`" if part.get("required") else f"`{name}` (optional)"
            for name, part in option["options"].items()
        ]
        sentences.append(f"Each has {', '.join(parts)}.")
    return re.sub(r"\b[CV]\(([^)]*)\)", r"`\1`", " ".join(sentences))


def as_shown(value: Any) -> str:
    """A default as a README writes it: as in YAML, but without quotes around text."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) or '""'


@pytest.mark.parametrize("role", ROLES.values(), ids=ROLES)
def test_the_readmes_example_is_a_playbook_with_the_role(role: Path) -> None:
    (example,) = re.findall(
        r"^```yaml\n(.*?)^```$", (role / "README.md").read_text(), re.MULTILINE | re.DOTALL
    )
    plays = yaml.safe_load(example)
    assert plays[-1]["roles"] == [f"packet.kubernetes.{role.name}"]
