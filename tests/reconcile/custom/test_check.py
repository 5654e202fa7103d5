"""A custom check is judged as every check is: hit, miss, edge, held and blind, with the figures calculated by hand."""

import random
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from model.findings import Account, Finding, Severity
from model.keys import objective_node
from model.links import Role
from model.objectives import Level, Objective, StageGate
from model.records import Absence, Outcome
from model.runs import Coverage
from reconcile.custom import custom_checks
from reconcile.custom.definition import Relation, Subject
from reconcile.custom.definition import Tolerance as Allowed
from reconcile.engine import scoped
from tests.reconcile.custom.defining import BELOW, CLOSES, NOV_16, SEP_30, defined, found, judged, savings
from tests.reconcile.world import TODAY, YESTERDAY, Stored

# --- hit, miss, edge, held, blind -------------------------------------------------------------------------------


def test_a_hit_says_both_claims_the_days_between_them_and_the_money(stored: Stored) -> None:
    (finding,) = found(stored, CLOSES)
    assert finding.check == "custom:own"
    assert finding.title == "D-1 Deal D-1: 30 Sep 2026, 16 Nov 2026, 47 days"  # 30 Sep + 47 days = 16 Nov
    assert finding.impact.days == 47
    assert finding.impact.full(Account.REVENUE) == 480_000
    assert finding.impact.weighted(Account.REVENUE) == 384_000  # 80 % of it
    assert finding.severity is Severity.MAJOR  # from 100,000 on
    assert finding.commitment is not None
    assert (finding.commitment.system, finding.commitment.says) == ("salesforce", "close_date 30 Sep 2026")
    assert finding.forecast is not None
    assert (finding.forecast.system, finding.forecast.key, finding.forecast.day) == ("jira", "R1", NOV_16)
    assert finding.cause == "jira:R1"
    assert [step.key for step in finding.chain] == ["D-1", "R1"]
    assert (finding.owner, finding.decider) == ("Sam", "Bob")
    assert finding.objective_ids == ("M-1",)
    assert finding.sources == ("jira", "salesforce")
    assert ("close_date", "30 Sep 2026") in {(each.field, each.value) for each in finding.evidence}


def test_the_same_day_and_what_is_inside_the_tolerance_is_no_finding(stored: Stored) -> None:
    stored.change("salesforce:D-1", close_date=NOV_16)
    assert found(stored, CLOSES) == []
    stored.change("salesforce:D-1", close_date=date(2026, 11, 2))  # 14 days before
    assert len(found(stored, CLOSES)) == 1
    for days, told in ((14, 0), (13, 1)):
        tolerant = defined(
            Subject.DEAL, "close_date", Relation.NOT_BEFORE, "forecast", tolerance=Allowed(Decimal(days))
        )
        assert len(found(stored, tolerant)) == told


def test_a_record_out_of_sight_is_held_and_nothing_is_concluded(stored: Stored) -> None:
    (earlier,) = found(stored, CLOSES)
    stored.lose("jira:R1", Absence.ACCESS_LOST)
    judgement = judged(stored, CLOSES)
    assert judgement.findings == ()
    assert judgement.unjudged == {earlier.fingerprint: "R1 cannot be read any more"}
    assert judgement.hold(earlier, None) is not None


def test_a_source_that_was_not_completely_read_holds_what_was_found(stored: Stored) -> None:
    (earlier,) = found(stored, CLOSES)
    stored.cover("jira", complete=False)
    stored.change("jira:R1", release_date=SEP_30)
    hold = judged(stored, CLOSES).hold(earlier, None)
    assert hold is not None
    assert "jira" in hold.because


def test_a_source_that_goes_on_without_a_field_holds_the_custom_checks_that_need_it(stored: Stored) -> None:
    """S9: a custom check is named among them like an installed one."""
    (earlier,) = found(stored, CLOSES)
    stored.change("salesforce:D-1", close_date=NOV_16)
    for held, because in (({earlier.check}, "not completely read: salesforce"), ({"late-commitment"}, None)):
        stored.coverage_["salesforce"] = Coverage(
            "salesforce", 1, 1, as_of=YESTERDAY, complete=False, held_checks=frozenset(held)
        )
        hold = judged(stored, CLOSES).hold(earlier, None)
        assert (hold.because[:31] if hold else None) == because


def test_a_source_that_delivers_no_such_field_is_told_and_never_passed_over(stored: Stored) -> None:
    stored.change("salesforce:D-1", close_date=None)
    judgement = judged(stored, CLOSES)
    assert judgement.findings == ()
    assert [(each.reason, each.sources) for each in judgement.blind["custom:own"]] == [
        ("no deal of salesforce has a close date", ("salesforce",))
    ]
    stored.deal("D-2", "R1", None, close_date=NOV_16)
    assert not judged(stored, CLOSES).blind


def test_what_the_work_implies_is_told_as_the_forecast_on_whichever_side_it_stands(stored: Stored) -> None:
    turned = defined(Subject.DEAL, "forecast", Relation.NOT_AFTER, "close_date", impact=Account.REVENUE)
    (finding,) = found(stored, turned)
    (straight,) = found(stored, CLOSES)
    assert (finding.commitment, finding.forecast) == (straight.commitment, straight.forecast)
    assert (finding.impact, finding.chain, finding.options) == (straight.impact, straight.chain, straight.options)


def test_what_is_finished_is_not_awaited_any_more(stored: Stored) -> None:
    stored.change("salesforce:D-1", close_date=date(2026, 8, 1))
    stored.change("jira:R1", released=True, release_date=date(2026, 9, 1))
    assert found(stored, CLOSES) == []


def test_what_supports_nothing_and_what_waits_for_nothing_has_no_forecast_to_compare(stored: Stored) -> None:
    stored.change("jira:R1", release_date=None)
    assert found(stored, CLOSES) == []
    alone = stored.deal("D-3", None, None, close_date=TODAY)
    stored.link(alone, "M-1")
    judgement = judged(stored, CLOSES)
    assert (judgement.findings, judgement.unjudged) == ((), {})


# --- which subjects ---------------------------------------------------------------------------------------------


def test_only_what_the_definition_names_is_looked_at(stored: Stored) -> None:
    def chosen(**only: str) -> list[Finding]:
        names = tuple((name.replace("__", "."), frozenset({value})) for name, value in only.items())
        return found(stored, defined(Subject.DEAL, "close_date", Relation.NOT_BEFORE, "forecast", only=names))

    stored.change("salesforce:D-1", stage="Closing", custom={"Region": "EMEA"})
    assert len(chosen(stage="closing", fields__Region="emea")) == 1
    assert chosen(stage="closing", fields__Region="apac") == []


def test_lost_deals_and_objectives_at_rest_are_left_out_unless_they_are_asked_for(stored: Stored) -> None:
    stored.change("salesforce:D-1", outcome=Outcome.LOST)
    assert found(stored, CLOSES) == []
    lost = (("outcome", frozenset({"lost"})),)
    day = defined(Subject.DEAL, "close_date", Relation.NOT_BEFORE, "2026-12-31", only=lost)
    assert len(found(stored, day)) == 1
    late = defined(Subject.OBJECTIVE, "target", Relation.NOT_BEFORE, "2026-12-31")
    assert len(found(stored, late)) == 1
    stored.objectives[1] = Objective(
        id="M-1", name="Aurora", level=Level.MEASURE, target=SEP_30, stage_gate=StageGate.ON_HOLD
    )
    assert found(stored, late) == []


# --- who, how grave, how it is identified -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decider", "who"),
    [("owner", "Lea"), ("sponsor", "Bob"), ("beyond", "Bob"), ("within_tolerance", "Lea"), ("stop", "Sue"),
     ("controller", None), ("cfo@acme.example", "cfo@acme.example")],
)  # fmt: skip
def test_who_decides_is_told_by_the_objectives_or_named(stored: Stored, decider: str, who: str | None) -> None:
    definition = defined(Subject.DEAL, "close_date", Relation.NOT_BEFORE, "forecast", decider=decider)
    (finding,) = found(stored, definition)
    assert finding.decider == who


def test_severity_is_fixed_or_comes_from_the_money_and_upkeep_is_never_more_than_a_notice(stored: Stored) -> None:
    def grade(**more: Any) -> Severity:
        (finding,) = found(stored, defined(Subject.DEAL, "close_date", Relation.NOT_BEFORE, "forecast", **more))
        return finding.severity

    assert grade(severity=Severity.CRITICAL) is Severity.CRITICAL
    assert grade(impact=Account.REVENUE) is Severity.MAJOR
    assert grade() is Severity.MINOR  # not priced
    assert grade(upkeep=True) is Severity.NOTICE


def test_the_name_bears_a_prefix_so_that_no_installed_check_can_be_replaced() -> None:
    named = defined(Subject.DEAL, "close_date", Relation.NOT_BEFORE, "forecast", name="late-commitment")
    assert list(custom_checks([named])) == ["custom:late-commitment"]


def test_a_changed_tolerance_keeps_the_finding_and_a_raised_version_resolves_it_with_that_reason(
    stored: Stored,
) -> None:
    (first,) = found(stored, CLOSES)
    (same,) = found(
        stored, defined(Subject.DEAL, "close_date", Relation.NOT_BEFORE, "forecast", tolerance=Allowed(Decimal(3)))
    )
    assert same.fingerprint == first.fingerprint
    raised = defined(Subject.DEAL, "close_date", Relation.NOT_BEFORE, "forecast", version=2)
    judgement = judged(stored, raised)
    assert judgement.findings[0].fingerprint != first.fingerprint
    assert judgement.gone_because(first) == "version 2 of the check judges it now"


def test_a_check_that_its_file_switches_off_does_not_run_and_says_so(stored: Stored) -> None:
    (earlier,) = found(stored, CLOSES)
    off = judged(stored, defined(Subject.DEAL, "close_date", Relation.NOT_BEFORE, "forecast", enabled=False))
    assert off.findings == ()
    assert off.gone_because(earlier) == "the check custom:own is switched off"


def test_why_it_resolved_is_what_the_claims_say_now(stored: Stored) -> None:
    (earlier,) = found(stored, CLOSES)
    stored.change("jira:R1", release_date=SEP_30)
    told = judged(stored, CLOSES).gone_because(earlier)
    assert told == "close_date of D-1 is now 30 Sep 2026, forecast 30 Sep 2026"
    stored.change("salesforce:D-1", outcome=Outcome.LOST)
    assert judged(stored, CLOSES).gone_because(earlier) == "D-1 is not among what the check looks at any more"
    stored.remove("salesforce:D-1")
    assert "D-1" in judged(stored, CLOSES).gone_because(earlier)


def test_the_order_of_the_records_changes_nothing(stored: Stored) -> None:
    for number in range(2, 7):
        stored.link(stored.deal(f"D-{number}", "R1", None, number * 1000, close_date=SEP_30), "M-1")
    total = defined(Subject.OBJECTIVE, "sum(deal.amount)", Relation.AT_MOST, "1000 EUR")
    first = [found(stored, each) for each in (CLOSES, total)]
    shuffle = random.Random(7)
    again = stored.shuffled(lambda several: shuffle.sample(several, len(several)))
    assert [found(again, each) for each in (CLOSES, total)] == first


def test_a_run_after_a_few_changes_says_of_what_they_reach_what_a_whole_run_says(stored: Stored) -> None:
    savings(stored, S1=50_000, S2=40_000)
    stored.link("salesforce:D-1", "ORG")
    stored.link(stored.work("A-1", None), "M-1", Role.DELIVERS)
    for definition in (
        CLOSES,
        BELOW,
        defined(Subject.SAVING, "forecast", Relation.AT_LEAST, "plan"),
        defined(Subject.RELEASE, "release_date", Relation.NOT_BEFORE, "2027-01-01"),
        defined(Subject.OBJECTIVE, "sum(deal.amount)", Relation.AT_MOST, "1000 EUR"),
        defined(Subject.OBJECTIVE, "undated_work", Relation.AT_MOST, "0"),
    ):
        judgement = judged(stored, definition)
        assert judgement.findings
        assert judgement.world is not None
        check = custom_checks([definition])["custom:own"]
        options = check.options_type()
        whole = {each.subjects[0]: each for each in check.find(judgement.world, options) if isinstance(each, Finding)}
        network = judgement.world.network
        for node in (*network.deals, *network.savings, *network.releases, *network.objectives, *network.work):
            part = check.find(scoped(judgement.world, frozenset({node})), options)
            expected = [whole[node]] if node in whole else []
            assert [each for each in part if isinstance(each, Finding)] == expected


# --- what the run needs to know of it ---------------------------------------------------------------------------


def test_it_says_which_fields_and_roles_it_rests_on() -> None:
    check = custom_checks([BELOW])["custom:own"]
    assert check.rests_on({"forecast"}, ())
    assert check.rests_on((), {Role.SAVES})
    assert not check.rests_on({"close_date"}, {Role.PROMISES})
    assert custom_checks([CLOSES])["custom:own"].rests_on({"promised"}, ())
    chosen = defined(
        Subject.DEAL, "close_date", Relation.NOT_BEFORE, "today", only=(("fields.Region", frozenset({"x"})),)
    )
    assert custom_checks([chosen])["custom:own"].rests_on({"Region"}, ())


def test_two_checks_do_not_share_anything() -> None:
    made = custom_checks([BELOW, defined(Subject.DEAL, "amount", Relation.AT_LEAST, "1 EUR", name="other")])
    assert list(made) == ["custom:other", "custom:own"]
    assert made["custom:own"].definition is BELOW
    assert made["custom:other"].reads != made["custom:own"].reads


def test_its_documentation_has_the_headings_of_every_check() -> None:
    text = type(custom_checks([BELOW])["custom:own"]).__doc__ or ""
    for heading in ("What it finds", "Why it matters", "What to do", "Example"):
        assert f"\n{heading}\n    " in text
    assert objective_node("M-1") not in text
