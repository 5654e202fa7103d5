"""What a decider can choose from: computed from stored records only, with its money, its day and who acts."""

from datetime import date
from decimal import Decimal

import pytest

from model.findings import Account, DecisionOption, Finding, OptionKind, total_of
from model.links import Role
from model.money import Money
from model.objectives import DecisionRights, Level, Objective
from reconcile.options import LeadDays, ReconcileOptions
from tests.reconcile.world import DOING, DONE, TODAY, Stored

SEP_30, OCT_14, NOV_16 = date(2026, 9, 30), date(2026, 10, 14), date(2026, 11, 16)


@pytest.fixture
def stored() -> Stored:
    """Aurora 4.0 is promised for 30 September; AUR-118 is due 16 November, 47 days later, AUR-120 on 20 September."""
    stored = Stored(objectives=[Objective(id="M-101", name="Sell Aurora", level=Level.MEASURE, owner="Mira")])
    stored.release("Aurora 4.0", SEP_30)
    stored.work("AUR-118", NOV_16, releases=("Aurora 4.0",), category=DOING, owner="Ben")
    stored.work("AUR-120", date(2026, 9, 20), releases=("Aurora 4.0",))
    stored.deal("OPP-1", "Aurora 4.0", SEP_30, 480_000, account="Nordwind", owner="Sue")
    stored.link("salesforce:OPP-1", "M-101")
    return stored


def one(stored: Stored, **more: object) -> Finding:
    (finding,) = (each for each in stored.judge(**more).findings if not each.upkeep)  # type: ignore[arg-type]
    return finding


def option(finding: Finding, kind: OptionKind) -> DecisionOption | None:
    found = [each for each in finding.options if each.kind is kind]
    assert len(found) <= 1
    return found[0] if found else None


def forward(stored: Stored, **more: object) -> DecisionOption | None:
    return option(one(stored, **more), OptionKind.BRING_FORWARD)


def cut(stored: Stored) -> DecisionOption | None:
    return option(one(stored), OptionKind.CUT_SCOPE)


# --- moving the promise --------------------------------------------------------------------------------------------


def test_the_promise_can_be_moved_to_the_day_that_the_work_gives(stored: Stored) -> None:
    """It closes 14 days before 30 September; what hangs on it is the price."""
    moved = option(one(stored), OptionKind.MOVE_PROMISE)

    assert moved is not None
    assert moved.says == "Move the promise to Nordwind from 30 Sep 2026 to 16 Nov 2026"
    assert (moved.record_id, moved.acts, moved.days, moved.day) == ("salesforce:OPP-1", "Sue", 47, NOV_16)
    assert total_of(moved.costs, Account.REVENUE) == 480_000
    assert moved.until == date(2026, 9, 16)


def test_a_promise_that_is_broken_already_can_only_be_moved_at_once(stored: Stored) -> None:
    stored.change("salesforce:OPP-1", promised_date=date(2026, 9, 1))
    moved = option(one(stored), OptionKind.MOVE_PROMISE)

    assert moved is not None
    assert (moved.days, moved.until) == (76, TODAY)


def test_a_saving_is_booked_from_the_day_on_which_it_becomes_possible() -> None:
    stored = Stored()
    stored.work("ERP-1", date(2026, 10, 22), owner="Ivo")
    stored.saving("M-201", "ERP-1", date(2026, 10, 1), {"2026-10": 620_000})
    moved = option(one(stored), OptionKind.MOVE_PROMISE)

    assert moved is not None
    assert moved.says == "Book M-201 from 22 Oct 2026 instead of 1 Oct 2026"
    assert total_of(moved.costs, Account.SAVINGS) == 420_000


def test_nothing_can_be_moved_to_a_day_that_nobody_knows(stored: Stored) -> None:
    """What nothing supports has no day, and none is made up."""
    stored.change("jira:AUR-118", due=None)
    stored.change("jira:AUR-120", due=None)
    stored.change("jira:Aurora 4.0", release_date=None)

    assert {each.kind for each in one(stored).options} == set()


# --- bringing what binds forward -----------------------------------------------------------------------------------


def test_what_binds_can_be_brought_forward_by_what_is_missing(stored: Stored) -> None:
    """47 days: from 16 November to 30 September; five days before that somebody must begin."""
    brought = forward(stored)

    assert brought is not None
    assert brought.says == "Bring AUR-118 forward by 47 days, to 30 Sep 2026: the date is kept"
    assert (brought.record_id, brought.acts, brought.days, brought.day) == ("jira:AUR-118", "Ben", 47, SEP_30)
    assert (brought.costs, brought.costs_nothing) == ((), False)
    assert brought.until == date(2026, 9, 25)


def test_it_helps_only_as_far_as_the_next_one_lets_it(stored: Stored) -> None:
    """AUR-120 is due 14 October: from 16 November to 14 October are 33 days, and no more help."""
    stored.change("jira:AUR-120", due=OCT_14)
    brought = forward(stored)

    assert brought is not None
    assert brought.says == (
        "Bring AUR-118 forward by 33 days, to 14 Oct 2026: it is then 14 Oct 2026, 33 days earlier than now; "
        "AUR-120 binds next"
    )
    assert (brought.days, brought.day) == (33, OCT_14)


def test_where_another_one_is_as_late_it_does_not_help_at_all(stored: Stored) -> None:
    stored.change("jira:AUR-120", due=NOV_16)

    assert forward(stored) is None


@pytest.mark.parametrize(("due", "days"), [(NOV_16, None), (date(2026, 11, 18), 2), (date(2026, 11, 15), None)])
def test_work_comes_no_earlier_by_itself_than_the_release_that_it_ships_with(due: date, days: int | None) -> None:
    """The release comes on 16 November. What is due that day gains nothing alone; what is due two days later, two."""
    target = Objective(id="M-1", name="Sell Aurora", level=Level.MEASURE, target=OCT_14)
    stored = Stored(objectives=[target])
    stored.release("Aurora 4.0", NOV_16)
    stored.work("AUR-118", due, releases=("Aurora 4.0",), category=DOING)
    stored.link("jira:AUR-118", "M-1", Role.DELIVERS)
    brought = forward(stored)

    assert (brought and (brought.days, brought.day)) == (days and (days, NOV_16))


def test_the_next_one_may_lie_in_another_tool(stored: Stored) -> None:
    """The deal also waits for GATE-1 in asana, due 14 October."""
    stored.work("GATE-1", OCT_14, source="asana")
    stored.need("salesforce:OPP-1", "GATE-1")
    brought = forward(stored)

    assert brought is not None
    assert brought.says.endswith("33 days earlier than now; GATE-1 binds next")


def test_both_arms_of_a_diamond_come_forward_with_what_binds_both() -> None:
    """C-1 is due 16 November; A-1 takes 10 days after it and B-1 five. 26 November to 30 September are 57 days."""
    stored = Stored()
    stored.work("C-1", NOV_16)
    stored.work("A-1", date(2026, 9, 25), start=date(2026, 9, 15))
    stored.work("B-1", date(2026, 9, 25), start=date(2026, 9, 20))
    stored.need("jira:A-1", "C-1")
    stored.need("jira:B-1", "C-1")
    stored.deal("OPP-1", "A-1", SEP_30)
    stored.need("salesforce:OPP-1", "B-1")
    finding = one(stored)
    brought = option(finding, OptionKind.BRING_FORWARD)

    assert finding.impact.days == 57
    assert brought is not None
    assert (brought.says, brought.day) == ("Bring C-1 forward by 57 days, to 20 Sep 2026: the date is kept", SEP_30)


def test_a_lag_after_a_release_that_keeps_its_own_date_stays(stored: Stored) -> None:
    """Without AUR-118 the release is out on 30 September; ten days later is 10 October."""
    stored.needs_ = [("salesforce:OPP-1", "Aurora 4.0", 10)]
    brought = forward(stored)

    assert brought is not None
    assert brought.says == (
        "Bring AUR-118 forward by 47 days, to 30 Sep 2026: it is then 10 Oct 2026, 47 days earlier than now; "
        "Aurora 4.0 binds next"
    )


def test_working_days_are_counted_as_they_fall() -> None:
    """Ten working days after Friday 2 October is 16 October; Sunday 27 September is the latest that gives the 9th."""
    stored = Stored()
    stored.work("A-1", date(2026, 10, 2))
    stored.deal("OPP-1", None, date(2026, 10, 9))
    stored.need("salesforce:OPP-1", "A-1", 10)
    stored.terms("salesforce:OPP-1", calendar="work")
    brought = forward(stored)

    assert brought is not None
    assert (brought.says, brought.days) == ("Bring A-1 forward by 5 days, to 27 Sep 2026: the date is kept", 5)


def test_nobody_can_act_before_the_lead_time_is_over(stored: Stored) -> None:
    """Today is 15 September: with 30 days of lead nothing comes before 15 October, which is 32 days of help."""
    brought = forward(stored, options=ReconcileOptions(lead_days=LeadDays(bring_forward=30)))

    assert brought is not None
    assert (brought.days, brought.day, brought.until) == (32, date(2026, 10, 15), TODAY)
    assert forward(stored, options=ReconcileOptions(lead_days=LeadDays(bring_forward=62))) is None


def test_what_is_done_cannot_be_brought_forward() -> None:
    """Done on 10 September, plus 30 days: only the promise can move."""
    stored = Stored()
    stored.work("A-1", category=DONE, finished=date(2026, 9, 10))
    stored.deal("OPP-1", None, SEP_30)
    stored.need("salesforce:OPP-1", "A-1", 30)

    assert forward(stored) is None
    assert [each.kind for each in one(stored).options] == [OptionKind.MOVE_PROMISE, OptionKind.ACCEPT]


# --- cutting scope -------------------------------------------------------------------------------------------------


def test_what_makes_a_release_late_can_be_left_out_of_it(stored: Stored) -> None:
    """Without AUR-118 Aurora 4.0 holds AUR-120, due 20 September, and keeps its own date of 30 September."""
    left = cut(stored)

    assert left is not None
    assert left.says == "Leave AUR-118 out of Aurora 4.0 (1 of 2 open remain): the date is kept"
    assert (left.record_id, left.acts, left.days, left.day) == ("jira:Aurora 4.0", "Mira", 47, SEP_30)
    assert left.until == date(2026, 9, 25)


def test_everything_that_is_late_is_named_and_what_remains_late_too(stored: Stored) -> None:
    """The release's own date of 14 October stays; both AUR-118 and AUR-121 lie behind 30 September."""
    stored.change("jira:Aurora 4.0", release_date=OCT_14)
    stored.work("AUR-121", date(2026, 11, 2), releases=("Aurora 4.0",))
    left = cut(stored)

    assert left is not None
    assert left.says == (
        "Leave AUR-118 and AUR-121 out of Aurora 4.0 (1 of 3 open remain): it is then 14 Oct 2026, 33 days earlier "
        "than now"
    )


def test_a_release_of_which_nothing_remains_is_no_option(stored: Stored) -> None:
    stored.remove("jira:AUR-120")
    assert cut(stored) is None

    stored.work("AUR-119", category=DONE, finished=date(2026, 9, 1), releases=("Aurora 4.0",))
    left = cut(stored)
    assert left is not None
    assert "(what is done remains)" in left.says


def test_more_than_a_small_part_is_no_cut(stored: Stored) -> None:
    for number in range(4):
        stored.work(f"AUR-13{number}", NOV_16, releases=("Aurora 4.0",))
    left = cut(stored)
    assert left is not None
    assert left.says.startswith("Leave AUR-118, AUR-130, AUR-131, AUR-132 and AUR-133 out of")

    stored.work("AUR-134", NOV_16, releases=("Aurora 4.0",))
    assert cut(stored) is None


def test_cutting_does_not_help_where_the_deal_waits_for_the_work_itself_too(stored: Stored) -> None:
    stored.need("salesforce:OPP-1", "AUR-118")

    assert cut(stored) is None


def test_what_waits_for_its_release_once_it_is_out_of_it_is_not_left_out(stored: Stored) -> None:
    """AUR-120 takes 24 days after AUR-119 of the same release, and a saving needs it by 5 October.

    In the release it is there 24 days after 20 September, on 14 October; out of it, 24 days after that ships on the
    30th. The deal waits for the release alone.
    """
    stored.work("AUR-119", date(2026, 9, 20), releases=("Aurora 4.0",))
    stored.change("jira:AUR-120", start=date(2026, 9, 20), due=OCT_14)
    stored.need("jira:AUR-120", "AUR-119")
    saving = stored.saving("S-1", "AUR-120", date(2026, 10, 5), {"2026-10": 31_000})
    offered = {each.subjects[0]: option(each, OptionKind.CUT_SCOPE) for each in stored.judge().findings}

    assert offered[saving] is None
    kept = offered["salesforce:OPP-1"]
    assert kept is not None
    assert kept.says == "Leave AUR-118 and AUR-120 out of Aurora 4.0 (1 of 3 open remain): the date is kept"


def test_what_would_have_no_date_without_it_is_not_offered() -> None:
    stored = Stored()
    stored.work("EPIC-1", None)
    stored.work("A-1", NOV_16, parent="EPIC-1")
    stored.work("A-2", None, parent="EPIC-1")
    stored.deal("OPP-1", "EPIC-1", SEP_30)

    assert cut(stored) is None
    stored.work("A-3", date(2026, 9, 20), parent="EPIC-1")
    assert cut(stored) is not None


# --- funding, accepting, stopping ----------------------------------------------------------------------------------


def ruled(stored: Stored, **fields: object) -> None:
    stored.objectives = [
        Objective(id="M-101", name="Sell Aurora", level=Level.MEASURE, owner="Mira", **fields)  # type: ignore[arg-type]
    ]


def test_an_objective_whose_budget_is_nothing_can_be_funded(stored: Stored) -> None:
    """14 days before 30 September; an unknown budget is not nothing."""
    assert option(one(stored), OptionKind.FUND) is None
    ruled(stored, budget=Money(Decimal(0), "EUR"), sponsor="Lena")
    funded = option(one(stored), OptionKind.FUND)

    assert funded is not None
    assert (funded.says, funded.acts) == ("Fund Sell Aurora, whose budget is EUR 0", "Lena")
    assert funded.until == date(2026, 9, 16)


def test_it_can_be_accepted_until_the_work_is_there_or_until_an_earlier_review(stored: Stored) -> None:
    ruled(stored)
    accepted = option(one(stored), OptionKind.ACCEPT)
    assert accepted is not None
    assert accepted.says == "Accept it until 16 Nov 2026, when the work is to be there"
    assert total_of(accepted.costs, Account.REVENUE) == 480_000

    ruled(stored, review=date(2026, 10, 1))
    accepted = option(one(stored), OptionKind.ACCEPT)
    assert accepted is not None
    assert (accepted.says, accepted.day) == ("Accept it until 1 Oct 2026, the next review", date(2026, 10, 1))


def test_work_can_be_stopped_only_where_somebody_is_named_who_may(stored: Stored) -> None:
    assert option(one(stored), OptionKind.STOP) is None
    ruled(stored, decision_rights=DecisionRights(stop="Olga"))
    stopped = option(one(stored), OptionKind.STOP)

    assert stopped is not None
    assert (stopped.says, stopped.acts) == ("Stop Sell Aurora", "Olga")


# --- the whole -----------------------------------------------------------------------------------------------------


def test_what_gives_up_no_known_money_stands_first(stored: Stored) -> None:
    ruled(stored, decision_rights=DecisionRights(stop="Olga"))

    assert [each.kind.value for each in one(stored).options] == [
        "bring_forward",
        "cut_scope",
        "move_promise",
        "accept",
        "stop",
    ]


def test_the_decision_is_due_when_the_first_option_closes(stored: Stored) -> None:
    """30 September less 15 days is today, before the promise can be moved no more (16 September)."""
    finding = one(stored, options=ReconcileOptions(lead_days=LeadDays(bring_forward=15)))
    brought = option(finding, OptionKind.BRING_FORWARD)

    assert brought is not None
    assert brought.until == finding.decide_by == TODAY


def test_a_finding_about_the_upkeep_of_the_data_has_no_options() -> None:
    stored = Stored()
    stored.work("A-1", SEP_30, category=None, status="Parked")
    (finding,) = (each for each in stored.judge().findings if each.check == "unknown-status")

    assert (finding.upkeep, finding.options) == (True, ())


def test_a_parent_that_is_late_by_the_same_child_does_not_stand_in_the_way(stored: Stored) -> None:
    """Both the epic and its child ship with the release; without the child the epic is there on 20 September."""
    stored.work("AUR-110", date(2026, 9, 20), releases=("Aurora 4.0",))
    stored.change("jira:AUR-118", parent="AUR-110")
    brought = forward(stored)

    assert brought is not None
    assert (brought.days, brought.day) == (47, SEP_30)
