"""What the work implies: own dates by policy, children, needs, and what supports nothing (design 5.2, 5.3)."""

from datetime import date

import pytest

from model.links import Role
from model.network import DateSource
from model.objectives import Level, Objective, StageGate
from model.records import Absence
from reconcile.engine import see
from reconcile.forecast import Counts, Forecast, ForecastState
from reconcile.options import ReconcileOptions
from tests.reconcile.world import DOING, DONE, DROPPED, EUR, NOW, TODAY, Stored

SEP_30, OCT_10, OCT_20, NOV_16 = date(2026, 9, 30), date(2026, 10, 10), date(2026, 10, 20), date(2026, 11, 16)


@pytest.fixture
def stored():
    return Stored()


def forecast(stored: Stored, node: str, *, order: tuple[DateSource, ...] | None = None) -> Forecast:
    options = ReconcileOptions(date_order=order) if order else ReconcileOptions()
    world = see(stored, stored.tree, options, now=NOW, today=TODAY, rates=EUR)
    found = world.forecasts.get(node)
    assert found is not None
    return found


def seen(stored: Stored, node: str, **more):
    found = forecast(stored, node, **more)
    return found.state.value, found.day


# --- one work item by itself ---------------------------------------------------------------------------------------


def test_open_work_is_dated_by_the_first_date_of_the_policy(stored):
    stored.release("R", OCT_20)
    stored.sprint("S", OCT_10)
    work = stored.work("A-1", SEP_30, releases=("R",), sprint="S")
    stored.need("x:1", "A-1")

    assert seen(stored, work) == ("dated", OCT_20)
    assert seen(stored, work, order=(DateSource.DUE, DateSource.RELEASE)) == ("dated", SEP_30)
    assert seen(stored, work, order=(DateSource.SPRINT,)) == ("dated", OCT_10)


def test_the_date_of_a_release_never_hides_a_later_due_date_of_the_work_itself(stored):
    stored.release("R", SEP_30)
    work = stored.work("A-1", NOV_16, releases=("R",))
    stored.need("x:1", "A-1")

    assert seen(stored, work) == ("dated", NOV_16)


def test_of_several_unreleased_releases_the_latest_counts_and_a_released_one_does_not(stored):
    stored.release("R1", OCT_10)
    stored.release("R2", OCT_20)
    stored.release("R3", NOV_16, released=True)
    work = stored.work("A-1", releases=("R1", "R2", "R3"))
    stored.need("x:1", "A-1")

    assert seen(stored, work) == ("dated", OCT_20)


def test_an_open_date_in_the_past_is_overdue_and_today_is_not_past(stored):
    late = stored.work("A-1", date(2026, 9, 14))
    today = stored.work("A-2", TODAY)
    for key in ("A-1", "A-2"):
        stored.need("x:1", key)

    assert seen(stored, late) == ("overdue", date(2026, 9, 14))
    assert seen(stored, today) == ("dated", TODAY)


def test_work_without_a_date_is_undated_and_done_work_has_its_finish(stored):
    bare = stored.work("A-1")
    done = stored.work("A-2", SEP_30, category=DONE, finished=date(2026, 9, 1))
    dropped = stored.work("A-3", SEP_30, category=DROPPED)
    for key in ("A-1", "A-2", "A-3"):
        stored.need("x:1", key)

    assert seen(stored, bare) == ("undated", None)
    assert seen(stored, done) == ("done", date(2026, 9, 1))
    assert seen(stored, dropped) == ("dropped", None)


@pytest.mark.parametrize(
    ("absence", "state"),
    [
        (Absence.DELETED, "dropped"),
        (Absence.MOVED, "unresolved"),
        (Absence.ACCESS_LOST, "unknown"),
        (Absence.UNOBSERVED, "unknown"),
        (Absence.ARCHIVED, "unknown"),
        (Absence.FILTERED_OUT, "unknown"),
    ],
)
def test_only_a_deletion_or_a_move_proves_anything_about_absent_work(stored, absence, state):
    work = stored.work("A-1", SEP_30)
    stored.need("x:1", "A-1")
    stored.lose(work, absence)

    assert seen(stored, work)[0] == state


def test_archived_work_keeps_the_end_it_had_reached(stored):
    work = stored.work("A-1", category=DONE, finished=date(2026, 9, 1))
    stored.need("x:1", "A-1")
    stored.lose(work, Absence.ARCHIVED)

    assert seen(stored, work) == ("done", date(2026, 9, 1))


# --- what lies below -----------------------------------------------------------------------------------------------


def test_a_parent_finishes_no_earlier_than_its_latest_child_and_may_finish_later(stored):
    parent = stored.work("A-1", OCT_10)
    stored.work("A-2", OCT_20, parent="A-1")

    assert seen(stored, parent) == ("dated", OCT_20)
    assert forecast(stored, parent).chain == (parent, "jira:A-2")

    stored.change(parent, due=NOV_16)
    assert seen(stored, parent) == ("dated", NOV_16)
    assert forecast(stored, parent).chain == (parent,)


def test_children_that_are_nodes_and_children_that_come_rolled_up_count_alike(stored):
    parent = stored.work("A-1", category=DOING)
    stored.work("A-2", OCT_10, parent="A-1")
    stored.work("A-3", OCT_20, parent="A-1")
    stored.need("x:1", "A-3")

    assert forecast(stored, parent).chain == (parent, "jira:A-3")
    stored.change("jira:A-2", due=NOV_16)
    assert forecast(stored, parent).chain == (parent, "jira:A-2")


def test_a_child_with_only_a_release_dates_its_parent(stored):
    stored.release("R", OCT_20)
    parent = stored.work("A-1")
    stored.work("A-2", parent="A-1", releases=("R",))

    assert seen(stored, parent) == ("dated", OCT_20)


def test_a_due_date_after_the_release_of_a_child_is_not_hidden_from_its_parent_or_its_objective(stored):
    stored.objectives = [objective("M-1")]
    stored.release("R", SEP_30)
    parent = stored.work("A-1")
    stored.work("A-2", NOV_16, parent="A-1", releases=("R",))
    stored.link("jira:A-2", "M-1", Role.DELIVERS)

    assert forecast(stored, parent).chain == (parent, "jira:A-2")
    assert seen(stored, parent) == seen(stored, "objective:M-1") == ("dated", NOV_16)


def test_dropped_children_are_ignored(stored):
    parent = stored.work("A-1", OCT_10)
    stored.work("A-2", NOV_16, parent="A-1", category=DROPPED)
    stored.work("A-3", NOV_16, parent="A-1", category=DROPPED)
    stored.need("x:1", "A-3")

    assert seen(stored, parent) == ("dated", OCT_10)


def test_undated_overdue_and_blocked_children_of_a_dated_parent_are_evidence_only(stored):
    parent = stored.work("A-1", OCT_10)
    stored.work("A-2", parent="A-1")
    stored.work("A-3", date(2026, 9, 1), parent="A-1")
    stored.work("A-4", OCT_10, parent="A-1")
    stored.work("A-5", category=DROPPED)
    stored.need("jira:A-4", "A-5")

    found = forecast(stored, parent)
    assert (found.state, found.day) == (ForecastState.DATED, OCT_10)
    assert found.counts == Counts(open=3, undated=1, overdue=1, blocked=1)


def test_a_parent_without_any_date_is_as_overdue_as_its_oldest_child(stored):
    parent = stored.work("A-1")
    stored.work("A-2", parent="A-1")
    stored.work("A-3", date(2026, 9, 1), parent="A-1")
    stored.work("A-4", date(2026, 8, 1), parent="A-1")

    assert seen(stored, parent) == ("overdue", date(2026, 8, 1))
    assert forecast(stored, parent).cause.node == "jira:A-4"


def test_a_parent_whose_date_has_passed_is_dated_by_what_is_still_open_below(stored):
    parent = stored.work("A-1", date(2026, 9, 1))
    stored.work("A-2", OCT_20, parent="A-1")

    assert seen(stored, parent) == ("dated", OCT_20)


def test_an_unseen_child_leaves_the_parent_unjudged(stored):
    parent = stored.work("A-1", OCT_10)
    child = stored.work("A-2", OCT_20, parent="A-1")
    stored.need("x:1", "A-2")
    stored.lose(child, Absence.ACCESS_LOST)

    found = forecast(stored, parent)
    assert (found.state, found.chain) == (ForecastState.UNKNOWN, (parent, child))


# --- releases ------------------------------------------------------------------------------------------------------


def test_a_release_waits_for_its_latest_member_whose_release_date_does_not_stand_for_it(stored):
    release = stored.release("R", SEP_30)
    stored.work("A-1", NOV_16, releases=("R",))
    stored.work("A-2", releases=("R",))

    found = forecast(stored, release)
    assert (found.day, found.chain) == (NOV_16, (release, "jira:A-1"))
    assert found.counts == Counts(open=2, undated=1)


def test_a_release_that_is_later_than_its_members_binds_itself(stored):
    release = stored.release("R", NOV_16)
    stored.work("A-1", OCT_10, releases=("R",))

    assert forecast(stored, release).chain == (release,)


def test_a_released_release_is_done_whatever_is_still_open_in_it(stored):
    release = stored.release("R", date(2026, 9, 1), released=True)
    stored.work("A-1", NOV_16, releases=("R",))

    assert seen(stored, release) == ("done", date(2026, 9, 1))


def test_a_release_date_that_passed_without_open_dated_work_is_overdue(stored):
    release = stored.release("R", date(2026, 9, 1))
    stored.work("A-1", releases=("R",), category=DONE)

    assert seen(stored, release) == ("overdue", date(2026, 9, 1))


def test_an_archived_release_that_never_went_out_is_unknown(stored):
    release = stored.release("R", SEP_30, archived=True)

    assert seen(stored, release)[0] == "unknown"


def test_whoever_is_promised_a_member_waits_for_the_whole_release(stored):
    stored.release("R", SEP_30)
    stored.work("A-1", date(2026, 9, 20), releases=("R",))
    stored.work("A-2", NOV_16, releases=("R",))
    deal = stored.deal("D", "A-1", SEP_30)

    assert seen(stored, deal) == ("dated", NOV_16)
    assert forecast(stored, deal).chain == (deal, "jira:A-1", "jira:R", "jira:A-2")


def test_inside_a_release_work_waits_for_work_and_not_for_the_release(stored):
    release = stored.release("R", SEP_30)
    stored.work("A-1", date(2026, 9, 18), releases=("R",))
    stored.work("A-2", date(2026, 9, 25), start=date(2026, 9, 19), releases=("R",))
    stored.need("jira:A-2", "A-1")

    assert forecast(stored, release).chain == (release,)


def test_inside_a_release_work_without_a_date_does_not_hold_up_the_others(stored):
    release = stored.release("R", SEP_30)
    stored.work("A-1", releases=("R",))
    other = stored.work("A-2", date(2026, 9, 25), releases=("R",))
    stored.need("jira:A-2", "A-1")

    assert seen(stored, release) == ("dated", SEP_30)
    assert seen(stored, other) == ("dated", SEP_30)
    assert forecast(stored, release).counts == Counts(open=2, undated=1)


def test_across_releases_work_waits_for_the_date_of_the_other_release(stored):
    stored.release("Platform", OCT_20)
    stored.release("R", SEP_30)
    stored.work("P-1", releases=("Platform",))
    stored.work("A-1", SEP_30, releases=("R",))
    stored.need("jira:A-1", "P-1")

    assert seen(stored, "jira:R") == ("dated", OCT_20)
    assert forecast(stored, "jira:R").chain == ("jira:R", "jira:A-1", "jira:P-1", "jira:Platform")


# --- needs ---------------------------------------------------------------------------------------------------------


def test_work_that_has_not_started_begins_after_its_need_and_keeps_its_duration(stored):
    """The go-live takes 7 days (24 Sep to 1 Oct); its rehearsal moves to 15 Oct: 15 + 7 = 22 Oct."""
    rehearsal = stored.work("ERP-90", date(2026, 10, 15), category=DOING)
    go_live = stored.work("ERP-100", date(2026, 10, 1), start=date(2026, 9, 24))
    stored.need(go_live, "ERP-90")

    found = forecast(stored, go_live)
    assert (found.day, found.takes_days, found.chain) == (date(2026, 10, 22), 7, (go_live, rehearsal))


def test_the_lag_of_a_need_counts(stored):
    stored.work("A-1", OCT_10)
    other = stored.work("A-2", OCT_10)
    stored.need(other, "A-1", lag=14)

    assert seen(stored, other) == ("dated", date(2026, 10, 24))


def test_slack_absorbs_a_need_that_ends_in_time(stored):
    stored.work("A-1", OCT_10)
    other = stored.work("A-2", date(2026, 10, 25), start=date(2026, 10, 15))
    stored.need(other, "A-1")

    assert forecast(stored, other).chain == (other,)
    stored.change("jira:A-1", due=date(2026, 10, 15))
    assert forecast(stored, other).chain == (other,)
    stored.change("jira:A-1", due=date(2026, 10, 16))
    assert seen(stored, other) == ("dated", date(2026, 10, 26))


def test_work_begins_no_earlier_than_planned_although_its_need_ends_before(stored):
    stored.sprint("S", OCT_10)
    stored.work("A-1", SEP_30)
    other = stored.work("A-2", start=OCT_20, sprint="S")
    stored.need(other, "A-1")

    assert seen(stored, other) == ("dated", OCT_20)


def test_work_that_has_started_is_not_pushed(stored):
    stored.work("A-1", NOV_16)
    other = stored.work("A-2", OCT_10, category=DOING)
    stored.need(other, "A-1")

    assert seen(stored, other) == ("dated", OCT_10)


def test_a_diamond_takes_the_maximum_and_not_the_sum(stored):
    stored.work("A-1", OCT_10)
    left = stored.work("A-2", OCT_10, start=date(2026, 10, 5))
    right = stored.work("A-3", OCT_10, start=date(2026, 10, 8))
    end = stored.work("A-4", OCT_10)
    stored.need(left, "A-1")
    stored.need(right, "A-1")
    stored.need(end, "A-2")
    stored.need(end, "A-3")

    assert seen(stored, end) == ("dated", date(2026, 10, 15))
    assert forecast(stored, end).chain == (end, left, "jira:A-1")


def test_a_need_on_what_supports_nothing_leaves_unstarted_work_without_support(stored):
    stored.work("A-1", category=DROPPED)
    middle = stored.work("A-2", OCT_10)
    end = stored.work("A-3", OCT_20)
    started = stored.work("A-4", OCT_20, category=DOING)
    stored.need(middle, "A-1")
    stored.need(end, "A-2")
    stored.need(started, "A-2")

    found = forecast(stored, end)
    assert found.supports_nothing
    assert found.chain == (end, middle, "jira:A-1")
    assert seen(stored, started) == ("dated", OCT_20)


def test_what_waits_for_something_dropped_is_not_ignored_as_if_it_were_dropped_itself(stored):
    parent = stored.work("A-1")
    stored.work("A-2", OCT_10, parent="A-1")
    stored.work("A-3", category=DROPPED)
    stored.need("jira:A-2", "A-3")

    assert forecast(stored, parent).supports_nothing


def test_done_work_holds_nothing_up(stored):
    stored.work("A-1", NOV_16, category=DONE, finished=date(2026, 9, 1))
    other = stored.work("A-2", OCT_10)
    stored.need(other, "A-1")

    assert seen(stored, other) == ("dated", OCT_10)


def test_a_need_gives_no_date_to_work_that_has_none(stored):
    """A missing date is not on time: that the need ends early says nothing about the rest."""
    stored.work("A-1", OCT_10)
    other = stored.work("A-2")
    stored.need(other, "A-1")

    assert seen(stored, other) == ("undated", None)


def test_a_passed_date_gives_way_to_a_need_only_where_the_duration_is_known(stored):
    stored.work("A-1", OCT_10)
    planned = stored.work("A-2", date(2026, 9, 10), start=date(2026, 9, 5))
    bare = stored.work("A-3", date(2026, 9, 10))
    stored.need(planned, "A-1")
    stored.need(bare, "A-1")

    assert seen(stored, planned) == ("dated", date(2026, 10, 15))
    assert seen(stored, bare) == ("overdue", date(2026, 9, 10))


def test_a_name_that_nothing_has_and_one_that_two_things_have_support_nothing(stored):
    stored.work("A-1", OCT_10)
    stored.work("A-1", OCT_10, source="asana")
    unknown, ambiguous = stored.deal("D-1", "Aurora 5.0", SEP_30), stored.deal("D-2", "A-1", SEP_30)

    assert forecast(stored, unknown).chain == (unknown, "name:aurora 5.0")
    assert seen(stored, unknown)[0] == seen(stored, ambiguous)[0] == "unresolved"
    assert forecast(stored, ambiguous).cause.because.value == "ambiguous_name"


def test_a_name_that_nothing_has_is_unknown_while_a_source_is_not_completely_read(stored):
    deal = stored.deal("D-1", "Aurora 5.0", SEP_30)
    stored.cover("jira", complete=False)

    assert seen(stored, deal)[0] == "unknown"


def test_a_deal_is_no_work_that_another_could_wait_for(stored):
    stored.deal("D-1", None, SEP_30)
    deal = stored.deal("D-2", "D-1", SEP_30)

    assert forecast(stored, deal).cause.because.value == "not_work"


def test_a_cycle_is_named_and_the_rest_goes_on(stored):
    first, second = stored.work("A-1", OCT_10), stored.work("A-2", OCT_10)
    stored.need(first, "A-2")
    stored.need(second, "A-1")
    after = stored.work("A-3", OCT_10)
    stored.need(after, "A-2")
    apart = stored.work("A-4", OCT_10)
    stored.need("x:1", "A-4")

    world = see(stored, stored.tree, ReconcileOptions(), now=NOW, today=TODAY, rates=EUR)
    assert [cycle.loop for cycle in world.forecasts.cycles.values()] == [(first, second)]
    assert forecast(stored, second).state is ForecastState.CYCLIC
    assert forecast(stored, after).chain == (after, second, first)
    assert seen(stored, apart) == ("dated", OCT_10)


def test_a_cycle_that_work_has_broken_by_starting_is_none(stored):
    first, second = stored.work("A-1", OCT_10, category=DOING), stored.work("A-2", OCT_10)
    stored.need(first, "A-2")
    stored.need(second, "A-1")

    assert seen(stored, second) == ("dated", OCT_10)


def test_a_deal_waits_for_the_latest_of_several_things(stored):
    stored.work("A-1", OCT_10)
    stored.work("A-2", OCT_20)
    stored.work("A-3", NOV_16, category=DONE)
    deal = stored.deal("D", "A-1", SEP_30)
    stored.need(deal, "A-2")
    stored.need(deal, "A-3")

    assert forecast(stored, deal).chain == (deal, "jira:A-2")


# --- objectives ----------------------------------------------------------------------------------------------------


def objective(key: str, parent: str | None = None, **more) -> Objective:
    return Objective(id=key, name=f"Objective {key}", level=Level.MEASURE, parent=parent, **more)


def test_an_objective_is_the_latest_of_what_delivers_it(stored):
    stored.objectives = [objective("TOP"), objective("M-1", "TOP"), objective("M-2", "TOP")]
    for key, day, goal in (("A-1", OCT_10, "M-1"), ("A-2", OCT_20, "M-1"), ("A-3", NOV_16, "M-2")):
        stored.link(stored.work(key, day), goal, Role.DELIVERS)
    stored.need("x:1", "A-2")

    assert forecast(stored, "objective:M-1").chain == ("objective:M-1", "jira:A-2")
    assert forecast(stored, "objective:TOP").chain == ("objective:TOP", "objective:M-2", "jira:A-3")
    assert forecast(stored, "objective:M-1").counts == Counts(open=2)


def test_an_objective_sees_how_far_its_linked_work_is_pushed(stored):
    stored.objectives = [objective("M-1")]
    work = stored.work("A-1", OCT_10)
    stored.link(work, "M-1", Role.DELIVERS)
    stored.work("B-1", NOV_16, source="asana")
    stored.need(work, "B-1")

    assert forecast(stored, "objective:M-1").chain == ("objective:M-1", work, "asana:B-1")


def test_an_objective_whose_work_is_all_done_is_done_and_a_cancelled_one_supports_nothing(stored):
    stored.objectives = [objective("M-1"), objective("M-2", stage_gate=StageGate.CANCELLED)]
    stored.link(stored.work("A-1", category=DONE, finished=date(2026, 9, 1)), "M-1", Role.DELIVERS)

    assert seen(stored, "objective:M-1") == ("done", date(2026, 9, 1))
    assert seen(stored, "objective:M-2") == ("dropped", None)


def test_an_objective_that_nothing_delivers_ends_with_what_it_needs(stored):
    stored.objectives = [objective("M-1"), objective("M-2")]
    stored.work("A-1", OCT_10)
    stored.need("objective:M-1", "A-1", lag=7)

    assert seen(stored, "objective:M-1") == ("dated", date(2026, 10, 17))
    assert seen(stored, "objective:M-2") == ("undated", None)


def test_a_chain_runs_through_all_tools(stored):
    """Jira work -> Asana task -> workbook milestone -> deal."""
    stored.work("A-1", NOV_16)
    task = stored.work("T-1", OCT_10, source="asana")
    milestone = stored.work("GO", OCT_20, source="tracker")
    stored.need(task, "A-1", lag=2)
    stored.need(milestone, "T-1", lag=3)
    deal = stored.deal("D", "GO", SEP_30)

    found = forecast(stored, deal)
    assert (found.day, found.chain) == (date(2026, 11, 21), (deal, milestone, task, "jira:A-1"))
    assert found.sources == {"jira", "asana", "tracker"}


def test_a_chain_of_five_thousand_needs_is_followed_to_its_end(stored):
    count = 5_000
    for number in range(count):
        stored.work(f"A-{number}", OCT_10)
    ids = {f"A-{number}": f"jira:A-{number}" for number in range(count)}
    needs = [(ids[f"A-{number}"], f"A-{number - 1}", 1) for number in range(1, count)]
    stored.needs_ = needs
    stored._named = lambda wanted: {ids[wanted]}  # the plain look-up is quadratic

    found = forecast(stored, ids[f"A-{count - 1}"])
    assert found.cause.node == ids["A-0"]
    assert len(found.chain) == count
