"""Findings keep their lives; transitions are only ever added."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import text

from model.errors import StateError
from model.findings import (
    Acceptance,
    Account,
    Amount,
    Claim,
    Evidence,
    Finding,
    FindingState,
    Impact,
    KnownFinding,
    Severity,
    Share,
    Step,
    TrackedFinding,
    Transition,
    TransitionKind,
)
from model.money import Money
from state.findings import StoredFindings
from state.store import Store
from tests.state.worlds import DAY_1, DAY_2

IMPACT = Impact(21, (Share("crm:7", (Amount(Account.REVENUE, Money(Decimal("120000.50"), "EUR")),)),))


def tracked(subject: str = "crm:7") -> TrackedFinding:
    finding = Finding(
        check="late-commitment",
        check_version=1,
        subjects=(subject, "jira:r1"),
        title="Launch “2.4” is late",
        commitment=Claim("Salesforce", "OPP-7", "promises 30 Sep 2026", date(2026, 9, 30), "https://crm/7"),
        impact=IMPACT,
        chain=(Step("jira:r1", "2.4", "Release", "21 Oct 2026", date(2026, 10, 21)),),
        evidence=(Evidence("crm:7", "OPP-7", "promised_date", "2026-09-30", seen=DAY_1, at=DAY_1),),
        severity=Severity.MAJOR,
        sources=("crm", "jira"),
    )
    return TrackedFinding(finding=finding, opened_at=DAY_1, changed_at=DAY_1, judged_at=DAY_1, told=IMPACT)


def opened(finding: TrackedFinding) -> Transition:
    return Transition(fingerprint=finding.fingerprint, kind=TransitionKind.OPENED, at=DAY_1, after=IMPACT)


def test_a_finding_reads_back_equal_in_every_state(store: Store) -> None:
    acceptance = Acceptance("Ann", "known", date(2026, 12, 1))
    entries = [
        replace(tracked(state.value), state=state, acceptance=acceptance, held_since=DAY_2, held_because="crm is down")
        for state in FindingState
    ]
    store.save_findings(None, entries, [])
    assert store.tracked() == {entry.fingerprint: entry for entry in entries}


def test_transitions_are_numbered_in_their_order_and_never_again(store: Store) -> None:
    run = store.start_run(DAY_1, baseline=False)
    one, other = tracked("crm:1"), tracked("crm:2")
    store.save_findings(run, [one, other], [opened(one), opened(other)])
    resolved = Transition(fingerprint=one.fingerprint, kind=TransitionKind.RESOLVED, at=DAY_2, before=IMPACT)
    store.save_findings(None, [replace(one, state=FindingState.RESOLVED)], [resolved])
    assert store.transitions() == [opened(one), opened(other), resolved]
    assert [each.sequence for each in store.transitions()] == [1, 2, 3]
    assert store.transitions(after=2) == [resolved]
    assert store.transitions(fingerprint=one.fingerprint) == [opened(one), resolved]
    assert store.transitions(kinds={TransitionKind.RESOLVED, TransitionKind.HELD}) == [resolved]


def test_of_the_times_a_finding_was_held_and_released_only_the_first_is_heard_of(store: Store) -> None:
    """F9: a source that fails every day for months must not be looked through for each mail."""
    one, other = tracked("crm:1"), tracked("crm:2")
    held, released, worse = (
        Transition(fingerprint=one.fingerprint, kind=kind, at=DAY_2)
        for kind in (TransitionKind.HELD, TransitionKind.RELEASED, TransitionKind.WORSENED)
    )
    store.save_findings(None, [one, other], [opened(one), released, held, worse, opened(other), held, released])
    assert store.unheard(1, thinned=True) == ([released, worse, opened(other)], 7)
    assert store.unheard(3, thinned=True) == ([worse, opened(other), held], 7)
    assert store.unheard(3, thinned=False) == ([worse, opened(other), held, released], 7)
    assert store.unheard(7, thinned=True) == ([], 7)


def test_a_stored_transition_cannot_be_stored_again(store: Store) -> None:
    store.save_findings(None, [tracked()], [opened(tracked())])
    with pytest.raises(ValueError, match="stored already"):
        store.save_findings(None, [], store.transitions())
    assert len(store.transitions()) == 1


@pytest.mark.parametrize("made", ["by a migration", "at once"])
@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM transitions", "UPDATE transitions SET content = '{}'", "UPDATE transitions SET kind = 'x'"],
)
def test_the_database_itself_refuses_to_change_or_delete_a_transition(
    empty_url: str, statement: str, made: str
) -> None:
    with Store.open(empty_url, migrate=made == "by a migration") as store:
        store.save_findings(None, [tracked()], [opened(tracked())])
        with pytest.raises(StateError, match="transitions are only ever added"), store.writing() as connection:
            connection.execute(text(statement))
        assert store.transitions() == [opened(tracked())]


def test_a_decision_made_meanwhile_is_not_overwritten(store: Store) -> None:
    store.save_findings(None, [tracked()], [opened(tracked())])
    newest = store.newest_transition()
    accepted = replace(tracked(), state=FindingState.ACCEPTED, acceptance=Acceptance("Ann", "known", date(2026, 12, 1)))
    step = Transition(fingerprint=tracked().fingerprint, kind=TransitionKind.ACCEPTED, at=DAY_2, by="Ann")
    assert store.save_findings(None, [accepted], [step], since=newest)
    assert not store.save_findings(None, [replace(tracked(), judged_at=DAY_2)], [], since=newest)
    assert list(store.tracked().values()) == [accepted]
    assert store.newest_transition() == newest + 1


def test_saving_a_finding_again_replaces_it_and_keeps_its_transitions(store: Store) -> None:
    store.save_findings(None, [tracked()], [opened(tracked())])
    later = replace(tracked(), judged_at=DAY_2)
    store.save_findings(None, [later], [])
    assert list(store.tracked().values()) == [later]
    assert store.transitions() == [opened(tracked())]


def test_findings_and_transitions_are_kept_together_or_not_at_all(store: Store) -> None:
    stranger = replace(opened(tracked()), fingerprint="0" * 16)
    with pytest.raises(StateError):
        store.save_findings(None, [tracked()], [opened(tracked()), stranger])
    assert store.tracked() == {}
    assert store.transitions() == []


def test_a_finding_is_found_by_the_beginning_of_its_fingerprint(store: Store) -> None:
    entries = [tracked(f"crm:{number}") for number in range(20)]
    store.save_findings(None, entries, [])
    wanted = entries[0]
    assert store.find_finding(wanted.fingerprint.upper()) == [wanted]
    short = wanted.fingerprint[:1]
    assert {each.fingerprint for each in store.find_finding(short)} == {
        each.fingerprint for each in entries if each.fingerprint.startswith(short)
    }
    assert store.find_finding("%") == []


def test_the_last_days_of_what_is_neither_resolved_nor_accepted_are_found(store: Store) -> None:
    def due(subject: str, day: date | None, state: FindingState = FindingState.OPEN) -> TrackedFinding:
        entry = tracked(subject)
        return replace(entry, finding=replace(entry.finding, decide_by=day), state=state)

    near, today = due("near", date(2026, 9, 30), FindingState.ACKNOWLEDGED), due("today", date(2026, 9, 1))
    others = [due("far", date(2026, 10, 1)), due("none", None)]
    others += [due(state.value, date(2026, 9, 1), state) for state in (FindingState.RESOLVED, FindingState.ACCEPTED)]
    store.save_findings(None, [near, today, *others], [])
    assert store.days_to_decide(until=date(2026, 9, 30)) == {
        near.fingerprint: date(2026, 9, 30),
        today.fingerprint: date(2026, 9, 1),
    }
    assert store.days_to_decide(until=date(2026, 8, 31)) == {}


class TestSomeAtATime:
    def test_the_findings_are_those_that_are_read_all_at_once(self, store: Store) -> None:
        kept = [tracked(f"crm:{number}") for number in range(7)]
        store.save_findings(None, kept, [])
        whole = store.tracked()
        stored = store.stored_findings(whole)
        assert dict(stored) == whole
        assert (len(stored), list(stored)) == (7, sorted(whole))
        assert stored.get("0" * 16) is None
        assert "0" * 16 not in stored

    def test_what_each_is_about_is_told_without_reading_them(self, store: Store) -> None:
        resolved = replace(tracked("crm:2"), state=FindingState.RESOLVED)
        store.save_findings(None, [tracked("crm:1"), resolved], [])
        assert store.known_findings() == {
            tracked("crm:1").fingerprint: KnownFinding("late-commitment", "crm:1", standing=True),
            resolved.fingerprint: KnownFinding.of(resolved),
        }
        assert not KnownFinding.of(resolved).standing

    def test_who_goes_through_them_in_order_asks_for_each_once_and_holds_a_few(self) -> None:
        asked: list[list[str]] = []

        def read(fingerprints: Sequence[str]) -> dict[str, TrackedFinding]:
            asked.append(list(fingerprints))
            return dict.fromkeys(fingerprints, tracked())

        names = [f"{number:016x}" for number in range(2 * StoredFindings.AT_ONCE + 1)]
        stored = StoredFindings(read, names)
        assert all(name in stored for name in names)
        assert asked == [], "to know which there are none is read"
        assert len(list(stored.values())) == len(names)
        assert [name for part in asked for name in part] == names
        assert max(map(len, asked)) == StoredFindings.AT_ONCE

    def test_one_that_is_gone_meanwhile_is_not_there(self) -> None:
        stored = StoredFindings(lambda _: {}, ["0" * 16])
        assert stored.get("0" * 16) is None
