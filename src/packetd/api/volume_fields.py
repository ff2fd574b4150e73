# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of requests that make and change volumes."""

from __future__ import annotations

from packetd.api.fields import Field, flag, objects, one_of, text, whole
from packetd.model.volumes import DEFAULT_SIZE, FREQUENCIES, LARGEST, MOST_SNAPSHOTS, SMALLEST

BILLING_CYCLES = ("hourly", "monthly")

DESCRIPTION = text("description", "What it is for")
PLAN = text("plan", "Slug or id of its plan")
PLAN_ID = text("plan_id", "As plan, in older clients")
FACILITY = text("facility", "Code or id of the facility it shall be in")
FACILITY_ID = text("facility_id", "As facility, in older clients")
SIZE = whole("size", "In GiB", default=DEFAULT_SIZE, least=SMALLEST, most=LARGEST)
LOCKED = flag("locked", "Whether it cannot be deleted")
BILLING_CYCLE = Field(
    "billing_cycle",
    "How it is paid; kept, and never charged",
    {"type": "string", "enum": list(BILLING_CYCLES)},
    lambda body: body.one_of("billing_cycle", BILLING_CYCLES) or BILLING_CYCLES[0],
)
FREQUENCY = one_of("snapshot_frequency", "How often a snapshot is taken", FREQUENCIES, required=True)
COUNT = whole("snapshot_count", "How many snapshots are kept", default=1, least=1, most=MOST_SNAPSHOTS)
POLICIES = objects("snapshot_policies", "When snapshots are taken by themselves", (FREQUENCY, COUNT))
RESTORE_POINT = text("restore_point", "Timestamp or id of the snapshot to go back to", required=True)
SNAPSHOT = text("snapshot_timestamp", "Timestamp or id of the snapshot to clone; as it is now unless given")
DEVICE = text("device_id", "Id of the device that shall use it", required=True)
