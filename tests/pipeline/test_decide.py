"""Decisions of people beside a run: neither overwrites the other's word, and what changed is looked at again."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from model.errors import UsageError
from model.findings import Acceptance, FindingState, TransitionKind
from pipeline import judge as judge_module
from pipeline.decide import accept_finding, acknowledge_finding
from state.store import Store
from tests.pipeline.company import Company, standing

ACCEPTANCE = Acceptance("Ann", "the customer agreed", date(2027, 12, 31))


def accept(store: Store, company: Company) -> str:
    """Accept one finding, whoever may."""
    shown = next(iter(standing(store).values()))
    accept_finding(store, company.configuration, shown, ACCEPTANCE, entered_by="Ann", override=True, now=company.now)
    return shown.fingerprint


def test_an_acceptance_given_while_a_run_judges_is_not_overwritten(
    store: Store, company: Company, monkeypatch: pytest.MonkeyPatch
):
    """C8: the run led the findings on from a state without the acceptance, and does so again from the one with it."""
    company.slip()
    company.sync(store)
    real, led, accepted = judge_module.advance, [], []

    def slow(*arguments: Any, **named: Any) -> Any:
        step = real(*arguments, **named)
        led.append(step)
        if len(led) == 1:
            accepted.append(accept(store, company))
        return step

    monkeypatch.setattr(judge_module, "advance", slow)
    company.slip(date(2027, 3, 1))
    company.pass_time(hours=1)
    company.sync(store)
    assert len(led) == 2
    kinds = [step.kind for step in store.transitions(fingerprint=accepted[0])]
    assert kinds == [TransitionKind.OPENED, TransitionKind.ACCEPTED, TransitionKind.EXPIRED]


def test_an_accepted_finding_stays_accepted_over_runs_that_find_nothing_worse(store: Store, company: Company):
    company.slip()
    company.sync(store)
    fingerprint = accept(store, company)
    company.pass_time(hours=1)
    company.sync(store)
    assert store.tracked()[fingerprint].state is FindingState.ACCEPTED


def test_what_changed_since_somebody_looked_is_not_accepted(store: Store, company: Company):
    company.slip()
    company.sync(store)
    shown = next(iter(standing(store).values()))
    worse = replace(shown, finding=replace(shown.finding, impact=replace(shown.finding.impact, days=999)))
    store.save_findings(None, [worse], [])
    named = {"entered_by": "Ann", "override": True, "now": company.now}
    with pytest.raises(UsageError, match="changed while you looked at it"):
        accept_finding(store, company.configuration, shown, ACCEPTANCE, **named)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="changed while you looked at it"):
        acknowledge_finding(store, shown, by="Ann", note="", now=company.now)


def test_where_nobody_is_named_only_an_override_accepts(store: Store, company: Company):
    company.slip()
    company.sync(store)
    shown = next(iter(standing(store).values()))
    bare = replace(shown, finding=replace(shown.finding, objective_ids=(), decider=None, owner=None))
    store.save_findings(None, [bare], [])
    named: Any = {"entered_by": "Ann", "now": company.now}
    with pytest.raises(UsageError, match="nobody is named who may"):
        accept_finding(store, company.configuration, bare, ACCEPTANCE, override=False, **named)
    kept = accept_finding(store, company.configuration, bare, ACCEPTANCE, override=True, **named)
    assert kept.acceptance is not None
    assert kept.acceptance.overrides == "nobody"
