"""Baselines: original, approved and in force; and how often, how far and by whom a date was moved."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.objectives import Baseline, Level, Objective
from model.records import Move, Release, WorkItem
from reconcile.baselines import (
    Baselines,
    DateHistory,
    date_histories,
    objective_baselines,
    planned_field,
    record_baselines,
)

JULY, AUGUST, SEPTEMBER = (datetime(2026, month, 3, 9, tzinfo=UTC) for month in (7, 8, 9))
FIRST, SECOND, THIRD = date(2026, 9, 1), date(2026, 9, 15), date(2026, 9, 10)


def move(old: date | None, new: date | None, at: datetime, by: str | None = "tomas@x", field: str = "due") -> Move:
    return Move(field, old, new, at, by)


def work(**custom: object) -> WorkItem:
    return WorkItem(source="jira", native_id="1", key="A-1", title="", due=date(2026, 10, 1), custom=custom)  # type: ignore[arg-type]


def test_pushes_and_pulls_are_counted_apart_with_their_days_and_who_moved_last():
    """14 days later, then 5 earlier, then to 1 October, which is 21 later: 2 pushes of 35 days, 30 days from the
    first."""
    october = date(2026, 10, 1)
    moves = [
        move(THIRD, october, SEPTEMBER, "eva@x"),
        move(FIRST, SECOND, JULY),
        move(SECOND, THIRD, AUGUST),
    ]

    [found] = date_histories(moves)

    assert found == DateHistory("due", FIRST, october, 2, 1, 35, 5, moves[0])
    assert found.days == 30
    assert (found.last.by, found.last.at) == ("eva@x", SEPTEMBER)


def test_each_date_of_a_record_has_a_history_of_its_own():
    found = date_histories([move(FIRST, SECOND, AUGUST), move(FIRST, THIRD, JULY, field="start")])

    assert [(each.field, each.pushed_days) for each in found] == [("start", 9), ("due", 14)]


def test_setting_or_clearing_a_date_is_neither_a_push_nor_a_pull():
    [found] = date_histories([move(None, FIRST, JULY), move(FIRST, None, AUGUST)])

    assert (found.original, found.now, found.pushes, found.pulls, found.days) == (FIRST, None, 0, 0, None)


def test_nothing_that_moved_has_no_history():
    assert date_histories([]) == ()


@given(st.lists(st.integers(-300, 300), min_size=1, max_size=8))
def test_pushes_minus_pulls_are_the_days_from_the_first_to_the_last(steps):
    days = [FIRST]
    for step in steps:
        days.append(days[-1] + timedelta(step))
    moves = [move(old, new, JULY + timedelta(number)) for number, (old, new) in enumerate(pairwise(days))]
    [found] = date_histories(moves)

    assert found.pushed_days - found.pulled_days == found.days
    assert found.pushes + found.pulls == sum(1 for step in steps if step)


# --- baselines --------------------------------------------------------------------------------------------------


def objective(*baselines: Baseline, target: date | None = SECOND) -> Objective:
    return Objective(id="O", name="O", level=Level.MEASURE, target=target, baselines=baselines)


def test_the_last_approved_date_is_in_force_and_the_first_stays_the_original():
    found = objective_baselines(objective(Baseline(FIRST, "coo@x", date(2026, 3, 2)), Baseline(THIRD, "coo@x")))

    assert found.original == Baseline(FIRST, "coo@x", date(2026, 3, 2))
    assert found.in_force == Baseline(THIRD, "coo@x")
    assert (found.moved_days, found.slip(SECOND), found.slip_from_original(SECOND)) == (9, 5, 14)


def test_a_target_that_was_never_approved_is_measured_against_itself():
    found = objective_baselines(objective())

    assert (found.in_force, found.slip(SECOND)) == (Baseline(SECOND), 0)


def test_without_target_and_baseline_a_slip_is_unknown_and_not_zero():
    found = objective_baselines(objective(target=None))

    assert (found.original, found.in_force, found.moved_days, found.slip(FIRST)) == (None, None, 0, None)
    assert objective_baselines(objective()).slip(None) is None


def test_the_approval_field_of_a_record_tells_its_baselines_with_who_wrote_them():
    moves = [
        move(FIRST, SECOND, AUGUST, "board@x", "approved"),
        move(FIRST, date(2026, 12, 1), SEPTEMBER),
    ]

    found = record_baselines(work(approved=SECOND), moves, "approved")

    assert found == Baselines((Baseline(FIRST), Baseline(SECOND, "board@x", AUGUST.date())))
    assert found.slip(date(2026, 10, 1)) == 16


def test_an_approval_field_that_was_set_once_and_never_moved_is_the_one_baseline():
    assert record_baselines(work(approved=datetime(2026, 9, 1, 12, tzinfo=UTC)), [], "approved") == Baselines(
        (Baseline(FIRST),)
    )


@pytest.mark.parametrize("field", [None, "approved"])
def test_without_the_field_or_while_it_is_blank_nothing_was_approved(field):
    assert record_baselines(work(), [], field) == Baselines()


def test_only_what_can_be_planned_has_a_planned_date():
    assert planned_field(work()) == "due"
    assert planned_field(Release(source="jira", native_id="1", key="R", title="R")) == "release_date"
