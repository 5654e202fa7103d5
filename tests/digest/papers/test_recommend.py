"""Recommended is what keeps the promise for less than it costs to do nothing, if that is one option; else nothing."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from digest.language import ENGLISH
from digest.papers.recommend import USUAL, Materiality, recommend
from model.findings import Account, Amount, DecisionOption, Finding, OptionKind, Share
from model.money import Money
from tests.digest.editions import DEALS, aurora, edition, late_deal, opened
from tests.digest.saying import section_text

KEPT, LATE = date(2026, 9, 30), date(2026, 10, 1)
"""The promise is for 30 September; EUR 620,000 hang on it."""


def option(kind: OptionKind, cost: int | None = None, day: date | None = KEPT, free: bool = False) -> DecisionOption:
    amounts = (Amount(Account.COST, Money(Decimal(cost), "EUR")),) if cost is not None else ()
    costs = (Share("tracker:1", amounts),) if amounts else ()
    return DecisionOption(kind=kind, says=kind.value, day=day, costs=costs, costs_nothing=free)


FORWARD, CUT, FUND = OptionKind.BRING_FORWARD, OptionKind.CUT_SCOPE, OptionKind.FUND


def finding(*options: DecisionOption) -> Finding:
    return replace(late_deal(*DEALS[0]), options=options)


@pytest.mark.parametrize(
    ("options", "chosen", "because"),
    [
        ((option(FORWARD, 100_000),), 0, "it alone costs less"),
        ((option(FUND, 100_000), option(CUT, 900_000)), 0, "it alone costs less"),
        ((option(FORWARD, free=True), option(CUT, 10), option(FUND)), 0, "it keeps the date and costs nothing"),
        ((option(FORWARD, 613_799), option(FUND, 620_000)), 0, "it alone costs less"),
        ((option(FORWARD, 613_800),), None, "costs no less than what is lost"),
        ((option(FORWARD, 10), option(CUT, 20)), None, "several options keep the date"),
        ((option(FORWARD, free=True), option(CUT, free=True)), None, "several options keep the date"),
        ((option(FORWARD, 10), option(CUT)), None, "what keeps the date is not priced"),
        ((option(FORWARD),), None, "what keeps the date is not priced"),
        ((option(FORWARD, 10, day=LATE), option(CUT, 10, day=None)), None, "no option is known to keep the date"),
        ((option(OptionKind.ACCEPT, 10), option(OptionKind.MOVE_PROMISE, 10)), None, "no option is known to keep"),
        ((), None, "no option is known to keep the date"),
    ],
)
def test_one_option_is_recommended_or_none_with_the_reason(
    options: tuple[DecisionOption, ...], chosen: int | None, because: str
):
    """EUR 620,000 are lost otherwise, of which 1 % is 6,200: more than the floor of 1,000."""
    found = recommend(ENGLISH, finding(*options), USUAL)
    assert found.option == (None if chosen is None else options[chosen])
    assert because in found.because


def test_what_differs_by_less_than_is_material_is_not_cheaper():
    offered = finding(option(FORWARD, 500_000))
    assert recommend(ENGLISH, offered, Materiality(Decimal(1), Decimal(119_999))).option is not None
    assert recommend(ENGLISH, offered, Materiality(Decimal(1), Decimal(120_000))).option is None


def test_a_price_without_a_rate_is_not_known():
    foreign = replace(option(FORWARD, 10), costs=(Share("x", unconverted=Money(Decimal(10), "USD")),))
    assert recommend(ENGLISH, finding(foreign), USUAL).because == "what keeps the date is not priced"


def test_without_a_promised_day_nothing_keeps_it():
    offered = replace(finding(option(FORWARD, 10)), commitment=None)
    assert recommend(ENGLISH, offered, USUAL).option is None


def test_a_card_of_the_mail_recommends_only_what_is_for_all_of_it():
    free = replace(option(FORWARD, free=True), record_id="jira:10118", says="Bring AUR-118 forward: the date is kept")
    both = [replace(each, options=(free,)) for each in aurora(2)]
    said = section_text("decisions", edition([*map(opened, both)]))
    assert "Recommended Bring AUR-118 forward; it keeps the date and costs nothing" in said
    other = replace(both[1], options=(replace(free, record_id="jira:2"),))
    assert "Recommended" not in section_text("decisions", edition([opened(both[0]), opened(other)]))
    assert "Recommended" not in section_text("decisions", edition([*map(opened, aurora(2))]))
