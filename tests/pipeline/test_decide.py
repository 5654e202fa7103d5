"""Decisions of people beside a run: neither overwrites the other's word, and what changed is looked at again."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from digest.render import render_text
from model.errors import UsageError
from model.findings import Acceptance, DecisionOption, Finding, FindingState, OptionKind, TransitionKind
from model.objectives import DecisionRights, ObjectiveTree
from pipeline import judge as judge_module
from pipeline.decide import (
    accept_finding,
    acknowledge_finding,
    decide_findings,
    decision_about,
    same_cause,
    settled_with,
    who_may_decide,
)
from pipeline.notify import prepare
from state.store import Store
from tests.digest.smtp_servers import running
from tests.pipeline.company import LEAD, SELLER, Company, standing

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


def word(company: Company, **more: Any) -> Any:
    said = {"says": "", "by": LEAD, "entered_by": "ann", "owner": "", "until": None, "note": ""}
    return {**said, "at": company.now, **more}


def test_what_is_done_with_one_record_settles_all_that_it_makes_late_and_need_no_more(store: Store, company: Company):
    company.slip()
    company.sync(store)
    found = standing(store)
    forward = DecisionOption(kind=OptionKind.BRING_FORWARD, says="Bring it", record_id="jira:1", acts=SELLER, days=20)
    needs = {"D-1": forward, "D-2": replace(forward, days=5), "D-3": replace(forward, days=40)}
    for deal, option in needs.items():
        store.save_findings(None, [replace(found[deal], finding=replace(found[deal].finding, options=(option,)))], [])
    found = standing(store)
    others = same_cause(store, found["D-1"])
    assert len(others) == 7
    with_it = settled_with(others, forward)
    assert with_it == [found["D-2"]]
    assert settled_with(others, None) == settled_with(others, replace(forward, kind=OptionKind.MOVE_PROMISE)) == []

    decision = decision_about(found["D-1"], forward, **word(company, until=date(2026, 9, 20)))
    shown = [found["D-1"], *with_it]
    kept = decide_findings(store, company.configuration, shown, decision, override=False, now=company.now)
    assert [each.decided for each in kept] == [True, True]
    [stored] = store.decisions()
    assert stored.fingerprints == (found["D-1"].fingerprint, found["D-2"].fingerprint)
    assert (stored.says, stored.owner, stored.record_id, stored.entered_by) == ("Bring it", SELLER, "jira:1", "ann")
    step = store.transitions(fingerprint=found["D-2"].fingerprint)[-1]
    assert (step.kind, step.by) == (TransitionKind.DECIDED, LEAD)
    assert step.reason == f"Bring it; {SELLER} carries it out until 20 Sep 2026; entered by ann"
    assert len(same_cause(store, found["D-3"])) == 5

    # What somebody may not decide is left out.
    foreign = replace(found["D-4"], finding=replace(found["D-4"].finding, objective_ids=(), decider="Zoe", owner=None))
    store.save_findings(None, [foreign], [])
    decision = decision_about(found["D-5"], None, **word(company, says="Sell it differently", until=date(2026, 10, 1)))
    keep: Any = {"now": company.now}
    shown = [found["D-5"], foreign]
    assert len(decide_findings(store, company.configuration, shown, decision, override=False, **keep)) == 1
    with pytest.raises(UsageError, match="it is for Zoe"):
        decide_findings(store, company.configuration, [foreign], decision, override=False, **keep)
    decide_findings(store, company.configuration, [foreign], decision, override=True, **keep)
    assert [each.overrides for each in store.decisions()] == ["", "", "Zoe"]
    assert "without the right to, which is with Zoe" in store.transitions(fingerprint=foreign.fingerprint)[-1].reason


def test_to_stop_the_work_is_for_whoever_has_that_right(company: Company):
    tree = company.configuration.mapping.tree
    rights = DecisionRights(beyond=LEAD, stop="Zoe")
    objectives = [replace(each, decision_rights=rights) if each.id == "ACME" else each for each in tree.objectives]
    mapping = replace(company.configuration.mapping, tree=ObjectiveTree(tuple(objectives)))
    configuration = replace(company.configuration, mapping=mapping)
    finding = Finding(
        check="late-commitment", check_version=1, subjects=("crm:1",), title="", objective_ids=("LAUNCH",)
    )
    named = {kind: who_may_decide(configuration, finding, kind).named for kind in (None, *OptionKind)}
    assert named.pop(OptionKind.STOP) == ("Zoe",)
    assert set(named.values()) == {(LEAD,)}


def test_a_decision_is_told_once_asked_no_more_until_its_day_and_then_comes_back(store: Store, company: Company):
    with running(company.mailbox) as port:
        company.settings["mail"]["smtp"]["port"] = port
        company.write()
        company.sync(store)
        company.slip()
        company.pass_time(hours=1)
        company.sync(store)
        company.send(store, "1")
        shown = standing(store)["D-1"]
        decision = decision_about(shown, None, **word(company, says="Move it", until=company.now.date()))
        decide_findings(store, company.configuration, [shown], decision, override=False, now=company.now)
        assert prepare(store, company.configuration, "leaders", slot="2", now=company.now)[0].empty
        company.settings["digests"]["leaders"]["heartbeat"] = True
        company.write()
        told, _ = prepare(store, company.configuration, "leaders", slot="3", now=company.now)
        assert "[decided] Move it" in render_text(told)
        company.send(store, "3")
        company.settings["digests"]["leaders"]["heartbeat"] = False
        company.write()
    company.pass_time(hours=1)
    company.sync(store)
    assert prepare(store, company.configuration, "leaders", slot="4", now=company.now)[0].empty
    assert store.tracked()[shown.fingerprint].decided
    company.pass_time(days=1)
    company.sync(store)
    assert store.transitions(fingerprint=shown.fingerprint)[-1].kind is TransitionKind.OVERDUE
    late, _ = prepare(store, company.configuration, "leaders", slot="4", now=company.now)
    assert "1 decision overdue" in late.reason
    assert "[overdue] Move it" in render_text(late)
