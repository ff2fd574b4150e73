# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host name may look like."""

from __future__ import annotations

import re

RULE = (
    "letters, digits and hyphens in labels of 1 to 63 characters that neither begin nor end with a hyphen,"
    " joined by dots, 253 characters at most (RFC 1123)"
)
_LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)")


def is_hostname(name: str) -> bool:
    """Whether ``name`` obeys RULE."""
    return len(name) <= 253 and all(_LABEL.fullmatch(label) for label in name.split("."))
