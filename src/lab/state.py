# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a lab keeps what it makes: one folder, so that taking it down is removing what is in it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class State:
    """The paths of one lab below its folder."""

    root: Path

    @classmethod
    def of_environment(cls) -> State:
        """The folder named by PACKET_STATE, by default `.state` of the checkout."""
        return cls(Path(os.environ.get("PACKET_STATE") or CHECKOUT / ".state").absolute())

    @property
    def packetd(self) -> Path:
        """State of packetd: its database, CA and admin token."""
        return self.root / "packetd"

    @property
    def inventory(self) -> Path:
        """The copy of the sample inventory with this lab's settings."""
        return self.root / "inventory"

    @property
    def assets(self) -> Path:
        """Authorities, keys and known hosts of the cluster."""
        return self.root / "assets"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.root / "kubeconfig"

    @property
    def kubectl(self) -> Path:
        """The kubectl of the cluster's version."""
        return self.root / "bin" / "kubectl"

    @property
    def run(self) -> Path:
        """Pid files of the lab's servers."""
        return self.root / "run"

    @property
    def log(self) -> Path:
        """Logs of the lab's servers."""
        return self.root / "log"

    @property
    def made(self) -> tuple[Path, ...]:
        """Everything that `up` makes in the folder."""
        return (
            self.packetd, self.inventory, self.assets, self.kubeconfig, self.root / "bin", self.run, self.log,
        )  # fmt: skip


def cache() -> Path:
    """The folder of what is dear to make and shared by all labs: image and mirror."""
    return Path(os.environ.get("PACKET_CACHE") or Path.home() / ".cache" / "packet-kubernetes").absolute()
