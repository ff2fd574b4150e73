# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong, in words for the user."""

import shutil


class MirrorError(Exception):
    """One clear line for the user: what failed, and what mends it."""


def need(*packages: str) -> None:
    """Raise MirrorError, with what mends it, where the program of one of these Debian packages is missing."""
    missing = [package for package in packages if shutil.which(package) is None]
    if missing:
        raise MirrorError(f"missing programs: apt-get install {' '.join(missing)}")
