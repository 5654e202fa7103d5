"""What checks ask the store to count: only of a view that counts, and only whole weeks."""

from datetime import date
from typing import Any

import pytest

from model.surroundings import Touched
from reconcile.check import Blind
from reconcile.checks import checks
from reconcile.counts import by_week, weeks_ago
from reconcile.engine import reconcile_again
from tests.reconcile.checks.test_orphan_work import example_world as orphans
from tests.reconcile.checks.test_tickets_for_unshipped import example_world as tickets
from tests.reconcile.world import NOW, TODAY, Stored

COUNTING = ("inflows", "unserved", "mentions", "named")


class Uncounted:
    """A view that has no counts."""

    def __init__(self, stored: Stored) -> None:
        self._stored = stored

    def __getattr__(self, name: str) -> Any:
        if name in COUNTING:
            raise AttributeError(name)
        return getattr(self._stored, name)


@pytest.mark.parametrize("name", ["stalled-scope", "debt-outgrows", "flat-outcome", "orphan-work"])
def test_where_nothing_is_counted_a_check_that_needs_it_is_blind(name: str) -> None:
    stored = Stored()
    view: Any = Uncounted(stored)
    judgement = Stored.judge(view, with_checks={name: checks()[name]})
    assert judgement.blind[name] == (Blind("what is stored is not counted by week"),)
    counted = stored.judge(with_checks={name: checks()[name]}).blind.get(name, ())
    assert Blind("what is stored is not counted by week") not in counted


def test_only_whole_weeks_count_and_the_current_one_is_not_over() -> None:
    since = weeks_ago(TODAY, 2)
    assert since == date(2026, 8, 31)
    days = {date(2026, 8, 30): 1, since: 2, date(2026, 9, 13): 3, date(2026, 9, 14): 4}
    assert by_week([days, {since: 1}], since, 2) == (3, 3)


@pytest.mark.parametrize(("name", "world"), [("orphan-work", orphans), ("tickets-for-unshipped", tickets)])
def test_what_goes_through_everything_is_judged_with_everything_only(name: str, world: Any) -> None:
    stored = world()
    judgement = stored.judge(with_checks={name: checks()[name]})
    (finding,) = judgement.findings
    told = {finding.check: {finding.subjects[0]}}
    again = reconcile_again(judgement.world, stored, Touched(), told, now=NOW, with_checks=checks())
    assert again.findings == ()
    assert not again.judges(finding.check, finding.subjects[0])
