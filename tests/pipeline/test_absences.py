"""What a census proves: deleted, moved, archived or filtered out; and what it must not be believed (traps D.2, S6)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

import pytest
import structlog

from connectors.jira import JiraConnector
from model.errors import UsageError
from model.reading import Container
from model.records import Absence, Record
from model.runs import SourceOutcome
from pipeline.approval import approve_held, what_is_held
from sandbox.http import LOGIN_PAGE, Fault
from state.store import Store
from tests.pipeline.company import LONG_AGO, Company, keys_present, standing


def absence_of(store: Store, key: str) -> Absence | None:
    [seen] = store.find(key)
    found = store.absence(seen.record.id)
    return found[0] if found else None


def _absent(store: Store) -> Mapping[str, tuple[Absence, datetime]]:
    with store.view() as view:
        return view.absences()


def approve(store: Store, company: Company) -> None:
    held = what_is_held(store, "jira")
    assert held is not None
    approve_held(store, held, by="ann", reason="closed out", now=company.now)


def test_a_deleted_record_is_told_by_a_full_reading_only(store: Store, company: Company):
    """J20: nothing ever mentions a deleted issue again, so only a census can tell."""
    company.read(store, "jira")
    company.jira.delete("OPS-1")
    company.pass_time(hours=1)
    assert company.read(store, "jira").absent == 0
    assert absence_of(store, "OPS-1") is None
    result = company.read(store, "jira", full=True)
    assert (result.outcome, result.absent) == (SourceOutcome.COMPLETE, 1)
    assert absence_of(store, "OPS-1") is Absence.DELETED
    assert company.read(store, "jira", full=True).absent == 0


def test_a_release_that_vanished_is_told_by_a_full_reading_only(store: Store, company: Company):
    """J19: side tables are read every time, but what is missing there proves nothing before the census."""
    company.read(store, "jira")
    [release] = [known for known in company.jira.versions.values() if known.name == "R2"]
    company.jira.find("WEB-2").versions.clear()
    del company.jira.versions[release.id]
    company.pass_time(hours=1)
    company.read(store, "jira")
    assert absence_of(store, "R2") is None
    company.read(store, "jira", full=True)
    assert absence_of(store, "R2") is Absence.DELETED


def test_an_issue_that_moved_between_two_projects_that_are_read_is_there(store: Store, company: Company):
    """J21: the key changes, the id stays."""
    company.read(store, "jira")
    company.pass_time(hours=1)
    company.jira.move_to_project("OPS-2", "WEB-77")
    result = company.read(store, "jira", full=True)
    assert (result.outcome, result.absent) == (SourceOutcome.COMPLETE, 0)
    [moved] = store.find("OPS-2")
    assert (moved.record.key, absence_of(store, "WEB-77")) == ("WEB-77", None)


def test_an_issue_that_moved_out_of_what_is_read_has_moved_and_is_stored_as_it_is_now(store: Store, company: Company):
    company.read(store, "jira")
    company.pass_time(hours=1)
    company.jira.add_project("FAR", "Far away")
    company.jira.move_to_project("OPS-2", "FAR-1")
    assert company.read(store, "jira", full=True).absent == 1
    [moved] = store.find("FAR-1")
    assert (moved.record.container, absence_of(store, "FAR-1")) == ("FAR", Absence.MOVED)
    assert "OPS-2" in moved.record.former_keys
    assert len(store.present_ids("jira")) == 13


def test_the_records_of_an_archived_project_are_archived_and_not_deleted(store: Store, company: Company):
    """D.2: archived is no proof of anything; when the project comes back so do its records."""
    company.read(store, "jira")
    company.jira.projects["OPS"].state = "archived"
    company.pass_time(hours=1)
    result = company.read(store, "jira", full=True)
    assert (result.outcome, result.absent) == (SourceOutcome.COMPLETE, 4)
    assert {absence_of(store, f"OPS-{number}") for number in range(1, 5)} == {Absence.ARCHIVED}
    company.jira.projects["OPS"].state = "live"
    company.pass_time(hours=1)
    assert company.read(store, "jira", full=True).outcome is SourceOutcome.COMPLETE
    assert {absence_of(store, f"OPS-{number}") for number in range(1, 5)} == {None}


def test_an_archived_project_resolves_no_finding(store: Store, company: Company):
    company.sync(store)
    company.slip()
    company.pass_time(hours=1)
    company.sync(store)
    assert len(standing(store)) == 8
    company.jira.projects["WEB"].state = "archived"
    company.pass_time(hours=1)
    run = company.sync(store, full=True)
    assert (run.resolved, len(standing(store))) == (0, 8)


def test_what_is_not_configured_any_more_is_filtered_out_and_not_deleted(store: Store, company: Company):
    """D.2, S6: taking a project out of the settings is no loss of records, so the guard lets it pass."""
    company.read(store, "jira")
    company.settings["sources"]["jira"]["projects"] = ["OPS"]
    company.write()
    company.pass_time(hours=1)
    result = company.read(store, "jira", full=True)
    assert (result.outcome, result.absent) == (SourceOutcome.COMPLETE, 10)
    assert absence_of(store, "WEB-1") is Absence.FILTERED_OUT
    assert keys_present(store, "jira") == {"OPS-1", "OPS-2", "OPS-3", "OPS-4"}


def test_a_record_that_is_seen_again_is_there_again(store: Store, company: Company):
    """S12: out of the recycle bin."""
    company.read(store, "crm")
    company.org.delete(company.deals["D-3"])
    company.pass_time(hours=1)
    company.read(store, "crm", full=True)
    assert absence_of(store, "D-3") is Absence.DELETED
    company.org.opportunities[company.deals["D-3"]]["IsDeleted"] = False
    company.org.move_close(company.deals["D-3"], date(2026, 12, 1), by="sam.okoro@acme.example")
    company.pass_time(minutes=5)
    company.read(store, "crm")
    assert absence_of(store, "D-3") is None
    kinds = [revision.absence for revision in store.revisions(store.find("D-3")[0].record.id)]
    assert kinds == [None, Absence.DELETED, None]


def test_a_record_that_only_the_census_missed_stays_as_it_is(
    store: Store, company: Company, monkeypatch: pytest.MonkeyPatch
):
    """S7: while the census walks, an issue slips from one page to another; asked by its id, it is there."""
    company.read(store, "jira")
    real = JiraConnector.census

    def short(self: JiraConnector, container: Container) -> Iterable[str]:
        return [native_id for native_id in real(self, container) if native_id != company.jira.find("OPS-4").id]

    monkeypatch.setattr(JiraConnector, "census", short)
    result = company.read(store, "jira", full=True)
    assert (result.outcome, result.absent) == (SourceOutcome.COMPLETE, 0)
    assert absence_of(store, "OPS-4") is None


def test_when_the_missing_cannot_be_asked_for_nothing_is_concluded(store: Store, company: Company):
    company.read(store, "jira")
    company.jira.delete("OPS-1")
    company.pass_time(hours=1)
    company.jira_server.add_fault(Fault(pattern="issue/bulkfetch", response=LOGIN_PAGE, times=None))
    result = company.read(store, "jira", full=True)
    assert result.outcome is SourceOutcome.FAILED
    assert absence_of(store, "OPS-1") is None


def test_a_connector_that_answers_more_than_it_was_asked_changes_nothing_else(
    store: Store, company: Company, monkeypatch: pytest.MonkeyPatch
):
    company.read(store, "jira")
    company.jira.delete("OPS-1")
    company.pass_time(hours=1)
    real = JiraConnector.fetch

    def talkative(self: JiraConnector, native_ids: Sequence[str]) -> Iterable[Record]:
        return real(self, [*native_ids, company.jira.find("OPS-2").id])

    monkeypatch.setattr(JiraConnector, "fetch", talkative)
    assert company.read(store, "jira", full=True).absent == 1
    assert (absence_of(store, "OPS-1"), absence_of(store, "OPS-2")) == (Absence.DELETED, None)


class TestTheGuard:
    """S6: a revoked permission and an edited filter look like deleted records."""

    def crowd(self, company: Company, number: int) -> None:
        for count in range(100, 100 + number):
            company.jira.add_issue(f"WEB-{count}", summary=f"Story {count}", created=LONG_AGO)

    def lose(self, company: Company, first: int, number: int) -> None:
        for count in range(first, first + number):
            company.jira.delete(f"WEB-{count}")
        company.pass_time(minutes=30)

    def test_six_of_a_small_source_are_not_believed(self, store: Store, company: Company):
        self.crowd(company, 10)
        company.read(store, "jira")
        self.lose(company, 100, 6)
        result = company.read(store, "jira", full=True)
        assert (result.outcome, result.absent) == (SourceOutcome.FAILED, 0)
        assert result.error == "jira no longer shows 6 of 24 records; none was taken as deleted"
        assert result.hint.endswith('driftline sources approve jira --reason "…"')
        assert len(store.present_ids("jira")) == 18
        assert absence_of(store, "WEB-100") is Absence.UNOBSERVED

    def test_five_of_a_small_source_are_believed(self, store: Store, company: Company):
        self.crowd(company, 10)
        company.read(store, "jira")
        self.lose(company, 100, 5)
        result = company.read(store, "jira", full=True)
        assert (result.outcome, result.absent) == (SourceOutcome.COMPLETE, 5)

    @pytest.mark.parametrize(("lost", "believed"), [(10, True), (11, False)])
    def test_a_tenth_of_a_large_source_is_believed_and_no_more(
        self, store: Store, company: Company, lost: int, believed: bool
    ):
        self.crowd(company, 86)
        company.read(store, "jira")
        self.lose(company, 100, lost)
        result = company.read(store, "jira", full=True)
        assert (result.outcome is SourceOutcome.COMPLETE) is believed
        assert absence_of(store, "WEB-100") is (Absence.DELETED if believed else Absence.UNOBSERVED)

    def test_a_permission_that_erodes_is_noticed_within_the_day(self, store: Store, company: Company):
        """S6: four of a hundred with every reading would delete everything in a day."""
        self.crowd(company, 86)
        company.read(store, "jira")
        lost = 0
        for step in range(8):
            self.lose(company, 100 + 4 * step, 4)
            lost += company.read(store, "jira", full=True).absent
        assert lost == 8
        whys = [why for _, (why, _) in _absent(store).items()]
        assert (whys.count(Absence.DELETED), whys.count(Absence.UNOBSERVED)) == (8, 24)
        result = company.read(store, "jira", full=True)
        assert result.error.endswith("after 8 others within a day; none was taken as deleted")

    def test_what_was_lost_the_day_before_counts_no_more(self, store: Store, company: Company):
        self.crowd(company, 10)
        company.read(store, "jira")
        self.lose(company, 100, 4)
        assert company.read(store, "jira", full=True).absent == 4
        self.lose(company, 104, 4)
        assert company.read(store, "jira", full=True).outcome is SourceOutcome.FAILED
        company.pass_time(days=1)
        assert company.read(store, "jira", full=True).absent == 4

    def test_a_source_that_lost_everything_is_not_believed_however_small_it_is(self, store: Store, company: Company):
        for key in list(company.deals)[2:]:
            del company.org.opportunities[company.deals[key]]
        company.read(store, "crm")
        assert len(store.present_ids("crm")) == 2
        company.org.opportunities.clear()
        company.pass_time(hours=1)
        result = company.read(store, "crm", full=True)
        assert result.error == "crm no longer shows 2 of 2 records; none was taken as deleted"

    def test_a_container_that_lost_everything_is_not_believed(self, store: Store, company: Company):
        """Four of a hundred are few, but they are all there was in that project."""
        self.crowd(company, 86)
        company.read(store, "jira")
        for number in range(1, 5):
            company.jira.delete(f"OPS-{number}")
        company.pass_time(hours=1)
        result = company.read(store, "jira", full=True)
        assert result.error == "jira does not show any of the 4 records of Ops any more; none was taken as deleted"
        assert absence_of(store, "OPS-1") is Absence.UNOBSERVED

    def test_somebody_who_knows_better_approves_exactly_what_is_held(self, store: Store, company: Company):
        """S6: a genuine close-out is approved by one command, and the next run concludes it, once."""
        self.crowd(company, 10)
        company.read(store, "jira")
        self.lose(company, 100, 10)
        assert company.read(store, "jira", full=True).outcome is SourceOutcome.FAILED
        approve(store, company)
        with structlog.testing.capture_logs() as lines:
            result = company.read(store, "jira")
        assert (result.outcome, result.absent) == (SourceOutcome.COMPLETE, 10)
        assert absence_of(store, "WEB-100") is Absence.DELETED
        assert what_is_held(store, "jira") is None
        [approval] = store.approvals("jira")
        assert (approval.by, approval.reason, approval.used_at) == ("ann", "closed out", company.now)
        [line] = [line for line in lines if line["event"] == "approval.used"]
        assert (line["by"], line["records"], line["held_again"]) == ("ann", 10, False)

    def test_an_approval_is_no_blank_cheque(self, store: Store, company: Company):
        """S6: between the approval and the next run the source loses much more."""
        self.crowd(company, 20)
        company.read(store, "jira")
        self.lose(company, 100, 8)
        company.read(store, "jira", full=True)
        approve(store, company)
        self.lose(company, 108, 8)
        result = company.read(store, "jira")
        assert result.error == "jira no longer shows 8 of 34 records beyond the 8 approved; none was taken as deleted"
        assert Absence.DELETED not in {why for why, _ in _absent(store).values()}
        assert store.pending_approval("jira") is None
        held = what_is_held(store, "jira")
        assert held is not None
        assert len(held.native_ids) == 16

    def test_what_is_approved_may_come_with_a_little_more(self, store: Store, company: Company):
        self.crowd(company, 20)
        company.read(store, "jira")
        self.lose(company, 100, 8)
        company.read(store, "jira", full=True)
        approve(store, company)
        self.lose(company, 108, 2)
        assert company.read(store, "jira").absent == 10
        self.lose(company, 110, 2)
        assert company.read(store, "jira", full=True).outcome is SourceOutcome.COMPLETE

    def test_somebody_cannot_approve_what_changed_while_they_looked(self, store: Store, company: Company):
        self.crowd(company, 20)
        company.read(store, "jira")
        self.lose(company, 100, 8)
        company.read(store, "jira", full=True)
        shown = what_is_held(store, "jira")
        assert shown is not None
        self.lose(company, 108, 1)
        company.read(store, "jira")
        with pytest.raises(UsageError, match="changed while you looked at it"):
            approve_held(store, shown, by="ann", reason="closed out", now=company.now)
        assert store.approvals("jira") == []

    def test_a_loss_that_is_held_is_looked_at_in_every_run_without_reading_everything(
        self, store: Store, company: Company
    ):
        """A held source does not read everything for ever: its cursor moves, and the census is taken each time."""
        self.crowd(company, 10)
        company.read(store, "jira")
        self.lose(company, 100, 10)
        company.read(store, "jira", full=True)
        company.pass_time(minutes=30)
        result = company.read(store, "jira")
        assert result.outcome is SourceOutcome.FAILED
        assert result.read < 14

    def test_a_loss_that_is_not_believed_holds_the_findings(self, store: Store, company: Company):
        company.sync(store)
        company.slip()
        company.pass_time(hours=1)
        company.sync(store)
        company.org.opportunities.clear()
        company.pass_time(hours=1)
        run = company.sync(store, full=True)
        assert (run.resolved, len(standing(store))) == (0, 8)
        assert all(tracked.held_since for tracked in standing(store).values())
