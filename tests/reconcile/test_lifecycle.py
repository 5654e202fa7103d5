"""The life of a finding: what is told, what is held, what comes back, and that nothing is lost on the way."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from model.errors import UsageError
from model.findings import (
    Acceptance,
    Account,
    Amount,
    Claim,
    Decided,
    Evidence,
    Finding,
    FindingState,
    Impact,
    Severity,
    Share,
    TrackedFinding,
    TransitionKind,
)
from model.money import Money
from model.records import Absence
from model.runs import Coverage
from reconcile.judgement import Judgement
from reconcile.lifecycle import Advance, accept, acknowledge, advance, decide
from reconcile.options import ReconcileOptions
from tests.examples import examples
from tests.reconcile.world import NOW, TODAY, YESTERDAY

RAN = {"late-commitment": 1}


def finding(
    number: int = 1, days: int | None = 10, money: int = 100_000, severity: Severity = Severity.MAJOR, **more
) -> Finding:
    amounts = (Amount(Account.REVENUE, Money(Decimal(money), "EUR")),)
    values = {"sources": ("jira", "salesforce"), **more}
    return Finding(
        check="late-commitment",
        check_version=1,
        subjects=(f"salesforce:{number}",),
        title=f"Deal {number} is late",
        commitment=Claim("salesforce", f"OPP-{number}", "promises"),
        impact=Impact(days, (Share(f"salesforce:{number}", amounts),)),
        severity=severity,
        **values,
    )


def judgement(*findings: Finding, broken: Iterable[str] = (), **more) -> Judgement:
    coverage = tuple(
        Coverage(source, 1, 1, as_of=YESTERDAY, complete=source not in set(broken)) for source in ("jira", "salesforce")
    )
    return Judgement(**{"findings": findings, "coverage": coverage, "ran": RAN, **more})


class Life:
    """The stored findings of an installation, led on run by run."""

    def __init__(self, options: ReconcileOptions | None = None) -> None:
        self.tracked: dict[str, TrackedFinding] = {}
        self.options = options or ReconcileOptions()
        self.now, self.today = NOW, TODAY

    def run(self, judged: Judgement, *, baseline: bool = False) -> list[str]:
        """Judge and store; give the kinds of the transitions."""
        self.step = self.advance(judged, baseline=baseline)
        self.tracked |= {entry.fingerprint: entry for entry in self.step.tracked}
        for key in self.step.confirmed:
            self.tracked[key] = replace(self.tracked[key], judged_at=self.now)
        return [transition.kind.value for transition in self.step.transitions]

    def advance(self, judged: Judgement, *, baseline: bool = False) -> Advance:
        return advance(self.tracked, judged, now=self.now, today=self.today, baseline=baseline, options=self.options)

    def wait(self, days: int) -> None:
        self.now, self.today = self.now + timedelta(days), self.today + timedelta(days)

    @property
    def only(self) -> TrackedFinding:
        (entry,) = self.tracked.values()
        return entry

    @property
    def reason(self) -> str:
        return self.step.transitions[-1].reason

    def keep(self, changed: TrackedFinding) -> None:
        self.tracked[changed.fingerprint] = changed


@pytest.fixture
def life() -> Life:
    return Life()


# --- opening and resolving -----------------------------------------------------------------------------------------


def test_what_is_found_opens_and_what_is_not_found_any_more_resolves_with_the_reason(life):
    assert life.run(judgement(finding())) == ["opened"]
    assert (life.only.state, life.only.opened_at, life.only.told) == (FindingState.OPEN, NOW, finding().impact)

    life.wait(1)
    assert life.run(judgement(why_gone=lambda _: "the promise moved")) == ["resolved"]
    assert life.reason == "the promise moved"
    assert (life.only.state, life.only.finding) == (FindingState.RESOLVED, finding())
    assert life.run(judgement()) == []


def test_what_the_first_run_finds_is_marked_as_there_before(life):
    life.run(judgement(finding()), baseline=True)

    assert life.only.baseline
    assert [transition.baseline for transition in life.step.transitions] == [True]


def test_a_resolved_finding_comes_back_under_the_same_identity(life):
    life.run(judgement(finding()), baseline=True)
    life.run(judgement())
    life.wait(3)

    assert life.run(judgement(finding(days=12))) == ["reopened"]
    assert (life.only.state, life.only.told.days, life.only.baseline) == (FindingState.OPEN, 12, False)
    assert len(life.tracked) == 1


def test_a_newer_version_of_a_check_resolves_what_the_older_found(life):
    life.run(judgement(finding()))

    assert life.run(judgement(replace(finding(), check_version=2), ran={"late-commitment": 2})) in (
        ["opened", "resolved"],
        ["resolved", "opened"],
    )
    reasons = {transition.kind: transition.reason for transition in life.step.transitions}
    assert reasons[TransitionKind.RESOLVED] == "version 2 of the check judges it now"


# --- materiality ---------------------------------------------------------------------------------------------------


def test_a_day_more_worsens_and_a_day_less_improves(life):
    life.run(judgement(finding(days=10)))

    assert life.run(judgement(finding(days=11))) == ["worsened"]
    assert life.reason == "11 days late, was 10 days late"
    transition = life.step.transitions[0]
    assert (transition.before.days, transition.after.days) == (10, 11)
    assert life.run(judgement(finding(days=9))) == ["improved"]


def test_money_must_pass_the_percentage_and_the_floor(life):
    """1 % of 100,000 is 1,000, which is the floor as well: more than 1,000 is news."""
    life.run(judgement(finding(money=100_000)))

    assert life.run(judgement(finding(money=101_000))) == []
    assert life.run(judgement(finding(money=101_001))) == ["worsened"]
    assert life.reason == "revenue 101,001, was 100,000"


def test_the_percentage_protects_large_amounts_and_the_floor_small_ones(life):
    life.run(judgement(finding(1, money=10_000_000), finding(2, money=500)))

    assert life.run(judgement(finding(1, money=10_050_000), finding(2, money=1_400))) == []


def test_many_small_moves_add_up_to_news(life):
    life.run(judgement(finding(money=100_000)))

    told = [life.run(judgement(finding(money=100_000 + step * 400))) for step in range(1, 5)]
    assert told == [[], [], ["worsened"], []]


def dollars(stated: int, converted: int, days: int = 10) -> Finding:
    """A deal over so many dollars, and what they are in euros."""
    amounts = (Amount(Account.REVENUE, Money(Decimal(converted), "EUR")),)
    share = Share("salesforce:1", amounts, original=Money(Decimal(stated), "USD"))
    return replace(finding(), impact=Impact(days, (share,)))


def test_a_change_that_comes_from_the_rate_alone_says_so(life):
    """Design 5.8: USD 100,000 at 0.90 and then at 0.95."""
    life.run(judgement(dollars(100_000, 90_000)))

    assert life.run(judgement(dollars(100_000, 95_000))) == ["worsened"]
    assert life.reason == "revenue 95,000, was 90,000, by the exchange rate alone"


@pytest.mark.parametrize("now", [dollars(105_000, 95_000), dollars(100_000, 95_000, days=11), finding(money=95_000)])
def test_a_change_of_the_record_is_not_put_down_to_the_rate(life, now):
    life.run(judgement(dollars(100_000, 90_000)))

    assert life.run(judgement(now)) == ["worsened"]
    assert "exchange rate" not in life.reason


def test_days_that_rise_weigh_more_than_money_that_falls(life):
    life.run(judgement(finding(days=10, money=100_000)))

    assert life.run(judgement(finding(days=20, money=10_000))) == ["worsened"]


def test_losing_all_support_is_worse_than_any_delay(life):
    life.run(judgement(finding(days=400)))

    assert life.run(judgement(finding(days=None))) == ["worsened"]
    assert life.reason == "nothing supports it, was 400 days late"
    assert life.run(judgement(finding(days=500))) == ["improved"]


def test_new_words_and_evidence_are_stored_without_a_transition(life):
    life.run(judgement(finding()))

    assert life.run(judgement(replace(finding(), title="Another title"))) == []
    assert life.only.finding.title == "Another title"


def test_a_new_time_of_observation_alone_only_confirms(life):
    seen = replace(finding(), evidence=(Evidence("jira:1", "A-1", "due", "2026-09-30", seen=NOW),))
    life.run(judgement(seen))
    life.wait(1)
    again = replace(seen, evidence=(replace(seen.evidence[0], seen=life.now),))

    assert life.run(judgement(again)) == []
    assert life.step.tracked == ()
    assert life.step.confirmed == (seen.fingerprint,)


def test_age_raises_the_severity_and_says_so_once(life):
    life.run(judgement(finding(severity=Severity.MINOR)))
    life.wait(29)
    assert life.run(judgement(finding(severity=Severity.MINOR))) == []
    life.wait(1)
    assert life.run(judgement(finding(severity=Severity.MINOR))) == ["worsened"]
    assert life.reason == "major now, was minor"
    assert life.run(judgement(finding(severity=Severity.MINOR))) == []
    life.wait(60)
    assert life.run(judgement(finding(severity=Severity.MINOR))) == ["worsened"]
    assert life.only.finding.severity is Severity.CRITICAL


# --- holding -------------------------------------------------------------------------------------------------------


def test_a_finding_of_an_incomplete_source_is_held_once_and_says_since_when(life):
    """S6, traps D.2: absence never resolves."""
    life.run(judgement(finding()))
    life.wait(2)

    assert life.run(judgement(broken=["jira"])) == ["held"]
    assert life.only.state is FindingState.OPEN
    assert life.only.held_since == YESTERDAY
    assert life.only.held_because == "not completely read: jira (last complete on 14 Sep 2026)"
    assert life.run(judgement(broken=["jira"])) == []


def test_a_held_finding_keeps_its_last_judgement_even_when_something_is_found(life):
    life.run(judgement(finding(days=10)))

    assert life.run(judgement(finding(days=40), broken=["jira"])) == ["held"]
    assert life.only.finding.impact.days == 10


def test_a_held_finding_is_released_when_it_is_found_again(life):
    life.run(judgement(finding(days=10)))
    life.run(judgement(broken=["jira"]))

    assert life.run(judgement(finding(days=12))) == ["released", "worsened"]
    assert (life.only.held_since, life.only.held_because) == (None, "")


def test_a_held_finding_resolves_only_when_it_could_be_judged(life):
    life.run(judgement(finding()))
    life.run(judgement(broken=["salesforce"]))

    assert life.run(judgement()) == ["resolved"]
    assert life.only.held_since is None


def test_a_finding_of_another_source_is_not_held(life):
    life.run(judgement(finding(sources=("jira",))))

    assert life.run(judgement(broken=["salesforce"])) == ["resolved"]


def test_what_a_check_could_not_judge_is_held_with_the_reason_of_the_check(life):
    """S9: a field that vanished suspends a finding."""
    life.run(judgement(finding()))

    assert life.run(judgement(unjudged={finding().fingerprint: "AUR-118 cannot be read any more"})) == ["held"]
    assert life.only.held_because == "AUR-118 cannot be read any more"


@pytest.mark.parametrize("absence", list(Absence))
def test_only_a_proven_absence_of_the_subject_resolves(life, absence):
    life.run(judgement(finding()))
    proven = absence in (Absence.DELETED, Absence.MOVED)

    assert life.run(judgement(absences={"salesforce:1": (absence, YESTERDAY)})) == ["resolved" if proven else "held"]


def test_a_new_finding_opens_with_a_mark_when_a_source_lags_behind(life):
    """The side that was read says something new; the other was complete once. People are told, with the mark."""
    assert life.run(judgement(finding(), broken=["salesforce"])) == ["opened"]
    assert life.only.held_since == YESTERDAY
    assert life.run(judgement(finding(), broken=["salesforce"])) == []
    assert life.run(judgement(finding())) == ["released"]


def test_nothing_opens_on_a_source_that_was_never_read_completely(life):
    never = (Coverage("jira", 3, 0, as_of=None, complete=False),)

    assert life.run(judgement(finding(), coverage=never)) == []
    assert life.tracked == {}


# --- acceptance and acknowledgement --------------------------------------------------------------------------------


def accepted(life: Life, until: date) -> None:
    changed, transition = accept(
        life.only, Acceptance("Paul Novak", "the customer knows", until), now=life.now, today=life.today
    )
    assert (transition.kind, transition.by) == (TransitionKind.ACCEPTED, "Paul Novak")
    life.keep(changed)


def test_an_acceptance_lasts_through_its_last_day_and_then_expires(life):
    life.run(judgement(finding()))
    accepted(life, TODAY + timedelta(2))
    life.wait(2)
    assert life.run(judgement(finding())) == []
    life.wait(1)

    assert life.run(judgement(finding())) == ["expired"]
    assert life.reason == "accepted by Paul Novak until 17 Sep 2026"
    assert (life.only.state, life.only.acceptance) == (FindingState.OPEN, None)


def test_an_acceptance_ends_early_when_the_finding_worsens_beyond_it(life):
    life.run(judgement(finding(days=10)))
    accepted(life, TODAY + timedelta(90))

    assert life.run(judgement(finding(days=11))) == ["expired"]
    assert life.reason == "it worsened beyond what was accepted: 11 days late, was 10 days late"
    assert life.only.state is FindingState.OPEN


def test_what_was_accepted_may_improve_and_come_back_to_what_was_accepted(life):
    life.run(judgement(finding(days=10)))
    accepted(life, TODAY + timedelta(90))

    assert life.run(judgement(finding(days=4))) == []
    assert life.run(judgement(finding(days=10))) == []
    assert life.only.state is FindingState.ACCEPTED


def test_age_alone_does_not_end_an_acceptance(life):
    life.run(judgement(finding(severity=Severity.MINOR)))
    accepted(life, TODAY + timedelta(60))
    life.wait(31)

    assert life.run(judgement(finding(severity=Severity.MINOR))) == []


def test_an_acceptance_expires_while_its_finding_is_held(life):
    life.run(judgement(finding()))
    accepted(life, TODAY)
    life.wait(1)

    assert life.run(judgement(broken=["jira"])) == ["expired", "held"]


def test_an_accepted_finding_that_is_not_found_any_more_resolves(life):
    life.run(judgement(finding()))
    accepted(life, TODAY + timedelta(9))

    assert life.run(judgement()) == ["resolved"]


@pytest.mark.parametrize(
    ("acceptance", "message"),
    [
        (Acceptance("Paul", "known", TODAY - timedelta(1)), "14 Sep 2026 has passed"),
        (Acceptance("Paul", " ", TODAY), "an acceptance names who accepts and why"),
        (Acceptance("", "known", TODAY), "an acceptance names who accepts and why"),
    ],
)
def test_an_acceptance_needs_a_person_a_reason_and_a_day_to_come(life, acceptance, message):
    life.run(judgement(finding()))

    with pytest.raises(UsageError, match=message):
        accept(life.only, acceptance, now=NOW, today=TODAY)


def test_an_acknowledged_finding_stays_so_until_it_worsens(life):
    life.run(judgement(finding(days=10)))
    changed, transition = acknowledge(life.only, by="Aisha Rahman", why="on it", now=NOW)
    life.keep(changed)
    assert (transition.kind, transition.by, transition.reason) == (TransitionKind.ACKNOWLEDGED, "Aisha Rahman", "on it")

    states = []
    for days in (8, 9):
        life.run(judgement(finding(days=days)))
        states.append((life.only.state, life.step.transitions[0].kind))
    assert states == [
        (FindingState.ACKNOWLEDGED, TransitionKind.IMPROVED),
        (FindingState.OPEN, TransitionKind.WORSENED),
    ]


def test_a_resolved_finding_can_neither_be_accepted_nor_acknowledged(life):
    life.run(judgement(finding()))
    life.run(judgement())

    with pytest.raises(UsageError, match="a resolved finding cannot be accepted"):
        accept(life.only, Acceptance("Paul", "known", TODAY), now=NOW, today=TODAY)
    with pytest.raises(UsageError, match="the finding is resolved"):
        acknowledge(life.only, by="Paul", now=NOW)


# --- decisions -----------------------------------------------------------------------------------------------------


def decided(life: Life, days: int = 10, **more) -> None:
    word = {"says": "Move the promise", "by": "Paul Novak", "owner": "Aisha Rahman", "until": life.today, **more}
    word["until"] += timedelta(days)
    changed, transition = decide(life.only, Decided(**word, at=life.now), now=life.now, today=life.today)
    assert (transition.kind, transition.by) == (TransitionKind.DECIDED, "Paul Novak")
    life.keep(changed)


def test_a_decided_finding_asks_for_nothing_through_its_day_and_then_comes_back_as_overdue(life):
    life.run(judgement(finding()))
    decided(life, days=2)
    assert life.only.decided
    life.wait(2)
    assert life.run(judgement(finding())) == []
    life.wait(1)

    assert life.run(judgement(finding())) == ["overdue"]
    assert life.reason == ("no effect seen; Paul Novak decided: Move the promise; Aisha Rahman had until 17 Sep 2026")
    assert (life.only.state, life.only.decided) == (FindingState.OPEN, False)
    assert life.run(judgement(finding())) == []
    assert life.only.decision is not None  # who decided what is still known


def test_what_improves_after_a_decision_is_told_and_what_remains_after_its_day_says_so(life):
    life.run(judgement(finding(days=47)))
    decided(life, days=3)
    assert life.run(judgement(finding(days=12))) == ["improved"]
    assert life.only.decided
    assert life.run(judgement(finding(days=30))) == []  # worse than lately, but not than what was decided
    life.wait(4)
    assert life.run(judgement(finding(days=12))) == ["overdue"]
    assert life.reason.startswith("12 days late, was 47 days late; Paul Novak decided")


def test_what_worsens_beyond_what_was_decided_is_asked_again(life):
    life.run(judgement(finding(days=47)))
    decided(life)
    life.run(judgement(finding(days=12)))

    assert life.run(judgement(finding(days=48))) == ["worsened"]
    assert life.reason == "it worsened beyond what was decided: 48 days late, was 47 days late"
    assert (life.only.state, life.only.decided) == (FindingState.OPEN, False)
    life.wait(20)
    assert life.run(judgement(finding(days=48))) == []  # it is open already


def test_that_a_decided_finding_grows_older_is_no_news(life):
    life.run(judgement(finding(severity=Severity.MINOR)))
    decided(life, days=60)
    life.wait(40)
    assert life.run(judgement(finding(severity=Severity.MINOR))) == []
    assert life.only.finding.severity is Severity.MAJOR


def test_a_decision_is_not_overdue_before_somebody_could_look(life):
    life.run(judgement(finding()))
    decided(life, days=1)
    life.wait(2)
    assert life.run(judgement(finding(), broken=["salesforce"])) == ["held"]
    assert life.only.decided
    assert life.run(judgement(finding())) == ["released", "overdue"]


def test_what_was_decided_takes_effect_when_the_finding_is_gone(life):
    life.run(judgement(finding()))
    decided(life)
    assert life.run(judgement(why_gone=lambda _: "the promise moved")) == ["resolved"]
    assert (life.only.state, life.only.decided) == (FindingState.RESOLVED, False)
    with pytest.raises(UsageError, match="a resolved finding needs no decision"):
        decided(life)


def test_a_later_word_takes_the_place_of_a_decision(life):
    life.run(judgement(finding()))
    decided(life, days=1)
    accepted(life, TODAY + timedelta(5))
    assert life.only.decision is None
    decided(life, days=1)
    assert (life.only.state, life.only.acceptance) == (FindingState.ACKNOWLEDGED, None)
    life.keep(acknowledge(life.only, by="Aisha Rahman", now=NOW)[0])
    assert life.only.decided  # that somebody looks after it changes nothing about what was decided
    life.wait(2)
    life.run(judgement(finding()))
    life.keep(acknowledge(life.only, by="Aisha Rahman", now=life.now)[0])
    assert life.only.decision is None
    assert life.run(judgement(finding())) == []


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ({"says": " "}, "a decision names what is done"),
        ({"owner": ""}, "a decision names what is done"),
        ({"until": TODAY - timedelta(20)}, "has passed"),
    ],
)
def test_a_decision_needs_words_people_and_a_day_to_come(life, word, message):
    life.run(judgement(finding()))
    with pytest.raises(UsageError, match=message):
        decided(life, **word)


# --- properties ----------------------------------------------------------------------------------------------------

findings = st.builds(
    finding,
    number=st.integers(1, 4),
    days=st.none() | st.integers(1, 60),
    money=st.integers(0, 3_000_000),
    severity=st.sampled_from(Severity),
)


@st.composite
def judgements(draw) -> Judgement:
    """Some deals are late, some cannot be seen (and then nothing is found about them), some sources are behind."""
    found = draw(st.lists(findings, max_size=4, unique_by=lambda each: each.subjects))
    hidden = draw(st.sets(st.integers(1, 4), max_size=2))
    return judgement(
        *(each for each in found if each.subjects[0] not in {f"salesforce:{number}" for number in hidden}),
        broken=draw(st.sets(st.sampled_from(["jira", "salesforce"]))),
        absences={f"salesforce:{number}": (Absence.ACCESS_LOST, YESTERDAY) for number in hidden},
    )


class LifeMachine(RuleBasedStateMachine):
    """Runs, decisions and days in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.life = Life()
        self.last: Judgement | None = None

    @rule(judged=judgements())
    def a_run_judges(self, judged: Judgement) -> None:
        before = dict(self.life.tracked)
        self.life.run(judged)
        self.last = judged
        steps = self.life.step.transitions
        found = {each.fingerprint for each in judged.findings}
        for transition in steps:
            if transition.kind is TransitionKind.RESOLVED:
                assert judged.hold(before[transition.fingerprint].finding, None) is None
                assert transition.fingerprint not in found
                assert transition.reason
        resolved = {step.fingerprint for step in steps if step.kind is TransitionKind.RESOLVED}
        standing = {key for key, entry in self.life.tracked.items() if entry.standing}
        assert {key for key, entry in before.items() if entry.standing} - resolved <= standing
        assert found <= standing
        opened = [step.fingerprint for step in steps if step.kind in (TransitionKind.OPENED, TransitionKind.REOPENED)]
        assert len(opened) == len(set(opened))
        assert not set(opened) & {key for key, entry in before.items() if entry.standing}

    @rule(days=st.integers(0, 40))
    def time_passes(self, days: int) -> None:
        self.life.wait(days)
        self.last = None

    @rule(until=st.integers(0, 60), pick=st.integers(0, 3))
    def somebody_accepts(self, until: int, pick: int) -> None:
        standing = sorted(key for key, entry in self.life.tracked.items() if entry.standing)
        if standing:
            entry = self.life.tracked[standing[pick % len(standing)]]
            acceptance = Acceptance("Paul", "known", self.life.today + timedelta(until))
            self.life.keep(accept(entry, acceptance, now=self.life.now, today=self.life.today)[0])
            self.last = None

    @rule(until=st.integers(0, 60), pick=st.integers(0, 3))
    def somebody_decides(self, until: int, pick: int) -> None:
        standing = sorted(key for key, entry in self.life.tracked.items() if entry.standing)
        if standing:
            entry = self.life.tracked[standing[pick % len(standing)]]
            word = Decided("Move it", "Paul", "Aisha", self.life.today + timedelta(until), self.life.now)
            self.life.keep(decide(entry, word, now=self.life.now, today=self.life.today)[0])
            self.last = None

    @invariant()
    def the_same_judgement_again_changes_nothing(self) -> None:
        if self.last is not None:
            assert self.life.advance(self.last) == Advance()

    @invariant()
    def a_mark_and_its_reason_come_together(self) -> None:
        for entry in self.life.tracked.values():
            assert (entry.held_since is None) == (entry.held_because == "")
            assert entry.standing or entry.held_since is None
            assert (entry.state is FindingState.ACCEPTED) <= (entry.acceptance is not None)
            # What waits for a decision never does so beyond its day once it was judged then.
            overdue = entry.decided and entry.decision.until < entry.judged_at.date()
            assert entry.held_since is not None or not overdue


LifeMachine.TestCase.settings = settings(max_examples=examples(60), stateful_step_count=20, deadline=None)
TestLife = LifeMachine.TestCase


@given(st.lists(findings, max_size=4, unique_by=lambda each: each.fingerprint), st.data())
def test_the_order_of_findings_never_matters(found, data):
    shuffled = data.draw(st.permutations(found))
    start: datetime = NOW

    def outcome(these):
        return advance({}, judgement(*these), now=start, today=TODAY, baseline=False, options=ReconcileOptions())

    assert outcome(found) == outcome(shuffled)
