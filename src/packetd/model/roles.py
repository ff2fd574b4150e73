# SPDX-License-Identifier: GPL-3.0-or-later
"""What people may do in an organization and in a project, by their roles there.

The names are those of the API. Owners and admins reach everything of an organization, collaborators
the projects that they were made members of, and billing what things cost.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    BILLING = "billing"
    COLLABORATOR = "collaborator"
    LIMITED_COLLABORATOR = "limited_collaborator"


class Right(StrEnum):
    """READ sees a thing; WRITE makes, changes and removes what is in a project; ADMINISTER decides on a
    project or organization itself, its people and its tokens; BILL sees what it costs."""

    READ = "read"
    WRITE = "write"
    ADMINISTER = "administer"
    BILL = "bill"


_ALL = frozenset(Right)
Rights = Mapping[Role, frozenset[Right]]

# Of a member of an organization: on it, and on all of its projects.
IN_ORGANIZATION: Rights = {
    Role.OWNER: _ALL,
    Role.ADMIN: _ALL,
    Role.BILLING: frozenset({Right.READ, Right.BILL}),
    Role.COLLABORATOR: frozenset({Right.READ}),
    Role.LIMITED_COLLABORATOR: frozenset({Right.READ}),
}
IN_ALL_ITS_PROJECTS: Rights = {
    Role.OWNER: _ALL,
    Role.ADMIN: _ALL,
    Role.BILLING: frozenset({Right.BILL}),
}
# Of a member of a project.
IN_PROJECT: Rights = {
    Role.OWNER: _ALL,
    Role.ADMIN: _ALL,
    Role.BILLING: frozenset({Right.BILL}),
    Role.COLLABORATOR: frozenset({Right.READ, Right.WRITE, Right.BILL}),
    Role.LIMITED_COLLABORATOR: frozenset({Right.READ}),
}
# Of a token that belongs to a project.
OF_PROJECT_TOKEN = frozenset({Right.READ, Right.WRITE, Right.BILL})

# Nobody is invited as an owner.
INVITABLE = frozenset(Role) - {Role.OWNER}


def roles_with(right: Right, rights: Rights) -> list[Role]:
    """The roles that give a right."""
    return [role for role, given in rights.items() if right in given]
