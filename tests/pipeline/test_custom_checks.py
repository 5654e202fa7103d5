"""Custom checks in real runs: planned before they count, judged beside the installed ones, and gone with their file."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from model.findings import TrackedFinding
from pipeline.judge import judge
from pipeline.plan import Change, Plan, plan
from pipeline.reload import signature
from pipeline.run import make_pass
from pipeline.standing import Standing
from state.store import Store
from tests.pipeline.company import SELLER, Company

NAME = "custom:promised-too-early"
CHECK = {
    "name": "promised-too-early",
    "title": "A deal is promised something in autumn",
    "about": "deal",
    "claim": "promised_date",
    "must_be": "not before",
    "against": "2026-11-01",
    "impact": "revenue",
    "text": "{key} is promised something for {claim}, {difference} before winter ({money})",
}


def put(company: Company, *checks: dict[str, Any]) -> None:
    """Let the company have these custom checks."""
    company.settings["checks"] = ["checks.yaml"]
    (company.folder / "checks.yaml").write_text(yaml.safe_dump({"checks": list(checks)}), encoding="utf-8")
    company.write()


def of_check(store: Store) -> list[TrackedFinding]:
    return [each for each in store.tracked().values() if each.finding.check == NAME]


def next_pass(company: Company, store: Store, standing: Standing) -> None:
    """One of several passes of a daemon, which judges only what changes since the last one can reach."""
    make_pass(store, company.configuration, clock=company.clock, stop=company.stop, standing=standing)


def changes(made: Plan) -> list[tuple[Change, str]]:
    both = ((each.change, each.after or each.before) for each in made.findings)
    return [(change, tracked.finding.check) for change, tracked in both if tracked is not None]


@pytest.fixture
def acme(tuesday: Company) -> Company:
    return tuesday


def test_a_new_check_is_planned_before_it_counts_and_judged_in_the_next_run(store: Store, acme: Company) -> None:
    put(acme, CHECK)
    made = plan(store, acme.configuration)
    assert changes(made) == [(Change.OPEN, NAME)] * 8  # eight deals were promised something by 15 October
    assert of_check(store) == []
    acme.pass_time(hours=1)
    acme.sync(store)
    assert [each.standing for each in of_check(store)] == [True] * 8
    assert {each.finding.impact.days for each in of_check(store)} == {17}  # 15 October to 1 November
    assert plan(store, acme.configuration).empty


def test_a_changed_check_is_planned_with_what_it_would_resolve_and_why(store: Store, acme: Company) -> None:
    put(acme, CHECK)
    acme.sync(store)
    put(acme, CHECK | {"tolerance": "17d"})
    made = plan(store, acme.configuration)
    assert changes(made) == [(Change.RESOLVE, NAME)] * 8
    assert made.findings[0].reason.endswith("is now 15 Oct 2026, which the check tolerates")
    put(acme, CHECK | {"version": 2})
    assert sorted(changes(plan(store, acme.configuration))) == sorted(
        [(Change.OPEN, NAME)] * 8 + [(Change.RESOLVE, NAME)] * 8
    )


def test_what_a_check_found_resolves_when_it_is_switched_off(store: Store, acme: Company) -> None:
    put(acme, CHECK)
    acme.sync(store)
    put(acme, CHECK | {"enabled": False})
    made = plan(store, acme.configuration)
    assert changes(made) == [(Change.RESOLVE, NAME)] * 8
    assert made.findings[0].reason == f"the check {NAME} is switched off"
    acme.pass_time(hours=1)
    acme.sync(store)
    assert [each.standing for each in of_check(store)] == [False] * 8


@pytest.mark.parametrize("left", [(), (CHECK | {"name": "another-name"},)], ids=["taken out", "renamed"])
def test_what_a_check_found_resolves_when_its_definition_goes(store: Store, acme: Company, left: Any) -> None:
    put(acme, CHECK)
    acme.sync(store)
    put(acme, *left)
    made = plan(store, acme.configuration)
    assert changes(made).count((Change.RESOLVE, NAME)) == 8
    assert f"the check {NAME} was taken out of the configuration" in {each.reason for each in made.findings}
    acme.pass_time(hours=1)
    acme.sync(store)
    assert [each.standing for each in of_check(store)] == [False] * 8


def test_an_edited_check_is_judged_on_everything_although_nothing_changed_in_the_sources(
    store: Store, acme: Company
) -> None:
    put(acme, CHECK | {"against": "2026-01-01"})
    acme.sync(store)
    assert of_check(store) == []
    put(acme, CHECK)
    acme.pass_time(hours=1)
    acme.sync(store)
    assert len(of_check(store)) == 8


def test_a_daemon_that_keeps_its_last_world_judges_all_of_it_by_an_edited_check(store: Store, acme: Company) -> None:
    standing = Standing()
    for check in (CHECK | {"against": "2026-01-01"}, CHECK | {"against": "2026-01-01"}, CHECK):
        put(acme, check)
        acme.pass_time(minutes=5)
        next_pass(acme, store, standing)
    assert len(of_check(store)) == 8


def test_a_run_after_a_few_changes_judges_them_by_the_custom_checks_too(store: Store, acme: Company) -> None:
    standing = Standing()
    put(acme, CHECK)
    for _ in range(2):
        acme.pass_time(minutes=5)
        next_pass(acme, store, standing)
    acme.pass_time(minutes=5)
    acme.org.move_promise(acme.deals["D-9"], date(2026, 10, 30), by=SELLER)
    next_pass(acme, store, standing)
    assert [each.finding.impact.days for each in of_check(store) if each.finding.title.startswith("D-9")] == [2]
    assert len(of_check(store)) == 9


def test_custom_checks_stand_beside_the_installed_ones(store: Store, acme: Company) -> None:
    put(acme, CHECK)
    judgement = judge(store, acme.configuration, now=acme.now)
    assert {NAME, "late-commitment"} <= set(judgement.ran)
    assert any(each.check == "late-commitment" for each in judgement.findings)
    assert Path(acme.configuration.files[-1]).name == "checks.yaml"


def test_sums_and_counts_over_the_database_are_what_the_objective_has(store: Store, acme: Company) -> None:
    launch = {"about": "objective", "only": {"id": "LAUNCH"}, "must_be": "at most", "title": "Much"}
    put(
        acme,
        launch | {"name": "money", "claim": "sum(deal.amount)", "against": "1 EUR", "text": "{title}: {claim}"},
        launch | {"name": "deals", "claim": "count(deal)", "against": 0, "text": "{claim} deals"},
        launch | {"name": "work", "claim": "open_work", "against": 0, "text": "{claim} open"},
        launch | {"name": "undated", "claim": "undated_work", "against": 0, "text": "{claim} undated"},
    )
    acme.sync(store)
    texts = sorted(each.finding.title for each in store.tracked().values() if each.finding.check.startswith("custom:"))
    assert texts == ["6 undated", "8 open", "9 deals", "Launch the web shop: EUR 4,500,000"]  # 100,000 * (1 + … + 9)


def test_a_new_file_is_noticed_by_its_pattern(acme: Company) -> None:
    put(acme, CHECK)
    acme.settings["checks"] = ["check*.yaml"]
    acme.write()
    before = signature(acme.configuration)
    (acme.folder / "checks-more.yaml").write_text("checks: []\n", encoding="utf-8")
    assert {place for place, *_ in signature(acme.configuration)} - {place for place, *_ in before} == {
        str(acme.folder / "checks-more.yaml")
    }
