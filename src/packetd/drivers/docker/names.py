# SPDX-License-Identifier: GPL-3.0-or-later
"""What the things of one state directory are called on the host, so that two states never meet."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Names:
    """Derived from the real path of the state directory alone."""

    short: str

    @classmethod
    def of(cls, state: Path) -> Names:
        """The names of the state kept in this directory, which need not exist."""
        return cls(hashlib.sha256(str(state.resolve()).encode()).hexdigest()[:8])

    @property
    def network(self) -> str:
        """Docker's network and the host's bridge; an interface name has 15 characters at most."""
        return f"pk-{self.short}"

    @property
    def table(self) -> str:
        """The nftables table of family inet."""
        return f"pk_{self.short}"

    @property
    def label(self) -> str:
        """On every container of the state."""
        return f"packetd.state={self.short}"

    def container(self, device_id: str) -> str:
        """For people; the driver itself finds containers by label."""
        return f"pk-{self.short}-{device_id[:8]}"
