# SPDX-License-Identifier: GPL-3.0-or-later
"""What clients send, and what they get back of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packetd.api.body import Body
from packetd.api.errors import InvalidError
from packetd.api.views import Link, Shaper
from packetd.model import catalogue
from packetd.model.hostnames import is_hostname
from packetd.settings import Listen

labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(st.lists(labels, min_size=1, max_size=3))
def test_hostnames(parts: list[str]) -> None:
    assert is_hostname(".".join(parts))
    assert not is_hostname(".".join(parts) + ".")
    assert not is_hostname("-" + ".".join(parts))


@pytest.mark.parametrize(
    "name", ["", "a b", "a_b", "a..b", "x" * 64, "a.b-", "ä", "a\n", "a/b", "x." * 127 + "x"]
)
def test_what_is_no_hostname(name: str) -> None:
    assert not is_hostname(name)


@given(anything)
def test_readers_never_break_whatever_is_sent(value: Any) -> None:
    body = Body({"field": value})
    readers = (body.text, body.flag, body.words, body.mapping, body.moment, body.objects)
    for read in readers:
        read("field")
    body.whole("field", 1)
    body.one_of("field", ("a",))
    if body.errors:
        with pytest.raises(InvalidError, match="field "):
            body.check()


def test_forms_of_the_same() -> None:
    body = Body({"empty": {}, "one": "a", "list": ["a", ""], "no": "False", "count": "4", "data": '{"a":1}'})
    assert (body.words("empty"), body.words("one"), body.words("list")) == ([], ["a"], ["a"])
    assert (body.flag("no", default=True), body.whole("count", 1), body.mapping("data")) == (
        False,
        4,
        {"a": 1},
    )
    body.check()


def link(name: str, **fields: Any) -> Link:
    return Link(f"/{name}", lambda: {"name": name, **fields})


def test_links_expand_where_asked_for() -> None:
    document = {"project": link("project", owner=link("owner")), "keys": [link("one"), link("two")]}
    href = {"href": "/project"}
    assert Shaper().shape(document)["project"] == href
    shaped = Shaper("project.owner,keys").shape(document)
    assert shaped["project"]["owner"] == {"name": "owner"}
    assert [key["name"] for key in shaped["keys"]] == ["one", "two"]
    whole = {"plan": Link("/plan", lambda: {"slug": "x"}, expanded=True)}
    assert Shaper().shape(whole)["plan"] == {"slug": "x"}
    assert Shaper(exclude="plan").shape(whole)["plan"] == {"href": "/plan"}


def test_what_a_list_refers_to_is_made_once() -> None:
    made = []

    def render() -> dict[str, Any]:
        made.append("plan")
        return {"slug": "x", "owner": link("owner")}

    plan = Link("/plan", render, expanded=True)
    shaper = Shaper("list.plan.owner")
    shaped = shaper.shape({"list": [Link(f"/{n}", lambda: {"plan": plan}) for n in range(3)], "plan": plan})
    assert [item["plan"]["owner"] for item in shaped["list"]] == [{"name": "owner"}] * 3
    # Elsewhere in the document it is another: there its owner was not asked for.
    assert shaped["plan"]["owner"] == {"href": "/owner"}
    assert made == ["plan"] * 2


def test_links_that_form_a_ring_end_at_three_levels() -> None:
    ring = Link("/ring", lambda: {"ring": ring}, expanded=True)
    shaped: Any = Shaper().shape({"ring": ring})
    for _ in range(3):
        shaped = shaped["ring"]
    assert shaped == {"ring": {"href": "/ring"}}


def test_the_catalogue_fits_together() -> None:
    found = catalogue.load()
    for facility in found.facilities.values():
        assert facility.metro in found.metros
    for metro in found.metros:
        assert found.facilities_of(metro), metro
    for plan in found.plans.values():
        assert set(plan.unavailable_in) <= set(found.facilities)
    assert catalogue.find(found.plans, found.plans["baremetal_0"].id) is found.plans["baremetal_0"]


def test_where_to_listen() -> None:
    assert Listen.parse("[::1]:80") == Listen("::1", 80)
    assert str(Listen.parse("[::1]:80")) == "[::1]:80"
    for text in ("80", ":80", "a:b", "a:-1", "a:65536"):
        with pytest.raises(ValueError, match="HOST:PORT"):
            Listen.parse(text)
