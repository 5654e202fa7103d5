"""F1.4: finance expects revenue from a day on which the work behind it is not released yet."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from model.findings import Account, Severity
from model.links import Role
from model.money import Month, MonthAmount
from model.objectives import Level, Objective, StageGate, Tolerance, Value
from model.records import Absence, Measurement
from model.so_what import stakes
from reconcile.options import ReconcileOptions
from tests.reconcile.world import DOING, DONE, EUR, Stored

OCT_1, NOV_16 = date(2026, 10, 1), date(2026, 11, 16)
NODE = "objective:AURORA"
METRICS = ReconcileOptions.model_validate({"checks": {"unreleased-revenue": {"metrics": ["Revenue forecast"]}}})


def plan(amount: int = 310_000, currency: str = "EUR", account: str = "Revenue") -> Value:
    """The same amount in October, November and December."""
    months = tuple(MonthAmount(Month(2026, month), Decimal(amount)) for month in (10, 11, 12))
    return Value(account, currency, months, validated_by="Renate Vogel")


def aurora(*values: Value, **more) -> Objective:
    fields = {"sponsor": "Claire Dubois", "owner": "Aisha Rahman", "location": "objectives.yaml:7", **more}
    return Objective(id="AURORA", name="Aurora", level=Level.MEASURE, values=values, **fields)


def world() -> Stored:
    """Finance expects EUR 310,000 a month from October on; Aurora 4.0 comes on 16 November."""
    stored = Stored(objectives=[Objective(id="TOP", name="Top", level=Level.PORTFOLIO), aurora(plan(), parent="TOP")])
    stored.release("Aurora 4.0", NOV_16)
    stored.work("AUR-118", NOV_16, releases=("Aurora 4.0",), category=DOING)
    stored.link("jira:AUR-118", "AURORA", Role.DELIVERS)
    return stored


def example_world() -> Stored:
    """One plan rests on work with a due date, another on work that is done and waits for its release."""
    boreal = replace(aurora(plan()), id="BOREAL", name="Boreal")
    stored = Stored(objectives=[aurora(plan()), boreal])
    stored.work("AUR-118", NOV_16, start=date(2026, 9, 1), category=DOING)
    stored.link("jira:AUR-118", "AURORA", Role.DELIVERS)
    stored.release("Boreal 1", NOV_16)
    stored.work("BOR-1", category=DONE, finished=date(2026, 9, 1), releases=("Boreal 1",))
    stored.work("BOR-2", category=DONE, finished=date(2026, 9, 1), parent="BOR-1")
    stored.link("jira:BOR-1", "BOREAL", Role.DELIVERS)
    return stored


@pytest.fixture
def stored() -> Stored:
    return world()


def found(stored: Stored, **more):
    return [finding for finding in stored.judge(**more).findings if finding.check == "unreleased-revenue"]


def deferred(finding) -> dict[str | None, Decimal]:
    return {amount.period: amount.full.amount for share in finding.impact.deferred for amount in share.amounts}


def test_revenue_that_is_expected_before_the_release_is_found_with_what_comes_later_by_month(stored):
    """October whole; 15 of 30 days of November: 155,000. 1 October to 16 November are 30 + 1 + 15 = 46 days."""
    (finding,) = found(stored)

    assert finding.title == (
        "Revenue of Aurora is expected from 1 Oct 2026; the work now says 16 Nov 2026 (46 days later): "
        "EUR 465,000 come later"
    )
    assert deferred(finding) == {"2026-10": Decimal(310_000), "2026-11": Decimal(155_000)}
    assert finding.impact.days == 46
    assert (finding.subjects, finding.objective_ids, finding.cause) == ((NODE,), ("AURORA",), "jira:AUR-118")
    assert (finding.decider, finding.decide_by) == ("Claire Dubois", date(2026, 9, 17))
    assert finding.severity is Severity.CRITICAL, "major by its money, and two days are left"
    assert finding.advice == (
        "Expect the revenue from 16 Nov 2026 (Renate Vogel confirms the amount), or bring AUR-118 forward by 46 days."
    )
    assert (finding.commitment.system, finding.commitment.day) == ("objectives", OCT_1)
    assert finding.sources == ("jira",)


def test_it_is_not_counted_as_revenue_at_risk_beside_the_deals_that_it_is_made_of(stored):
    (finding,) = found(stored)

    assert finding.impact.full(Account.REVENUE) == 0
    assert finding.impact.priced
    assert stakes(finding.impact, "EUR") == "EUR 465,000 revenue deferred"


def test_the_evidence_holds_every_month_and_the_date_that_binds(stored):
    (finding,) = found(stored)
    told = {(each.key, each.field, each.value) for each in finding.evidence}

    assert ("Aurora", "Revenue.2026-11", "EUR 310,000") in told
    assert ("AUR-118", "due", "2026-11-16") in told


def test_revenue_from_the_day_of_the_release_on_is_in_time(stored):
    """The edge: a release on the first day of October, and one a day later."""
    for day, number in ((OCT_1, 0), (date(2026, 10, 2), 1)):
        stored.change("jira:AUR-118", due=day)
        stored.change("jira:Aurora 4.0", release_date=day)
        assert len(found(stored)) == number


def test_work_that_is_done_waits_for_its_release(stored):
    """Every issue is closed, and the release comes on 16 November."""
    stored.change("jira:AUR-118", category=DONE, finished=date(2026, 9, 10))
    stored.need("jira:AUR-118", "AUR-118-1")
    stored.work("AUR-118-1", category=DONE, finished=date(2026, 9, 1))
    (finding,) = found(stored)
    assert (finding.impact.days, finding.cause) == (46, "jira:Aurora 4.0")
    assert [step.key for step in finding.chain] == ["Aurora", "Aurora 4.0"]

    stored.change("jira:Aurora 4.0", released=True)
    assert found(stored) == []


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"due": None, "releases": ()}, "AUR-118 has no date"),
        ({"due": date(2026, 9, 1), "releases": ()}, "AUR-118 was due 1 Sep 2026 and is 14 days overdue"),
    ],
)
def test_what_rests_on_nothing_is_counted_to_the_end_of_the_year(stored, fields, says):
    """Three months of 310,000."""
    stored.change("jira:AUR-118", **fields)
    stored.need("jira:AUR-118", "AUR-117")
    stored.work("AUR-117", category=DONE, finished=date(2026, 9, 1))
    (finding,) = found(stored)

    assert finding.title == (
        f"Revenue of Aurora is expected from 1 Oct 2026, but {says}: EUR 930,000 to 31 Dec 2026 rest on nothing"
    )
    assert finding.impact.days is None


def test_a_cancelled_objective_brings_no_revenue(stored):
    stored.objectives[1] = aurora(plan(), stage_gate=StageGate.CANCELLED)

    assert [each.forecast.says for each in found(stored)] == ["was cancelled"]


def test_a_delay_inside_the_tolerance_is_told_only_across_the_end_of_a_quarter(stored):
    stored.objectives[1] = aurora(plan(), tolerance=Tolerance(days=46))
    assert found(stored) == []

    stored.objectives[1] = aurora(plan(), tolerance=Tolerance(days=45))
    assert len(found(stored)) == 1


def test_other_accounts_are_no_revenue_and_the_names_of_accounts_are_finances_own(stored):
    stored.objectives[1] = aurora(plan(account="EBITDA"))
    assert found(stored) == []

    options = ReconcileOptions.model_validate({"checks": {"unreleased-revenue": {"accounts": ["ebitda"]}}})
    assert len(found(stored, options=options)) == 1


def test_what_stands_above_sums_up_and_is_not_counted_again(stored):
    stored.objectives[0] = Objective(id="TOP", name="Top", level=Level.PORTFOLIO, values=(plan(900_000),))

    assert [each.subjects for each in found(stored)] == [(NODE,)]


def test_two_currencies_are_added_in_the_base_currency_and_one_without_a_rate_is_told(stored):
    """USD 100,000 at 0.9 are EUR 90,000: in October 400,000, and half of that in November."""
    stored.objectives[1] = aurora(plan(), plan(100_000, "USD"))
    assert deferred(found(stored, rates=EUR)[0]) == {"2026-10": Decimal(400_000), "2026-11": Decimal(200_000)}

    stored.objectives[1] = aurora(plan(), plan(100_000, "CHF"))
    (finding,) = found(stored, rates=EUR)
    assert finding.impact.deferred == ()
    assert [str(money) for money in finding.impact.unconverted] == ["CHF 150,000.00"]
    assert "CHF 150,000, for which there is no rate, come later" in finding.title


def test_deals_that_tell_their_recurring_revenue_are_not_counted_again(stored):
    stored.deal("OPP-1", "Aurora 4.0", OCT_1, 480_000, custom={"recurring": Decimal(240_000)})
    stored.link("salesforce:OPP-1", "AURORA")
    options = ReconcileOptions(recurring_field="recurring")
    (finding,) = found(stored, options=options)

    assert finding.impact.deferred == ()
    assert "EUR 465,000 come later" in finding.title
    assert found(stored)[0].impact.deferred != ()


def reading(period: str, value: int, **more) -> Measurement:
    fields = {"metric": "Revenue forecast", "unit": "EUR", "value": Decimal(value), **more}
    return Measurement(source="finance", native_id=period, key=f"F-{period}", title="Forecast", period=period, **fields)


def test_measurements_that_are_said_to_be_revenue_by_month_count_where_the_objective_has_no_value(stored):
    """October 200,000, and half of November's 100,000."""
    stored.objectives[1] = aurora()
    for each in (reading("2026-10", 200_000), reading("2026-11", 100_000), reading("2026-Q4", 999), reading("x", -1)):
        stored.link(stored.add(each), "AURORA", Role.MEASURES)
    assert found(stored) == [], "nobody said that this metric is revenue"

    (finding,) = found(stored, options=METRICS)
    assert deferred(finding) == {"2026-10": Decimal(200_000), "2026-11": Decimal(50_000)}
    assert finding.sources == ("finance", "jira")

    stored.objectives[1] = aurora(plan())
    assert deferred(found(stored, options=METRICS)[0])["2026-10"] == Decimal(310_000)


def test_without_revenue_or_without_work_the_check_says_that_it_cannot_judge(stored):
    def blind() -> list[str]:
        return [each.reason for each in stored.judge().blind.get("unreleased-revenue", ())]

    assert blind() == []
    stored.links_ = []
    assert blind() == ["nothing is linked that delivers Aurora, of which revenue is expected"]
    assert found(stored) == []
    stored.objectives[1] = aurora()
    assert blind() == ["no objective and no measurement tells the revenue that finance expects by month"]


def test_what_cannot_be_seen_is_not_judged_and_an_incomplete_source_holds(stored):
    (before,) = found(stored)
    stored.cover("jira", complete=False)
    assert "not completely read: jira" in stored.judge().hold(before, None).because

    stored.need("jira:AUR-118", "AUR-117")
    stored.work("AUR-117", NOV_16)
    stored.lose("jira:AUR-118", Absence.ACCESS_LOST)
    assert stored.judge().unjudged[before.fingerprint] == "AUR-118 cannot be read any more"


def test_the_reason_of_a_resolution_says_what_changed(stored):
    (finding,) = found(stored)

    def reason(change):
        after = stored.shuffled(list)
        change(after)
        judgement = after.judge()
        assert finding.fingerprint not in {each.fingerprint for each in judgement.findings}
        return judgement.gone_because(finding)

    def plan_from_december(stored: Stored) -> None:
        value = Value("revenue", "EUR", (MonthAmount(Month(2026, 12), Decimal(1)),))
        stored.objectives = [aurora(value)]

    def bring_forward(stored: Stored) -> None:
        stored.change("jira:AUR-118", due=OCT_1)
        stored.change("jira:Aurora 4.0", release_date=OCT_1)

    assert reason(plan_from_december) == "the expected revenue now begins on 1 Dec 2026"
    assert reason(bring_forward).endswith("now says 1 Oct 2026")
    assert reason(lambda s: s.links_.clear()) == "nothing is linked any more that delivers Aurora"
    assert reason(lambda s: s.objectives.clear()) == "no revenue of Aurora is expected by month any more"
    assert reason(lambda s: s.change("jira:Aurora 4.0", released=True) or s.change("jira:AUR-118", category=DONE)) == (
        "Aurora is finished"
    )
