# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the objects stays that several runs make at the same time."""

from __future__ import annotations

import random
from typing import Any

import pytest
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds import election
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.election import elect, make_once
from ansible_collections.packet.kubernetes.plugins.module_utils._packet.errors import InvalidError
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import ResourceError
from hypothesis import given
from hypothesis import strategies as st

OLD, NEW = "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"


class Api:
    """Holds objects of one name, and lets time pass in which others do what they do."""

    def __init__(self, *items: tuple[str, str]) -> None:
        self.items = [{"id": id_, "created_at": moment} for id_, moment in items]
        self.looks = 0
        self.gone_after: dict[int, str] = {}

    def look(self) -> list[dict[str, Any]]:
        self.looks += 1
        self.remove([item for item in self.items if item["id"] == self.gone_after.get(self.looks)])
        return list(self.items)

    def remove(self, items: list[dict[str, Any]]) -> None:
        self.items = [item for item in self.items if item not in items]

    def elect(self, *made: str) -> str | None:
        stays = elect(lambda: {"x": self.look()}, made, self.remove, sleep=lambda _seconds: None)
        return stays["x"]["id"] if stays else None


def test_alone_stays() -> None:
    api = Api(("a", OLD))
    assert (api.elect("a"), api.looks) == ("a", 1)


def test_the_oldest_stays_and_the_own_one_goes() -> None:
    api = Api(("b", OLD), ("a", NEW))
    assert api.elect("a") == "b"
    assert [item["id"] for item in api.items] == ["b"]


def test_the_oldest_is_sure_of_itself_once_the_others_are_gone() -> None:
    api = Api(("a", OLD), ("b", NEW))
    api.gone_after = {4: "b"}
    assert api.elect("a") == "a"


def test_the_first_goes_where_another_does_not_as_its_run_has_ended() -> None:
    api = Api(("a", OLD), ("b", OLD))
    assert api.elect("a") == "b"
    assert [item["id"] for item in api.items] == ["b"]


def test_an_order_without_an_answer_waits_for_the_others() -> None:
    api = Api(("a", OLD), ("b", NEW))
    api.gone_after = {3: "b"}
    assert api.elect() == "a"


def test_strangers_that_stay_are_named() -> None:
    with pytest.raises(ResourceError, match="x: a and b were made at the same time; run again, and if"):
        Api(("a", OLD), ("b", NEW)).elect()


def test_nothing_is_left_where_all_have_gone() -> None:
    assert Api().elect("a") is None


def runs_of(number: int, moments: list[str], choice: random.Random, api: Api) -> list[Any]:
    """Runs that each make one and then look as often as they need, in an order of chance."""
    outcomes: list[Any] = [None] * number

    def run(index: int) -> Any:
        api.items.append({"id": choice.choice("pqrs") + str(index), "created_at": moments[len(api.items)]})
        own = api.items[-1]["id"]
        # What others do happens while one sleeps; only one acts at a time.
        return elect(lambda: {"x": api.look()}, [own], api.remove, sleep=lambda _seconds: others())

    waiting = list(range(number))

    def others() -> None:
        if waiting and choice.random() < 0.5:
            start(waiting.pop(0))

    def start(index: int) -> None:
        try:
            outcomes[index] = run(index)
        except ResourceError as error:
            outcomes[index] = error

    while waiting:
        start(waiting.pop(0))
    return outcomes


@given(st.integers(1, 5), st.randoms(use_true_random=False))
def test_whatever_comes_between_one_stays(number: int, choice: random.Random) -> None:
    api = Api()
    outcomes = runs_of(number, [OLD, OLD, NEW, NEW, NEW], choice, api)
    assert len(api.items) <= 1
    assert api.items or any(not outcome or isinstance(outcome, ResourceError) for outcome in outcomes)


def refuse() -> dict[str, Any]:
    raise InvalidError("POST x", "taken")


def test_what_the_api_holds_once_is_taken_from_the_quicker_run() -> None:
    assert make_once("x", refuse, Api(("a", OLD)).look, lambda _item: None)["id"] == "a"


def test_what_the_api_refuses_for_itself_is_told() -> None:
    with pytest.raises(InvalidError, match="taken"):
        make_once("x", refuse, list, lambda _item: None)


def test_what_all_have_removed_is_to_be_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(election, "PAUSE", 0)
    with pytest.raises(ResourceError, match="none is left of it; run again"):
        make_once("x", lambda: {"id": "a"}, list, lambda _item: None)


def test_the_answer_to_the_order_is_what_stays() -> None:
    made = {"id": "a", "token": "told once"}
    assert make_once("x", lambda: made, Api(("a", OLD)).look, lambda _item: None) == made
