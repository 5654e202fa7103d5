"""What each check says that it reads is what its verdict rests on: take each field away and look (S9).

The world in which a check finds something is ``example_world`` of its own test module, if it has one.
"""

import dataclasses
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest

from model.links import Role
from model.objectives import Level, Objective
from model.records import Outcome, Record
from reconcile.check import Check
from reconcile.checks import checks
from reconcile.options import field_name
from tests.reconcile.world import DONE, DROPPED, Stored

_SOURCE_FILLS = {"category": "status"}
"""The field that a source's configuration names, where ours is worked out from it."""
_NO_FIELDS_OF_A_SOURCE = {
    "source",
    "native_id",
    "key",
    "title",
    "provenance",
    "custom",
    "moves",
    "changes",
    "former_keys",
}


def late_world() -> Stored:
    """Promises that are late, unsupported and kept, and a saving that is early, on work, releases and sprints."""
    stored = Stored(objectives=[Objective(id="O", name="O", level=Level.MEASURE)])
    stored.release("R1", date(2026, 11, 16), start=date(2026, 8, 1))
    stored.release("R2", date(2026, 9, 1), released=True)
    stored.sprint("S1", date(2026, 12, 18))
    stored.work("W-1", date(2026, 11, 16), start=date(2026, 9, 1), releases=("R1",))
    stored.work("W-2", None, sprint="S1", parent="W-1")
    stored.work("W-3", date(2026, 9, 30), start=date(2026, 9, 21))
    stored.need("jira:W-3", "W-2")
    stored.work("W-4", date(2026, 10, 1), category=DROPPED)
    stored.work("W-5", date(2026, 8, 1), category=DONE, finished=date(2026, 12, 1))
    stored.work("W-6", date(2026, 12, 1), releases=("R2",))
    deals: list[tuple[str, dict[str, Any]]] = [
        ("R1", {}),
        ("W-1", {"outcome": Outcome.WON, "probability": Decimal("0.4")}),
        ("W-2", {"currency": "USD"}),
        ("W-3", {}),
        ("W-4", {"outcome": Outcome.LOST}),
        ("W-4", {}),
        ("W-5", {}),
        ("W-6", {}),
    ]
    for number, (promised, more) in enumerate(deals):
        stored.link(stored.deal(f"D-{number}", promised, date(2026, 10, 15), **more), "O")
    for key, enabler in (("M-1", "W-3"), ("M-2", "W-4")):
        plan = {"2026-10": 310_000, "2026-11": 310_000}
        stored.link(stored.saving(key, enabler, date(2026, 10, 1), plan), "O", Role.SAVES)
    return stored


def world_of(check: str) -> Callable[[], Stored]:
    module = import_module(f"tests.reconcile.checks.test_{field_name(check)}")
    found: Callable[[], Stored] = getattr(module, "example_world", late_world)
    return found


def verdicts(stored: Stored, check: str) -> object:
    """What a check says in figures; a milestone that is far away is told as evidence alone."""
    judgement = stored.judge()
    said = {
        each.fingerprint: (
            each.impact,
            each.forecast and each.forecast.day,
            each.commitment and each.commitment.day,
            [proof.value for proof in each.evidence if proof.field == "milestone"],
        )
        for each in judgement.findings
        if each.check == check
    }
    return said, {print_: why for print_, why in judgement.unjudged.items() if print_ in said}


def taken_away(world: Callable[[], Stored]) -> list[tuple[str, str, object]]:
    """Every record with every field that says something in it, and what it says where the source has no such field."""
    return [
        (record.id, each.name, each.default)
        for record in world().records_
        for each in dataclasses.fields(record)
        if each.name not in _NO_FIELDS_OF_A_SOURCE and getattr(record, each.name) != each.default
        if each.default is not dataclasses.MISSING
    ]


def missed(check: Check[Any], reads: frozenset[str] | None) -> set[str]:
    """Fields whose loss changes what the check says although it does not claim to read them."""
    world = world_of(check.name)
    before = verdicts(world(), check.name)
    found = set()
    for record_id, name, default in taken_away(world):
        stored = world()
        stored.change(record_id, **{name: default})
        filled = _SOURCE_FILLS.get(name, name)
        if verdicts(stored, check.name) != before and filled not in (reads or set()):
            found.add(filled)
    return found


@pytest.mark.parametrize("name", sorted(checks()))
def test_a_check_claims_every_field_without_which_it_says_something_else(name: str) -> None:
    check = checks()[name]
    assert verdicts(world_of(name)(), name) != ({}, {}), "nothing is found that could change"
    assert missed(check, check.reads) == set()


@pytest.mark.parametrize("name", sorted(name for name, check in checks().items() if check.reads != frozenset()))
def test_the_test_before_notices_a_field_that_is_not_claimed(name: str) -> None:
    """Its control; a check that claims no field at all is tested by the test before alone."""
    check = checks()[name]
    assert missed(check, frozenset()), "no field of the world is needed by the check, so nothing was tested"


@pytest.mark.parametrize("name", sorted(checks()))
def test_a_check_claims_only_fields_that_records_have(name: str) -> None:
    known = {each.name for kind in Record.__subclasses__() for each in dataclasses.fields(kind)}
    assert (checks()[name].reads or frozenset()) - known == set()
