# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong, in words for the user."""


class MirrorError(Exception):
    """One clear line for the user: what failed, and what mends it."""
