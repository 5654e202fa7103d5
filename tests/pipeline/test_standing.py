"""A later run of one process judges what the changes since the last one can reach, and comes to the same findings."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

import pipeline.judge
from model.errors import StateError
from model.findings import Acceptance, FindingState, TrackedFinding, TransitionKind
from model.runs import Run
from pipeline.judge import judge
from pipeline.run import make_pass
from pipeline.standing import Standing
from reconcile.lifecycle import accept
from sandbox.http import LOGIN_PAGE, Fault
from state.store import Store
from tests.pipeline.company import LEAD, Company


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How each judgement was made, in order."""
    ways: list[str] = []
    for name in ("reconcile", "reconcile_again"):
        monkeypatch.setattr(pipeline.judge, name, _noted(getattr(pipeline.judge, name), name, ways))
    return ways


def _noted(way: Callable[..., Any], name: str, ways: list[str]) -> Callable[..., Any]:
    def noted(*given: Any, **wishes: Any) -> Any:
        ways.append(name)
        return way(*given, **wishes)

    return noted


def run(store: Store, company: Company, standing: Standing) -> Run:
    company.pass_time(minutes=30)
    return make_pass(store, company.configuration, clock=company.clock, stop=threading.Event(), standing=standing)


def unseen(tracked: TrackedFinding) -> Any:
    """What is found, without when it was confirmed."""
    return tuple(replace(each, seen=None) for each in tracked.finding.evidence), replace(tracked.finding, evidence=())


def assert_alike(store: Store, company: Company) -> None:
    """What is stored stands as a judgement of everything would find it now."""
    full = judge(store, company.configuration, now=company.now)
    stored = {key: each for key, each in store.tracked().items() if each.standing}
    assert {each.fingerprint for each in full.findings} == stored.keys()
    for finding in full.findings:
        before = stored[finding.fingerprint]
        assert unseen(before) == unseen(replace(before, finding=finding)), finding.check


def test_after_a_change_only_what_it_reaches_is_judged(store: Store, company: Company, judged: list[str]):
    standing = Standing()
    run(store, company, standing)
    for change in (
        lambda: company.slip(),
        lambda: company.jira.move_due("WEB-2", date(2026, 12, 24), by=LEAD),
        lambda: None,
        lambda: company.slip(date(2026, 9, 30)),
    ):
        change()
        judged.clear()
        run(store, company, standing)
        assert judged == ["reconcile_again"]
        assert_alike(store, company)
    opened = [step for step in store.transitions() if step.kind is TransitionKind.OPENED]
    resolved = [step for step in store.transitions() if step.kind is TransitionKind.RESOLVED]
    assert len(opened) >= len(resolved) >= 8


def test_another_day_judges_everything(store: Store, company: Company, judged: list[str]):
    """What is due, overdue or accepted until a day depends on the day."""
    standing = Standing()
    run(store, company, standing)
    company.pass_time(days=1)
    judged.clear()
    run(store, company, standing)
    assert judged == ["reconcile"]
    assert_alike(store, company)


def test_a_source_that_fails_or_comes_back_judges_everything(store: Store, company: Company, judged: list[str]):
    """What rests on it is held, and nothing is concluded from what was not read (design 5.12)."""
    standing = Standing()
    company.slip()
    run(store, company, standing)
    company.crm_server.add_fault(Fault(pattern="/query", response=LOGIN_PAGE, times=None))
    judged.clear()
    run(store, company, standing)
    assert judged == ["reconcile"]
    assert all(each.held_since for each in store.tracked().values() if "crm" in each.finding.sources)
    company.crm_server.clear_faults()
    judged.clear()
    run(store, company, standing)
    assert judged == ["reconcile"]
    assert_alike(store, company)


def test_before_everything_is_judged_anew_the_earlier_world_is_let_go(
    store: Store, company: Company, monkeypatch: pytest.MonkeyPatch
):
    """Two worlds at once would take twice the memory."""
    standing, worlds, left = Standing(), [], []
    run(store, company, standing)
    taken, reconciled = Standing.take, pipeline.judge.reconcile

    def take(*given: Any) -> Any:
        worlds.append(taken(*given))
        return worlds[-1]

    def reconcile(*given: Any, **wishes: Any) -> Any:
        left.extend(each.world for each in worlds)
        return reconciled(*given, **wishes)

    monkeypatch.setattr(Standing, "take", take)
    monkeypatch.setattr(pipeline.judge, "reconcile", reconcile)
    company.crm_server.add_fault(Fault(pattern="/query", response=LOGIN_PAGE, times=None))
    run(store, company, standing)
    assert worlds
    assert left == [None]


def test_what_somebody_accepts_meanwhile_is_led_on_from_there(store: Store, company: Company, judged: list[str]):
    standing = Standing()
    company.slip()
    run(store, company, standing)
    tracked = next(each for each in store.tracked().values() if each.finding.check == "late-commitment")
    today = company.now.date()
    acceptance = Acceptance(by="coo@acme.example", why="known", until=today + timedelta(30))
    accepted, step = accept(tracked, acceptance, now=company.now, today=today)
    assert store.save_findings(None, [accepted], [step])
    company.jira.move_due("WEB-2", date(2026, 12, 24), by=LEAD)
    judged.clear()
    run(store, company, standing)
    assert judged == ["reconcile_again"]
    assert store.tracked()[tracked.fingerprint].state is FindingState.ACCEPTED


def test_after_a_run_that_broke_off_between_linking_and_judging_everything_is_judged(
    store: Store, company: Company, judged: list[str], monkeypatch: pytest.MonkeyPatch
):
    """What its linking changed is told to nobody any more."""
    standing = Standing()
    run(store, company, standing)
    company.slip()
    with monkeypatch.context() as patched:
        patched.setattr("pipeline.run.judge_and_keep", _refused)
        with pytest.raises(StateError):
            run(store, company, standing)
    judged.clear()
    run(store, company, standing)
    assert judged == ["reconcile"]
    assert_alike(store, company)


def _refused(*_given: Any, **_named: Any) -> None:
    raise StateError("the disk of the state is full")


def test_with_the_limit_at_zero_every_run_judges_everything(store: Store, company: Company, judged: list[str]):
    standing = Standing()
    company.settings.setdefault("reconcile", {})["incremental_up_to"] = 0
    company.write()
    run(store, company, standing)
    run(store, company, standing)
    assert judged == ["reconcile", "reconcile"]
