"""A plan tells what linking and judging with the edited files will change, and changes nothing itself."""

import copy
import hashlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from model.errors import UsageError
from model.findings import Account
from model.links import Link, Role
from pipeline.plan import Change, Plan, link_changes, plan
from state.rehearsal import LinkShift
from state.store import Store
from tests.databases import content, in_postgresql
from tests.pipeline.company import OBJECTIVES, RULES, Company, Servers, standing


def rules(**changes: Any) -> dict[str, Any]:
    """The rules, with values of the rule for deals changed."""
    changed: dict[str, Any] = copy.deepcopy(RULES)
    changed["rules"][0] |= changes
    return changed


def planned(store: Store, company: Company, edited: Any = RULES, objectives: Any = OBJECTIVES) -> Plan:
    company.write(rules=edited, objectives=objectives)
    return plan(store, company.configuration)


@pytest.fixture
def acme(tuesday: Company) -> Company:
    return tuesday


def links_of(store: Store) -> set[tuple[str, str, str, str]]:
    found = [store.links_of(seen.record.id) for batch in store.records() for seen in batch]
    return {(link.record_id, link.role.value, link.objective_id, link.rule) for links in found for link in links}


def test_files_that_say_the_same_change_nothing(store: Store, acme: Company):
    made = planned(store, acme)
    assert made.empty
    assert (made.links, made.needs, made.findings, made.unlinked_records) == ([], [], [], 0)
    assert made.money[0].before == made.money[0].after == Decimal(4_500_000)


def test_a_comment_or_another_order_of_the_keys_changes_nothing(store: Store, acme: Company):
    path = acme.folder / "rules.yaml"
    path.write_text(f"# who owns what\n\n{path.read_text()}")
    acme._configuration = None
    made = plan(store, acme.configuration)
    assert made.empty
    assert made.before != made.after


def test_another_objective_moves_links_and_changes_findings(store: Store, acme: Company):
    made = planned(store, acme, rules(objective="OTHER"))
    assert made.link_counts == {Change.MOVE: 9}
    first = next(each for each in made.links if each.key == "D-1")
    assert first.before is not None
    assert first.after is not None
    assert (first.role, first.before.objective_id, first.after.objective_id) == (Role.PROMISES, "LAUNCH", "OTHER")
    assert made.finding_counts == {Change.CHANGE: 8}
    assert {each.reason for each in made.findings} == {"objective LAUNCH -> OTHER"}
    assert made.money[0].after == made.money[0].total
    assert made.rules.changed == ("deals",)


def test_without_needs_findings_would_resolve_and_the_reason_is_told(store: Store, acme: Company):
    made = planned(store, acme, rules(needs=[]))
    assert made.link_counts == {}
    assert made.need_counts == {Change.REMOVE: 9}
    assert made.finding_counts == {Change.RESOLVE: 8}
    assert {each.after for each in made.findings} == {None}
    assert made.findings[0].reason == "D-8 waits for nothing any more"
    [risk] = made.at_risk
    assert (risk.account, risk.before, risk.after) == (Account.REVENUE, Decimal(3_600_000), Decimal(0))


def test_a_rule_that_goes_unlinks_its_records_and_the_money_is_linked_no_more(store: Store, acme: Company):
    made = planned(store, acme, {"version": 1, "rules": RULES["rules"][1:]})  # type: ignore[index]
    assert made.link_counts == {Change.REMOVE: 9}
    assert made.rules.removed == ("deals",)
    [revenue] = made.money
    assert (revenue.before, revenue.after, revenue.total) == (Decimal(4_500_000), Decimal(0), Decimal(4_500_000))


def test_a_need_with_a_lag_opens_what_was_on_time(store: Store, acme: Company):
    made = planned(store, acme, rules(needs=[{"field": "promised", "lag": "60d"}]))
    assert made.finding_counts[Change.OPEN] == 1
    opened = next(each for each in made.findings if each.change is Change.OPEN)
    assert opened.before is None
    assert opened.after is not None
    assert made.finding_counts[Change.WORSEN] == 8


def test_an_objective_that_goes_takes_its_links_with_it(store: Store, acme: Company):
    """F3."""
    kept = [each for each in OBJECTIVES["objectives"] if each["id"] != "OTHER"]  # type: ignore[attr-defined, index]
    made = planned(store, acme, objectives={"version": 1, "objectives": kept})
    assert made.objectives.removed == ("OTHER",)
    assert made.empty


def test_what_was_planned_is_what_a_run_then_does(store: Store, acme: Company):
    """The plan and the run share their code; this holds them together."""
    edited = rules(needs=[{"field": "promised", "lag": "30d"}], objective="OTHER")
    edited["rules"][1]["match"]["container"] = "OPS"
    made = planned(store, acme, edited)
    before = links_of(store)
    was_standing = {key: each.fingerprint for key, each in standing(store).items()}
    acme.pass_time(minutes=1)
    acme.sync(store)
    after = links_of(store)
    gone = {(each.record_id, each.role.value, each.before.objective_id) for each in made.links if each.before}
    came = {(each.record_id, each.role.value, each.after.objective_id) for each in made.links if each.after}
    assert gone == {link[:3] for link in before - after}
    assert came == {link[:3] for link in after - before}
    assert gone
    opened = {each.fingerprint for each in made.findings if each.change is Change.OPEN}
    assert opened == {each.fingerprint for each in standing(store).values()} - set(was_standing.values())
    assert planned(store, acme, edited).empty


def test_nothing_is_stored(store: Store, acme: Company):
    """The proof: the database, byte by byte; and a control that a run does change it."""
    before = _bytes(store, acme.state)
    assert not planned(store, acme, rules(objective="OTHER", needs=[])).empty
    assert _bytes(store, acme.state) == before
    acme.sync(store)
    assert _bytes(store, acme.state) != before


def _bytes(store: Store, path: Path) -> str:
    if not store.on_postgresql:
        with store.reading() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return hashlib.sha256(content(path)).hexdigest()


def test_time_that_passed_is_no_part_of_the_difference(store: Store, acme: Company):
    acme.pass_time(days=200)
    assert planned(store, acme).empty


def test_records_that_were_read_and_not_linked_yet_are_told_apart(store: Store, acme: Company):
    acme.slip()
    acme.jira.move_due("WEB-2", acme.now.date().replace(year=2027), by="somebody")
    acme.pass_time(minutes=5)
    acme.read(store, "jira")
    assert planned(store, acme).unlinked_records > 0


def test_before_anything_was_read_there_is_nothing_to_compare_with(store: Store, company: Company):
    with pytest.raises(UsageError, match="nothing was read yet"):
        plan(store, company.configuration)


def test_a_rule_that_was_only_renamed_changes_its_links_and_nothing_else(store: Store, acme: Company):
    made = planned(store, acme, rules(name="`deals` | <b>@all</b>"))
    assert made.link_counts == {Change.CHANGE: 9}
    assert made.links[0].after is not None
    assert made.links[0].after.rule == "`deals` | <b>@all</b>"
    assert (made.need_counts, made.findings) == ({}, [])


def test_in_postgresql_a_plan_is_the_same_and_stores_nothing_either(servers: Servers, tmp_path: Path):
    acme = Company(tmp_path / "acme", servers)
    with in_postgresql() as url, Store.open(url) as store:
        acme.sync(store)
        acme.reach_tuesday()
        acme.sync(store)
        before = links_of(store), store.transitions(), store.note("linked")
        assert planned(store, acme).empty
        made = planned(store, acme, rules(objective="OTHER", needs=[]))
        assert made.link_counts == {Change.MOVE: 9}
        assert made.need_counts == {Change.REMOVE: 9}
        assert made.finding_counts == {Change.RESOLVE: 8}
        assert (links_of(store), store.transitions(), store.note("linked")) == before
        acme.pass_time(minutes=1)
        assert acme.sync(store).resolved == 8
        assert store.mapping_changes()[0].rules.changed == ("deals",)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (["A"], ["B"], [("move", "A", "B")]),
        (["A"], ["A"], [("change", "A", "A")]),
        (["A"], [], [("remove", "A", None)]),
        ([], ["A"], [("add", None, "A")]),
        (["A", "B"], ["B", "C", "D"], [("change", "B", "B"), ("move", "A", "C"), ("add", None, "D")]),
    ],
)
def test_what_goes_is_paired_with_what_comes(before: list[str], after: list[str], told: list[Any]):
    def links(ids: list[str]) -> tuple[Link, ...]:
        return tuple(Link("jira:1", each, Role.DELIVERS, "rule") for each in ids)

    found = link_changes(LinkShift("jira:1", Role.DELIVERS, links(before), links(after)))
    assert [(how.value, old and old.objective_id, new and new.objective_id) for how, old, new in found] == told


def test_runs_that_only_confirmed_what_stands_count_as_judgements(store: Store, acme: Company):
    """Nothing but the run itself tells of them: findings that did not change are not written."""
    for _ in range(3):
        acme.pass_time(days=1)
        acme.sync(store)
    made = planned(store, acme)
    assert made.judged_at == acme.now
    assert made.empty
