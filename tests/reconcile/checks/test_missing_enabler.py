"""F2.1: one side nearly done, the other side that it needs not funded, not begun or much later."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from model.findings import Account, DecisionOption, Finding, OptionKind, Severity, total_of
from model.links import Role
from model.money import Money
from model.objectives import DecisionRights, Level, Objective, StageGate
from model.records import Absence, Measurement
from reconcile.checks import checks
from reconcile.checks.missing_enabler import MissingEnablerOptions
from reconcile.options import ChecksOptions, ReconcileOptions
from tests.reconcile.world import DOING, DONE, DROPPED, TODO, Stored

SEP_25, NOV_27, FEB_12 = date(2026, 9, 25), date(2026, 11, 27), date(2027, 2, 12)


def eur(amount: int) -> Money:
    return Money(Decimal(amount), "EUR")


def objectives(*, software: int | None = 500_000, hardware: int | None = 0) -> list[Objective]:
    return [
        Objective(
            id="SAME-DAY",
            name="Same-day sorting",
            level=Level.PROJECT,
            target=date(2026, 12, 11),
            decision_rights=DecisionRights(beyond="Martin Keller (COO)"),
        ),
        Objective(
            id="M-401",
            name="Routing software",
            level=Level.MEASURE,
            parent="SAME-DAY",
            budget=None if software is None else eur(software),
        ),
        Objective(
            id="M-402",
            name="Sorter hardware",
            level=Level.MEASURE,
            parent="SAME-DAY",
            owner="lena",
            budget=None if hardware is None else eur(hardware),
        ),
    ]


def example_world() -> Stored:
    """Four of five stories below an epic are done by 25 September; the hardware is due on 12 February, unfunded."""
    stored = Stored(objectives=objectives())
    stored.work("RTE-20", None, category=DOING)
    for number in range(21, 26):
        category = DOING if number == 25 else DONE
        stored.work(f"RTE-{number}", SEP_25, parent="RTE-20", category=category)
    for number in range(20, 26):
        stored.link(f"jira:RTE-{number}", "M-401", Role.DELIVERS)
    stored.work("HW-1", FEB_12, source="asana", start=date(2026, 9, 28), owner="lena")
    stored.link("asana:HW-1", "M-402", Role.DELIVERS)
    stored.need("objective:M-401", "M-402")
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def found(stored: Stored, **more: object) -> list[Finding]:
    return [each for each in stored.judge(**more).findings if each.check == "missing-enabler"]  # type: ignore[arg-type]


def test_what_is_nearly_done_while_its_enabler_is_neither_funded_nor_in_time_is_found(stored: Stored) -> None:
    """25 September to 12 February is 5 + 31 + 30 + 31 + 31 + 12 = 140 days; 4 of 5 of 500,000 are 400,000."""
    (finding,) = found(stored)

    assert finding.subjects == ("objective:M-401", "objective:M-402")
    assert finding.title == (
        "Routing software is 80 % done, but Sorter hardware, which it needs, has no approved budget and comes 140 days "
        "after it, on 12 Feb 2027"
    )
    assert finding.impact.days == 140
    assert finding.impact.full(Account.COST) == Decimal(400_000)
    assert finding.impact.full(Account.REVENUE) == 0
    assert finding.severity is Severity.MAJOR
    assert (finding.owner, finding.decider, finding.decide_by) == ("lena", "Martin Keller (COO)", date(2026, 9, 28))
    assert [(step.key, step.says) for step in finding.chain] == [
        ("Routing software", "80 % done; waits for Sorter hardware"),
        ("Sorter hardware", "waits for HW-1"),
        ("HW-1", "due 12 Feb 2027"),
    ]
    assert finding.cause == "asana:HW-1"
    told = {(each.key, each.field, each.value) for each in finding.evidence}
    assert told >= {("Routing software", "pieces", "4 of 5 done"), ("M-402", "budget", "EUR 0")}
    assert ("HW-1", "due", "2027-02-12") in told
    assert finding.advice == "Fund Sorter hardware, or stop spending on Routing software until it comes."
    assert finding.sources == ("asana", "jira")


def funds(stored: Stored) -> list[DecisionOption]:
    (finding,) = found(stored)
    return [each for each in finding.options if each.kind is OptionKind.FUND]


def test_the_enabler_itself_can_be_funded_by_its_sponsor_until_its_work_is_to_begin(stored: Stored) -> None:
    (option,) = funds(stored)
    assert (option.says, option.record_id) == ("Fund Sorter hardware, whose budget is EUR 0", "objective:M-402")
    assert (option.acts, option.until, option.costs) == ("Martin Keller (COO)", date(2026, 9, 28), ())
    stored.objectives[0] = replace(stored.objectives[0], sponsor="Claire Dubois")
    assert [each.acts for each in funds(stored)] == ["Claire Dubois"]


def test_what_funding_takes_is_told_where_a_record_tells_it(stored: Stored) -> None:
    """80,000 and USD 50,000 at 0.9 are 125,000 one-time; what is still to pay is the later word: 90,000."""
    for key, cost, currency in (("S-1", 80_000, "EUR"), ("S-2", 50_000, "USD"), ("S-3", None, "EUR")):
        cost_once = None if cost is None else Decimal(cost)
        stored.saving(key, None, date(2027, 3, 1), {"2027-03": 9}, one_time_cost=cost_once, currency=currency)
        stored.link(f"savings:{key}", "M-402", Role.SAVES)
    assert [total_of(each.costs, Account.COST) for each in funds(stored)] == [Decimal(125_000)]
    reading = Measurement(source="kpi", native_id="C", key="C", title="Cost", metric="Cost to complete", unit="EUR")
    stored.link(stored.add(replace(reading, value=Decimal(90_000))), "M-402", Role.MEASURES)
    assert [total_of(each.costs, Account.COST) for each in funds(stored)] == [Decimal(90_000)]
    stored.change("kpi:C", unit="CHF")
    assert [each.costs[0].unconverted for each in funds(stored)] == [Money(Decimal(90_000), "CHF")]


def test_only_what_is_known_to_have_no_budget_can_be_funded(stored: Stored) -> None:
    stored.objectives = objectives(hardware=None)
    assert funds(stored) == []
    stored.change("asana:HW-1", custom={"budget_approved": False})
    assert [each.says for each in funds(stored)] == ["Fund Sorter hardware, for which no budget is approved"]
    stored.needs_ = [("objective:M-401", "HW-1", 0)]
    assert [each.says for each in funds(stored)] == ["Fund HW-1, for which no budget is approved"]


def test_below_four_fifths_nothing_is_told_and_what_was_dropped_does_not_count(stored: Stored) -> None:
    stored.change("jira:RTE-24", category=TODO)
    assert found(stored) == []
    stored.change("jira:RTE-25", category=DROPPED)
    stored.work("RTE-26", SEP_25, parent="RTE-20", category=DONE)
    stored.link("jira:RTE-26", "M-401", Role.DELIVERS)
    assert [each.evidence[0].value for each in found(stored)] == ["4 of 5 done"]


def test_from_which_share_on_can_be_set(stored: Stored) -> None:
    options = MissingEnablerOptions(done_percent=81)
    checks = ChecksOptions.model_validate({"missing-enabler": options})
    assert found(stored, options=ReconcileOptions(checks=checks)) == []


def test_where_only_the_epic_is_linked_its_stories_are_counted(stored: Stored) -> None:
    stored.links_ = [link for link in stored.links_ if link.record_id in ("jira:RTE-20", "asana:HW-1")]
    assert [each.evidence[0].value for each in found(stored)] == ["4 of 5 done"]


def test_a_funded_enabler_in_time_is_not_missing_and_an_unknown_budget_is_not_zero(stored: Stored) -> None:
    """Fourteen days after 25 September is 9 October."""
    stored.change("asana:HW-1", due=date(2026, 10, 9))
    assert [each.impact.days for each in found(stored)] == [14]
    for budget in (None, 900_000):
        stored.objectives = objectives(hardware=budget)
        assert found(stored) == []
    stored.change("asana:HW-1", due=date(2026, 10, 10))
    (finding,) = found(stored)
    assert finding.title.endswith("which it needs, comes 15 days after it, on 10 Oct 2026")
    assert (
        finding.advice
        == "Bring Sorter hardware forward by 15 days, or stop spending on Routing software until it comes."
    )


def test_lags_count_to_the_days_of_waiting(stored: Stored) -> None:
    stored.needs_ = [("objective:M-401", "M-402", 10)]
    assert [each.impact.days for each in found(stored)] == [150]


@pytest.mark.parametrize(("budget", "told"), [(Decimal(0), True), (False, True), (Decimal(5), False), (None, False)])
def test_the_budget_of_a_record_is_read_from_its_extra_field(
    stored: Stored, budget: Decimal | None, told: bool
) -> None:
    stored.objectives = objectives(hardware=None)
    stored.change("asana:HW-1", due=SEP_25, start=None, custom={"budget_approved": budget})
    assert bool(found(stored)) is told
    stored.needs_ = [("objective:M-401", "HW-1", 0)]
    assert bool(found(stored)) is told
    if told:
        (finding,) = found(stored)
        assert finding.subjects == ("objective:M-401", "asana:HW-1")
        assert ("HW-1", "budget_approved", str(budget)) in {(e.key, e.field, e.value) for e in finding.evidence}


def test_one_funded_record_of_several_is_a_budget(stored: Stored) -> None:
    stored.objectives = objectives(hardware=None)
    stored.change("asana:HW-1", due=SEP_25, start=None, custom={"budget_approved": Decimal(0)})
    stored.work("HW-2", SEP_25, source="asana", custom={"budget_approved": Decimal(7)})
    stored.need("asana:HW-2", "HW-1")
    stored.link("asana:HW-2", "M-402", Role.DELIVERS)
    assert found(stored) == []


def test_what_should_have_begun_and_has_not_is_missing(stored: Stored) -> None:
    stored.objectives = objectives(hardware=None)
    stored.needs_ = [("objective:M-401", "HW-1", 0)]
    stored.change("asana:HW-1", start=date(2026, 9, 15), due=SEP_25)
    assert found(stored) == []
    stored.change("asana:HW-1", start=date(2026, 9, 14))
    (finding,) = found(stored)
    assert finding.title == (
        "Routing software is 80 % done, but HW-1, which it needs, has not begun, "
        "although it was to begin on 14 Sep 2026"
    )
    assert finding.advice.startswith("Begin HW-1, or stop")
    stored.change("asana:HW-1", category=DOING)
    assert found(stored) == []


def test_work_with_parts_needs_its_enabler_as_an_objective_does(stored: Stored) -> None:
    stored.needs_ = [("jira:RTE-20", "HW-1", 0)]
    stored.change("asana:HW-1", custom={"budget_approved": Decimal(0)})
    (finding,) = found(stored)
    assert finding.subjects == ("jira:RTE-20", "asana:HW-1")
    assert finding.impact.days == 140
    assert finding.impact.shares == ()
    assert finding.objective_ids == ("M-401",)


def test_without_a_budget_the_waiting_is_not_priced(stored: Stored) -> None:
    stored.objectives = objectives(software=None)
    assert [(each.impact.shares, each.impact.days) for each in found(stored)] == [((), 140)]


def test_a_budget_without_a_rate_is_listed_as_it_is(stored: Stored) -> None:
    stored.objectives[1] = Objective(
        id="M-401",
        name="Routing software",
        level=Level.MEASURE,
        parent="SAME-DAY",
        budget=Money(Decimal(500_000), "SEK"),
    )
    (finding,) = found(stored)
    assert finding.impact.unconverted == (Money(Decimal(400_000), "SEK"),)
    assert not finding.impact.priced


def test_who_decides_across_measures_decides_before_the_sponsor(stored: Stored) -> None:
    rights = DecisionRights(across_measures="Steering committee", beyond="Martin Keller (COO)")
    stored.objectives[0] = Objective(id="SAME-DAY", name="S", level=Level.PROJECT, decision_rights=rights)
    assert [each.decider for each in found(stored)] == ["Steering committee"]


def test_what_is_there_or_at_rest_or_leads_nowhere_is_not_told(stored: Stored) -> None:
    stored.change("asana:HW-1", category=DONE, finished=date(2026, 9, 1))
    assert found(stored) == []
    stored.change("asana:HW-1", category=DROPPED)
    assert found(stored) == []
    stored.change("asana:HW-1", category=TODO)
    stored.objectives[1] = Objective(id="M-401", name="R", level=Level.MEASURE, stage_gate=StageGate.CLOSED)
    assert found(stored) == []


def test_while_a_side_is_out_of_sight_or_its_source_not_read_the_finding_is_held(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.change("asana:HW-1", due=SEP_25)
    stored.objectives = objectives(hardware=1)
    stored.cover("asana", complete=False)
    hold = stored.judge().hold(finding, None)
    assert hold is not None
    assert hold.because.startswith("not completely read: asana")

    stored = example_world()
    stored.need("asana:none", "HW-1")
    stored.lose("asana:HW-1", Absence.ACCESS_LOST)
    judgement = stored.judge()
    assert found(stored) == []
    assert judgement.unjudged[finding.fingerprint] == "HW-1 cannot be read any more"


def test_the_reason_of_a_resolution_says_what_became_of_it(stored: Stored) -> None:
    (finding,) = found(stored)

    def reason() -> str:
        judgement = stored.judge()
        assert found(stored) == []
        return judgement.gone_because(finding)

    stored.change("jira:RTE-24", category=TODO)
    assert reason() == "Routing software is only 60 % done now"
    stored.change("jira:RTE-24", category=DONE)
    stored.change("asana:HW-1", due=SEP_25)
    stored.objectives = objectives(hardware=1)
    assert reason() == "Sorter hardware is funded, under way and in time"
    stored.change("asana:HW-1", category=DONE, finished=SEP_25)
    assert reason() == "Sorter hardware is finished"
    stored.needs_ = []
    assert reason() == "Routing software does not need Sorter hardware any more"


def test_the_extra_field_that_tells_the_budget_concerns_the_check_when_it_vanishes() -> None:
    """S9."""
    check = checks()["missing-enabler"]
    assert check.rests_on({"budget_approved"}, ())
    assert check.rests_on({"due"}, ())
    assert not check.rests_on({"light", "region"}, ())


def test_where_nothing_with_parts_says_what_it_needs_the_check_is_blind(stored: Stored) -> None:
    assert "missing-enabler" not in stored.judge().blind
    stored.needs_ = [("asana:HW-1", "RTE-25", 0)]
    assert [each.reason for each in stored.judge().blind["missing-enabler"]] == [
        "no objective, release or work with parts says what it needs"
    ]
