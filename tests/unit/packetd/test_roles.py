# SPDX-License-Identifier: GPL-3.0-or-later
"""Rights of roles, whose rows are whose, and hours of use: pure rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packetd.api.access import Access
from packetd.model.roles import IN_ALL_ITS_PROJECTS, IN_ORGANIZATION, IN_PROJECT, Right, Role, roles_with
from packetd.model.usages import hours
from packetd.store.tables import Table

# What belongs to the server itself and is never shown; a table that is missing here must have an owner.
OF_THE_SERVER = {"spot_prices", "stock", "settings", "routes", "faults", "servers"}
TABLES = sorted((mapper.class_ for mapper in Table.registry.mappers), key=lambda table: table.__name__)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("project_id", [None, "p"])
def test_every_table_says_whose_its_rows_are(table: type[Table], project_id: str | None) -> None:
    access = Access("u", project_id)
    if table.__tablename__ in OF_THE_SERVER:
        with pytest.raises(TypeError, match="nothing says whose"):
            access.to(table, Right.READ)
        return
    for right in Right:
        assert access.to(table, right) is not None


@pytest.mark.parametrize("rights", [IN_ORGANIZATION, IN_ALL_ITS_PROJECTS, IN_PROJECT])
@pytest.mark.parametrize("right", Right)
def test_owners_may_all_and_who_writes_may_read(rights: dict[Role, frozenset[Right]], right: Right) -> None:
    assert Role.OWNER in roles_with(right, rights)
    assert set(roles_with(Right.WRITE, rights)) <= set(roles_with(Right.READ, rights))
    assert set(roles_with(Right.ADMINISTER, rights)) <= set(roles_with(Right.WRITE, rights))


@given(since=MOMENTS, until=MOMENTS, cut=MOMENTS)
def test_hours_before_and_after_a_moment_are_those_of_the_whole(
    since: datetime, until: datetime, cut: datetime
) -> None:
    whole = hours(since, until, None, None)
    parts = hours(since, until, None, cut), hours(since, until, cut, None)
    assert whole <= sum(parts) <= whole + 1 or whole == 0 <= sum(parts)
    assert hours(since, since + timedelta(seconds=1), None, None) == 1
