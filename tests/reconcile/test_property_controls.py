"""Negative controls of the properties: each breaks one thing that the code must do, and the property then fails.

The examples are drawn without a database and always the same, so that a control neither finds by luck nor leaves
anything behind for the property itself.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from model.findings import Account, Share
from model.money import Money
from reconcile import impact, propagation
from reconcile.checks import late_commitment
from reconcile.judgement import Judgement
from reconcile.promises import Promise
from tests.reconcile import test_properties as properties
from tests.reconcile.test_properties import COUNT, anything, cents, plans

numbers = st.integers(0, COUNT - 1)
always_the_same = settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


def fails(holds: Callable[..., None], *drawn: st.SearchStrategy[Any]) -> None:
    """Run a property over a bounded number of examples and expect that it does not hold."""
    body: Callable[..., None] = holds.hypothesis.inner_test  # type: ignore[attr-defined]
    with pytest.raises(AssertionError):
        always_the_same(given(*drawn)(body))()


def test_a_promise_compared_the_wrong_way_round_breaks_the_property_of_slack(monkeypatch):
    def swapped(promise: Promise) -> bool:
        day, promised = promise.forecast.day, promise.deal.promised_date
        return day is not None and promised is not None and (promised - day).days > promise.tolerance_days

    monkeypatch.setattr(late_commitment, "is_told_late", swapped)

    fails(properties.test_adding_slack_never_adds_a_finding, plans(), st.integers(1, 60))


def test_a_duration_that_pulls_instead_of_pushing_breaks_the_property_of_later_dates(monkeypatch):
    """Work that takes longer then ends earlier after what it needs."""
    planned = propagation.planned_days
    monkeypatch.setattr(propagation, "planned_days", lambda item: -(planned(item) or 0))

    fails(
        properties.test_moving_a_due_date_later_never_lowers_the_days,
        plans(),
        numbers,
        st.integers(1, 60),
    )


def test_a_release_that_passes_over_its_latest_part_breaks_the_property_of_later_releases(monkeypatch):
    pass


def test_adding_every_share_breaks_the_property_of_totals(monkeypatch):
    def every_share(shares, account: Account, *, weighted: bool = False, year: int | None = None) -> Decimal:
        amounts = [amount for share in shares for amount in share.amounts if amount.account is account]
        return sum(((amount.weighted if weighted else amount.full).amount for amount in amounts), Decimal(0))

    monkeypatch.setattr("model.findings.total_of", every_share)

    fails(properties.test_totals_never_exceed_the_sum_of_distinct_records, anything)


def test_findings_in_the_order_they_were_found_break_the_property_of_order(monkeypatch):
    monkeypatch.setattr("reconcile.engine._gravest_first", lambda finding: -finding.severity)

    fails(properties.test_the_order_of_input_never_matters, anything, st.randoms(use_true_random=False))


def test_judging_without_a_hold_breaks_the_property_of_held_sources(monkeypatch):
    monkeypatch.setattr(Judgement, "hold", lambda *_: None)

    fails(
        properties.test_a_source_that_was_not_completely_read_never_resolves_anything,
        anything,
        st.sampled_from(["jira", "salesforce", "savings"]),
        anything,
    )


def in_floats(money: Money) -> Money:
    return Money(Decimal(str(round(float(money.amount), 2))), money.currency)


def test_floats_break_the_property_of_exact_savings(monkeypatch):
    monkeypatch.setattr(impact, "_rounded", in_floats)

    fails(
        properties.test_what_a_saving_loses_is_exact_to_the_cent,
        st.dictionaries(st.integers(1, 12), cents, max_size=6),
        properties.future,
        st.integers(0, 150),
    )
