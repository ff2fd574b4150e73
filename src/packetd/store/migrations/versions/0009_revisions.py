# SPDX-License-Identifier: GPL-3.0-or-later
"""The database gives a device a new revision whenever anything changes that is shown of it.

By triggers, so that no statement, of whatever server or program, can forget it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

# Tables whose rows are shown with the device that they name.
PARTS = (
    *("device_addresses", "device_ssh_keys", "ip_assignments", "vlan_assignments", "volume_attachments"),
    # What an installation has done.
    "events",
)
# What is shown of the device itself; the rest is the provisioner's own.
SHOWN = (
    *("project_id", "hostname", "description", "tags", "plan", "operating_system", "facility", "metro"),
    *(
        "billing_cycle",
        "locked",
        "userdata",
        "customdata",
        "ipxe_script_url",
        "always_pxe",
        "termination_time",
    ),
    *("spot_instance", "spot_price_max", "storage", "features", "image_url", "network_frozen"),
    *("root_password", "state", "progress", "phoned_home_at", "layer", "individual_ports", "updated_at"),
    *("user_id", "hardware_reservation_id", "created_at"),
)


def upgrade() -> None:
    op.add_column("devices", sa.Column("revision", sa.String(), nullable=False, server_default=""))
    make = _sqlite if op.get_bind().dialect.name == "sqlite" else _postgresql
    for statement in make():
        op.execute(statement)


# Which devices show a row of these tables.
_OF_A_MAKER = "user_id = NEW.id"
_OF_A_RESERVATION = "id IN (SELECT device_id FROM ip_assignments WHERE reservation_id = NEW.id)"


def _sqlite() -> list[str]:
    revise = "UPDATE devices SET revision = hex(randomblob(8)) WHERE"
    shown = ", ".join(SHOWN)
    statements = [
        f"CREATE TRIGGER devices_revised AFTER UPDATE OF {shown} ON devices BEGIN {revise} id = NEW.id; END",
        f"CREATE TRIGGER users_revise AFTER UPDATE ON users BEGIN {revise} {_OF_A_MAKER}; END",
        "CREATE TRIGGER ip_reservations_revise AFTER UPDATE ON ip_reservations"
        f" BEGIN {revise} {_OF_A_RESERVATION}; END",
    ]
    changes = {"INSERT": "NEW.device_id", "UPDATE": "OLD.device_id, NEW.device_id", "DELETE": "OLD.device_id"}
    for table in PARTS:
        for change, ids in changes.items():
            statements.append(
                f"CREATE TRIGGER {table}_{change.lower()}_revises AFTER {change} ON {table}"
                f" BEGIN {revise} id IN ({ids}); END"
            )
    return statements


def _postgresql() -> list[str]:
    revise = "UPDATE devices SET revision = gen_random_uuid()::text WHERE"
    statements = [
        "CREATE FUNCTION device_revised() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN NEW.revision := gen_random_uuid()::text; RETURN NEW; END $$",
        f"CREATE TRIGGER devices_revised BEFORE UPDATE OF {', '.join(SHOWN)} ON devices"
        " FOR EACH ROW EXECUTE FUNCTION device_revised()",
        "CREATE FUNCTION maker_revises() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {revise} {_OF_A_MAKER}; RETURN NULL; END $$",
        "CREATE TRIGGER users_revise AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION maker_revises()",
        "CREATE FUNCTION reservation_revises() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {revise} {_OF_A_RESERVATION}; RETURN NULL; END $$",
        "CREATE TRIGGER ip_reservations_revise AFTER UPDATE ON ip_reservations"
        " FOR EACH ROW EXECUTE FUNCTION reservation_revises()",
        # The row that there is not, OLD of an INSERT or NEW of a DELETE, is null there.
        "CREATE FUNCTION part_revises() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {revise} id IN (OLD.device_id, NEW.device_id); RETURN NULL; END $$",
    ]
    statements += [
        f"CREATE TRIGGER {table}_revises AFTER INSERT OR UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION part_revises()"
        for table in PARTS
    ]
    return statements
