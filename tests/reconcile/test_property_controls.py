"""Negative controls of the properties: each breaks one thing that the code must do, and the property then fails.

The examples are drawn without a database and always the same, so that a control neither finds by luck nor leaves
anything behind for the property itself.
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from model.findings import Account, Finding, Share
from model.money import Money
from reconcile import impact, propagation
from reconcile.checks import late_commitment
from reconcile.judgement import Judgement
from reconcile.network import planned_days
from reconcile.promises import Promise
from tests.reconcile import test_properties as properties
from tests.reconcile.test_properties import COUNT, OBJECTIVES, Plan, anything
from tests.reconcile.world import TODAY, TODO

always_the_same = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


def run(holds: Callable[..., None], *drawn: st.SearchStrategy[Any]) -> None:
    body: Callable[..., None] = holds.hypothesis.inner_test  # type: ignore[attr-defined]
    always_the_same(given(*drawn)(body))()


def holds_unbroken(holds: Callable[..., None], *drawn: st.SearchStrategy[Any]) -> None:
    """The very examples of a control do not fail by themselves."""
    run(holds, *drawn)


def fails(holds: Callable[..., None], *drawn: st.SearchStrategy[Any]) -> None:
    with pytest.raises(AssertionError):
        run(holds, *drawn)


def just(*values: object) -> tuple[st.SearchStrategy[Any], ...]:
    return tuple(map(st.just, values))


def on(days: int) -> date:
    return TODAY + timedelta(days)


def plan(
    deals: Sequence[tuple[int, date, int]] = (),
    needs: Sequence[tuple[int, int, int]] = (),
    due: Sequence[int] = (20,) * COUNT,
    target: date | None = None,
) -> Plan:
    """Work of ten days each, all of it due in 20 days unless told otherwise, none of it in a release. A-0 delivers the
    first objective, which has the target."""
    return Plan(
        due=tuple(map(on, due)),
        duration=(10,) * COUNT,
        categories=(TODO,) * COUNT,
        lights=(None,) * COUNT,
        needs=tuple(needs),
        parents=(None,) * COUNT,
        members=frozenset(),
        release=on(20),
        deals=tuple(deals),
        savings=(),
        targets=(target, *[None] * (OBJECTIVES - 1)),
        tolerances=(0,) * OBJECTIVES,
        delivers=((0, 0),),
    )


def test_a_promise_compared_the_wrong_way_round_breaks_adding_slack(monkeypatch):
    """Promised for the day of the work, it is on time; promised for later, the broken check finds it."""
    example = just(plan(deals=[(0, on(20), 1_000)]), 5)
    slack = properties.test_adding_slack_never_adds_a_finding
    holds_unbroken(slack, *example)

    def wrong_way_round(promise: Promise) -> bool:
        day, promised = promise.forecast.day, promise.deal.promised_date
        return day is not None and promised is not None and promised > day

    monkeypatch.setattr(late_commitment, "is_told_late", wrong_way_round)

    fails(slack, *example)


def test_a_duration_that_pulls_instead_of_pushing_breaks_moving_a_due_date_later(monkeypatch):
    """A-1 takes ten days behind A-0, which ends in 50: in 60, and 5 days later when it takes 5 more. Pulled, it would
    end in 40 and, taking 5 more, in 35."""
    example = just(plan(deals=[(1, on(20), 1_000)], needs=[(1, 0, 0)], due=(50, *[20] * 6)), 1, 5)
    moving = properties.test_moving_a_due_date_later_never_lowers_the_days
    holds_unbroken(moving, *example)

    monkeypatch.setattr(propagation, "planned_days", lambda item: -(planned_days(item) or 0))

    fails(moving, *example)


def test_an_enabler_read_backwards_breaks_moving_a_release_later(monkeypatch):
    """The day of a release mirrored at its plan: the later it is, the earlier what ships with it."""
    shipped = plan(deals=[(COUNT, on(1), 1_000)])
    moving = properties.test_moving_a_release_later_never_lowers_the_days
    holds_unbroken(moving, *just(shipped, 5))

    dated = propagation._Pass._dated

    def mirrored(self, node, day, because):
        return dated(self, node, shipped.release - (day - shipped.release) if day else None, because)

    monkeypatch.setattr(propagation._Pass, "_dated", mirrored)

    fails(moving, *just(shipped, 5))


def test_adding_every_share_breaks_the_totals_of_distinct_records(monkeypatch):
    """The deal is told by its own finding and by that of the objective's target, and would count twice."""
    example = just(plan(deals=[(0, on(1), 1_000)], target=on(1)))
    totals = properties.test_totals_never_exceed_the_sum_of_distinct_records
    holds_unbroken(totals, *example)

    def every_share(
        shares: Sequence[Share], account: Account, *, weighted: bool = False, year: int | None = None
    ) -> Decimal:
        amounts = [amount for share in shares for amount in share.amounts if amount.account is account]
        money = [amount.weighted if weighted else amount.full for amount in amounts]
        return sum((each.amount for each in money if each), Decimal(0))

    monkeypatch.setattr("model.findings.total_of", every_share)

    fails(totals, *example)


def test_findings_in_the_order_of_the_input_break_its_indifference(monkeypatch):
    def as_they_come(finding: Finding) -> int:
        return -finding.severity

    monkeypatch.setattr("reconcile.engine._gravest_first", as_they_come)

    fails(properties.test_the_order_of_input_never_matters, anything, st.randoms(use_true_random=False))


def test_judging_without_a_hold_breaks_that_a_held_source_never_resolves(monkeypatch):
    held = properties.test_a_source_that_was_not_completely_read_never_resolves_anything
    monkeypatch.setattr(Judgement, "hold", lambda *_: None)

    fails(held, anything, st.sampled_from(["jira", "salesforce", "savings"]), anything)


def in_floats(money: Money) -> Money:
    return Money(Decimal(str(round(float(money.amount), 2))), money.currency)


def test_floats_break_the_exact_cents_of_a_saving(monkeypatch):
    """Half of five cents is two by half to even; as a float it lies above two and a half."""
    example = just({9: Decimal("0.05")}, date(2026, 9, 1), 15)
    exact = properties.test_what_a_saving_loses_is_exact_to_the_cent
    holds_unbroken(exact, *example)

    monkeypatch.setattr(impact, "_rounded", in_floats)

    fails(exact, *example)


def test_floats_break_the_exact_cents_of_revenue(monkeypatch):
    example = just([(Decimal("0.05"), 50, "EUR")], Decimal(1))
    exact = properties.test_revenue_is_exact_in_full_and_weighted_and_adds_up_exactly
    holds_unbroken(exact, *example)

    monkeypatch.setattr(impact, "_rounded", in_floats)

    fails(exact, *example)
