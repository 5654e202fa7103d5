"""A world that is brought up to date says what a new one would say; what a change cannot reach is not looked at."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.links import Link, Role
from model.objectives import Level, Objective, StageGate
from model.records import Absence, Change, Move, Outcome
from model.surroundings import Touched
from reconcile.checks import checks
from reconcile.engine import reconcile, reconcile_again
from reconcile.forecast import alike
from reconcile.judgement import Judgement
from reconcile.options import ReconcileOptions
from tests.reconcile.test_properties import COUNT, OBJECTIVES, anything
from tests.reconcile.world import DOING, DONE, DROPPED, EUR, NOW, TODAY, TODO, Stored

numbers = st.integers(0, COUNT - 1)
days = st.none() | st.integers(-60, 200).map(lambda count: TODAY + timedelta(count))
works = numbers.map(lambda number: f"jira:A-{number}")
Step = tuple[str, dict[str, Any]]

steps = st.one_of(
    st.tuples(works, st.fixed_dictionaries({"due": days})),
    st.tuples(works, st.fixed_dictionaries({"start": days})),
    st.tuples(works, st.fixed_dictionaries({"category": st.sampled_from([TODO, DOING, DONE, DROPPED])})),
    st.tuples(works, st.fixed_dictionaries({"title": st.sampled_from(["One", "Two"])})),
    st.tuples(works, st.fixed_dictionaries({"owner": st.sampled_from(["Ada", None])})),
    st.tuples(works, st.fixed_dictionaries({"parent": st.none() | numbers.map(lambda number: f"A-{number}")})),
    st.tuples(works, st.fixed_dictionaries({"releases": st.sampled_from([(), ("R",), ("R", "Q")])})),
    st.tuples(st.sampled_from(["jira:R", "jira:Q"]), st.fixed_dictionaries({"release_date": days})),
    st.tuples(st.sampled_from(["jira:R", "jira:Q"]), st.fixed_dictionaries({"released": st.booleans()})),
    st.tuples(st.just("salesforce:D-0"), st.fixed_dictionaries({"promised_date": days})),
    st.tuples(
        st.just("salesforce:D-0"), st.fixed_dictionaries({"outcome": st.sampled_from([Outcome.OPEN, Outcome.LOST])})
    ),
    st.tuples(st.just("savings:S-0"), st.fixed_dictionaries({"planned_start": days})),
    st.tuples(works, st.fixed_dictionaries({"need": numbers, "lag": st.integers(0, 9)})),
    st.tuples(works, st.just({"free": True})),
    st.tuples(works, st.fixed_dictionaries({"link": st.integers(0, OBJECTIVES - 1)})),
    st.tuples(works, st.just({"unlink": True})),
    st.tuples(works, st.fixed_dictionaries({"lose": st.sampled_from([Absence.DELETED, Absence.UNOBSERVED])})),
    st.tuples(works, st.just({"return": True})),
    st.tuples(st.integers(0, 2).map(lambda number: f"jira:N-{number}"), st.fixed_dictionaries({"new": days})),
)


def take(stored: Stored, step: Step) -> Touched:
    """Make one change, and tell what the store would note of it."""
    node, what = step
    known = {each.id for each in stored.records_}
    if "new" in what:
        if node not in known:
            stored.work(node.removeprefix("jira:"), what["new"], parent="A-0", releases=("R",))
        return Touched(frozenset({node}))
    if node not in known:
        return Touched()
    if "need" in what:
        stored.need(node, f"A-{what['need']}", what["lag"])
    elif "free" in what:
        stored.needs_ = [need for need in stored.needs_ if need[0] != node]
    elif "link" in what:
        link = Link(node, f"O-{what['link']}", Role.DELIVERS, "rule")
        stored.links_ = sorted({*stored.links_, link}, key=lambda each: (each.record_id, each.objective_id, each.role))
        return Touched(frozenset({node}), frozenset({link.objective_id}))
    elif "unlink" in what:
        gone = frozenset(link.objective_id for link in stored.links_ if link.record_id == node)
        stored.links_ = [link for link in stored.links_ if link.record_id != node]
        return Touched(frozenset({node}), gone)
    elif "lose" in what:
        stored.lose(node, what["lose"])
    elif "return" in what:
        stored.absences_.pop(node, None)
    else:
        _tell(stored, node, what)
        stored.change(node, **what)
    return Touched(frozenset({node}))


def _tell(stored: Stored, node: str, what: dict[str, Any]) -> None:
    """Let the source tell of what changes, as changelogs do."""
    before = next(each for each in stored.records_ if each.id == node)
    for field, new in what.items():
        old = getattr(before, field)
        if field in ("due", "promised_date", "release_date", "planned_start") and old != new:
            stored.moves_.setdefault(node, []).append(Move(field, old, new, NOW, "Ada"))
        for release in before.releases if field == "releases" else ():
            if release not in new:
                stored.changes_.setdefault(node, []).append(Change("releases", release, None, NOW, "Ada"))


@dataclass
class Standing:
    """What is known after several runs that each judged only what changes could reach."""

    judgement: Judgement
    findings: dict[str, Any]
    unjudged: dict[str, str]

    def follow(self, stored: Stored, touched: Touched, **more: Any) -> None:
        assert self.judgement.world is not None
        told = {finding.subjects[0] for finding in self.findings.values()}
        judged = reconcile_again(self.judgement.world, stored, touched, told, now=NOW, **more)
        kept = {key: finding for key, finding in self.findings.items() if not judged.judges(finding)}
        self.findings = kept | {finding.fingerprint: finding for finding in judged.findings}
        self.judgement = judged


def judged(stored: Stored) -> Judgement:
    return reconcile(stored, stored.tree, ReconcileOptions(), now=NOW, today=TODAY, rates=EUR)


def begin(stored: Stored) -> Standing:
    stored.release("Q", TODAY + timedelta(30))
    stored.links_.sort(key=lambda each: (each.record_id, each.objective_id, each.role))
    judgement = judged(stored)
    return Standing(judgement, {each.fingerprint: each for each in judgement.findings}, dict(judgement.unjudged))


def differences(standing: Standing, full: Judgement) -> list[str]:
    """What is said otherwise, but for what is judged once a day."""
    once_a_day = {name for name, check in checks().items() if check.daily}
    now = {each.fingerprint: each for each in full.findings}
    found = [
        f"{'missing' if key not in standing.findings else 'left' if key not in now else 'other'}: "
        f"{(now.get(key) or standing.findings[key]).check} {(now.get(key) or standing.findings[key]).subjects}"
        for key in sorted(now.keys() | standing.findings.keys())
        if now.get(key) != standing.findings.get(key)
        and (now.get(key) or standing.findings[key]).check not in once_a_day
    ]
    before, after = standing.judgement.forecasts, full.forecasts
    for node in {*before.by_node, *after.by_node}:
        one, other = before.get(node), after.get(node)
        if one is None or other is None or not alike(one, other):
            found.append(f"forecast of {node}: {one} instead of {other}")
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(anything, st.lists(st.lists(steps, min_size=1, max_size=3), min_size=1, max_size=4))
def test_judging_what_changes_can_reach_says_what_judging_everything_says(plan, history):
    stored = plan.stored()
    standing = begin(stored)
    for several in history:
        touched = Touched()
        for step in several:
            touched |= take(stored, step)
        standing.follow(stored, touched)
        assert differences(standing, judged(stored)) == []


def two_programmes() -> Stored:
    """In each a deal waits for work that waits for other work; they share nothing but the company above them."""
    stored = Stored(
        objectives=[
            Objective(id="TOP", name="Top", level=Level.ORGANIZATION),
            Objective(id="ONE", name="One", level=Level.PROGRAM, parent="TOP"),
            Objective(id="TWO", name="Two", level=Level.PROGRAM, parent="TOP"),
        ]
    )
    for source in ("jira", "salesforce"):
        stored.cover(source)
    for name, objective in (("A", "ONE"), ("B", "TWO")):
        first = stored.work(f"{name}-1", date(2026, 10, 1))
        second = stored.work(f"{name}-2", date(2026, 10, 20), start=date(2026, 10, 5))
        stored.need(second, f"{name}-1")
        deal = stored.deal(f"D-{name}", f"{name}-2", date(2026, 10, 25))
        for record, role in ((first, Role.DELIVERS), (second, Role.DELIVERS), (deal, Role.PROMISES)):
            stored.link(record, objective, role)
    return stored


def moved(stored: Stored) -> Touched:
    return take(stored, ("jira:A-1", {"due": date(2026, 11, 10)}))


def test_what_a_change_cannot_reach_is_not_gone_through():
    stored = two_programmes()
    standing = begin(stored)
    standing.follow(stored, moved(stored))

    scope = standing.judgement.scopes["late-commitment"]
    assert {"jira:A-1", "jira:A-2", "salesforce:D-A", "objective:ONE", "objective:TOP"} <= scope
    assert scope.isdisjoint({"jira:B-1", "jira:B-2", "salesforce:D-B", "objective:TWO"})
    late = {each.subjects: each.impact.days for each in standing.findings.values() if each.check == "late-commitment"}
    assert late == {("salesforce:D-A",): 31}  # 10 Nov and the 15 days that A-2 takes are 25 Nov


def test_without_the_way_up_to_what_waits_a_late_promise_would_be_missed(monkeypatch: pytest.MonkeyPatch):
    """The negative control of the property: the reach of a change is needed."""
    stored = two_programmes()
    standing = begin(stored)
    monkeypatch.setattr("reconcile.renewal.downstream", lambda nodes, *worlds: frozenset(nodes))
    monkeypatch.setattr("reconcile.renewal.reached", lambda change: frozenset(change.nodes))
    standing.follow(stored, moved(stored))
    assert any("late-commitment" in each for each in differences(standing, judged(stored)))


def test_another_text_alone_is_told_of_all_that_rests_on_it():
    stored = two_programmes()
    take(stored, ("jira:A-1", {"due": date(2026, 11, 10)}))
    standing = begin(stored)
    touched = take(stored, ("jira:A-1", {"title": "Another title", "owner": "Ada"}))
    standing.follow(stored, touched)
    assert differences(standing, judged(stored)) == []
    assert any("Another title" in step.title for each in standing.findings.values() for step in each.chain)


def test_what_is_judged_once_a_day_stays_as_it_was_until_then():
    stored = two_programmes()
    stored.objectives[1] = replace(stored.objectives[1], stage_gate=StageGate.DECIDED)
    for number in range(12):
        piece = stored.work(f"P-{number}", date(2026, 10, 1), start=date(2026, 9, 1), owner="Ada", category=DOING)
        stored.need(piece, "A-1")
        stored.link(piece, "ONE" if number % 2 else "TWO", Role.DELIVERS)
    standing = begin(stored)
    before = {key for key, each in standing.findings.items() if each.check == "overbooked"}
    for number in range(12):
        standing.follow(stored, take(stored, (f"jira:P-{number}", {"category": DONE})))
    assert before
    assert before <= standing.findings.keys()
    assert not before & {each.fingerprint for each in judged(stored).findings}
