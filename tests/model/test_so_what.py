"""I11: which revenue stream or saving a finding touches."""

from decimal import Decimal

from model.findings import Account, Amount, Finding, Impact, Share
from model.money import Money
from model.objectives import Level, Objective, ObjectiveTree
from model.so_what import so_what, streams

TREE = ObjectiveTree(
    (
        Objective(id="ORG", name="Meridian", level=Level.ORGANIZATION),
        Objective(id="P", name="Software growth", level=Level.PORTFOLIO, parent="ORG"),
        Objective(id="M", name="Sell Aurora", level=Level.MEASURE, parent="P"),
    )
)


def finding(*objectives: str, shares: tuple[Share, ...] = ()) -> Finding:
    return Finding(
        check="c", check_version=1, subjects=("s",), title="t", objective_ids=objectives, impact=Impact(1, shares)
    )


def share(record: str, account: Account, amount: str) -> Share:
    return Share(record, (Amount(account, Money(Decimal(amount), "EUR")),))


def test_it_names_what_is_touched_up_the_tree_and_the_money_by_account() -> None:
    shares = (share("d", Account.REVENUE, "480000.00"), share("s", Account.SAVINGS, "12.50"))

    assert so_what(finding("M", shares=shares), TREE, "EUR") == (
        "Software growth › Sell Aurora: EUR 480,000 revenue and EUR 12.50 savings"
    )


def test_what_has_no_amount_is_not_priced_and_what_serves_nothing_says_so() -> None:
    assert so_what(finding("P"), TREE, "EUR") == "Software growth: not priced"
    assert so_what(finding(), TREE, "EUR") == "no objective: not priced"
    assert streams(finding("ORG"), TREE) == ("Meridian",)
    assert streams(finding("GONE"), TREE) == ()


def test_money_without_a_rate_is_told_in_its_currency_and_once() -> None:
    dollars = Share("d", unconverted=Money(Decimal(300), "USD"))

    assert so_what(finding("P", shares=(dollars, dollars)), TREE, "EUR") == "Software growth: USD 300 unconverted"
