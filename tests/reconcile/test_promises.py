"""One disagreement about a promise is told by one check, whatever the plan says."""

from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from model.objectives import Level, Objective, Tolerance
from model.records import Absence, Change, Move
from tests.examples import examples
from tests.reconcile.checks.promise_checks import promise_findings, told_by
from tests.reconcile.world import DOING, DONE, DROPPED, NOW, TODAY, TODO, Stored

DEAL = "salesforce:OPP-1"
days = st.integers(-20, 90).map(lambda number: TODAY + timedelta(number))
moments = st.integers(-30, 0).map(lambda number: NOW + timedelta(number))


def world(
    due: date | None,
    promised: date | None,
    release: date | None,
    category: Any,
    in_release: bool,
    needs: Any,
    absence: Absence | None,
    left: datetime | None,
    created: datetime | None,
    moved_from: date | None,
    tolerance: int,
) -> Stored:
    """One deal on one piece of work, which may need another and may be or have been in a release."""
    stored = Stored(objectives=[Objective(id="O", name="O", level=Level.MEASURE, tolerance=Tolerance(days=tolerance))])
    stored.release("R", release)
    stored.work("W", due, category=category, releases=("R",) if in_release else ())
    if needs is not None:
        stored.work("N", due, category=needs)
        stored.need("jira:W", "N")
    if absence is not None:
        stored.lose("jira:W", absence)
    if left is not None:
        stored.changes_["jira:W"] = [Change("releases", "R", None, left, "ada")]
    if moved_from is not None and due is not None:
        stored.moves_["jira:W"] = [Move("due", moved_from, due, NOW, "ada")]
    stored.link(stored.deal("OPP-1", "W", promised, created=created), "O")
    return stored


worlds = st.builds(
    world,
    due=st.none() | days,
    promised=st.none() | days,
    release=st.none() | days,
    category=st.sampled_from([TODO, DOING, DONE, DROPPED, None]),
    in_release=st.booleans(),
    needs=st.none() | st.sampled_from([TODO, DONE, DROPPED]),
    absence=st.none() | st.sampled_from([Absence.DELETED, Absence.MOVED, Absence.ACCESS_LOST]),
    left=st.none() | moments,
    created=st.none() | moments,
    moved_from=st.none() | days,
    tolerance=st.integers(0, 9),
)


LEFT_AND_EARLIER = world(
    due=TODAY,
    promised=TODAY + timedelta(1),
    release=None,
    category=TODO,
    in_release=False,
    needs=None,
    absence=None,
    left=NOW,
    created=None,
    moved_from=TODAY + timedelta(1),
    tolerance=0,
)
"""The work left its release, and keeps a date that is earlier than promised."""


@settings(max_examples=examples(150), deadline=None)
@given(worlds)
@example(LEFT_AND_EARLIER)
def test_no_deal_is_told_by_two_checks_on_promises(stored: Stored) -> None:
    assert len(told_by(stored, DEAL)) <= 1


@settings(max_examples=examples(150), deadline=None)
@given(worlds)
def test_a_promise_that_nothing_supports_is_never_passed_over(stored: Stored) -> None:
    """The control: what one check leaves to another is told by the other."""
    judgement = stored.judge()
    forecast = judgement.forecasts.get(DEAL)
    deal = next(iter(stored.deals()))
    if forecast.supports_nothing and deal.promised_date is not None:
        assert len(promise_findings(stored)) == 1
