"""F3.2 to F3.4: all parts reported green, and the whole late or resting on something that fails."""

from datetime import date
from decimal import Decimal

import pytest

from model.findings import Account, Finding
from model.links import Role
from model.objectives import Baseline, Level, Objective, StageGate, Tolerance
from model.records import Absence, Light
from tests.reconcile.world import DOING, DONE, DROPPED, Stored

OCT_1, OCT_30, DEC_4 = date(2026, 10, 1), date(2026, 10, 30), date(2026, 12, 4)
REGIONS = (("DACH", date(2026, 10, 9)), ("Nordics", date(2026, 10, 16)), ("Iberia", date(2026, 10, 23)))


def objective(id_: str, light: Light | None = Light.GREEN, **more: object) -> Objective:
    fields: dict[str, object] = {"name": id_, "level": Level.MEASURE, "parent": "ROLL-OUT", "owner": f"{id_} owner"}
    return Objective(id=id_, implementation=light, **{**fields, **more})  # type: ignore[arg-type]


def whole(light: Light | None = Light.GREEN, **more: object) -> Objective:
    fields: dict[str, object] = {"parent": None, "level": Level.PROJECT, "sponsor": "Martin", "target": OCT_30}
    return objective("ROLL-OUT", light, **{**fields, **more})


def example_world() -> Stored:
    """Three regions go live, each after its training; the training in Iberia moved to 4 December."""
    stored = Stored(objectives=[whole(), *(objective(region) for region, _ in REGIONS)])
    stored.work("ALL", OCT_30, source="asana")
    stored.link("asana:ALL", "ROLL-OUT", Role.DELIVERS)
    for region, day in REGIONS:
        stored.work(f"{region}-live", day, source="asana", light=Light.GREEN)
        training = DEC_4 if region == "Iberia" else day.replace(day=day.day - 7)
        stored.work(f"{region}-training", training, source="asana", light=Light.GREEN)
        stored.need("asana:ALL", f"{region}-live")
        stored.need(f"asana:{region}-live", f"{region}-training")
        for what in ("live", "training"):
            stored.link(f"asana:{region}-{what}", region, Role.DELIVERS)
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def found(stored: Stored) -> list[Finding]:
    return [each for each in stored.judge().findings if each.check == "hidden-red"]


def test_a_whole_that_is_late_while_every_part_is_green_is_found_with_its_worst_part(stored: Stored) -> None:
    """30 October to 4 December is 1 + 30 + 4 = 35 days; 9 October to 4 December is 22 + 30 + 4 = 56."""
    (finding,) = found(stored)

    assert finding.subjects == ("objective:ROLL-OUT",)
    assert finding.title == (
        "ROLL-OUT is reported green for 30 Oct 2026; the work now says 4 Dec 2026 (35 days later); the worst part is "
        "Iberia, 56 days behind the first"
    )
    assert (finding.impact.days, finding.impact.shares) == (35, ())
    assert [step.key for step in finding.chain] == ["ROLL-OUT", "ALL", "Iberia-live", "Iberia-training"]
    assert finding.chain[0].says == "reported green for 30 Oct 2026; waits for ALL"
    assert finding.cause == "asana:Iberia-training"
    greens = {(each.key, each.field) for each in finding.evidence if each.value == "green"}
    assert greens == {
        *((name, "implementation") for name in ("ROLL-OUT", "DACH", "Nordics", "Iberia")),
        *((f"{region}-{what}", "light") for region, _ in REGIONS for what in ("live", "training")),
    }
    assert ("Iberia-training", "due", "2026-12-04") in {(each.key, each.field, each.value) for each in finding.evidence}
    assert (finding.owner, finding.decider) == ("Iberia owner", "Martin")
    assert finding.decide_by == date(2026, 10, 16)
    assert finding.advice == "Ask the owner of Iberia about Iberia-training, and set the lights by the evidence."
    assert finding.sources == ("asana",)


def test_a_whole_that_holds_is_green_indeed(stored: Stored) -> None:
    stored.change("asana:Iberia-training", due=OCT_30)
    assert found(stored) == []
    stored.change("asana:Iberia-training", due=date(2026, 10, 31))
    assert [each.impact.days for each in found(stored)] == [1]


def test_a_delay_inside_the_tolerance_is_no_red(stored: Stored) -> None:
    for days, told in ((35, []), (34, [35])):
        stored.objectives[0] = whole(tolerance=Tolerance(days))
        assert [each.impact.days for each in found(stored)] == told


@pytest.mark.parametrize("light", [Light.YELLOW, Light.RED])
def test_one_part_that_says_so_is_enough(stored: Stored, light: Light) -> None:
    (finding,) = found(stored)
    stored.objectives[3] = objective("Iberia", light)
    assert found(stored) == []
    assert stored.judge().gone_because(finding) == f"Iberia is reported {light} now"
    stored.objectives[3] = objective("Iberia")
    stored.change("asana:Iberia-live", light=light)
    assert found(stored) == []


def test_grey_and_blank_lights_say_nothing_and_what_is_done_is_not_asked(stored: Stored) -> None:
    stored.objectives = [whole(Light.GREY), *(objective(region, None) for region, _ in REGIONS)]
    stored.work("DACH-devices", date(2026, 8, 28), source="asana", light=Light.RED, category=DONE)
    stored.need("asana:DACH-live", "DACH-devices")
    stored.link("asana:DACH-devices", "DACH", Role.DELIVERS)
    (finding,) = found(stored)
    assert finding.title.endswith("the worst part is Iberia-training, 63 days behind the first")
    assert {each.field for each in finding.evidence if each.value == "green"} == {"light"}


def test_where_nobody_reports_anything_the_check_is_blind(stored: Stored) -> None:
    assert "hidden-red" not in stored.judge().blind
    stored.objectives = [whole(None), *(objective(region, None) for region, _ in REGIONS)]
    for region, _ in REGIONS:
        for what in ("live", "training"):
            stored.change(f"asana:{region}-{what}", light=None)
    assert found(stored) == []
    assert [each.reason for each in stored.judge().blind["hidden-red"]] == [
        "no objective and no record that delivers a late one reports a light"
    ]


def test_the_average_never_hides_the_worst_part(stored: Stored) -> None:
    """DACH and Nordics a month early make Iberia no better."""
    for region in ("DACH", "Nordics"):
        for what in ("live", "training"):
            stored.change(f"asana:{region}-{what}", due=date(2026, 9, 16))
    assert [each.impact.days for each in found(stored)] == [35]


def test_what_nothing_supports_is_red_without_days(stored: Stored) -> None:
    stored.change("asana:Iberia-training", category=DROPPED, resolution="Won't do")
    (finding,) = found(stored)
    assert finding.title == "ROLL-OUT is reported green for 30 Oct 2026, but Iberia-training was cancelled"
    assert finding.impact.days is None
    assert finding.cause == "asana:Iberia-training"


def test_an_overdue_need_of_a_part_is_red_although_the_whole_has_a_date_in_time() -> None:
    """F3.4: the second part is dated, so that the whole is; what the first needs was due two weeks ago."""
    stored = Stored(objectives=[whole()])
    stored.work("ONE", date(2026, 10, 1))
    stored.work("TWO", date(2026, 10, 2))
    stored.work("PERMIT", date(2026, 9, 1), source="asana")
    stored.need("jira:ONE", "PERMIT")
    for key in ("ONE", "TWO"):
        stored.link(f"jira:{key}", "ROLL-OUT", Role.DELIVERS)
    (finding,) = found(stored)
    assert finding.title == (
        "ROLL-OUT is reported green for 30 Oct 2026, but PERMIT was due 1 Sep 2026 and is 14 days overdue"
    )
    assert (finding.impact.days, finding.cause) == (None, "asana:PERMIT")
    assert [step.key for step in finding.chain] == ["ROLL-OUT", "PERMIT"]
    stored.change("asana:PERMIT", due=date(2026, 9, 15))
    assert found(stored) == []


def test_a_need_of_an_objective_that_is_reported_red_is_red() -> None:
    stored = Stored(objectives=[whole(), objective("OTHER", Light.RED, parent=None)])
    stored.link(stored.work("ONE", date(2026, 10, 1)), "ROLL-OUT", Role.DELIVERS)
    stored.link(stored.work("TWO", date(2026, 10, 1)), "OTHER", Role.DELIVERS)
    stored.need("objective:ROLL-OUT", "OTHER")
    (finding,) = found(stored)
    assert finding.title == "ROLL-OUT is reported green for 30 Oct 2026, but OTHER is reported red"
    stored.objectives[1] = objective("OTHER", Light.YELLOW, parent=None)
    assert found(stored) == []


def test_an_objective_without_a_date_or_at_rest_is_not_red(stored: Stored) -> None:
    stored.objectives[0] = whole(target=None)
    assert found(stored) == []
    stored.objectives[0] = whole(stage_gate=StageGate.ON_HOLD)
    assert found(stored) == []
    stored.objectives[0] = whole(baselines=(Baseline(OCT_30), Baseline(DEC_4)))
    assert found(stored) == []


def test_the_money_is_what_the_promises_and_savings_below_lose(stored: Stored) -> None:
    stored.link(stored.deal("OPP-1", "Iberia-live", date(2026, 11, 1), 250_000), "Iberia")
    (finding,) = found(stored)
    assert finding.impact.full(Account.REVENUE) == Decimal(250_000)


def test_while_its_source_is_not_read_or_a_part_is_out_of_sight_the_finding_is_held(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.change("asana:Iberia-training", due=OCT_30)
    stored.cover("asana", complete=False)
    hold = stored.judge().hold(finding, None)
    assert hold is not None
    assert hold.because.startswith("not completely read: asana")

    stored = example_world()
    stored.lose("asana:Iberia-training", Absence.UNOBSERVED)
    judgement = stored.judge()
    assert found(stored) == []
    assert judgement.unjudged[finding.fingerprint] == "Iberia-training was not seen in the last reading"


def test_the_reason_of_a_resolution_says_what_the_work_says_now(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.change("asana:Iberia-training", due=date(2026, 10, 16))
    assert stored.judge().gone_because(finding) == "ALL now says 30 Oct 2026"


def test_a_need_that_goes_out_of_sight_holds_what_was_told_of_it(stored: Stored) -> None:
    """Nobody can tell any more whether it fails, which is no proof that it does not."""
    stored.change("asana:Iberia-training", due=OCT_1)
    stored.work("PARTNER", OCT_1, source="jira", category=DROPPED)
    stored.work("KIT", OCT_1, source="asana")
    stored.need("asana:KIT", "PARTNER")
    stored.need("asana:DACH-training", "KIT")
    before = {each.subjects: each for each in found(stored)}
    assert ("objective:ROLL-OUT",) in before
    stored.lose("jira:PARTNER", Absence.ACCESS_LOST)
    judgement = stored.judge()
    assert found(stored) == []
    for each in before.values():
        hold = judgement.hold(each, None)
        assert hold is not None
        assert "cannot be read any more" in hold.because
    stored.absences_ = {}
    stored.change("jira:PARTNER", category=DOING)
    assert stored.judge().hold(before["objective:ROLL-OUT",], None) is None


def test_only_the_money_that_the_shown_cause_makes_late_is_counted(stored: Stored) -> None:
    """As schedule-slip counts it: what something else makes late is told where that binds."""
    late = stored.deal("OPP-1", "Iberia-training", OCT_30, 40_000)
    stored.work("ELSE", DEC_4, source="asana")
    other = stored.deal("OPP-2", "ELSE", OCT_30, 70_000)
    for deal in (late, other):
        stored.link(deal, "ROLL-OUT")
    (finding,) = found(stored)
    assert {share.record_id for share in finding.impact.shares} == {late}
