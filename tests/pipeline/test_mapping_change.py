"""A changed mapping is recorded, and what comes, moves or goes because of it says so."""

import copy
from typing import Any

import pytest

import pipeline.judge as judge_module
import pipeline.mapping_change as change_module
from model.findings import Transition, TransitionKind
from model.mapping_changes import Names
from pipeline.mapping_change import inventory_of, names_changed, told
from state.store import Store
from tests.pipeline.company import OBJECTIVES, RULES, Company, standing


def rules(**changes: Any) -> dict[str, Any]:
    changed: dict[str, Any] = copy.deepcopy(RULES)
    changed["rules"][0] |= changes
    return changed


def run(store: Store, company: Company, edited: Any = RULES, objectives: Any = OBJECTIVES) -> list[Transition]:
    """Let a run take the edited files up; give what happened to findings."""
    company.write(rules=edited, objectives=objectives)
    last = max((step.sequence or 0 for step in store.transitions()), default=0)
    company.pass_time(minutes=1)
    company.sync(store)
    return store.transitions(after=last)


@pytest.fixture(autouse=True)
def _known_author(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_module, "authors_of", lambda files: ("Nadia Keller", "git") if [*files] else ("", ""))


SINCE = "since the mapping changed on 15 Sep 2026 by Nadia Keller"


def test_the_first_mapping_is_no_change(store: Store, tuesday: Company):
    inventory = store.inventory()
    assert inventory is not None
    assert inventory == inventory_of(tuesday.configuration)
    assert set(inventory.rules) == {"deals", "work"}
    assert set(inventory.objectives) == {"ACME", "LAUNCH", "OTHER"}
    assert set(inventory.files) == {"rules.yaml", "objectives.yaml"}
    assert store.mapping_changes() == []


def test_a_change_is_recorded_once_with_what_and_who_and_how_many_links(store: Store, tuesday: Company):
    before = tuesday.configuration.mapping.fingerprint
    edited = rules(objective="OTHER")
    edited["rules"][1]["match"]["container"] = "OPS"
    run(store, tuesday, edited)
    run(store, tuesday, edited)
    [change] = store.mapping_changes()
    assert (change.number, change.before, change.after) == (1, before, tuesday.configuration.mapping.fingerprint)
    assert (change.by, change.known_from) == ("Nadia Keller", "git")
    assert change.files == Names(changed=("rules.yaml",))
    assert change.rules == Names(changed=("deals", "work"))
    assert change.objectives == Names()
    assert change.links == {"work": (8, 4)}
    run(store, tuesday)
    assert [(each.number, each.after) for each in store.mapping_changes()] == [(2, before), (1, change.after)]


def test_a_comment_is_a_change_of_the_file_and_of_no_rule(store: Store, tuesday: Company):
    path = tuesday.folder / "rules.yaml"
    path.write_text(f"# owned by sales\n{path.read_text()}")
    tuesday._configuration = None
    tuesday.sync(store)
    [change] = store.mapping_changes()
    assert (change.files, change.rules, change.links) == (Names(changed=("rules.yaml",)), Names(), {})
    assert all(SINCE not in step.reason for step in store.transitions())


def test_what_resolves_because_no_rule_links_it_any_more_names_the_rule_and_who(store: Store, tuesday: Company):
    steps = run(store, tuesday, {"version": 1, "rules": RULES["rules"][1:]})  # type: ignore[index]
    assert {step.kind for step in steps} == {TransitionKind.RESOLVED}
    reasons = sorted(step.reason for step in steps)
    assert reasons[0] == (f"no rule links D-1 any more: the rule deals does not link D-1 to LAUNCH any more, {SINCE}")
    assert len(reasons) == 8


def test_what_opens_because_of_a_rule_says_so(store: Store, tuesday: Company):
    run(store, tuesday, {"version": 1, "rules": RULES["rules"][1:]})  # type: ignore[index]
    steps = run(store, tuesday)
    assert {step.kind for step in steps} == {TransitionKind.REOPENED}
    reason = next(step.reason for step in steps if "D-1 " in step.reason)
    assert reason == f"the rule deals links D-1 to LAUNCH, {SINCE}"


def test_what_resolves_because_a_rule_gives_no_need_any_more_names_the_need(store: Store, tuesday: Company):
    steps = run(store, tuesday, rules(needs=[]))
    reason = next(step.reason for step in steps if "D-1 " in step.reason)
    assert reason == (f"D-1 waits for nothing any more: the rule deals does not make D-1 wait for R1 any more, {SINCE}")


def test_where_only_the_lag_of_a_need_changes_the_lags_are_told(store: Store, tuesday: Company):
    needs = [{**each, "lag": "40d"} for each in RULES["rules"][0]["needs"]]  # type: ignore[index]
    steps = run(store, tuesday, rules(needs=needs))
    reason = next(step.reason for step in steps if "the rule deals" in step.reason)
    assert "makes D-1 wait for R1 and 40 days more, instead of 0 days" in reason
    assert "any more" not in reason


def test_what_is_late_for_another_reason_is_not_put_down_to_the_mapping(store: Store, tuesday: Company):
    """The negative control: the mapping and the world change in the same run."""
    tuesday.jira.move_due("WEB-1", tuesday.now.date(), by="somebody")
    edited = copy.deepcopy(RULES)
    edited["rules"][1]["name"] = "all the work"  # type: ignore[index]
    steps = run(store, tuesday, edited)
    assert {step.kind for step in steps} == {TransitionKind.RESOLVED}
    assert all("mapping" not in step.reason for step in steps)


def test_an_objective_that_says_something_else_is_named(store: Store, tuesday: Company):
    objectives = copy.deepcopy(OBJECTIVES)
    objectives["objectives"][1]["tolerance"] = {"days": 60}  # type: ignore[index]
    steps = run(store, tuesday, objectives=objectives)
    assert {step.kind for step in steps} == {TransitionKind.RESOLVED}
    assert all(step.reason.endswith(f": the objective LAUNCH says something else, {SINCE}") for step in steps)
    assert store.mapping_changes()[0].objectives == Names(changed=("LAUNCH",))


def test_a_process_killed_between_linking_and_judging_loses_neither_the_change_nor_the_hint(
    store: Store, tuesday: Company, monkeypatch: pytest.MonkeyPatch
):
    """C1: which links changed is gone with the process; that the mapping changed is not."""

    class Killed(BaseException):
        pass

    def die(*_arguments: object, **_named: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(judge_module, "judging", die)
        with pytest.raises(Killed):
            run(store, tuesday, rules(needs=[]))
    assert len(store.mapping_changes()) == 1
    assert len(standing(store)) == 8
    steps = run(store, tuesday, rules(needs=[]))
    assert len(store.mapping_changes()) == 1
    assert {step.reason.split(": ")[1] for step in steps} == {f"judged the first time {SINCE}"}
    assert store.note("judged-mapping-change") == "1"


def test_names_are_compared_and_told():
    names = names_changed({"a": "1", "b": "1", "c": "1"}, {"b": "2", "c": "1", "d": "1", "e": "1"})
    assert names == Names(("d", "e"), ("a",), ("b",))
    assert told(names, "rule") == "2 rules added, 1 rule removed, 1 rule changed"
    assert (told(Names(), "rule"), bool(Names()), bool(names)) == ("", False, True)
