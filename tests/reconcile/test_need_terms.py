"""Needs with lags in working days, and with somebody who looks after them."""

from datetime import date

import pytest

from model.calendars import Calendar
from reconcile.engine import see
from reconcile.options import ReconcileOptions
from reconcile.story import chain_steps
from reconcile.world import World
from tests.reconcile.world import EUR, NOW, TODAY, Stored

FRIDAY, OCT_31 = date(2026, 10, 9), date(2026, 10, 31)
CALENDARS = {"default": Calendar(), "de-by": Calendar(off=frozenset({date(2026, 10, 12)}))}


@pytest.fixture
def stored() -> Stored:
    stored = Stored()
    stored.work("A-1", FRIDAY)
    return stored


def looked_at(stored: Stored) -> World:
    return see(stored, stored.tree, ReconcileOptions(), now=NOW, today=TODAY, rates=EUR, calendars=CALENDARS)


@pytest.mark.parametrize(
    ("calendar", "day"),
    [
        ("", date(2026, 10, 12)),
        ("default", date(2026, 10, 14)),
        ("de-by", date(2026, 10, 15)),
        ("nowhere", date(2026, 10, 14)),
    ],
)
def test_a_lag_counts_by_its_calendar_for_work_and_for_promises(stored: Stored, calendar: str, day: date) -> None:
    work, deal = stored.work("A-2", FRIDAY), stored.deal("OPP-1", "", OCT_31)
    for dependent in (work, deal):
        stored.need(dependent, "A-1", lag=3)
        stored.terms(dependent, calendar=calendar)

    forecasts = looked_at(stored).forecasts
    assert [forecasts.by_node[node].day for node in (work, deal)] == [day, day]


def test_the_chain_says_how_the_lag_counts_and_who_looks_after_the_need(stored: Stored) -> None:
    work = stored.work("A-2", FRIDAY)
    stored.need(work, "A-1", lag=3)
    stored.terms(work, calendar="de-by", owner="dana")

    world = looked_at(stored)
    steps = chain_steps(world, world.forecasts.by_node[work], "due", FRIDAY)
    assert steps[0].says == "due; waits for A-1 and 3 working days (de-by) more; dana looks after that"


def owner_of_finding(stored: Stored) -> str | None:
    [finding] = stored.judge().findings
    return finding.owner


def test_a_need_that_leads_nowhere_is_up_to_whoever_looks_after_it(stored: Stored) -> None:
    deal = stored.deal("OPP-1", "", OCT_31, owner="seller")
    stored.need(deal, "A-9")
    assert owner_of_finding(stored) == "seller"
    stored.terms(deal, owner="dana")
    assert owner_of_finding(stored) == "dana"


def test_a_promise_that_is_late_stays_with_its_owner(stored: Stored) -> None:
    deal = stored.deal("OPP-1", "", date(2026, 9, 30), owner="seller")
    stored.need(deal, "A-1")
    stored.terms(deal, owner="dana")
    assert owner_of_finding(stored) == "seller"
