"""Below a stopped objective findings stay, with the reason why nobody is told; promises to customers always are."""

from datetime import date
from typing import Any

import pytest

from model.findings import FindingState
from model.links import Role
from model.objectives import Level, Objective, StageGate
from reconcile.options import ReconcileOptions
from tests.reconcile.test_lifecycle import Life, accepted, finding, judgement
from tests.reconcile.world import TODAY, Stored

REASON = "P-1 Purchasing above it is on hold (budget frozen)"


def world(gate: StageGate | None = StageGate.ON_HOLD) -> Stored:
    """A measure below a program: one saving counts on late work, and one deal promises it."""
    stored = Stored()
    stored.objectives = [
        Objective(id="P-1", name="Purchasing", level=Level.PROGRAM, stage_gate=gate, stage_reason="budget frozen"),
        Objective(id="M-1", name="Bundling", level=Level.MEASURE, parent="P-1"),
        Objective(id="M-2", name="Selling", level=Level.MEASURE),
    ]
    stored.work("ERP-1", date(2026, 10, 22))
    stored.link(stored.saving("M-201", "ERP-1", date(2026, 10, 1), {"2026-10": 620_000}), "M-1", Role.SAVES)
    stored.link(stored.deal("OPP-1", "ERP-1", date(2026, 10, 1)), "M-1")
    return stored


def silenced(stored: Stored, options: ReconcileOptions | None = None) -> dict[str, str]:
    judged = stored.judge(options=options)
    checks = {each.fingerprint: each.check for each in judged.findings}
    return {checks[key]: reason for key, reason in judged.inhibited.items()}


def test_below_an_objective_on_hold_a_saving_is_not_told_but_a_promise_is():
    assert silenced(world()) == {"early-saving": REASON}
    assert len(world().judge().findings) >= 2


def test_below_a_cancelled_objective_the_same():
    assert silenced(world(StageGate.CANCELLED)) == {"early-saving": REASON.replace("on hold", "cancelled")}


@pytest.mark.parametrize("gate", [None, StageGate.DECIDED, StageGate.CLOSED])
def test_below_an_objective_that_goes_on_everything_is_told(gate):
    assert silenced(world(gate)) == {}


def test_what_is_found_about_the_stopped_objective_itself_is_told():
    stored = world()
    stored.links_ = [link for link in stored.links_ if link.role is not Role.SAVES]
    stored.link("savings:M-201", "P-1", Role.SAVES)
    assert silenced(stored) == {}


def test_what_serves_another_objective_as_well_is_told():
    stored = world()
    stored.link("savings:M-201", "M-2", Role.SAVES)
    assert silenced(stored) == {}


def test_an_option_tells_everything():
    assert silenced(world(), ReconcileOptions(silence_below_stopped=False)) == {}


# --- the life of what is not told ----------------------------------------------------------------------------------


def below(*findings: Any, reason: str = REASON, **more: Any) -> Any:
    return judgement(*findings, inhibited={each.fingerprint: reason for each in findings}, **more)


@pytest.fixture
def life() -> Life:
    return Life()


def news(life: Life) -> list[str]:
    return [step.kind.value for step in life.step.transitions if not step.quiet and step.kind.value != "inhibited"]


def test_a_finding_that_opens_there_is_marked_and_no_news(life):
    assert life.run(below(finding())) == ["opened", "inhibited"]
    assert news(life) == []
    assert (life.only.state, life.only.inhibited_by) == (FindingState.OPEN, REASON)
    assert life.run(below(finding())) == []


def test_what_happens_meanwhile_is_kept_and_no_news(life):
    life.run(judgement(finding()))
    assert life.run(below(finding(days=30))) == ["worsened", "inhibited"]
    assert news(life) == []


def test_it_is_never_resolved_by_that_and_told_as_a_whole_when_the_work_goes_on(life):
    life.run(below(finding()))
    life.run(below(finding(days=30)))
    assert life.only.standing

    assert life.run(judgement(finding(days=30))) == ["reopened"]
    assert news(life) == ["reopened"]
    assert life.reason == f"it was not told while this was so: {REASON}"
    assert (life.only.inhibited_by, life.only.told.days, life.only.flips) == ("", 30, ())


def test_it_resolves_like_any_other_when_the_tools_agree_again(life):
    life.run(below(finding()))
    assert life.run(judgement()) == ["resolved"]
    assert (news(life), life.only.inhibited_by) == ([], "")


def test_while_it_cannot_be_judged_the_mark_stays(life):
    life.run(below(finding()))
    assert life.run(judgement(finding(), broken=["jira"])) == ["held"]
    assert life.only.inhibited_by == REASON


def test_an_accepted_finding_stays_accepted_when_the_work_goes_on(life):
    life.run(below(finding()))
    accepted(life, TODAY.replace(year=2027))
    assert life.run(judgement(finding())) == ["released"]
    assert (life.only.state, life.only.inhibited_by) == (FindingState.ACCEPTED, "")
