"""Statuses of which nobody has said what they mean: one finding for each, however many work items have it."""

import pytest

from model.findings import Finding, Severity
from model.records import Absence
from tests.reconcile.world import DONE, TODO, Stored


def example_world() -> Stored:
    stored = Stored()
    for number in range(4):
        stored.work(f"T-{number}", source="tracker", status="Parked", category=None)
    stored.work("AUR-1", status="Parked", category=None)
    stored.work("T-9", source="tracker", status="Open", category=TODO)
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def found(stored: Stored) -> list[Finding]:
    return [each for each in stored.judge().findings if each.check == "unknown-status"]


def test_one_finding_per_source_and_status_tells_how_many_work_items_have_it(stored: Stored) -> None:
    by_subject = {each.subjects: each for each in found(stored)}
    assert set(by_subject) == {("tracker:status parked",), ("jira:status parked",)}
    finding = by_subject["tracker:status parked",]
    assert finding.title == "4 work items of tracker have the status Parked, of which is not known what it means"
    assert (
        finding.advice == "Say under statuses: of the source tracker what Parked means: todo, doing, done or dropped."
    )
    assert finding.severity is Severity.NOTICE
    assert [(each.record_id, each.key, each.value) for each in finding.evidence] == [("tracker:T-0", "T-0", "Parked")]
    assert finding.evidence[0].where == "https://tracker.example/T-0"
    assert by_subject["jira:status parked",].title.startswith("A work item of jira has the status Parked,")


def test_a_status_whose_meaning_is_known_is_not_told(stored: Stored) -> None:
    for number in range(4):
        stored.change(f"tracker:T-{number}", category=DONE)
    stored.change("jira:AUR-1", category=TODO)
    assert found(stored) == []


def test_spellings_of_one_status_are_one_finding_and_a_blank_one_is_none(stored: Stored) -> None:
    before = {each.fingerprint for each in found(stored)}
    stored.change("tracker:T-2", status=" PARKED")
    stored.work("T-5", source="tracker", status=" ", category=None)
    assert {each.fingerprint for each in found(stored)} == before
    assert max(each.title for each in found(stored)).startswith("A work item of jira")
    assert "4 work items of tracker" in min(each.title for each in found(stored))


def test_a_record_that_is_not_there_has_no_status(stored: Stored) -> None:
    stored.lose("jira:AUR-1", Absence.DELETED)
    assert [each.subjects for each in found(stored)] == [("tracker:status parked",)]


def test_while_its_source_is_not_completely_read_a_finding_is_held(stored: Stored) -> None:
    (finding,) = (each for each in found(stored) if each.sources == ("jira",))
    stored.remove("jira:AUR-1")
    stored.cover("jira", complete=False)
    judgement = stored.judge()
    hold = judgement.hold(finding, None)
    assert hold is not None
    assert hold.because.startswith("not completely read: jira")
    stored.cover("jira")
    judgement = stored.judge()
    assert judgement.hold(finding, None) is None
    assert judgement.gone_because(finding) == "it is known what the status means, or no work item has it any more"
