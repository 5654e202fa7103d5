"""Whole records are looked up when somebody asks, each of them once."""

from collections.abc import Iterable, Mapping
from datetime import date

import pytest

from model.records import Record
from reconcile.library import Library
from tests.reconcile.world import Stored


class Counting(Stored):
    """Counts what is looked up."""

    def records(self, record_ids: Iterable[str]) -> Mapping[str, Record]:
        wanted = list(record_ids)
        self.asked = [*getattr(self, "asked", []), wanted]
        return super().records(wanted)


@pytest.fixture
def stored() -> Counting:
    stored = Counting()
    stored.work("A-1", date(2026, 10, 1))
    stored.work("A-2", date(2026, 10, 2))
    return stored


def test_a_record_is_looked_up_once(stored: Counting) -> None:
    library = Library(stored)
    assert [library.get("jira:A-1"), library.get("jira:A-1")] == [stored.records_[0]] * 2
    assert stored.asked == [["jira:A-1"]]


def test_several_are_looked_up_together_and_unknown_ones_not_again(stored: Counting) -> None:
    library = Library(stored)
    library.fetch(["jira:A-2", "jira:A-1", "jira:A-9"])
    found = [library.get(node) for node in ("jira:A-1", "jira:A-2", "jira:A-9")]
    assert found == [*stored.records_, None]
    assert stored.asked == [["jira:A-1", "jira:A-2", "jira:A-9"]]


def test_names_and_objectives_are_no_records_and_ask_nobody(stored: Counting) -> None:
    library = Library(stored)
    assert [library.get("name:aurora"), library.get("objective:M-1")] == [None, None]
    assert not hasattr(stored, "asked")


def test_what_lies_behind_a_late_promise_is_looked_up_together(stored: Counting) -> None:
    """Two chains of two: one question for all records that the findings will name."""
    for number in (1, 2):
        stored.deal(f"OPP-{number}", f"B-{number}", date(2026, 9, 30))
        stored.work(f"B-{number}", date(2026, 9, 20))
        stored.need(f"jira:B-{number}", f"A-{number}")
    assert len([each for each in stored.judge().findings if each.check == "late-commitment"]) == 2
    asked = [ids for ids in stored.asked if "jira:A-1" in ids]
    assert {"jira:A-1", "jira:A-2", "jira:B-1", "jira:B-2"} <= set(asked[0])


def test_of_many_only_those_that_are_wanted_are_kept(stored: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconcile.library._AT_ONCE", 2)
    stored.work("A-3", date(2026, 10, 3))
    library = Library(stored)
    known = library.get("jira:A-1")
    nodes = ["jira:A-3", "jira:A-1", "jira:A-9", "jira:A-2", "objective:M-1"]
    assert list(library.select(nodes, lambda record: record.key != "A-2")) == [known, stored.records_[2]]
    assert stored.asked[1:] == [["jira:A-2"], ["jira:A-3", "jira:A-9"]]
    assert [library.get("jira:A-3"), library.get("jira:A-2")] == stored.records_[:0:-1]
    assert stored.asked[3:] == [["jira:A-2"]], "what was wanted is kept, the other one is not"
