# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the database of a state is: SQLite in its directory, or PostgreSQL at a URL."""

from __future__ import annotations

import os
from collections.abc import Mapping

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from packetd.ownership import ServerError, write_private
from packetd.settings import State
from packetd.store import Store, open_sqlite, without_password

ENVIRONMENT = "PACKETD_DATABASE"
_EXAMPLE = "postgresql+psycopg://packetd@db.example/packetd"


def open_store(state: State, *, make: bool = False) -> Store:
    """The database that the command line names, or $PACKETD_DATABASE, or that was last served from.

    ``make`` an SQLite database when there is none; otherwise that is a ServerError.
    """
    url = _url(state)
    if url is not None:
        return Store(url)
    if not (make or state.database.exists()):
        raise ServerError(f"{state.directory} is no state of packetd: it has no {state.database.name}")
    return open_sqlite(state.database)


def is_there(state: State) -> bool:
    """Whether this state has a database, without opening it."""
    return _url(state) is not None or state.database.exists()


def remember(state: State, store: Store) -> None:
    """Note where the database of a state is, so that no command takes another one; never the password."""
    if store.shared:
        text = without_password(store.url).render_as_string()
        write_private(state.database_url, text.encode() + b"\n")


def _url(state: State, environment: Mapping[str, str] = os.environ) -> URL | None:
    if state.url is not None:
        url = _parse(state.url, "--database")
        if url != without_password(url):
            raise ServerError(
                "--database has a password in it, and arguments can be read by everybody on the machine;"
                f" put the URL into ${ENVIRONMENT}, or the password into $PGPASSFILE or ~/.pgpass"
            )
        return url
    if text := environment.get(ENVIRONMENT):
        return _parse(text, f"${ENVIRONMENT}")
    if state.database_url.exists():
        return _parse(state.database_url.read_text().strip(), str(state.database_url))
    return None


def _parse(text: str, source: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError:
        raise ServerError(f"{source} is not the URL of a database, for example {_EXAMPLE}") from None
    if url.drivername not in ("postgresql", "postgresql+psycopg"):
        raise ServerError(f"{source} is of {url.drivername}; allowed is postgresql+psycopg, as in {_EXAMPLE}")
    return url.set(drivername="postgresql+psycopg")
