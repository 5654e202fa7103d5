"""F3.6 and I55: what is shown is older than it may be."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from model.findings import Finding, Severity
from model.links import Role
from model.objectives import Level, Objective, StageGate
from model.records import Absence, Measurement, Outcome
from reconcile.checks.stale_record import StaleRecord, StaleRecordOptions
from reconcile.engine import Judgement
from reconcile.options import ReconcileOptions
from tests.reconcile.checks.pasts import september, was
from tests.reconcile.world import DONE, TODAY, Stored

REPORT, JUNE = "jira:REP-1", "kpis:OTD-2026-06"


def objective(**more: Any) -> Objective:
    return Objective(id="O", name="Delivery", level=Level.MEASURE, owner="Lena", **more)


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9, tzinfo=UTC)


def figure(stored: Stored, period: str, **more: Any) -> str:
    fields = {"metric": "On-time delivery", "value": Decimal(91), "reporter": "Mira", **more}
    key = f"OTD-{period}"
    node = stored.add(
        Measurement(source="kpis", native_id=key, key=key, title="On-time delivery", period=period, **fields)
    )
    stored.link(node, "O", Role.MEASURES)
    return node


def example_world() -> Stored:
    """A report that was last changed on 10 August, 36 days before the run, and a metric told for May and June."""
    stored = Stored(objectives=[objective()])
    stored.link(stored.work("REP-1", title="Status", changed=at(date(2026, 8, 10)), owner="Paul"), "O", Role.REPORTS)
    figure(stored, "2026-05")
    figure(stored, "2026-06")
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def judge(stored: Stored, *, today: date = TODAY, **options: Any) -> Judgement:
    of_checks = ReconcileOptions().checks.model_copy(update={"stale_record": StaleRecordOptions(**options)})
    return stored.judge(
        today=today, options=ReconcileOptions(checks=of_checks), with_checks={"stale-record": StaleRecord()}
    )


def found(stored: Stored, **more: Any) -> dict[str, Finding]:
    return {each.subjects[-1]: each for each in judge(stored, **more).findings}


def test_a_report_that_nobody_changed_for_too_long_is_told_to_its_owner(stored: Stored) -> None:
    """From 10 August to 15 September are 21 + 15 = 36 days."""
    finding = found(stored)[REPORT]

    assert finding.title == "The report REP-1 Status in jira was last changed on 10 Aug 2026, 36 days ago"
    assert (finding.upkeep, finding.severity, finding.owner) == (True, Severity.NOTICE, "Paul")
    assert finding.commitment is not None
    assert finding.commitment.says == "may be 35 days old"
    assert [(each.field, each.value) for each in finding.evidence] == [("changed", "2026-08-10")]
    assert finding.sources == ("jira",)


def test_at_the_limit_a_report_is_just_in_time(stored: Stored) -> None:
    stored.change(REPORT, changed=at(date(2026, 8, 11)))
    assert REPORT not in found(stored)
    assert REPORT in found(stored, report_days=34)


def test_a_metric_whose_next_figure_is_due_is_told_to_who_reports_it(stored: Stored) -> None:
    """From 31 May to 30 June are 30 days: the next period ends on 30 July, and its figure is due 20 days later."""
    finding = found(stored)[JUNE]

    assert finding.title == (
        "On-time delivery in kpis is told up to 2026-06; the figure for the next period was due on 19 Aug 2026"
    )
    assert finding.subjects == ("objective:O", JUNE)
    assert (finding.upkeep, finding.owner, finding.objective_ids) == (True, "Mira", ("O",))
    assert JUNE not in found(stored, today=date(2026, 8, 19))
    assert JUNE in found(stored, today=date(2026, 8, 20))


def test_a_newer_figure_ends_it_and_a_blank_one_does_not(stored: Stored) -> None:
    finding = found(stored)[JUNE]
    figure(stored, "2026-07", value=None)
    assert JUNE in found(stored)
    figure(stored, "2026-08")
    assert list(found(stored)) == [REPORT]
    assert judge(stored).gone_because(finding) == "a newer figure of On-time delivery is told, or none is due"


def test_each_metric_has_its_own_rhythm_and_one_period_is_none(stored: Stored) -> None:
    """Quarters: from 31 March to 30 June are 91 days, 29 September is to come."""
    stored.remove("kpis:OTD-2026-05")
    assert JUNE not in found(stored)
    stored.remove(JUNE)
    figure(stored, "2026-Q1")
    second = figure(stored, "2026-Q2")
    assert list(found(stored)) == [REPORT]
    assert second in found(stored, today=date(2026, 10, 20))


def test_a_report_that_reports_a_figure_is_as_old_as_its_period(stored: Stored) -> None:
    for period in ("2026-05", "2026-06"):
        stored.link(f"kpis:OTD-{period}", "O", Role.REPORTS)
    assert sorted(found(stored)) == [REPORT, JUNE]


def test_where_the_source_tells_no_times_it_counts_what_was_seen(stored: Stored) -> None:
    was(stored, REPORT, "status", (date(2026, 7, 1), "a"), (date(2026, 8, 10), "b"), changed=None)
    stored.histories_[REPORT].pop()  # the present content, which the stored world adds as seen yesterday
    assert REPORT not in found(stored)
    assert REPORT in found(stored, today=september(14) + timedelta(36))
    title = found(stored, today=september(14) + timedelta(36))[REPORT].title
    assert title == "The report REP-1 Status in jira was last seen to change on 14 Sep 2026, 36 days ago"


def test_what_is_done_or_at_rest_or_does_not_report_need_not_change(stored: Stored) -> None:
    stored.change(REPORT, category=DONE)
    assert list(found(stored)) == [JUNE]
    stored = example_world()
    stored.objectives = [objective(stage_gate=StageGate.ON_HOLD)]
    assert found(stored) == {}
    stored = example_world()
    stored.links_ = [each for each in stored.links_ if each.role is Role.MEASURES]
    stored.link(REPORT, "O", Role.DELIVERS)
    assert list(found(stored)) == [JUNE]


def test_deals_and_savings_have_a_limit_only_if_it_is_set(stored: Stored) -> None:
    old = at(date(2026, 1, 1))
    stored.link(stored.deal("D-1", None, None, changed=old), "O")
    stored.link(stored.deal("D-2", None, None, changed=old, outcome=Outcome.WON), "O")
    stored.link(stored.saving("S-1", None, None, changed=old), "O", Role.SAVES)
    assert sorted(found(stored)) == [REPORT, JUNE]
    told = found(stored, deal_days=100, saving_days=100)
    assert sorted(told) == [REPORT, JUNE, "salesforce:D-1", "savings:S-1"]
    assert told["salesforce:D-1"].title.startswith("The deal D-1 Deal D-1 in salesforce was last changed on 1 Jan 2026")


def test_while_the_record_is_out_of_sight_or_its_source_is_not_read_the_finding_is_held(stored: Stored) -> None:
    before = found(stored)
    for node, key in ((REPORT, "REP-1"), (JUNE, "OTD-2026-06")):
        stored.lose(node, Absence.UNOBSERVED)
        judgement = judge(stored)
        assert node not in found(stored)
        hold = judgement.hold(before[node], None)
        assert hold is not None
        assert "was not seen in the last reading" in hold.because, key
    stored = example_world()
    stored.change(REPORT, changed=at(TODAY))
    stored.cover("jira", complete=False)
    hold = judge(stored).hold(before[REPORT], None)
    assert hold is not None
    assert hold.because.startswith("not completely read: jira")


def test_a_source_without_periods_is_blind(stored: Stored) -> None:
    assert judge(stored).blind == {}
    for node in ("kpis:OTD-2026-05", JUNE):
        stored.change(node, period="")
    assert [(each.reason, each.sources) for each in judge(stored).blind["stale-record"]] == [
        ("no measurement of kpis has a metric and a period that can be read", ("kpis",))
    ]


def test_the_order_of_what_is_stored_changes_nothing(stored: Stored) -> None:
    assert found(stored.shuffled(lambda each: list(reversed(each)))) == found(stored)


def test_the_reason_of_a_resolution_names_the_day(stored: Stored) -> None:
    finding = found(stored)[REPORT]
    stored.change(REPORT, changed=at(september(14)))
    assert judge(stored).gone_because(finding) == "REP-1 was changed on 14 Sep 2026"


def test_a_metric_that_serves_two_objectives_is_told_once(stored: Stored) -> None:
    stored.objectives.append(Objective(id="P", name="P", level=Level.MEASURE))
    for period in ("2026-05", "2026-06"):
        stored.link(f"kpis:OTD-{period}", "P", Role.MEASURES)
    assert [each.subjects for each in judge(stored).findings if JUNE in each.subjects] == [("objective:O", JUNE)]
