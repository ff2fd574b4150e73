# SPDX-License-Identifier: GPL-3.0-or-later
"""People beside the administrator, for tests of who may do what."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from packetd_process import Packetd


@dataclass(frozen=True)
class Person:
    """A user with a token of their own."""

    server: Packetd
    id: str
    email: str
    token: str

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        return self.server.call(method, path, body, token=self.token)

    def make(self, path: str, body: Any) -> dict[str, Any]:
        """POST what must succeed; returns the answer."""
        status, answer = self.call("POST", path, body)
        assert status == 201, answer
        return dict(answer)


def add_person(server: Packetd, name: str, organization: str | None = None) -> Person:
    """A new user, who owns the organization where one is named."""
    email = f"{name}-{uuid.uuid4().hex[:8]}@example.test"
    owning = ["--organization", organization] if organization else []
    made = server.command("user", "create", email, "--name", name, *owning)
    assert made.returncode == 0, made.stderr
    token = server.command("token", "create", "--user", email)
    assert token.returncode == 0, token.stderr
    return Person(server, made.stdout.strip(), email, token.stdout.strip())


def join(person: Person, host: Person, project_id: str, *roles: str) -> None:
    """Have a person invited into a project, and accept."""
    body = {"invitee": person.email, "roles": list(roles)}
    invitation = host.make(f"/projects/{project_id}/invitations", body)
    status, answer = person.call("PUT", f"/invitations/{invitation['id']}")
    assert status == 200, answer
