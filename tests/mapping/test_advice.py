"""Advice: owners that are no single person, objectives nobody decides on, rules that say the same or nothing."""

from decimal import Decimal

import pytest

from mapping.advice import Watched, about_objectives, about_people
from mapping.coverage import Counting, placed
from model.links import Ambiguity, Link, Role
from model.money import Money, RateTable
from model.objectives import DecisionRights, Level, Objective, ObjectiveNeed, ObjectiveTree
from model.persons import no_single_person
from model.records import Deal

EUR = RateTable("EUR")


@pytest.mark.parametrize(
    "owner",
    [
        *("Steering committee Growth", "ERP team", "erp-team@example.com", "PMO", "tbd", "Executive Board", "Everyone"),
        *("Anna Berg and Ben Meier", "Anna Berg / Ben Meier", "Anna Berg, Ben Meier", "a@example.com; b@example.com"),
        *("Lenkungsausschuss ERP", "Projektteam Nord", "Abteilung Einkauf", "info@example.com", "Anna & Ben"),
    ],
)
def test_a_committee_a_team_or_several_names_are_no_single_person(owner: str):
    """I2: what a committee owns, nobody owns."""
    assert no_single_person(owner)


@pytest.mark.parametrize(
    "owner",
    [
        *("anna.berg@example.com", "Anna Berg", "Berg, Anna", "Head of Product", "Chief Financial Officer", "CFO"),
        *("Paul Novak (VP Sales)", "Head of Sales and Marketing", "Andrea Teambaum", "Leiterin Einkauf", "M. Ruiz"),
        *("Mira Lindholm (account management team)", "Oda Boardman", "sales.anna@example.com"),
    ],
)
def test_one_person_or_a_role_that_one_person_holds_is_left_alone(owner: str):
    assert no_single_person(owner) is None


def tree(*objectives: Objective) -> ObjectiveTree:
    return ObjectiveTree(objectives)


def named(id_: str, parent: str | None = None, **values: object) -> Objective:
    return Objective(
        id=id_, name=id_, level=Level.PROJECT if parent is None else Level.MEASURE, parent=parent, **values
    )  # type: ignore[arg-type]


def test_owners_of_objectives_and_of_needs_are_looked_at_where_they_stand():
    committee = named("P", owner="the board", sponsor="Ann", needs=(ObjectiveNeed("X", owner="Ann and Ben"),))
    found = list(about_people(tree(committee), ()))
    assert [each.part for each in found] == [("owner",), ("needs", 0, "owner")]
    assert "'the board' of 'P' is no single person" in found[0].message


def test_nobody_who_answers_and_nobody_who_decides_are_told_once_at_the_top():
    found = list(about_people(tree(named("P"), named("A", "P"), named("B", "P")), ()))
    assert [(each.name, each.message) for each in found] == [
        ("P", "nobody answers for 'A' and 1 more below 'P'"),
        ("P", "nobody may decide beyond the tolerance of 'A' and 1 more below 'P'"),
    ]


@pytest.mark.parametrize(
    "values", [{"sponsor": "Ann"}, {"decision_rights": DecisionRights(beyond="Ann")}], ids=["sponsor", "right"]
)
def test_a_decider_at_the_top_serves_everything_below(values: dict[str, object]):
    assert not list(about_people(tree(named("P", owner="Ann", **values), named("A", "P")), ()))


def test_an_inner_objective_counts_once_a_rule_names_it():
    below = named("A", "P", owner="Ann", sponsor="Bea")
    assert not list(about_people(tree(named("P"), below), ()))
    assert len(list(about_people(tree(named("P"), below), {"P"}))) == 2


def watched(*keys: str, needs: int = 0, ambiguous: bool = False) -> Watched:
    found = Watched()
    for key in keys:
        deal = Deal(source="crm", native_id=key, key=key, title=key, amount=Money(Decimal(1), "EUR"))
        each = placed(deal, [Link(deal.id, "A", Role.PROMISES, "first")], needs, EUR)
        found.add(each, [Ambiguity(deal.id, "first", ("second",))] if ambiguous else [])
    return found


def test_a_rule_that_links_nothing_is_named_and_one_that_links_something_is_not():
    [found] = watched("D-1").about_rules(["first", "second"])
    assert (found.subject, found.name) == ("rule", "second")


def test_records_that_rules_claim_equally_are_one_piece_of_advice_with_examples():
    [found] = watched("D-1", "D-2", "D-3", "D-4", ambiguous=True).about_ambiguities({})
    assert found.name == "second"
    assert (
        found.message == "4 records are matched equally by 'first' and 'second': D-1, D-2, D-3 and 1 more; 'first' wins"
    )
    assert not list(watched("D-1").about_ambiguities({}))


def test_money_that_waits_for_nothing_is_told_per_rule():
    [found] = watched("D-1").about_needs()
    assert found.message == "1 of 1 open deals that 'first' links wait for nothing: D-1"
    assert not list(watched("D-1", needs=1).about_needs())


def test_an_objective_without_work_says_how_much_counts_on_it():
    objectives = tree(named("P"), named("A", "P"))
    counting = Counting(objectives)
    deal = Deal(source="crm", native_id="1", key="D-1", title="")
    counting.add(placed(deal, [Link(deal.id, "A", Role.PROMISES, "r")], 0, EUR))
    [found] = about_objectives(objectives, counting.result())
    assert (found.name, found.message) == (
        "P",
        "there is no work for 'P', nor for the 1 below it; 1 other record counts on it",
    )
