# SPDX-License-Identifier: GPL-3.0-or-later
"""Alembic's entry: runs the migrations on the connection it is handed."""

from alembic import context

from packetd.store.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
