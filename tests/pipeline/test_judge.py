"""Judging what is stored: what is news, what was there from the start, and what is kept of it."""

from datetime import date, timedelta

import pytest

from model.errors import StateError
from model.findings import FindingState, TransitionKind
from model.runs import SourceOutcome
from pipeline.judge import JUDGED_SOURCES_NOTE, business_day, gravest_first, judge
from sandbox.http import LOGIN_PAGE, Fault
from state.store import Store
from tests.pipeline.company import RULES, Company, standing


def steps(store: Store, kind: TransitionKind) -> list[bool]:
    """Of the transitions of a kind, whether each is part of a baseline."""
    return [step.baseline for step in store.transitions() if step.kind is kind]


def test_judging_alone_keeps_nothing(store: Store, company: Company):
    company.slip()
    company.sync(store)
    before = store.transitions()
    company.slip(date(2027, 3, 1))
    company.pass_time(hours=1)
    company.read(store, "jira")
    judgement = judge(store, company.configuration, now=company.now)
    assert len(judgement.findings) == 9 - 1
    assert store.transitions() == before


def test_what_stands_at_the_first_judgement_is_the_baseline(store: Store, company: Company):
    company.slip()
    run = company.sync(store)
    assert (run.baseline, run.opened) == (True, 8)
    assert steps(store, TransitionKind.OPENED) == [True] * 8
    assert all(tracked.baseline for tracked in store.tracked().values())


def test_what_opens_later_is_news(store: Store, company: Company):
    company.sync(store)
    company.slip()
    company.pass_time(hours=1)
    company.sync(store)
    assert steps(store, TransitionKind.OPENED) == [False] * 8


@pytest.mark.parametrize("first", ["jira", "crm"])
def test_sources_that_are_read_one_after_the_other_have_one_baseline(store: Store, company: Company, first: str):
    """A daemon's first minutes: the disagreements of what was read second were there before as well."""
    company.slip()
    company.sync(store, first)
    assert store.transitions() == []
    company.sync(store, "crm" if first == "jira" else "jira")
    assert steps(store, TransitionKind.OPENED) == [True] * 8
    company.slip(date(2027, 3, 1))
    company.jira.move_due("WEB-2", date(2027, 3, 1), by="x@acme.example")
    company.pass_time(hours=1)
    company.sync(store)
    assert steps(store, TransitionKind.OPENED) == [*[True] * 8, False]


def test_a_source_that_failed_on_the_first_day_has_its_baseline_when_it_is_read(store: Store, company: Company):
    company.slip()
    company.crm_server.add_fault(Fault(pattern="/query", response=LOGIN_PAGE, times=None))
    company.sync(store)
    company.crm_server.clear_faults()
    company.pass_time(hours=1)
    company.sync(store)
    assert steps(store, TransitionKind.OPENED) == [True] * 8


def test_a_baseline_that_was_killed_on_its_way_stays_one_and_swallows_no_later_news(
    store: Store, company: Company, monkeypatch: pytest.MonkeyPatch
):
    """C1: killed after the findings were stored and before the sources were noted as judged."""
    company.jira.move_due("WEB-2", date(2027, 3, 1), by="x@acme.example")

    note = Store.set_note

    def killed(store: Store, key: str, value: str | None) -> None:
        if key == JUDGED_SOURCES_NOTE:
            raise StateError("killed")
        note(store, key, value)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "set_note", killed)
        with pytest.raises(StateError):
            company.sync(store)
    assert steps(store, TransitionKind.OPENED) == [True]
    company.slip()
    company.pass_time(hours=1)
    company.sync(store)
    assert steps(store, TransitionKind.OPENED) == [True, *[False] * 8]


def test_a_failed_source_holds_what_rests_on_it_and_releases_it(store: Store, company: Company):
    """Design 5.12."""
    company.sync(store)
    company.slip()
    company.pass_time(hours=1)
    company.sync(store)
    company.jira_server.add_fault(Fault(pattern="/search", response=LOGIN_PAGE, times=None))
    company.pass_time(hours=1)
    run = company.sync(store)
    assert [result.outcome for result in run.results if result.source == "jira"] == [SourceOutcome.FAILED]
    assert all(tracked.held_since for tracked in standing(store).values())
    company.jira_server.clear_faults()
    company.sync(store)
    assert not any(tracked.held_since for tracked in standing(store).values())
    assert len(standing(store)) == 8


def test_a_source_that_is_not_configured_any_more_holds_nothing(store: Store, company: Company):
    """It failed, so it was taken out; nobody will read it again, and its findings must not stand for ever."""
    company.sync(store)
    company.slip()
    company.pass_time(hours=1)
    company.sync(store)
    company.crm_server.add_fault(Fault(pattern="/query", response=LOGIN_PAGE, times=None))
    company.sync(store)
    assert all(tracked.held_since for tracked in standing(store).values())
    del company.settings["sources"]["crm"]
    company.write(rules={**RULES, "rules": RULES["rules"][1:]})  # type: ignore[index]
    company.sync(store)
    assert standing(store) == {}
    assert {tracked.state for tracked in store.tracked().values()} == {FindingState.RESOLVED}
    reasons = {step.reason for step in store.transitions() if step.kind is TransitionKind.RESOLVED}
    assert any(reason.startswith("no rule links D-1 any more: the rule deals does not link") for reason in reasons)


def test_a_run_without_news_stores_no_transition(store: Store, company: Company):
    company.slip()
    company.sync(store)
    before = (store.tracked(), store.transitions())
    company.pass_time(minutes=15)
    company.sync(store)
    assert (store.tracked(), store.transitions()) == before


def test_findings_and_their_transitions_are_stored_together_or_not_at_all(
    store: Store, company: Company, monkeypatch: pytest.MonkeyPatch
):
    """C1: there is one place where they are written, and it is one transaction."""
    from state import findings

    def killed(*_args: object) -> None:
        raise StateError("killed")

    company.slip()
    with monkeypatch.context() as patched:
        patched.setattr(findings, "_transition_row", killed)
        with pytest.raises(StateError):
            company.sync(store)
    assert (store.tracked(), store.transitions()) == ({}, [])
    company.sync(store)
    assert len(store.tracked()) == len(store.transitions()) == 8


def test_the_day_begins_where_the_business_is(company: Company):
    zone = company.configuration.settings.business.zone
    late = company.now.replace(hour=22, minute=30)
    assert business_day(late, zone) == late.date() + timedelta(days=1)


def test_the_gravest_stands_first(store: Store, company: Company):
    company.slip()
    company.sync(store)
    ordered = gravest_first(store.tracked().values())
    assert len(ordered) == 8
    assert ordered == sorted(
        ordered,
        key=lambda tracked: (
            -tracked.finding.severity,
            -sum(amount.full.amount for share in tracked.finding.impact.shares for amount in share.amounts),
        ),
    )
