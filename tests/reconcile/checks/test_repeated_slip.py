"""I14: drift, not status; how often a date was moved later, by how much together. I53: the same reason each time."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from model.findings import Finding
from model.links import Role
from model.objectives import Baseline, Level, Objective, StageGate
from model.records import Absence, Move, Outcome, Record, Revision
from reconcile.checks.repeated_slip import RepeatedSlipOptions
from reconcile.options import ChecksOptions, ReconcileOptions
from tests.reconcile.world import DONE, Stored

SEP_30, OCT_14, OCT_31, NOV_15, NOV_30 = (
    date(2026, 9, 30),
    date(2026, 10, 14),
    date(2026, 10, 31),
    date(2026, 11, 15),
    date(2026, 11, 30),
)
AURORA = "jira:R4"


def at(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 9, tzinfo=UTC)


def example_world() -> Stored:
    """Aurora 4.0 moved later four times from 30 September to 30 November, and once back by a day in between."""
    stored = Stored()
    stored.objectives = [Objective(id="AUR", name="Aurora", level=Level.PROJECT, owner="aisha", sponsor="Paul")]
    stored.release("R4", NOV_30)
    stored.link(AURORA, "AUR", Role.DELIVERS)
    stored.moves_[AURORA] = [
        Move("release_date", SEP_30, OCT_14, at(4, 6), "tomas"),
        Move("release_date", OCT_14, OCT_31, at(5, 4), "tomas"),
        Move("release_date", OCT_31, NOV_15, at(6, 1), "tomas"),
        Move("release_date", NOV_15, NOV_15 - timedelta(1), at(6, 2), "tomas"),
        Move("release_date", NOV_15 - timedelta(1), NOV_30, at(8, 3), "tomas"),
    ]
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def found(stored: Stored, **options: Any) -> list[Finding]:
    checks = ChecksOptions.model_validate({"repeated-slip": RepeatedSlipOptions(**options)})
    findings = stored.judge(options=ReconcileOptions(checks=checks)).findings
    return [each for each in findings if each.check == "repeated-slip"]


def test_a_date_that_was_moved_later_four_times_is_found_with_all_its_days(stored: Stored) -> None:
    """30 September to 30 November are 61 days: 14 + 17 + 15 - 1 + 16."""
    (finding,) = found(stored)
    assert finding.subjects == (AURORA,)
    assert finding.title == "R4 moved later 4 times since 6 Apr 2026, from 30 Sep 2026 to 30 Nov 2026 (61 days)"
    assert (finding.impact.days, finding.impact.priced) == (61, False)
    assert (finding.owner, finding.decider, finding.objective_ids) == ("aisha", "Paul", ("AUR",))
    assert [(each.old, each.value, each.by) for each in finding.evidence][::4] == [
        ("2026-09-30", "2026-10-14", "tomas"),
        ("2026-11-14", "2026-11-30", "tomas"),
    ]
    assert (finding.commitment and finding.commitment.day, finding.forecast and finding.forecast.day) == (
        SEP_30,
        NOV_30,
    )
    assert finding.sources == ("jira",)


def test_two_moves_or_a_small_drift_are_not_told(stored: Stored) -> None:
    stored.moves_[AURORA] = [stored.moves_[AURORA][0], stored.moves_[AURORA][2]]
    assert found(stored) == []
    assert len(found(stored, pushes=2)) == 1
    day = timedelta(1)
    swaying = [
        Move("release_date", SEP_30 + day * (n % 2), SEP_30 + day * ((n + 1) % 2), at(8, n + 1)) for n in range(9)
    ]
    stored.moves_[AURORA] = swaying
    stored.change(AURORA, release_date=SEP_30 + day)
    assert found(stored) == []
    assert [each.impact.days for each in found(stored, least_days=1)] == [1]


def test_moves_longer_ago_than_the_weeks_do_not_count(stored: Stored) -> None:
    """26 weeks before 15 September is 17 March; 20 weeks before it is 28 April, after the first move."""
    assert len(found(stored, weeks=26)) == 1
    assert [each.impact.days for each in found(stored, weeks=20)] == [47]
    assert found(stored, weeks=15) == []


def test_the_date_must_still_stand_open(stored: Stored) -> None:
    stored.change(AURORA, released=True)
    assert found(stored) == []
    stored.change(AURORA, released=False, release_date=None)
    assert found(stored) == []


def test_milestones_promised_work_promises_and_savings_are_watched_alike(stored: Stored) -> None:
    stored.moves_ = {}
    stored.work("EPIC", NOV_30)
    stored.work("STORY", NOV_15, parent="EPIC")
    stored.link("jira:EPIC", "AUR", Role.DELIVERS)
    deal = stored.deal("OPP-1", "AUR-1", NOV_30)
    stored.work("AUR-1", NOV_30)
    lost = stored.deal("OPP-2", None, NOV_30, outcome=Outcome.LOST)
    saving = stored.saving("M-1", None, SEP_30)
    for node in (deal, lost):
        stored.link(node, "AUR")
    stored.link(saving, "AUR", Role.SAVES)
    steps = [(SEP_30, OCT_14), (OCT_14, OCT_31), (OCT_31, NOV_30)]
    for node, field in (("jira:EPIC", "due"), ("jira:AUR-1", "due"), (deal, "promised_date"), (lost, "promised_date")):
        stored.moves_[node] = [Move(field, old, new, at(month, 1)) for month, (old, new) in enumerate(steps, 6)]
    for _, new in steps:
        stored.change(saving, planned_start=new)
    told = {each.subjects[0]: each.impact.days for each in found(stored)}
    assert told == dict.fromkeys(("jira:EPIC", "jira:AUR-1", deal, saving), 61)
    stored.change("jira:EPIC", category=DONE)
    assert len(found(stored)) == 3


def test_baselines_that_were_approved_anew_count_as_moves_of_the_objective(stored: Stored) -> None:
    stored.moves_ = {}
    days = ((SEP_30, 3), (OCT_14, 4), (OCT_31, 5), (NOV_15, 6))
    baselines = tuple(Baseline(day, "Paul", date(2026, month, 20)) for day, month in days)
    stored.objectives = [Objective(id="AUR", name="Aurora", level=Level.PROJECT, baselines=baselines)]
    (finding,) = found(stored)
    assert finding.title == "Aurora moved later 3 times since 20 Apr 2026, from 30 Sep 2026 to 15 Nov 2026 (46 days)"
    stored.objectives = [
        Objective(id="AUR", name="Aurora", level=Level.PROJECT, baselines=baselines, stage_gate=StageGate.ON_HOLD)
    ]
    assert found(stored) == []


class Told(Stored):
    """A world that was seen with a reason at each of its revisions."""

    def histories(self, record_ids: Any) -> Mapping[str, Sequence[Revision]]:
        return {id_: self.histories_[id_] for id_ in record_ids if id_ in self.histories_}


def blocked(reasons: Sequence[str | None]) -> Told:
    """An epic that moved later once a month from June on, each time with one of these reasons."""
    stored = Told(objectives=[Objective(id="AUR", name="Aurora", level=Level.PROJECT)])
    stored.work("EPIC", NOV_30)
    stored.work("STORY", NOV_15, parent="EPIC")
    stored.link("jira:EPIC", "AUR", Role.DELIVERS)
    days = [SEP_30, OCT_14, OCT_31, NOV_15, NOV_30]
    stored.moves_["jira:EPIC"] = [
        Move("due", days[step], days[step + 1], at(6 + step, 1)) for step in range(len(reasons))
    ]
    record: Record = stored.records_[0]
    stored.histories_["jira:EPIC"] = [Revision(at(5, 1), record)]
    for step, reason in enumerate(reasons):
        stored.change("jira:EPIC", blocked_reason=reason, due=days[step + 1])
        stored.histories_["jira:EPIC"].pop()  # what ``change`` has kept under another time
        seen = next(each for each in stored.records_ if each.id == "jira:EPIC")
        stored.histories_["jira:EPIC"].append(Revision(at(6 + step, 2), seen))
    return stored


def test_the_same_reason_given_three_times_is_told_as_such() -> None:
    """The spelling does not count; a move without a reason is no reason."""
    (finding,) = found(blocked(["Supplier late", "supplier  late", None, "SUPPLIER LATE"]))
    assert finding.title.endswith("(61 days), 3 times for the same reason")
    assert [each.value for each in finding.evidence if each.field == "reason"] == ["supplier late (3 times)"]
    (finding,) = found(blocked(["supplier late", "strike", "supplier late", "holidays"]))
    assert finding.title.endswith("(61 days)")


def test_the_same_reason_is_enough_where_more_moves_are_asked_for() -> None:
    assert len(found(blocked(["supplier late"] * 3), pushes=9)) == 1
    assert found(blocked(["supplier late"] * 2 + ["strike"]), pushes=9) == []


def test_while_its_source_is_not_read_or_it_is_out_of_sight_a_finding_is_held(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.moves_ = {}
    stored.cover("jira", complete=False)
    hold = stored.judge().hold(finding, None)
    assert hold is not None
    assert hold.because.startswith("not completely read: jira")

    stored = example_world()
    stored.lose(AURORA, Absence.UNOBSERVED)
    hold = stored.judge().hold(finding, None)
    assert found(stored) == []
    assert hold is not None
    assert hold.because == "R4 was not seen in the last reading"


def test_the_reason_of_a_resolution_says_what_happened(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.moves_ = {}
    assert stored.judge().gone_because(finding) == "R4 moved back, or its moves are longer ago"
    stored.change(AURORA, released=True)
    assert stored.judge().gone_because(finding) == "R4 has ended, or has no date any more"
    stored.remove(AURORA)
    assert stored.judge().gone_because(finding) == "no rule links R4 any more"


def test_where_nothing_has_a_date_the_check_is_blind(stored: Stored) -> None:
    assert "repeated-slip" not in stored.judge().blind
    stored.change(AURORA, release_date=None)
    assert [each.reason for each in stored.judge().blind["repeated-slip"]] == ["nothing that is planned has a date"]
