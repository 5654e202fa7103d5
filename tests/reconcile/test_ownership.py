"""The checks on ownership and governance judge an objective by what it reaches: a part gives what all gives."""

from importlib import import_module

import pytest

from model.findings import Finding
from reconcile.check import Unjudged
from reconcile.checks import checks
from reconcile.engine import scoped, see
from reconcile.options import ReconcileOptions, field_name
from reconcile.world import World
from tests.reconcile.world import EUR, NOW, TODAY, Stored

CHECKS = [
    *("no-owner", "shared-owner", "inactive-owner", "no-decider", "no-stop-authority", "expired-assumption"),
    *("unfunded-objective", "missing-unit", "far-milestone", "overbooked", "request-priority"),
]


def seen(stored: Stored) -> World:
    return see(stored, stored.tree, ReconcileOptions(), now=NOW, today=TODAY, rates=EUR)


def said(world: World, name: str) -> dict[str, str]:
    check = checks()[name]
    verdicts = check.find(world, world.options.of(check))
    return {
        each.subjects[0]: each.title if isinstance(each, Finding) else each.reason
        for each in verdicts
        if isinstance(each, Finding | Unjudged)
    }


@pytest.mark.parametrize("name", CHECKS)
def test_each_objective_alone_is_judged_as_among_all(name: str) -> None:
    stored: Stored = import_module(f"tests.reconcile.checks.test_{field_name(name)}").example_world()
    whole = said(seen(stored), name)
    assert whole
    alone: dict[str, str] = {}
    for node in seen(stored).network.objectives:
        alone |= said(scoped(seen(stored), frozenset({node})), name)
    assert alone == whole


@pytest.mark.parametrize("name", CHECKS)
def test_the_order_in_which_things_are_stored_does_not_matter(name: str) -> None:
    stored: Stored = import_module(f"tests.reconcile.checks.test_{field_name(name)}").example_world()
    backwards = stored.shuffled(lambda several: list(reversed(several)))
    assert said(seen(backwards), name) == said(seen(stored), name)
