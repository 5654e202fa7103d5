"""Walking the plan both ways, over all tools; every day and amount is calculated by hand here."""

from datetime import date
from decimal import Decimal

import pytest

from model.findings import Account
from model.keys import objective_node
from model.links import Role
from model.objectives import Level, Objective, Tolerance
from model.traces import Branch, NodeKind, Trace
from reconcile.engine import see
from reconcile.options import ReconcileOptions
from reconcile.trace import MOST_STEPS, trace
from tests.reconcile.world import DOING, EUR, NOW, TODAY, TODO, Stored


def traced(stored: Stored, node: str, *, everything: bool = False) -> Trace:
    world = see(stored, stored.tree, ReconcileOptions(), now=NOW, today=TODAY, rates=EUR)
    links = [link for link in stored.links_ if link.record_id == node]
    return trace(world, node, links, everything=everything)


def across_four_tools() -> Stored:
    """Jira → Asana → a milestone of a workbook → a deal in Salesforce and a saving in another workbook.

    GW-1 is due on 20 Oct. The rollout needs it and 3 days more, and takes the 10 days from 5 to 15 Oct that it planned:
    20 + 3 = 23 Oct, + 10 = 2 Nov. The milestone needs the rollout and 5 days more: 7 Nov instead of its own 1 Nov.
    """
    stored = Stored()
    stored.objectives = [
        Objective(id="P-1", name="Launch", level=Level.PROGRAM),
        Objective(id="M-1", name="Sell it", level=Level.MEASURE, parent="P-1", target=date(2026, 11, 3)),
    ]
    stored.work("GW-1", date(2026, 10, 20), category=DOING)
    rollout = stored.work("ROLL-1", date(2026, 10, 15), source="asana", start=date(2026, 10, 5), category=TODO)
    live = stored.work("LIVE-1", date(2026, 11, 1), source="tracker", category=TODO)
    stored.need(rollout, "GW-1", 3)
    stored.need(live, "ROLL-1", 5)
    stored.link(stored.deal("OPP-1", "LIVE-1", date(2026, 10, 31)), "M-1")
    stored.saving("S-1", "LIVE-1", date(2026, 11, 1), {"2026-11": 30_000})
    stored.link(live, "M-1", Role.DELIVERS)
    return stored


def keys(branch: Branch) -> list[object]:
    """The tree of keys: a key, followed by the list of what is behind it."""
    return [branch.key, *(keys(each) for each in branch.branches)]


def found(branch: Branch, key: str) -> Branch:
    return next(each for each in branch.walk() if each.key == key)


def test_the_chain_of_a_deal_leads_through_all_tools_to_its_cause():
    walked = traced(across_four_tools(), "salesforce:OPP-1")
    assert keys(walked.causes) == ["OPP-1", ["LIVE-1", ["ROLL-1", ["GW-1"]]]]
    says = [(each.source, each.says, each.day) for each in walked.causes.walk()]
    assert says == [
        ("salesforce", "promised for 31 Oct 2026; waits for LIVE-1", date(2026, 11, 7)),
        ("tracker", "waits for ROLL-1 and 5 days more", date(2026, 11, 7)),
        ("asana", "waits for GW-1 and 3 days more, then takes 10 days", date(2026, 11, 2)),
        ("jira", "due 20 Oct 2026", date(2026, 10, 20)),
    ]


def test_from_the_cause_everything_that_it_hits_has_its_days_and_money():
    """7 Nov is 7 days after 31 Oct, 6 after 1 Nov and 4 after 3 Nov. Of 30 days of November 6 are lost: 6,000."""
    walked = traced(across_four_tools(), "jira:GW-1")
    assert keys(walked.hits) == ["GW-1", ["ROLL-1", ["LIVE-1", ["OPP-1"], ["S-1"], ["M-1", ["P-1"]]]]]
    deal, saving, objective = (found(walked.hits, key).effect for key in ("OPP-1", "S-1", "M-1"))
    assert deal
    assert saving
    assert objective
    assert (deal.days, deal.full(Account.REVENUE), deal.weighted(Account.REVENUE)) == (7, 100_000, 80_000)
    assert (saving.days, saving.full(Account.SAVINGS)) == (6, 6_000)
    assert (objective.days, objective.shares) == (4, ())
    assert found(walked.hits, "P-1").effect is None  # it committed to no day
    assert (walked.total.full(Account.REVENUE), walked.total.full(Account.SAVINGS)) == (100_000, 6_000)
    assert found(walked.hits, "OPP-1").serves == ("M-1",)
    assert found(walked.hits, "ROLL-1").says == "waits for it and 3 days more, then takes 10 days"


def test_a_finding_tells_what_else_its_cause_decides():
    walked = traced(across_four_tools(), "salesforce:OPP-1")
    assert (keys(walked.hits), walked.cause_hits) == (["OPP-1"], 1)


def test_what_slack_absorbs_hangs_on_it_and_is_not_hit():
    stored = across_four_tools()
    early = stored.work("SLOW-1", date(2026, 12, 24))
    stored.need(early, "GW-1", 0)
    walked = traced(stored, "jira:GW-1")
    assert "SLOW-1" not in str(keys(walked.hits))
    assert walked.others == 1
    whole = traced(stored, "jira:GW-1", everything=True)
    slow = found(whole.hits, "SLOW-1")
    assert (slow.binds, slow.says, whole.others) == (False, "decided by itself", 0)
    assert whole.total == walked.total
    assert found(whole.hits, "OPP-1").binds


def test_with_everything_every_need_and_child_is_shown_and_what_binds_comes_first():
    stored = across_four_tools()
    stored.work("GW-2", date(2026, 10, 1), source="asana")
    stored.need("asana:ROLL-1", "GW-2")
    stored.need("asana:ROLL-1", "NOBODY-9")
    whole = traced(stored, "asana:ROLL-1", everything=True)
    assert [each.key for each in whole.causes.branches] == ["NOBODY-9", "GW-1", "GW-2"]
    assert [each.binds for each in whole.causes.branches] == [True, False, False]
    unknown = whole.causes.branches[0]
    assert (unknown.kind, unknown.says) == (NodeKind.NOTHING, "is not known anywhere")


def test_what_nothing_supports_is_hit_in_full():
    stored = across_four_tools()
    stored.change("jira:GW-1", due=None)
    walked = traced(stored, "jira:GW-1")
    deal = found(walked.hits, "OPP-1").effect
    assert deal
    assert (deal.days, deal.full(Account.REVENUE)) == (None, 100_000)
    assert found(walked.causes, "GW-1").says == "has no date"
    saving = found(walked.hits, "S-1").effect
    assert saving
    assert (saving.days, saving.full(Account.SAVINGS)) == (None, 30_000)


def test_inside_the_tolerance_no_money_is_counted_unless_it_changes_the_quarter():
    stored = across_four_tools()
    stored.objectives[1] = Objective(id="M-1", name="Sell it", level=Level.MEASURE, tolerance=Tolerance(days=10))
    walked = traced(stored, "jira:GW-1")
    deal = found(walked.hits, "OPP-1").effect
    assert deal
    assert (deal.days, deal.shares) == (7, ())
    stored.change("jira:GW-1", due=date(2026, 12, 17))  # the deal can be kept on 4 Jan
    stored.change("salesforce:OPP-1", promised_date=date(2026, 12, 29))
    moved = found(traced(stored, "jira:GW-1").hits, "OPP-1").effect
    assert moved
    assert (moved.days, moved.full(Account.REVENUE)) == (6, 100_000)


def test_one_record_that_is_hit_on_two_ways_counts_once():
    stored = across_four_tools()
    stored.need("salesforce:OPP-1", "ROLL-1")
    whole = traced(stored, "jira:GW-1", everything=True)
    assert sum(1 for each in whole.hits.walk() if each.key == "OPP-1") == 2
    assert sum(1 for each in whole.hits.walk() if each.key == "OPP-1" and each.again) == 1
    assert whole.total.full(Account.REVENUE) == Decimal(100_000)


def test_work_that_only_a_roll_up_counts_leads_to_what_it_decides():
    stored = Stored()
    epic = stored.work("EPIC-1", None)
    leaf = stored.work("LEAF-1", date(2026, 11, 10), parent="EPIC-1")
    small = stored.work("LEAF-2", date(2026, 11, 1), parent="EPIC-1")
    stored.deal("OPP-1", "EPIC-1", date(2026, 11, 1))
    walked = traced(stored, leaf)
    assert keys(walked.hits) == ["LEAF-1", ["EPIC-1", ["OPP-1"]]]
    deal = found(walked.hits, "OPP-1").effect
    assert deal
    assert deal.days == 9
    beside = traced(stored, small)
    assert (keys(beside.causes), keys(beside.hits), beside.others) == (["LEAF-2"], ["LEAF-2"], 2)
    assert keys(traced(stored, epic).causes) == ["EPIC-1", ["LEAF-1"]]


def test_a_circle_is_told_and_survived():
    stored = Stored()
    one, other = stored.work("A-1", date(2026, 10, 1)), stored.work("B-1", date(2026, 10, 1))
    stored.need(one, "B-1")
    stored.need(other, "A-1")
    stored.deal("OPP-1", "B-1", date(2026, 11, 1))
    for everything in (False, True):
        walked = traced(stored, other, everything=everything)
        assert "circle" in walked.causes.says
        assert {each.key for each in traced(stored, one, everything=everything).hits.walk()} == {"A-1", "B-1", "OPP-1"}


@pytest.mark.parametrize("everything", [False, True])
def test_a_very_long_chain_is_told_by_its_beginning_and_its_cause(everything: bool):
    stored = Stored()
    stored.work("W-0", date(2026, 10, 1))
    for number in range(1, 400):
        node = stored.work(f"W-{number}", date(2026, 9, 21), start=date(2026, 9, 20))
        stored.need(node, f"W-{number - 1}")
    walked = traced(stored, "jira:W-399", everything=everything)
    told = list(walked.causes.walk())
    assert len(told) <= MOST_STEPS + 1
    if not everything:
        assert told[-1].key == "W-0"
        assert sum(each.skipped for each in told) == 400 - MOST_STEPS
    hits = list(traced(stored, "jira:W-0", everything=everything).hits.walk())
    assert len(hits) <= MOST_STEPS + 2
    if not everything:
        assert sum(each.hidden for each in hits) == 400 - len(hits)


def test_an_objective_is_traced_like_a_record():
    walked = traced(across_four_tools(), objective_node("M-1"))
    assert keys(walked.causes) == ["M-1", ["LIVE-1", ["ROLL-1", ["GW-1"]]]]
    assert walked.causes.says == "committed to 3 Nov 2026; waits for LIVE-1"


def test_the_same_world_in_another_order_gives_the_same_trace():
    stored = across_four_tools()
    turned = stored.shuffled(lambda several: several[::-1])
    for everything in (False, True):
        assert traced(stored, "jira:GW-1", everything=everything) == traced(turned, "jira:GW-1", everything=everything)
