# SPDX-License-Identifier: GPL-3.0-or-later
"""The driver `molecule-packet`: the platforms of a scenario are devices of the Packet API.

Molecule asks for the version of the distribution that has the name of the driver's package.
"""

from __future__ import annotations

from pathlib import Path

from molecule.config import Config
from molecule.driver.delegated import Delegated


class Packet(Delegated):
    """As molecule's own driver, with the playbooks beside this file for scenarios that bring none."""

    title = "Devices of the Packet API"

    def __init__(self, config: Config) -> None:
        """Takes the name that scenarios ask for; molecule's schema wants its prefix."""
        super().__init__(config)
        self.name = "molecule-packet"

    def schema_file(self) -> str:
        """What this driver takes of platforms, where molecule's own would refuse the name."""
        return str(Path(__file__).with_name("schema.json"))
