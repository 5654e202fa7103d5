"""F4.3 and I15: two reports of one objective in two colours."""

from datetime import UTC, datetime

import pytest

from model.findings import Finding, Severity
from model.links import Link, Role
from model.objectives import Level, Objective, StageGate
from model.records import Absence, Light, Measurement
from reconcile.checks.conflicting_light import ConflictingLight, ConflictingLightOptions
from reconcile.engine import Judgement
from reconcile.options import ReconcileOptions
from tests.reconcile.checks.pasts import september, was
from tests.reconcile.world import DONE, Stored


def migration(**more: object) -> Objective:
    fields: dict[str, object] = {"owner": "Jonas", "sponsor": "Claire", "implementation": Light.GREEN}
    return Objective(id="MIG", name="Platform migration", level=Level.PROJECT, **{**fields, **more})  # type: ignore[arg-type]


def example_world() -> Stored:
    """The objectives file says green, the CTO's board green, the CFO's dashboard red."""
    stored = Stored(objectives=[migration()])
    for key, light in (("CTO", Light.GREEN), ("CFO", Light.RED)):
        stored.link(stored.work(key, source="boards", light=light), "MIG", Role.REPORTS)
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def judge(stored: Stored, **options: object) -> Judgement:
    own = ConflictingLightOptions(**options)  # type: ignore[arg-type]
    of_checks = ReconcileOptions().checks.model_copy(update={"conflicting_light": own})
    return stored.judge(
        options=ReconcileOptions(checks=of_checks), with_checks={"conflicting-light": ConflictingLight()}
    )


def found(stored: Stored, **options: object) -> list[Finding]:
    return list(judge(stored, **options).findings)


def lit(stored: Stored, node: str, *lights: tuple[int, Light | None]) -> None:
    """On which days of September a record was first seen with which lights."""
    was(stored, node, "light", *((september(day), light) for day, light in lights))


def test_green_beside_red_is_found_with_every_report(stored: Stored) -> None:
    (finding,) = found(stored)

    assert finding.subjects == ("objective:MIG",)
    assert finding.title == (
        "Platform migration: of the implementation CTO in boards reports green, CFO in boards reports red"
    )
    assert [(each.key, each.value) for each in finding.evidence] == [("CTO", "green"), ("MIG", "green"), ("CFO", "red")]
    assert finding.advice == (
        "Decide which of CTO in boards and CFO in boards is the source of record, and let the other follow it."
    )
    assert (finding.owner, finding.decider, finding.upkeep) == ("Jonas", "Claire", False)
    assert (finding.severity, finding.sources) == (Severity.MINOR, ("boards",))


def test_one_colour_is_no_conflict_and_grey_says_nothing(stored: Stored) -> None:
    for light in (Light.GREEN, Light.GREY, None):
        stored.change("boards:CFO", light=light)
        assert found(stored) == []


def test_the_objective_itself_may_be_the_one_that_differs(stored: Stored) -> None:
    stored.change("boards:CFO", light=Light.GREEN)
    stored.objectives = [migration(implementation=Light.RED)]
    (finding,) = found(stored)
    assert finding.forecast is not None
    assert finding.forecast.says == "reports the implementation as red"
    assert finding.title.endswith("CFO in boards reports green, the objectives file reports red")


def test_one_step_apart_is_settled_by_those_who_report(stored: Stored) -> None:
    stored.change("boards:CFO", light=Light.YELLOW)
    (finding,) = found(stored)
    assert (finding.upkeep, finding.decider) == (True, "Jonas")
    (finding,) = found(stored, leaders_from_steps=1)
    assert (finding.upkeep, finding.decider) == (False, "Claire")


def test_implementation_and_potential_are_never_compared(stored: Stored) -> None:
    stored.change("boards:CFO", light=None)
    stored.link(stored.saving("S-1", None, None, light=Light.RED), "MIG", Role.REPORTS)
    assert found(stored) == []
    stored.objectives = [migration(potential=Light.GREEN)]
    (finding,) = found(stored)
    assert finding.title == (
        "Platform migration: of the potential the objectives file reports green, S-1 in savings reports red"
    )
    stored.change("boards:CFO", light=Light.YELLOW)
    (finding,) = found(stored)
    assert finding.title.startswith("Platform migration: of the potential the objectives file reports green")
    assert "; of the implementation CTO in boards reports green, CFO in boards reports yellow" in finding.title


def test_a_rule_can_say_that_work_reports_the_potential(stored: Stored) -> None:
    stored.links_[1] = Link("boards:CFO", "MIG", Role.REPORTS, "value-report")
    assert found(stored)
    assert found(stored, potential_rules=("value-report",)) == []


def test_a_measurement_reports_by_an_extra_field(stored: Stored) -> None:
    stored.change("boards:CFO", light=None)
    stored.objectives = [migration(potential=Light.GREEN)]
    reading = Measurement(source="kpis", native_id="K", key="K", title="K", custom={"rag": " Red"})
    stored.link(stored.add(reading), "MIG", Role.REPORTS)
    assert found(stored) == []
    assert len(found(stored, light_field="rag")) == 1


def test_a_colour_that_just_changed_gives_the_others_three_days(stored: Stored) -> None:
    """The run is on 15 September: three days ago it was the 12th."""
    lit(stored, "boards:CFO", (1, Light.GREEN), (13, Light.RED))
    assert found(stored) == []
    assert len(found(stored, grace_days=2)) == 1
    lit(stored, "boards:CFO", (1, Light.GREEN), (12, Light.RED))
    (finding,) = found(stored)
    assert finding.title.endswith("CFO in boards reports red (they differ since 12 Sep 2026)")
    assert [each.at for each in finding.evidence] == [None, None, datetime(2026, 9, 12, 8, tzinfo=UTC)]


def test_the_grace_begins_anew_only_when_they_had_agreed(stored: Stored) -> None:
    lit(stored, "boards:CFO", (1, Light.GREEN), (5, Light.YELLOW), (14, Light.RED))
    (finding,) = found(stored)
    assert "differ since 5 Sep 2026" in finding.title
    lit(stored, "boards:CFO", (1, Light.RED), (10, Light.GREEN), (14, Light.RED))
    assert found(stored) == []
    lit(stored, "boards:CFO", (1, Light.RED), (14, Light.YELLOW))
    assert len(found(stored)) == 1


def test_what_is_done_or_at_rest_or_delivers_only_is_no_report(stored: Stored) -> None:
    stored.change("boards:CFO", category=DONE)
    assert found(stored) == []
    stored = example_world()
    stored.objectives = [migration(stage_gate=StageGate.CLOSED)]
    assert found(stored) == []
    stored = example_world()
    stored.links_[1] = Link("boards:CFO", "MIG", Role.DELIVERS, "rule")
    assert found(stored) == []


def test_while_a_report_is_out_of_sight_or_its_source_is_not_read_the_finding_is_held(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.lose("boards:CFO", Absence.UNOBSERVED)
    judgement = judge(stored)
    assert judgement.findings == ()
    assert judgement.unjudged[finding.fingerprint] == "CFO was not seen in the last reading"

    stored = example_world()
    stored.change("boards:CFO", light=Light.GREEN)
    stored.cover("boards", complete=False)
    hold = judge(stored).hold(finding, None)
    assert hold is not None
    assert hold.because.startswith("not completely read: boards")


def test_a_deleted_report_says_nothing(stored: Stored) -> None:
    stored.lose("boards:CFO", Absence.DELETED)
    assert found(stored) == []


def test_where_no_report_has_a_light_the_check_is_blind(stored: Stored) -> None:
    assert judge(stored).blind == {}
    for key in ("CTO", "CFO"):
        stored.change(f"boards:{key}", light=None)
    assert [each.reason for each in judge(stored).blind["conflicting-light"]] == [
        "no record that reports on an objective has a light"
    ]


def test_the_order_of_what_is_stored_changes_nothing(stored: Stored) -> None:
    assert found(stored.shuffled(lambda each: list(reversed(each)))) == found(stored)


def test_the_reason_of_a_resolution_names_the_colour(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.change("boards:CFO", light=Light.GREEN)
    assert judge(stored).gone_because(finding) == "Platform migration is reported green by all"
    stored.objectives = [migration(stage_gate=StageGate.ON_HOLD)]
    assert judge(stored).gone_because(finding) == "Platform migration is on hold"
    stored.objectives = []
    assert judge(stored).gone_because(finding) == "the objective is not declared any more"
