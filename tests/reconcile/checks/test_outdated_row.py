"""F5.3: tracker rows that nobody touched since what they wait for was moved; reality latency and lead time lost."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from model.findings import Finding
from model.links import Role
from model.objectives import Level, Objective
from model.records import Absence, Move
from reconcile.check import Blind
from reconcile.checks.outdated_row import OutdatedRow
from reconcile.judgement import Judgement
from reconcile.options import ReconcileOptions
from tests.reconcile.world import DOING, DONE, Stored

OCT_1, OCT_22 = date(2026, 10, 1), date(2026, 10, 22)
AUG_12, SEP_1 = datetime(2026, 8, 12, 9, tzinfo=UTC), datetime(2026, 9, 1, 9, tzinfo=UTC)


def example_world() -> Stored:
    """M-201 books from 1 October and waits for ERP-90, which moved by 21 days on 1 September."""
    stored = Stored()
    stored.objectives = [Objective(id="M-201", name="Bundle volumes", level=Level.MEASURE, owner="Lena Brandt")]
    stored.work("ERP-90", OCT_22, category=DOING)
    stored.saving("M-201", "ERP-90", OCT_1, {"2026-10": 620_000}, changed=AUG_12)
    stored.link("savings:M-201", "M-201", Role.SAVES)
    stored.moves_["jira:ERP-90"] = [Move("due", OCT_1, OCT_22, SEP_1, "jonas")]
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def judged(stored: Stored, **more: Any) -> Judgement:
    return stored.judge(with_checks={"outdated-row": OutdatedRow()}, **more)


def found(stored: Stored, **more: Any) -> list[Finding]:
    return list(judged(stored, **more).findings)


def test_a_row_older_than_the_move_of_its_enabler_is_told_to_its_owner(stored: Stored) -> None:
    """1 to 15 September are 14 days, all of them before 1 October: 14 days of lead time are lost."""
    (finding,) = found(stored)
    assert finding.title == (
        "M-201 Saving M-201 was last touched on 12 Aug 2026; ERP-90, which it waits for, moved from 1 Oct 2026 to "
        "22 Oct 2026 (21 days later) since 1 Sep 2026"
    )
    assert (finding.upkeep, finding.owner, finding.decider) == (True, "Lena Brandt", "Lena Brandt")
    assert (finding.impact.days, finding.impact.shares, finding.cause) == (21, (), "jira:ERP-90")
    told = {each.field: (each.old, each.value, each.by) for each in finding.evidence if each.field != "planned_start"}
    assert told["last touched"] == (None, "2026-08-12", None)
    assert told["due"] == ("2026-10-01", "2026-10-22", "jonas")
    assert told["reality latency"][1] == told["lead time lost"][1] == "14 days"
    assert finding.sources == ("jira", "savings")


def test_lead_time_ends_with_the_planned_start_and_latency_does_not(stored: Stored) -> None:
    """1 September to 11 October are 40 days, of which 30 lie before 1 October."""
    (finding,) = found(stored, today=date(2026, 10, 11))
    assert [each.value for each in finding.evidence if each.field in ("reality latency", "lead time lost")] == [
        "40 days",
        "30 days",
    ]


@pytest.mark.parametrize(("day", "told"), [(8, False), (9, True)])
def test_the_owner_has_seven_days(stored: Stored, day: int, told: bool) -> None:
    assert bool(found(stored, today=date(2026, 9, day))) is told
    options = ReconcileOptions.model_validate({"checks": {"outdated-row": {"limit_days": 0}}})
    assert len(found(stored, today=date(2026, 9, day), options=options)) == 1


def test_a_row_that_was_touched_after_the_move_is_no_finding(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.change("savings:M-201", changed=datetime(2026, 9, 2, tzinfo=UTC))
    assert found(stored) == []
    assert judged(stored).gone_because(finding) == "M-201 was touched on 2 Sep 2026"


def test_where_the_source_does_not_say_it_goes_by_when_the_content_was_first_seen(stored: Stored) -> None:
    """It was first seen on 14 September: a move before that says nothing, one on the 15th does."""
    stored.change("savings:M-201", changed=None)
    assert found(stored) == []
    stored.moves_["jira:ERP-90"] = [Move("due", OCT_1, OCT_22, datetime(2026, 9, 14, 8, tzinfo=UTC))]
    assert len(found(stored, today=date(2026, 9, 30))) == 1


def test_a_move_that_was_taken_back_or_that_leaves_time_enough_is_no_finding(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.moves_["jira:ERP-90"].append(Move("due", OCT_22, OCT_1, datetime(2026, 9, 5, tzinfo=UTC)))
    assert found(stored) == []
    del stored.moves_["jira:ERP-90"][1]
    stored.change("savings:M-201", planned_start=date(2026, 11, 1), plan=(), changed=AUG_12)
    assert found(stored) == []
    assert judged(stored).gone_because(finding) == "M-201 is up to date again"


def test_a_date_that_was_taken_away_counts_as_a_move(stored: Stored) -> None:
    stored.change("jira:ERP-90", due=None)
    stored.moves_["jira:ERP-90"] = [Move("due", OCT_1, None, SEP_1)]
    (finding,) = found(stored)
    assert "moved from 1 Oct 2026 to no date since 1 Sep 2026" in finding.title
    assert finding.impact.days is None


def test_moves_of_other_fields_do_not_count(stored: Stored) -> None:
    stored.moves_["jira:ERP-90"] = [Move("start", OCT_1, OCT_22, SEP_1)]
    assert found(stored) == []


def test_an_enabler_out_of_sight_holds_and_a_source_without_enablers_is_blind(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.lose("jira:ERP-90", Absence.UNOBSERVED)
    assert finding.fingerprint in judged(stored).unjudged
    stored.absences_.clear()
    stored.cover("savings", complete=False)
    assert judged(stored).hold(finding, None) is not None
    stored.needs_.clear()
    assert judged(stored).blind["outdated-row"] == (
        Blind("no saving of savings names what it waits for", ("savings",)),
    )
    assert judged(stored).gone_because(finding) == "M-201 waits for nothing any more"


def test_a_resolution_says_what_became_of_the_enabler_or_the_row(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.change("jira:ERP-90", category=DONE, finished=date(2026, 9, 10))
    assert judged(stored).gone_because(finding) == "ERP-90 is finished"
    stored.remove("savings:M-201")
    assert judged(stored).gone_because(finding) == "no rule links M-201 any more"
