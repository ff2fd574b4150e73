# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages for people, made on the server: what there is, live, and the API's document."""

from __future__ import annotations

from packetd.web.pages import Pages

__all__ = ["Pages"]
