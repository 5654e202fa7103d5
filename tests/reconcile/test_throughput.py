"""The pace of the last weeks as a second witness: drawn from history, repeatable, shown with its inputs."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.findings import Finding
from model.links import Role
from model.objectives import Level, Objective, Tolerance
from model.throughput import Flow
from reconcile.check import Check, CheckOptions, Verdict
from reconcile.options import ReconcileOptions
from reconcile.throughput import (
    ThroughputOptions,
    history_since,
    inputs_say,
    pace_of,
    paces_of_teams,
    throughput,
    throughput_says,
    together,
)
from reconcile.world import World
from tests.examples import examples
from tests.reconcile.world import DONE, DROPPED, TODAY, Stored

MONDAY = date(2026, 9, 14)
"""The Monday of the week that is not over on Tuesday, 15 September 2026."""
OPTIONS = ThroughputOptions()


def weekly(*counts: int, left: int, team: str = "jira/AUR", undated: int = 0) -> Flow:
    """So much finished in each of the last whole weeks, the latest last; on their Wednesdays."""
    days = [MONDAY - timedelta(7 * back - 2) for back in range(len(counts), 0, -1)]
    finished = {day: count for day, count in zip(days, counts, strict=True) if count}
    return Flow(team, finished, open=left, undated=undated, began=min(finished, default=None))


def test_a_steady_pace_gives_one_date_by_hand():
    """5 a week and 17 left: the fourth week from Tuesday the 15th ends on 13 October, whatever is drawn."""
    found = throughput(weekly(5, 5, 5, 5, left=17), TODAY, OPTIONS)

    assert (found.likely, found.safe, found.undefined) == (date(2026, 10, 13), date(2026, 10, 13), "")
    assert throughput_says(found) == "50 % by 13 Oct 2026, 85 % by 13 Oct 2026"
    assert inputs_say(found) == "17 left; finished per week since 17 Aug 2026: 5 5 5 5"


def test_an_uneven_pace_has_a_later_85_percent_date_and_is_close_to_the_exact_odds():
    """One piece left, and in 4 of 8 weeks one was finished: each week ends it with 1/2, so that it takes one week with
    1/2, two with 3/4, three with 7/8; half of the draws end in the first week or just miss it, 85 % in the third."""
    found = throughput(weekly(1, 0, 1, 0, 1, 0, 1, 0, left=1), TODAY, replace_options(resamples=10_000))

    assert found.likely in (date(2026, 9, 22), date(2026, 9, 29))
    assert found.safe == date(2026, 10, 6)


def replace_options(**more: int) -> ThroughputOptions:
    return OPTIONS.model_copy(update=more)


def test_fewer_than_four_weeks_with_finished_work_are_said_and_not_forecast():
    found = throughput(weekly(5, 0, 5, 5, left=9), TODAY, OPTIONS)

    assert (found.likely, found.safe) == (None, None)
    assert throughput_says(found) == "something was finished in only 3 of the last 12 weeks, and 4 are needed"


def test_four_weeks_with_finished_work_are_enough():
    assert throughput(weekly(5, 0, 5, 5, 5, left=9), TODAY, OPTIONS).safe is not None


def test_no_history_at_all_is_said():
    found = throughput(Flow("jira/AUR", open=3, undated=40), TODAY, OPTIONS)

    assert throughput_says(found) == (
        "nothing was finished in the last 12 weeks (40 finished on days that nobody knows), and 4 are needed"
    )
    assert inputs_say(found) == "3 left; 40 finished on days that nobody knows"


def test_when_nothing_is_left_there_is_nothing_to_forecast():
    assert throughput(weekly(5, 5, 5, 5, left=0), TODAY, OPTIONS).undefined == "nothing is left to do"


def test_the_running_week_does_not_count_as_a_slow_one():
    flow = weekly(5, 5, 5, 5, left=17)
    begun = replace(flow, finished={**flow.finished, MONDAY: 1})

    assert throughput(begun, TODAY, OPTIONS) == throughput(flow, TODAY, OPTIONS)


def test_weeks_before_anything_was_finished_do_not_count_and_empty_ones_since_do():
    """Work that began five weeks ago is not slowed by the seven weeks before."""
    found = throughput(weekly(2, 2, 0, 2, 2, left=4), TODAY, OPTIONS)
    older = throughput(replace(weekly(2, 2, 0, 2, 2, left=4), began=date(2020, 1, 1)), TODAY, OPTIONS)

    assert [finished for _, finished in found.weeks] == [2, 2, 0, 2, 2]
    assert [finished for _, finished in older.weeks] == [0, 0, 0, 0, 0, 0, 0, 2, 2, 0, 2, 2]
    assert older.weeks[0][0] == history_since(TODAY, OPTIONS)


def test_what_lies_beyond_the_horizon_is_said_to_lie_beyond():
    found = throughput(weekly(1, 1, 1, 1, left=5_000), TODAY, OPTIONS)

    assert (found.likely, found.safe) == (None, None)
    assert throughput_says(found) == "more than 260 weeks at this pace"


def test_a_date_that_only_half_of_the_draws_reach_is_told_alone():
    found = throughput(weekly(1, 0, 1, 0, 1, 0, 1, 0, left=50), TODAY, replace_options(horizon_weeks=101))

    assert found.likely is not None
    assert throughput_says(found).endswith(", 85 % takes more than 101 weeks at this pace")


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.integers(0, 9), min_size=4, max_size=12), st.integers(1, 60))
def test_the_same_facts_always_give_the_same_dates_and_half_comes_before_85_percent(counts, left):
    flow = weekly(*counts, left=left)
    found = throughput(flow, TODAY, replace_options(resamples=200))

    assert throughput(flow, TODAY, replace_options(resamples=200)) == found
    if found.safe is not None:
        assert found.likely is not None
        assert TODAY < found.likely <= found.safe


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.integers(0, 9), min_size=4, max_size=12), st.integers(1, 60), st.integers(1, 40))
def test_more_work_never_ends_earlier(counts, left, more):
    """Each draw is the same one with more to do, so that no date jumps when a single piece of work is added."""
    few = throughput(weekly(*counts, left=left), TODAY, replace_options(resamples=400))
    many = throughput(weekly(*counts, left=left + more), TODAY, replace_options(resamples=400))

    assert (many.safe or date.max) >= (few.safe or date.max)
    assert (many.likely or date.max) >= (few.likely or date.max)


# --- asked from the stored world --------------------------------------------------------------------------------


def programme() -> Stored:
    """Two measures below one programme; 17 stories left of an epic, 5 finished in each of the last four weeks."""
    stored = Stored(
        objectives=[
            Objective(id="P", name="Programme", level=Level.PROGRAM, target=date(2026, 9, 30)),
            Objective(id="M", name="Measure", level=Level.MEASURE, parent="P", target=date(2026, 9, 30)),
        ]
    )
    epic = stored.work("E", date(2026, 9, 25), container="AUR")
    stored.link(epic, "M", Role.DELIVERS)
    for number in range(17):
        stored.work(f"T-{number}", date(2026, 9, 25), parent="E", container="AUR" if number < 12 else "FLD")
    for number in range(20):
        day = MONDAY - timedelta(7 * (number % 4 + 1) - 2)
        stored.work(f"D-{number}", None, parent="E", category=DONE, finished=day, container="AUR")
    stored.work("X", None, parent="E", category=DROPPED, container="AUR")
    return stored


def test_the_pace_of_an_objective_counts_the_smallest_pieces_below_it_once():
    """The epic and what was dropped do not count; the programme above has the same work, not twice of it."""
    stored = programme()
    stored.link("jira:T-0", "P", Role.DELIVERS)
    of_measure, of_programme = (pace_of(stored, stored.tree, each, TODAY, OPTIONS) for each in ("M", "P"))

    assert of_measure.whole.remaining == of_programme.whole.remaining == 17
    assert of_measure.whole.safe == date(2026, 10, 13)
    assert [(team.name, team.remaining, team.safe) for team in of_measure.teams] == [
        ("jira/AUR", 12, date(2026, 10, 6)),
        ("jira/FLD", 5, None),
    ]


def test_a_team_is_forecast_over_everything_it_does():
    stored = programme()
    for number in range(5):
        stored.work(f"O-{number}", None, container="AUR")

    assert [(team.name, team.remaining) for team in paces_of_teams(stored, TODAY, OPTIONS)] == [
        ("jira/AUR", 17),
        ("jira/FLD", 5),
    ]


def test_two_teams_together_are_one_flow():
    one, other = weekly(1, 2, left=3), weekly(0, 5, left=4, team="asana/Roll-out", undated=2)
    both = together("objective:M", [one, other])

    assert (list(both.finished.values()), both.open, both.undated) == ([1, 7], 7, 2)
    assert both.began == one.began


# --- beside the findings ----------------------------------------------------------------------------------------


class Missed(Check[CheckOptions]):
    """Finds every objective with a target."""

    name = "missed"
    title = "A target"
    options_type = CheckOptions

    def find(self, world: World, options: CheckOptions) -> Iterable[Verdict]:
        for node, objective in world.network.objectives.items():
            if objective.target:
                yield Finding(check=self.name, check_version=1, subjects=(node,), title=objective.name)


def witnesses(stored: Stored, **options: int) -> dict[str, list[str]]:
    judged = stored.judge(
        with_checks={"missed": Missed()}, options=ReconcileOptions(throughput=replace_options(**options))
    )
    return {
        finding.subjects[0]: [proof.value for proof in finding.evidence if proof.field == "throughput"]
        for finding in judged.findings
    }


def test_a_finding_about_a_target_is_told_what_the_pace_says_when_it_differs_from_the_plan():
    """The plan ends on 25 September, the pace on 13 October: 18 days, more than the 14 that count as alike."""
    told = "50 % by 13 Oct 2026, 85 % by 13 Oct 2026 (17 left; finished per week since 17 Aug 2026: 5 5 5 5)"

    assert witnesses(programme()) == {"objective:P": [told], "objective:M": [told]}


@pytest.mark.parametrize(("differs", "told"), [(17, 1), (18, 0)])
def test_the_pace_is_silent_up_to_the_days_that_count_as_alike(differs, told):
    assert len(witnesses(programme(), differs_days=differs)["objective:M"]) == told


def test_the_tolerance_of_the_objective_counts_as_alike_too():
    stored = programme()
    stored.objectives[1] = replace(stored.objectives[1], tolerance=Tolerance(days=4))

    found = witnesses(stored)

    assert found["objective:M"] == []
    assert len(found["objective:P"]) == 1


def test_the_pace_speaks_alone_where_the_plan_supports_nothing():
    stored = programme()
    for number in range(17):
        stored.change(f"jira:T-{number}", due=None)
    stored.change("jira:E", due=None)

    assert len(witnesses(stored)["objective:M"]) == 1


def test_too_short_a_history_adds_nothing_to_a_finding():
    assert witnesses(programme(), least_weeks=5)["objective:M"] == []


def test_the_pace_never_moves_a_forecast():
    stored = programme()
    forecast = stored.judge().forecasts.by_node["objective:M"]

    assert forecast.day == date(2026, 9, 25)
