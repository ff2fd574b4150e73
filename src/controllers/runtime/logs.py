# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs as lines of JSON on standard error, each with the names of the objects that it speaks of."""

from __future__ import annotations

import logging

from pythonjsonlogger.json import JsonFormatter

# Both say each request at the level of information.
_CHATTY = ("httpx", "httpx2", "kopf")


def configure(verbose: bool) -> None:
    """Sets up the logs of the whole process."""
    handler = logging.StreamHandler()
    names = {"asctime": "time", "levelname": "level", "name": "logger"}
    handler.setFormatter(JsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s", rename_fields=names))
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, handlers=[handler], force=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
