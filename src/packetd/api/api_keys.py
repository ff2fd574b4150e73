# SPDX-License-Identifier: GPL-3.0-or-later
"""API keys: the tokens of a user, and those of projects.

Packet kept the text of tokens and showed it again in lists. packetd stores only their digests: the text
is in the answer that creates a token, and "" ever after.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from sqlalchemy import Select, select

from packetd.api.calls import Call
from packetd.api.fields import blank_text, flag
from packetd.api.projects import project_link
from packetd.api.routes import Listing, delete, get, post
from packetd.api.users import user_link
from packetd.api.views import Document, Link
from packetd.model.moments import moment
from packetd.model.roles import Right
from packetd.store.accounts import add_token
from packetd.store.tables import Project, Token, User

DESCRIPTION = blank_text("description", "What it is for", longest=255)
READ_ONLY = flag("read_only", "Refuse it for changes")
_FIELDS = (DESCRIPTION, READ_ONLY)


class TokenView(TypedDict):
    """A token; its text is shown once, when it is created."""

    id: str
    token: str
    description: str
    read_only: bool
    user: Link | None
    project: Link | None
    created_at: str | None
    updated_at: str | None


def show_token(call: Call, token: Token, text: str = "") -> TokenView:
    return {
        "id": token.id,
        "token": text,
        "description": token.description,
        "read_only": token.read_only,
        "user": None if token.project_id else user_link(call, token.user_id),
        "project": project_link(call, token.project_id) if token.project_id else None,
        "created_at": moment(token.created_at),
        "updated_at": moment(token.updated_at),
    }


def index(call: Call) -> Document:
    """The user's own tokens."""
    user = call.person()
    return _found(call, select(Token).where(Token.user_id == user.id, Token.project_id.is_(None)))


def of_project(call: Call) -> Document:
    """The tokens of a project."""
    project = call.get(Project, right=Right.ADMINISTER)
    return _found(call, select(Token).where(Token.project_id == project.id))


def _found(call: Call, tokens: Select[Token]) -> Document:
    if sought := call.query.get("search"):
        tokens = tokens.where(Token.description.contains(sought, autoescape=True))
    return _list(call, call.session.scalars(tokens.order_by(Token.created_at, Token.id)))


def _list(call: Call, tokens: Iterable[Token]) -> Document:
    """All of them: no client pages through tokens."""
    return call.show_all("api_keys", [show_token(call, token) for token in tokens])


def create(call: Call) -> Document:
    """Make a token of the user."""
    return _create(call, call.person(), None)


def create_in_project(call: Call) -> Document:
    """Make a token that reaches one project and nothing else."""
    return _create(call, call.user, call.get(Project, right=Right.ADMINISTER))


def _create(call: Call, user: User, project: Project | None) -> Document:
    description, read_only = DESCRIPTION.read(call.body), READ_ONLY.read(call.body)
    call.body.check()
    token, text = add_token(call.session, user, description, read_only=read_only, project=project)
    return call.show(show_token(call, token, text))


def remove(call: Call) -> None:
    """End a token at once."""
    call.session.delete(call.get(Token))


_LISTING = Listing("api_keys", TokenView, paged=False)
_SEARCH = {"search": "Part of the description"}
routes = [
    get("/user/api-keys", index, gives=_LISTING, asks=_SEARCH),
    post("/user/api-keys", create, takes=_FIELDS, gives=TokenView),
    # Older clients remove tokens of projects here as well.
    delete("/user/api-keys/{id}", remove),
    delete("/api-keys/{id}", remove),
    get("/projects/{id}/api-keys", of_project, gives=_LISTING, asks=_SEARCH),
    post("/projects/{id}/api-keys", create_in_project, takes=_FIELDS, gives=TokenView),
]
