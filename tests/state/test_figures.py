"""The figures of a state are counted where they lie, in both databases."""

from dataclasses import replace

from model.deliveries import DeliveryState
from model.findings import FindingState, Severity
from model.records import Absence
from state.figures import read_figures
from state.lock import Ownership
from state.store import Store
from tests.state.test_findings import tracked
from tests.state.test_outbox import mail
from tests.state.worlds import DAY_1, DAY_2, deal, item, save


def test_an_empty_state_has_figures_too(store: Store) -> None:
    figures = read_figures(store)
    assert (figures.owned, figures.sources, figures.findings, figures.deliveries) == (False, {}, {}, {})
    assert (figures.waiting_since, figures.measures, figures.held_findings) == (None, None, 0)
    assert figures.absences == dict.fromkeys(Absence, 0)


def test_records_absences_findings_and_messages_are_counted(store: Store) -> None:
    run = save(store, item("1"), item("2"), item("3"))
    store.mark_absent(run, "jira", {"1": Absence.DELETED, "2": Absence.ARCHIVED}, DAY_2)
    plain = tracked("crm:1")
    store.save_findings(
        None,
        [
            plain,
            replace(tracked("crm:2"), state=FindingState.ACCEPTED, held_since=DAY_2),
            replace(tracked("crm:3"), state=FindingState.RESOLVED, held_since=DAY_2),
            replace(plain, finding=replace(plain.finding, subjects=("crm:4",), severity=Severity.NOTICE)),
        ],
        [],
    )
    store.add_deliveries([mail(), mail(recipient="bob@acme.example")])
    with Ownership.acquire(store, holder="a test", now=DAY_1):
        figures = read_figures(store)
    assert figures.owned
    assert (figures.sources["jira"].records, figures.sources["jira"].absent) == (1, 2)
    assert {reason for reason, number in figures.absences.items() if number} == {Absence.DELETED, Absence.ARCHIVED}
    assert figures.findings == {
        (FindingState.OPEN, Severity.MAJOR): 1,
        (FindingState.OPEN, Severity.NOTICE): 1,
        (FindingState.ACCEPTED, Severity.MAJOR): 1,
        (FindingState.RESOLVED, Severity.MAJOR): 1,
    }
    assert figures.held_findings == 1
    assert figures.deliveries == {DeliveryState.READY: 2}
    assert figures.waiting_since is not None


def test_records_are_counted_anew_when_they_changed_and_only_then(store: Store) -> None:
    save(store, item("1"))
    before = read_figures(store).counted
    assert read_figures(store, known=before).counted is before
    save(store, deal("7"))
    assert read_figures(store, known=before).counted.present == {"jira": 1, "crm": 1}
