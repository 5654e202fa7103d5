"""The backward pass: by when each node is needed, and how much float is left."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.calendars import Calendar
from model.links import Role
from model.objectives import Baseline, Level, Objective, StageGate
from model.records import Outcome
from reconcile.engine import see
from reconcile.floats import Floats
from reconcile.forecast import ForecastState
from reconcile.options import ReconcileOptions
from reconcile.reach import asking
from reconcile.world import World
from tests.examples import examples
from tests.reconcile.test_properties import Plan, anything, future, plans
from tests.reconcile.world import DOING, DONE, EUR, NOW, TODAY, Stored

quick = settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
SEP_30, OCT_30 = date(2026, 9, 30), date(2026, 10, 30)
CALENDARS = {"default": Calendar()}


def world_of(stored: Stored) -> World:
    return see(stored, stored.tree, ReconcileOptions(), now=NOW, today=TODAY, rates=EUR, calendars=CALENDARS)


def told(stored: Stored, node: str) -> tuple[date, int | None] | None:
    """The day a node is needed by, and its float."""
    found = world_of(stored).floats.get(node)
    return (found.need_by.day, found.days) if found else None


@pytest.fixture
def stored() -> Stored:
    """A deal of 30 September needs A-2 and 5 days; A-2 takes 4 days and needs A-1 and 2 days."""
    stored = Stored()
    stored.work("A-1", date(2026, 9, 22))
    stored.work("A-2", date(2026, 9, 24), start=date(2026, 9, 20))
    stored.need("jira:A-2", "A-1", 2)
    stored.deal("OPP-1", None, SEP_30)
    stored.need("salesforce:OPP-1", "A-2", 5)
    return stored


def test_lags_and_durations_are_taken_off_on_the_way_back(stored: Stored) -> None:
    """30 September - 5 = 25th for A-2, which is pushed to 22 + 2 + 4 = 28th; 25 - 4 - 2 = 19th for A-1 on the 22nd."""
    assert told(stored, "jira:A-2") == (date(2026, 9, 25), -3)
    assert told(stored, "jira:A-1") == (date(2026, 9, 19), -3)


def test_the_way_to_the_commitment_is_kept(stored: Stored) -> None:
    found = world_of(stored).floats.get("jira:A-1")
    assert found is not None
    assert [each.node for each in found.need_by.path()] == ["jira:A-1", "jira:A-2", "salesforce:OPP-1"]
    assert (found.need_by.commitment.node, found.need_by.commitment.day) == ("salesforce:OPP-1", SEP_30)


def test_of_two_commitments_the_tighter_counts(stored: Stored) -> None:
    stored.saving("M-1", "A-1", date(2026, 9, 17), {"2026-09": 1})
    assert told(stored, "jira:A-1") == (date(2026, 9, 17), -5)
    stored.change("savings:M-1", planned_start=date(2026, 12, 1))
    assert told(stored, "jira:A-1") == (date(2026, 9, 19), -3)


def test_nothing_that_nobody_needs_has_a_float(stored: Stored) -> None:
    stored.work("A-3", OCT_30)
    assert told(stored, "jira:A-3") is None
    stored.change("salesforce:OPP-1", promised_date=None)
    assert told(stored, "jira:A-1") is None
    stored.change("salesforce:OPP-1", promised_date=SEP_30, outcome=Outcome.LOST)
    assert told(stored, "jira:A-1") is None


def test_a_lag_in_working_days_is_counted_back_by_its_calendar(stored: Stored) -> None:
    """The tenth working day up to Wednesday, 30 September is the 17th, so the 16th is early enough.

    A-1 ends on Tuesday the 22nd, two working days on is the 24th, and A-2 takes 4 days from then, to the 28th.
    16 September less 4 days is Saturday the 12th; the second working day up to it is the 10th, so the 9th is enough.
    """
    stored.needs_ = [("salesforce:OPP-1", "A-2", 10), ("jira:A-2", "A-1", 2)]
    stored.terms("salesforce:OPP-1", calendar="default")
    stored.terms("jira:A-2", calendar="default")
    assert told(stored, "jira:A-2") == (date(2026, 9, 16), -12)
    assert told(stored, "jira:A-1") == (date(2026, 9, 9), -13)


def test_what_has_begun_is_not_pushed_and_asks_nobody_to_be_earlier(stored: Stored) -> None:
    stored.change("jira:A-2", category=DOING)
    assert told(stored, "jira:A-2") == (date(2026, 9, 25), 1)
    assert told(stored, "jira:A-1") is None


def test_work_without_a_date_is_needed_and_has_no_float_to_count(stored: Stored) -> None:
    stored.change("jira:A-1", due=None)
    assert told(stored, "jira:A-1") == (date(2026, 9, 19), None)
    stored.change("jira:A-1", due=date(2026, 9, 1))
    assert told(stored, "jira:A-1") == (date(2026, 9, 19), None)


def test_what_is_finished_has_the_float_it_ended_with_and_asks_nothing(stored: Stored) -> None:
    stored.change("jira:A-2", category=DONE, finished=date(2026, 9, 10))
    assert told(stored, "jira:A-2") == (date(2026, 9, 25), 15)
    assert told(stored, "jira:A-1") is None


def test_a_target_asks_all_that_delivers_the_objective_and_what_only_a_roll_up_names() -> None:
    stored = Stored()
    stored.objectives = [
        Objective(id="P", name="P", level=Level.PROJECT, target=OCT_30),
        Objective(id="M", name="M", level=Level.MEASURE, parent="P"),
    ]
    for key, day in (("A-1", date(2026, 11, 4)), ("A-2", date(2026, 10, 20))):
        stored.link(stored.work(key, day), "M", Role.DELIVERS)
    stored.work("A-3", date(2026, 10, 10), parent="A-2")
    assert told(stored, "objective:P") == (OCT_30, -5)
    assert told(stored, "objective:M") == (OCT_30, -5)
    assert told(stored, "jira:A-1") == (OCT_30, -5)
    assert told(stored, "jira:A-2") == (OCT_30, 10)
    assert told(stored, "jira:A-3") == (OCT_30, 20)


def test_an_objective_without_a_target_is_committed_to_its_last_baseline_and_a_cancelled_one_to_nothing() -> None:
    stored = Stored()
    baselines = (Baseline(SEP_30), Baseline(OCT_30))
    stored.objectives = [Objective(id="P", name="P", level=Level.PROJECT, baselines=baselines)]
    stored.link(stored.work("A-1", SEP_30), "P", Role.DELIVERS)
    stored.need("jira:none", "A-1")
    assert told(stored, "jira:A-1") == (OCT_30, 30)
    cancelled = Objective(id="P", name="P", level=Level.PROJECT, target=OCT_30, stage_gate=StageGate.CANCELLED)
    stored.objectives = [cancelled]
    assert told(stored, "jira:A-1") is None


def test_a_member_of_a_late_release_keeps_the_float_of_its_own_date() -> None:
    """The release slipped to 30 October although A-1 is there on 18 September: only the release's own date is late."""
    stored = Stored()
    stored.release("R", OCT_30)
    stored.work("A-1", date(2026, 9, 18), releases=("R",))
    stored.need("jira:none", "A-1")
    stored.deal("OPP-1", "R", SEP_30)
    assert told(stored, "jira:R") == (SEP_30, -30)
    assert told(stored, "jira:A-1") == (SEP_30, 12)


def test_work_that_was_promised_comes_with_its_release() -> None:
    stored = Stored()
    stored.release("R", SEP_30)
    stored.work("A-1", date(2026, 9, 18), releases=("R",))
    stored.work("A-2", OCT_30, releases=("R",))
    stored.deal("OPP-1", "A-1", SEP_30)
    assert told(stored, "jira:A-1") == (SEP_30, -30)
    assert told(stored, "jira:R") == (SEP_30, -30)
    assert told(stored, "jira:A-2") == (SEP_30, -30)


def test_work_elsewhere_waits_for_the_date_of_a_release_and_not_for_its_other_members() -> None:
    stored = Stored()
    stored.release("R", OCT_30)
    stored.work("A-1", date(2026, 9, 18), releases=("R",))
    stored.work("A-2", date(2026, 12, 1), releases=("R",))
    stored.work("B-1", SEP_30)
    stored.need("jira:B-1", "A-1")
    stored.need("jira:none", "A-2")
    stored.deal("OPP-1", "B-1", SEP_30)
    assert told(stored, "jira:R") == (SEP_30, -30)
    assert told(stored, "jira:A-1") == (SEP_30, -30)
    assert told(stored, "jira:A-2") is None


def test_a_circle_is_needed_and_asks_nobody(stored: Stored) -> None:
    stored.need("jira:A-1", "A-2")
    stored.work("A-0", SEP_30)
    stored.need("jira:A-1", "A-0")
    assert told(stored, "jira:A-2") == (date(2026, 9, 25), None)
    assert told(stored, "jira:A-1") is None
    assert told(stored, "jira:A-0") is None


def aimed(plan: Plan, target: date) -> Stored:
    """The plan with an objective that the first three work items deliver."""
    stored = plan.stored()
    stored.objectives = [Objective(id="O", name="O", level=Level.PROJECT, target=target)]
    for number in range(3):
        stored.link(f"jira:A-{number}", "O", Role.DELIVERS)
    return stored


def floats(world: World) -> dict[str, tuple[date, int | None]]:
    found = {node: world.floats.get(node) for node in world.floats}
    return {node: (each.need_by.day, each.days) for node, each in found.items() if each}


def lateness(world: World) -> dict[str, int]:
    """How many days each commitment is late by the forecasts; negative is early."""
    committed = {"objective:O": world.tree.objectives[0].target}
    committed |= {deal.id: deal.promised_date for deal in world.network.deals.values()}
    committed |= {saving.id: saving.planned_start for saving in world.network.savings.values()}
    return {
        node: (forecast.day - day).days
        for node, day in committed.items()
        if day and (forecast := world.forecasts.get(node)) and forecast.day
        if forecast.state is ForecastState.DATED
    }


@quick
@given(plans(), future)
def test_each_node_of_the_chain_that_binds_a_late_commitment_lacks_at_least_its_lateness(
    plan: Plan, target: date
) -> None:
    world = world_of(aimed(plan, target))
    found = floats(world)
    for commitment, late in lateness(world).items():
        forecast = world.forecasts.get(commitment)
        assert forecast
        nodes = forecast.chain if commitment == "objective:O" else forecast.chain[1:]
        if late > 0:
            assert all(days is not None and days <= -late for days in (found[node][1] for node in nodes))


@quick
@given(plans(), future)
def test_nothing_lacks_float_while_every_commitment_is_kept(plan: Plan, target: date) -> None:
    world = world_of(aimed(plan, target))
    worst = min((days for _, days in floats(world).values() if days is not None), default=0)
    assert worst >= min(0, -max(lateness(world).values(), default=0))


@quick
@given(plans(), future, st.integers(1, 60))
def test_adding_slack_never_lowers_a_float(plan: Plan, target: date, days: int) -> None:
    """Slack is a later commitment or a shorter lag."""
    before = floats(world_of(aimed(plan, target)))
    slack = aimed(plan.with_slack(days), target + timedelta(days))
    after = floats(world_of(slack))

    assert after.keys() == before.keys()
    for node, (_, float_) in before.items():
        later = after[node][1]
        assert float_ is None or (later is not None and later >= float_)


@quick
@given(anything, future, st.randoms(use_true_random=False))
def test_the_order_of_input_never_matters(plan: Plan, target: date, random: object) -> None:
    def shuffle(values: list[object]) -> list[object]:
        values = list(values)
        random.shuffle(values)  # type: ignore[attr-defined]
        return values

    stored = aimed(plan, target)
    one, other = world_of(stored), world_of(stored.shuffled(shuffle))
    assert floats(one) == floats(other)
    assert all(
        [each.node for each in one.floats.get(node).need_by.path()]  # type: ignore[union-attr]
        == [each.node for each in other.floats.get(node).need_by.path()]  # type: ignore[union-attr]
        for node in one.floats
    )


@pytest.mark.parametrize("length", [3_000])
def test_a_long_chain_is_walked_without_recursion(length: int) -> None:
    stored = Stored()
    for number in range(length):
        stored.work(f"A-{number}", TODAY)
    needs = {f"jira:A-{number}": f"A-{number - 1}" for number in range(1, length)}
    stored.needs_ = []
    world = world_of(chained(stored, needs, length))
    found = world.floats.get("jira:A-0")
    assert found is not None
    assert len(list(found.need_by.path())) == length + 1


def chained(stored: Stored, needs: dict[str, str], length: int) -> Stored:
    """The needs with their names resolved beforehand: the list-backed store looks each name up anew."""
    from model.links import Need

    resolved = [Need(node, wanted, prerequisites=(f"jira:{wanted}",)) for node, wanted in needs.items()]
    stored.deal("OPP-1", None, SEP_30)
    resolved.append(Need("salesforce:OPP-1", "x", prerequisites=(f"jira:A-{length - 1}",)))
    stored.needs_ = [(need.dependent, need.wanted, 0) for need in resolved]
    stored.needs = lambda: resolved  # type: ignore[method-assign]
    return stored


@quick
@given(anything)
def test_a_node_asked_about_alone_is_needed_by_the_day_that_the_whole_pass_finds(plan: Plan) -> None:
    """Its surroundings hold all that may ask it: also of work that only a roll-up names, and of a release."""
    stored = plan.stored()
    stored.work("LEAF", TODAY + timedelta(400), parent="A-0")
    world = world_of(stored)
    few = replace(world.floats, asking=partial(asking, world=world))
    nodes = sorted({*world.floats, *world.network.inner()})
    together = replace(few)
    together.announce(nodes)
    for node in nodes:
        whole = _said(world.floats, node)
        assert _said(few, node) == _said(together, node) == whole, node


def _said(floats: Floats, node: str) -> tuple[date, date | None, int | None, str] | None:
    found = floats.get(node)
    return (found.need_by.day, found.forecast, found.days, found.need_by.commitment.node) if found else None


def test_many_single_questions_are_taken_for_more_of_them(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconcile.floats._MOST_APART", 1)
    world = world_of(stored)
    asked: list[list[str]] = []

    def noted(nodes: Iterable[str]) -> frozenset[str]:
        asked.append(list(nodes))
        return asking(asked[-1], world)

    few = replace(world.floats, asking=noted, likely=frozenset({"jira:A-1"}))
    days = {node: found.days for node in ("jira:A-2", "salesforce:OPP-1", "jira:A-1") if (found := few.get(node))}
    assert [sorted(each) for each in asked] == [["jira:A-2"], ["jira:A-1", "salesforce:OPP-1"]]
    assert days == {"jira:A-2": -3, "jira:A-1": -3}


def test_what_was_forgotten_is_worked_out_again(stored: Stored) -> None:
    floats = world_of(stored).floats
    before = {node: _said(floats, node) for node in sorted(floats)}
    worked_out = floats._backward
    floats.forget()
    assert {node: _said(floats, node) for node in sorted(floats)} == before != {}
    assert floats._backward is not worked_out
