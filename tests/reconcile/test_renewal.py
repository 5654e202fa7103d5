"""A world that is brought up to date says what a new one would say; what a change cannot reach is not looked at."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.links import Link, Role
from model.money import Month, MonthAmount
from model.objectives import DecisionRights, Level, Objective, StageGate, Value
from model.records import Absence, Change, Light, Move, Outcome
from model.surroundings import Touched
from reconcile.checks import checks
from reconcile.engine import reconcile, reconcile_again
from reconcile.forecast import alike
from reconcile.judgement import Judgement
from reconcile.options import ReconcileOptions
from tests.examples import examples
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
        told: dict[str, set[str]] = {}
        for finding in self.findings.values():
            told.setdefault(finding.check, set()).add(finding.subjects[0])
        judged = reconcile_again(self.judgement.world, stored, touched, told, now=NOW, **more)
        kept = {key: each for key, each in self.findings.items() if not judged.judges(each.check, each.subjects[0])}
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


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(anything, st.lists(st.lists(steps, min_size=1, max_size=3), min_size=1, max_size=4), st.booleans())
def test_judging_what_changes_can_reach_says_what_judging_everything_says(plan, history, looked_after):
    stored = plan.stored()
    if looked_after:  # nothing is told of every objective, which would be judged again for that alone
        names = DecisionRights("Ada", "Ada", "Ada", "Ada")
        stored.objectives = [replace(each, owner="Ada", decision_rights=names) for each in stored.objectives]
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


def test_an_objective_that_needs_something_far_behind_is_told_when_that_fails():
    """What ships with a release hides behind its date what it needs itself; whoever needs the release needs it too."""
    stored = Stored(
        objectives=[
            Objective(
                id="TOP",
                name="Top",
                level=Level.PROGRAM,
                target=TODAY + timedelta(30),
                implementation=Light.GREEN,
                owner="Ada",
                decision_rights=DecisionRights("Ada", "Ada", "Ada", "Ada"),
            )
        ]
    )
    stored.cover("jira")
    stored.cover("salesforce")
    stored.release("R", TODAY + timedelta(5))
    stored.work("A-1", None)
    stored.work("A-2", None, releases=("R",))
    stored.work("A-3", None, releases=("R",))
    stored.need("jira:A-2", "A-1")
    stored.link(stored.deal("D", "A-3", TODAY + timedelta(20)), "TOP", Role.PROMISES)
    standing = begin(stored)
    before = {each.check for each in standing.findings.values()}
    standing.follow(stored, take(stored, ("jira:A-1", {"need": 1, "lag": 0})))
    assert differences(standing, judged(stored)) == []
    assert {each.check for each in standing.findings.values()} - before == {"hidden-red", "need-cycle"}


def test_what_could_be_decided_follows_what_ships_with_the_same_release():
    """What waits for work that comes with a release may come earlier only as far as the other work of it allows."""
    stored = Stored()
    stored.cover("jira")
    stored.cover("salesforce")
    stored.release("R", TODAY + timedelta(6))
    stored.work("A-0", None, releases=("R",))
    stored.work("A-3", None)
    stored.work("A-5", None, parent="A-3", releases=("R",))
    stored.need("jira:A-0", "A-5")
    stored.deal("D", "A-3", TODAY)
    standing = begin(stored)
    standing.follow(stored, take(stored, ("jira:A-0", {"due": TODAY + timedelta(5)})))
    assert differences(standing, judged(stored)) == []
    (late,) = (each for each in standing.findings.values() if each.check == "late-commitment")
    assert any("A-0 binds next" in option.says for option in late.options)


def test_revenue_that_waits_for_a_release_is_told_when_other_work_of_the_release_slips():
    months = tuple(MonthAmount(Month.parse(month), Decimal(1_000)) for month in ("2026-11", "2026-12"))
    value = Value("revenue", "EUR", months)
    names = DecisionRights("Ada", "Ada", "Ada", "Ada")
    only = Objective(id="TOP", name="Top", level=Level.PROGRAM, owner="Ada", decision_rights=names, values=(value,))
    stored = Stored(objectives=[only])
    stored.cover("jira")
    stored.release("R", TODAY + timedelta(5))
    for name in ("A-1", "A-2"):
        stored.work(name, TODAY + timedelta(3), releases=("R",))
        stored.need(stored.work(f"{name}-test", TODAY + timedelta(3)), name)
    stored.link("jira:A-1", "TOP", Role.DELIVERS)
    standing = begin(stored)
    standing.follow(stored, take(stored, ("jira:A-2", {"due": TODAY + timedelta(120)})))
    assert differences(standing, judged(stored)) == []
    assert "unreleased-revenue" in {each.check for each in standing.findings.values()}


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
