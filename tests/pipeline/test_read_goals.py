"""Goals of Asana in the store: a value is a revision, a deleted goal is gone, a plan without goals proves nothing."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from model.records import Absence, Measurement
from model.runs import SourceOutcome, SourceResult
from pipeline.read import read_source
from state.store import Store
from tests.connectors.asana.office import Office, running_office
from tests.connectors.contract import NOW, context_at
from tests.databases import url_of

HOURS_LATER = timedelta(hours=2)


class Books:
    """An office whose source is read into a state of its own, two hours later each time."""

    def __init__(self, office: Office, store: Store) -> None:
        self.office, self.store, self.now = office, store, NOW
        self.task = office.add("Task")
        self.other = office.add("Other task")
        self.goals = [office.workspace.add_goal(f"Goal {number}", current=1, target=5) for number in range(30)]

    def read(self, *, full: bool = False, **changes: object) -> SourceResult:
        self.now += HOURS_LATER
        run_id = self.store.start_run(self.now, baseline=False)
        options = self.office.options(**{"goals": True} | changes)  # type: ignore[arg-type]
        context = context_at(self.now)
        return read_source(
            self.store, run_id, "asana", options, context, clock=lambda: self.now, progress=lambda *_: None, full=full
        )

    def absence(self, gid: str) -> Absence | None:
        found = self.store.absence(f"asana:goal:{gid}")
        return found[0] if found else None

    def values(self, gid: str) -> list[Decimal | None]:
        revisions = self.store.revisions(f"asana:goal:{gid}")
        return [each.record.value for each in revisions if isinstance(each.record, Measurement)]


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    with running_office(page_size=20) as office, Store.open(url_of(tmp_path / "state.db")) as store:
        yield Books(office, store)


def test_a_changed_value_is_a_revision_on_the_next_run_and_an_unchanged_one_is_none(books: Books) -> None:
    assert books.read().outcome is SourceOutcome.COMPLETE
    moved, still = books.goals[:2]
    books.office.workspace.measure_goal(moved, 2)
    result = books.read()
    assert (result.outcome, result.changed) == (SourceOutcome.COMPLETE, 1)
    assert books.values(moved) == [Decimal(1), Decimal(2)]
    assert books.values(still) == [Decimal(1)]


def test_a_deleted_goal_is_gone_with_the_next_full_read(books: Books) -> None:
    books.read()
    gone = books.goals[0]
    del books.office.workspace.goals[gone]
    assert books.read(full=True).outcome is SourceOutcome.COMPLETE
    assert books.absence(gone) is Absence.DELETED
    assert books.absence(books.goals[1]) is None


def test_a_plan_that_loses_goals_deletes_none_and_the_tasks_are_read_on_a18(books: Books) -> None:
    books.read()
    books.office.workspace.unpaid.add("goals")
    books.office.workspace.rename(books.task, "Renamed")
    books.office.workspace.tasks[books.task].modified = books.now + timedelta(minutes=30)
    for full in (False, True):
        result = books.read(full=full)
        assert result.outcome is SourceOutcome.FAILED
        assert "goals are not available: the plan of asana does not include them" in result.error
        assert "goals: false" in result.hint
        assert {books.absence(gid) for gid in books.goals} == {Absence.ACCESS_LOST}
    [task] = books.store.find(books.task)
    assert task.record.title == "Renamed"
    assert books.store.present_ids("asana") == {books.task, books.other}
    books.office.workspace.unpaid.clear()
    assert books.read().outcome is SourceOutcome.COMPLETE
    assert {books.absence(gid) for gid in books.goals} == {None}
    assert books.values(books.goals[0])[-1] == Decimal(1)


def test_goals_that_are_switched_off_are_out_of_the_filter_and_the_source_is_complete_again_a18(books: Books) -> None:
    books.read()
    books.office.workspace.unpaid.add("goals")
    assert books.read(full=True).outcome is SourceOutcome.FAILED
    assert books.read(full=True, goals=False).outcome is SourceOutcome.COMPLETE
    assert {books.absence(gid) for gid in books.goals} == {Absence.FILTERED_OUT}
    assert books.store.present_ids("asana") == {books.task, books.other}


def test_goals_that_are_switched_on_are_read_at_once(books: Books) -> None:
    books.read(goals=False)
    assert books.store.present_ids("asana") == {books.task, books.other}
    books.read()
    assert len(books.store.present_ids("asana")) == 32


def test_a_goal_that_became_private_is_kept_from_us_and_not_deleted_a11(books: Books) -> None:
    books.read()
    hidden = books.goals[0]
    books.office.workspace.forbidden.add(hidden)
    assert books.read(full=True).outcome is SourceOutcome.COMPLETE
    assert books.absence(hidden) is Absence.ACCESS_LOST
