# SPDX-License-Identifier: GPL-3.0-or-later
"""What an execution environment with the collection is given, as ansible-builder reads it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

COLLECTION = Path(__file__).parents[3]


def introspected(folder: Path) -> dict[str, Any]:
    """What ansible-builder finds in a place that has this collection alone."""
    place = folder / "ansible_collections" / "packet"
    place.mkdir(parents=True)
    (place / "kubernetes").symlink_to(COLLECTION)
    builder = Path(sys.executable).with_name("ansible-builder")
    out = subprocess.run([builder, "introspect", folder], check=True, capture_output=True, text=True).stdout
    found: dict[str, Any] = yaml.safe_load(out)
    return found


def lines(path: Path) -> list[str]:
    """The requirements in a file, without comments."""
    return [line for line in path.read_text().splitlines() if line and not line.startswith("#")]


def test_everything_that_the_collection_needs_is_asked_for(tmp_path: Path) -> None:
    found = introspected(tmp_path)
    named = {
        kind: [entry.partition("  #")[0] for entry in entries] for kind, entries in found.items() if entries
    }
    # Ansible itself brings PyYAML, and ansible-builder leaves out what Ansible brings.
    python = [line for line in lines(COLLECTION / "meta" / "ee-requirements.txt") if line != "PyYAML"]
    assert named == {"python": python, "system": lines(COLLECTION / "meta" / "ee-bindep.txt")}
