"""What people decided is kept for good, with the findings that it is about, and no program can change it."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import create_engine, text

from model.decisions import Decision
from model.errors import StateError
from model.findings import FindingState, OptionKind, TrackedFinding, Transition, TransitionKind
from state.codec import encode
from state.store import Store
from tests.state.test_findings import IMPACT, opened, tracked
from tests.state.test_schema import _make
from tests.state.worlds import DAY_1, DAY_2

ONE, OTHER = tracked("crm:1"), tracked("crm:2")
DECISION = Decision(
    fingerprints=(ONE.fingerprint, OTHER.fingerprint),
    says="Bring AUR-118 forward by 47 days",
    by="Paul Novak",
    owner="Tomas Silva",
    until=date(2026, 9, 25),
    at=DAY_2,
    kind=OptionKind.BRING_FORWARD,
    record_id="jira:10118",
    note="second shift; “für Nordwind”",
    entered_by="ann",
)


def decided(life: TrackedFinding) -> TrackedFinding:
    return replace(life, state=FindingState.ACKNOWLEDGED, decision=DECISION.about(IMPACT))


def step(life: TrackedFinding) -> Transition:
    return Transition(fingerprint=life.fingerprint, kind=TransitionKind.DECIDED, at=DAY_2, by="Paul Novak")


@pytest.fixture
def asked(store: Store) -> Store:
    store.save_findings(None, [ONE, OTHER, tracked()], [opened(ONE), opened(OTHER), opened(tracked())])
    return store


def test_a_decision_reads_back_equal_and_is_found_by_each_finding_that_it_is_about(asked: Store) -> None:
    assert asked.save_findings(None, [decided(ONE), decided(OTHER)], [step(ONE), step(OTHER)], decision=DECISION)
    later = replace(DECISION, fingerprints=(OTHER.fingerprint,), says="Move it after all", kind=None, record_id=None)
    assert asked.save_findings(None, [decided(OTHER)], [step(OTHER)], decision=later)
    assert asked.decisions() == [DECISION, later]
    assert [each.number for each in asked.decisions()] == [1, 2]
    assert asked.decisions(ONE.fingerprint) == [DECISION]
    assert asked.decisions(OTHER.fingerprint) == [DECISION, later]
    assert asked.decisions(tracked().fingerprint) == []
    assert asked.tracked()[ONE.fingerprint] == decided(ONE)


def test_a_decision_is_kept_with_its_findings_or_not_at_all(asked: Store) -> None:
    stranger = replace(DECISION, fingerprints=("0" * 16,))
    with pytest.raises(StateError):
        asked.save_findings(None, [decided(ONE)], [step(ONE)], decision=stranger)
    assert not asked.save_findings(None, [decided(ONE)], [step(ONE)], since=1, decision=DECISION)
    assert (asked.decisions(), asked.tracked()[ONE.fingerprint]) == ([], ONE)


def test_a_stored_decision_cannot_be_stored_again(asked: Store) -> None:
    asked.save_findings(None, [decided(ONE)], [step(ONE)], decision=DECISION)
    with pytest.raises(ValueError, match="stored already"):
        asked.save_findings(None, [], [], decision=asked.decisions()[0])


@pytest.mark.parametrize("made", ["by a migration", "at once"])
def test_the_database_itself_refuses_to_change_or_delete_a_decision(empty_url: str, made: str) -> None:
    with Store.open(empty_url, migrate=made == "by a migration") as store:
        store.save_findings(None, [ONE, OTHER], [step(ONE)], decision=DECISION)
        for statement, table in (
            ("DELETE FROM decisions", "decisions"),
            ("UPDATE decisions SET content = '{}'", "decisions"),
            ("DELETE FROM decided", "decided"),
            ("UPDATE decided SET fingerprint = 'x'", "decided"),
        ):
            refusal = f"{table} are only ever added"
            with pytest.raises(StateError, match=refusal), store.writing() as connection:
                connection.execute(text(statement))
        assert store.decisions() == [DECISION]


@pytest.mark.parametrize("revision", ["0001", "0008"])
def test_the_ninth_schema_keeps_the_findings_of_earlier_ones_undecided(empty_url: str, revision: str) -> None:
    """C17: a finding that an earlier program stored has no decision and can get one."""
    _make(empty_url, revision)
    before = encode(ONE).replace('"decision":null,', "")
    assert "decision" not in before
    engine = create_engine(empty_url)
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO findings (fingerprint, state, changed_at, content) VALUES (:name, 'open', :at, :said)"),
            {"name": ONE.fingerprint, "at": DAY_1, "said": before},
        )
    engine.dispose()
    with Store.open(empty_url, migrate=True) as store:
        assert store.tracked() == {ONE.fingerprint: ONE}
        alone = replace(DECISION, fingerprints=(ONE.fingerprint,))
        assert store.save_findings(None, [decided(ONE)], [step(ONE)], decision=alone)
        assert store.decisions() == [alone]
