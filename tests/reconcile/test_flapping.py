"""Findings that come and go: every flip is kept as a transition, and people hear of it once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from model.findings import FindingState, Impact, TransitionKind
from reconcile.flapping import FlappingOptions
from reconcile.options import ReconcileOptions
from tests.reconcile.test_lifecycle import Life, finding, judgement

THERE, GONE = judgement(finding()), judgement()


@pytest.fixture
def life() -> Life:
    return Life(ReconcileOptions(flapping=FlappingOptions(flips=4, within_days=14, settles_after_days=7)))


def news(life: Life) -> list[str]:
    """What of the last run anybody is told."""
    return [step.kind.value for step in life.step.transitions if not step.quiet]


def flip(life: Life, *judged, days: int = 1) -> None:
    for each in judged:
        life.run(each)
        life.wait(days)


def test_the_fourth_flip_is_told_with_the_word_that_it_comes_and_goes(life):
    flip(life, THERE, GONE, THERE, GONE)
    assert news(life) == ["resolved"]
    assert life.only.flapping is None

    assert life.run(THERE) == ["reopened", "flapping"]
    assert news(life) == ["reopened", "flapping"]
    often = "it opened and resolved 4 times in 3 days"
    assert life.step.transitions[0].reason == f"{often}; it is told again when it has settled"
    assert life.step.transitions[1].reason == often


def test_later_flips_are_kept_as_quiet_transitions(life):
    flip(life, THERE, GONE, THERE, GONE, THERE)

    assert (life.run(GONE), news(life)) == (["resolved"], [])
    life.wait(1)
    assert (life.run(THERE), news(life)) == (["reopened"], [])
    assert {step.quiet for step in life.step.transitions} == {"it comes and goes"}
    assert life.only.state is FindingState.OPEN


def test_what_settles_as_it_was_last_told_is_no_news(life):
    """It was told as standing on day 4; on day 11 it has stood for seven days."""
    flip(life, THERE, GONE, THERE, GONE, THERE)
    life.wait(5)
    assert life.run(THERE) == []
    life.wait(1)

    assert (life.run(THERE), news(life)) == (["settled"], [])
    assert life.step.transitions[0].reason == "it has stood for 7 days"
    assert (life.only.flapping, life.only.flips) == (None, ())


@pytest.mark.parametrize(("last", "reason"), [(GONE, "it has been gone for 7 days")])
def test_what_settles_otherwise_than_it_was_told_is_news(life, last, reason):
    flip(life, THERE, GONE, THERE, GONE, THERE)
    life.run(last)
    life.wait(7)

    assert life.run(last) == ["settled"]
    assert (news(life), life.step.transitions[0].reason) == (["settled"], reason)
    assert life.only.state is FindingState.RESOLVED


def test_what_was_told_as_gone_and_settles_as_standing_counts_with_its_present_figure(life):
    flip(life, THERE, GONE, THERE, GONE)
    life.options = ReconcileOptions(flapping=FlappingOptions(flips=5))
    flip(life, THERE, GONE)
    assert life.only.flapping is not None
    worse = judgement(finding(days=30))
    assert (life.run(worse), news(life)) == (["reopened"], [])
    life.wait(7)

    assert life.run(worse) == ["settled"]
    assert news(life) == ["settled"]
    assert life.only.told.days == 30


def test_a_material_worsening_is_told_also_while_it_comes_and_goes(life):
    flip(life, THERE, GONE, THERE, GONE, THERE)

    assert life.run(judgement(finding(days=20))) == ["worsened"]
    assert news(life) == ["worsened"]
    life.run(GONE)
    assert life.run(judgement(finding(days=25))) == ["reopened", "worsened"]
    assert (news(life), life.reason) == (["worsened"], "25 days late, was 20 days late")
    life.run(GONE)
    assert life.run(judgement(finding(days=24))) == ["reopened"]


def test_flips_that_lie_far_apart_do_not_count_together(life):
    flip(life, THERE, GONE, THERE, GONE, THERE, GONE, THERE, days=6)

    assert life.only.flapping is None
    assert all(life.now - time <= timedelta(20) for time in life.only.flips)


def test_what_nobody_could_look_at_has_not_settled(life):
    flip(life, THERE, GONE, THERE, GONE, THERE)
    life.wait(7)

    assert life.run(judgement(broken=["jira"])) == ["held"]
    assert life.only.flapping is not None
    life.run(GONE)
    life.wait(8)
    assert TransitionKind.SETTLED not in life.run(judgement(broken=["jira"]))


def test_the_same_judgement_again_changes_nothing_while_it_comes_and_goes(life):
    flip(life, THERE, GONE, THERE, GONE, THERE)

    assert life.run(THERE) == []
    assert life.step.tracked == ()


def test_a_finding_without_an_impact_can_come_and_go_too(life):
    bare = judgement(replace(finding(), impact=Impact()))
    flip(life, bare, GONE, bare, GONE, bare)

    assert life.only.flapping is not None
