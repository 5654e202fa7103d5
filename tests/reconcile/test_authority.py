"""Who may live with a finding: the owner inside the tolerance, the named right or the sponsor beyond it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from model.findings import Impact
from model.money import Money
from model.objectives import DecisionRights, Level, Objective, ObjectiveTree, Tolerance
from reconcile.authority import Authority, authority, same_person
from tests.reconcile.test_lifecycle import finding
from tests.reconcile.world import EUR

OWNER, SPONSOR = "Lena Brandt", "Claire Dubois (CFO)"


NO_RIGHTS, FIVE_DAYS = DecisionRights(), Tolerance(days=5)


def tree(*, rights: DecisionRights = NO_RIGHTS, tolerance: Tolerance = FIVE_DAYS) -> ObjectiveTree:
    top = Objective(id="P", name="P", level=Level.PORTFOLIO, sponsor=SPONSOR, decision_rights=rights)
    below = Objective(id="M", name="M", level=Level.MEASURE, parent="P", owner=OWNER, tolerance=tolerance)
    other = Objective(id="N", name="N", level=Level.MEASURE, owner="Nora Vale", sponsor="Sven Roth")
    return ObjectiveTree((top, below, other))


def named(objectives: ObjectiveTree, days: int | None, *ids: str, money: int = 100_000) -> Authority:
    found = finding(days=days, money=money, objective_ids=ids or ("M",))
    return authority(found, objectives, tolerance_days=0, rates=EUR)


def test_inside_the_tolerance_the_owner_may_and_so_may_whoever_may_beyond_it():
    assert named(tree(), 5) == Authority((OWNER, SPONSOR), within_tolerance=True)


def test_one_day_beyond_it_only_the_sponsor_may():
    assert named(tree(), 6) == Authority((SPONSOR,), within_tolerance=False)


def test_a_named_right_goes_before_owner_and_sponsor_and_is_inherited():
    rights = DecisionRights(within_tolerance="Mira Lindholm", beyond="Martin Keller (COO)")
    assert named(tree(rights=rights), 5).named == ("Mira Lindholm", "Martin Keller (COO)")
    assert named(tree(rights=rights), 6).named == ("Martin Keller (COO)",)


def test_what_nothing_supports_is_beyond_every_tolerance():
    assert not named(tree(), None).within_tolerance


@pytest.mark.parametrize(("money", "within"), [(50_000, True), (50_001, False)])
def test_the_money_must_be_inside_as_well_where_a_tolerance_for_it_is_set(money: int, within: bool):
    limits = Tolerance(days=5, amount=Money(Decimal(50_000), "EUR"))
    assert named(tree(tolerance=limits), 3, money=money).within_tolerance is within


def test_a_tolerance_in_another_currency_is_converted_and_without_a_rate_covers_nothing():
    dollars = Tolerance(days=5, amount=Money(Decimal(100_000), "USD"))  # 90,000 EUR
    assert named(tree(tolerance=dollars), 3, money=90_000).within_tolerance
    assert not named(tree(tolerance=dollars), 3, money=90_001).within_tolerance
    francs = Tolerance(days=5, amount=Money(Decimal(100_000), "CHF"))
    assert not named(tree(tolerance=francs), 3, money=1).within_tolerance


def test_over_several_objectives_the_strictest_tolerance_counts_and_the_right_across_them_is_added():
    rights = DecisionRights(across_measures="Steering committee")
    found = named(tree(rights=rights), 3, "M", "N")
    assert (found.within_tolerance, found.named) == (False, (SPONSOR, "Steering committee", "Sven Roth"))


def test_without_an_objective_it_is_whoever_the_finding_names():
    bare = replace(finding(), decider="Paul Novak (VP Sales)", impact=Impact(3))
    assert authority(bare, tree(), tolerance_days=0, rates=EUR).named == ("Paul Novak (VP Sales)",)
    assert authority(finding(), tree(), tolerance_days=0, rates=EUR).named == ()


@pytest.mark.parametrize(
    "name", ["Paul Novak", "paul novak", "Paul  Novak (VP Sales)", "paul.novak@example.com", "PAUL.NOVAK@example.com"]
)
def test_a_person_goes_by_name_or_address(name: str):
    assert same_person(name, "Paul Novak (VP Sales)")
    assert same_person(name, "paul.novak@example.com")
    assert same_person(name, "Paul Novak <paul.novak@example.com>")


@pytest.mark.parametrize("name", ["", " ", "Paul", "VP Sales", "Paula Novak", "paula.novak@example.com", "()", "@"])
def test_nobody_else_does(name: str):
    for known in ("Paul Novak (VP Sales)", "paul.novak@example.com", ""):
        assert not same_person(name, known)


def test_two_addresses_must_be_equal():
    assert not same_person("paul.novak@elsewhere.example", "paul.novak@example.com")
