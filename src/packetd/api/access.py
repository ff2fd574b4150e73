# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose things are whose: the one place that says which rows a caller may see and change.

A row belongs to what its columns name: a project, an organization, its parent (the device of an
address, the volume of a snapshot), or else a user. A table of none of these is refused, not shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    String,
    and_,
    bindparam,
    cast,
    exists,
    false,
    inspect,
    or_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, Mapper, aliased

from packetd.model.roles import (
    IN_ALL_ITS_PROJECTS,
    IN_ORGANIZATION,
    IN_PROJECT,
    OF_PROJECT_TOKEN,
    Right,
    Role,
    roles_with,
)
from packetd.store.tables import (
    Email,
    Event,
    Invitation,
    Member,
    Membership,
    Organization,
    Project,
    SSHKey,
    Table,
    Token,
    Transfer,
    User,
)

Row = TypeVar("Row", bound=Table)
Criterion = ColumnElement[bool]
# A mapped class, or an alias of one.
Entity = Any


@dataclass(frozen=True)
class Access:
    """A caller: a user, or a token of one project, which is all that it reaches.

    The ids may be parameters, for a statement that is made once and executed for everybody.
    """

    user_id: str | BindParameter[str]
    project_id: str | BindParameter[str] | None

    def to(self, entity: Entity, right: Right) -> Criterion:
        """What holds for the rows of a table on which the caller has a right."""
        mapper = inspect(entity).mapper
        special = _SPECIAL.get(mapper.class_)
        if special is not None:
            return special(self, entity, right)
        ways = []
        if "project_id" in mapper.columns:
            ways.append(self._by_project(entity, right))
        if "organization_id" in mapper.columns:
            ways.append(self._by_organization(entity, right))
        if not ways and (parent := _parent(mapper)) is not None:
            name, owner = parent
            ways.append(self._by(owner, getattr(entity, name), right))
        if not ways and "user_id" in mapper.columns:
            ways.append(self._own(entity))
        if not ways:
            raise TypeError(f"nothing says whose rows of {mapper.local_table} are")
        return or_(*ways)

    def _by(self, owner: type[Table], key: Any, right: Right) -> Criterion:
        """The owner is an alias: the query around this may be about the same table."""
        owning: Entity = aliased(owner)
        return exists().where(owning.id == key, self.to(owning, right))

    def _by_project(self, entity: Entity, right: Right) -> Criterion:
        return self._by(Project, entity.project_id, right)

    def _by_organization(self, entity: Entity, right: Right) -> Criterion:
        """What is in a project too belongs to that alone."""
        held = self._by(Organization, entity.organization_id, right)
        return and_(entity.project_id.is_(None), held) if hasattr(entity, "project_id") else held

    def _own(self, entity: Entity) -> Criterion:
        """A token of a project is nobody's."""
        return false() if self.project_id is not None else entity.user_id == self.user_id

    def _projects(self, entity: Entity, right: Right) -> Criterion:
        if self.project_id is not None:
            return entity.id == self.project_id if right in OF_PROJECT_TOKEN else false()
        membership = aliased(Membership)
        return or_(
            self._in_organization(entity.organization_id, roles_with(right, IN_ALL_ITS_PROJECTS)),
            exists().where(
                membership.project_id == entity.id,
                membership.user_id == self.user_id,
                _has_role(membership.roles, roles_with(right, IN_PROJECT)),
            ),
        )

    def _organizations(self, entity: Entity, right: Right) -> Criterion:
        if self.project_id is not None:
            return false()
        return self._in_organization(entity.id, roles_with(right, IN_ORGANIZATION))

    def _in_organization(self, key: Any, roles: list[Role]) -> Criterion:
        member = aliased(Member)
        return exists().where(
            member.organization_id == key, member.user_id == self.user_id, _has_role(member.roles, roles)
        )

    def _users(self, entity: Entity, right: Right) -> Criterion:
        """Oneself, and to look at, those with whom one shares an organization."""
        if self.project_id is not None:
            return false()
        if right is not Right.READ:
            return self._is_caller(entity)
        mine, theirs = aliased(Member), aliased(Member)
        shared = exists().where(
            mine.user_id == self.user_id,
            theirs.organization_id == mine.organization_id,
            theirs.user_id == entity.id,
        )
        return or_(self._is_caller(entity), shared)

    def _is_caller(self, user: Entity) -> Criterion:
        same: Criterion = user.id == self.user_id
        return same

    def _personal(self, entity: Entity, right: Right) -> Criterion:
        """What is a project's, or else a user's own."""
        return or_(self._by_project(entity, right), and_(entity.project_id.is_(None), self._own(entity)))

    def _tokens(self, entity: Entity, right: Right) -> Criterion:
        """Who may make tokens of a project may remove them."""
        return self._personal(entity, Right.ADMINISTER)

    def _events(self, entity: Entity, right: Right) -> Criterion:
        alone = and_(entity.project_id.is_(None), entity.organization_id.is_(None))
        return or_(
            self._by_project(entity, right),
            self._by_organization(entity, right),
            and_(alone, self._own(entity)),
        )

    def _invitations(self, entity: Entity, right: Right) -> Criterion:
        """Those who may invite, and the one who is invited by an address known to be theirs."""
        invited: Criterion = false()
        if self.project_id is None:
            own = select(Email.address).where(Email.user_id == self.user_id, Email.verified)
            invited = entity.invitee.in_(own)
        return or_(self._by_organization(entity, Right.ADMINISTER), invited)

    def _transfers(self, entity: Entity, right: Right) -> Criterion:
        """Those who decide on the project, or on the organization that is to take it."""
        return or_(
            self._by_project(entity, Right.ADMINISTER),
            self._by(Organization, entity.organization_id, Right.ADMINISTER),
        )


@cache
def row_by_id(
    table: type[Row], right: Right, *, of_project: bool, only: tuple[InstrumentedAttribute[Any], ...] = ()
) -> Select[Any]:
    """The row of ``id``, or these columns of it, if ``user_id`` or the token of ``project_id`` has a right.

    Made once: to build such a statement costs twenty times what executing it does.
    """
    project_id = bindparam("project_id", type_=String) if of_project else None
    access = Access(bindparam("user_id", type_=String), project_id)
    entity: Entity = table
    wanted = select(*only) if only else select(table)
    return wanted.where(entity.id == bindparam("id"), access.to(table, right))


_SPECIAL: dict[type[Table], Callable[[Access, Entity, Right], Criterion]] = {
    Project: Access._projects,
    Organization: Access._organizations,
    User: Access._users,
    SSHKey: Access._personal,
    Token: Access._tokens,
    Event: Access._events,
    Invitation: Access._invitations,
    Transfer: Access._transfers,
}


def _has_role(roles: Any, allowed: list[Role]) -> Criterion:
    # The list is stored as JSON, in which every role stands between quotes.
    return or_(false(), *(cast(roles, String).contains(f'"{role}"') for role in allowed))


def _parent(mapper: Mapper[Any]) -> tuple[str, type[Table]] | None:
    """The first key to a thing with which a row comes and goes, and the table of that thing."""
    tables = {item.local_table: item.class_ for item in mapper.registry.mappers}
    for column in mapper.columns:
        for key in column.foreign_keys:
            owner: type[Table] = tables[key.column.table]
            if key.ondelete == "CASCADE" and owner is not User:
                return mapper.get_property_by_column(column).key, owner
    return None
