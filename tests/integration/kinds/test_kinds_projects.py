# SPDX-License-Identifier: GPL-3.0-or-later
"""What projects do over packetd beyond what every Kind does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.project import Project
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import (
    Attributes,
    Plan,
    ResourceError,
    reconcile,
)
from kinds_packet import PacketWorld
from packet_options import options


@pytest.fixture
def world() -> Iterator[PacketWorld]:
    """The organization of the user, and another that has no payment method."""
    made = PacketWorld(Project)
    made.known["other"] = made.api.add("organizations", name="Other")["id"]
    yield made
    made.leave()
    for project in made.api.call_api(f"organizations/{made.known['other']}/projects")["projects"]:
        made.api.call_api(f"projects/{project['id']}", "DELETE")
    made.api.call_api(f"organizations/{made.known['other']}", "DELETE")


def settle(world: PacketWorld, dry_run: bool = False, **given: Any) -> Plan:
    project = Project(world.api, options(Project.options, **given))
    return reconcile(project, project.wanted(), dry_run=dry_run)


def after(world: PacketWorld, **given: Any) -> Attributes:
    made = settle(world, **given).after
    assert made is not None
    return made


def test_a_project_is_made_in_the_organization_that_is_named(world: PacketWorld) -> None:
    assert after(world, name="new", organization="Other")["organization_id"] == world.known["other"]
    assert not settle(world, name="new", organization=world.known["other"]).changed
    usual = after(world, name="usual")["organization_id"]
    assert usual == world.api.call_api("user")["default_organization_id"]
    with pytest.raises(
        ResourceError, match=f"cannot change organization_id .*{usual}.*{world.known['other']}"
    ):
        settle(world, name="usual", organization="Other", dry_run=True)


@pytest.mark.parametrize("dry_run", [True, False])
def test_an_organization_that_is_not_there_is_refused_with_those_that_are(
    world: PacketWorld, dry_run: bool
) -> None:
    with pytest.raises(ResourceError, match=r"organization 'x' is not there; the token sees: .*Other"):
        settle(world, dry_run, name="new", organization="x")


def test_it_is_paid_by_a_method_of_its_organization(world: PacketWorld) -> None:
    organization = world.api.call_api("user")["default_organization_id"]
    (method,) = world.api.call_api(f"organizations/{organization}/payment-methods")["payment_methods"]
    assert after(world, name="new", payment_method=method["name"])["payment_method_id"] == method["id"]
    assert not settle(world, name="new", payment_method=method["id"]).changed
    settle(world, name="poor", organization="Other")
    with pytest.raises(ResourceError, match="payment_method 'Gold' is not there; the token sees: none"):
        settle(world, name="poor", payment_method="Gold", dry_run=True)


def test_its_private_networks_reach_each_other(world: PacketWorld) -> None:
    assert after(world, name="new", backend_transfer_enabled=True)["backend_transfer_enabled"]
    step = settle(world, name="new", backend_transfer_enabled=False, custom_data={"a": 1})
    assert step.diff["after"] == {"backend_transfer_enabled": False, "custom_data": {"a": 1}}
