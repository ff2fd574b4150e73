# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a database to the schema of this release."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, inspect, text

# The newest file in versions/. Named here so that a database that has it opens without Alembic,
# whose import alone takes half a second.
HEAD = "0001"


def upgrade(engine: Engine) -> None:
    """Apply what is missing, in one transaction; raises alembic's CommandError for an unknown schema."""
    with engine.connect() as connection:
        if inspect(connection).has_table("alembic_version"):
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
            if found == HEAD:
                return
    _run_alembic(engine)


def _run_alembic(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    with engine.execution_options(packetd_write=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, HEAD)
