"""The picture of a date that slipped, for the weightiest decision of which one did more than once."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest

from digest.base import Edition, Picture
from digest.brief import sort_edition
from digest.sections import slip
from model.records import Move
from tests.digest.editions import NOW, edition, two_causes

pytest.importorskip("resvg_py")


def moves(*days: date) -> tuple[Move, ...]:
    steps = enumerate(pairwise(days))
    return tuple(Move("due", old, new, NOW - timedelta(days=60 - 20 * number)) for number, (old, new) in steps)


AURORA = moves(date(2026, 9, 1), date(2026, 9, 30), date(2026, 11, 16))
ERP = moves(date(2026, 9, 20), date(2026, 10, 1), date(2026, 10, 22))


def shown(given: Edition) -> str:
    blocks = slip.compose(sort_edition(given))
    assert all(isinstance(block, Picture) for block in blocks)
    return blocks[0].alt if blocks else ""  # type: ignore[union-attr]


def test_the_weightiest_decision_whose_date_slipped_more_than_once_is_shown():
    both = shown(replace(two_causes(), moves={"jira:10118": AURORA, "jira:20007": ERP}))
    second = shown(replace(two_causes(), moves={"jira:10118": AURORA[1:], "jira:20007": ERP}))
    if not both:
        pytest.skip("this machine has no fonts")
    assert both == "AUR-118 Ledger cut-over moved 2 times since 3 Jul, from 1 Sep to 16 Nov; promised is 30 Sep."
    assert second.startswith("ERP-7 ERP go-live moved 2 times")


def test_it_can_be_switched_off_and_needs_moves():
    off = edition([*two_causes().news], plots=False)
    assert shown(replace(off, moves={"jira:10118": AURORA})) == ""
    assert shown(two_causes()) == ""


def test_the_dates_of_what_an_audience_may_not_see_are_not_drawn():
    given = replace(two_causes(), moves={"jira:10118": AURORA}, outside={"jira:10118": ("AUR-118",)})
    assert shown(given) == ""
