"""Reading one source: what is stored of it, how far it counts as read, and what its errors may say."""

from collections.abc import Iterable
from datetime import timedelta

import pytest
import structlog

from connectors.jira import JiraConnector
from connectors.jira.site import Batch
from connectors.registry import connector_type
from model.errors import InterruptedRunError, StateError
from model.reading import Page
from model.records import WorkItem
from model.runs import SourceOutcome
from sandbox.http import LOGIN_PAGE, Fault, Response
from state.store import Store
from tests.databases import content
from tests.pipeline.company import DEALS, WORK, Company, keys_present

_SEARCH = "POST .*/search/jql"


def test_a_source_is_read_page_by_page_to_its_end(store: Store, company: Company):
    told: list[tuple[str, int]] = []
    result = company.read(store, "jira", progress=lambda name, read: told.append((name, read)))
    assert (result.outcome, result.read, result.changed, result.absent) == (SourceOutcome.COMPLETE, WORK + 2, 14, 0)
    assert result.pages == len(told) >= 3
    assert told[-1] == ("jira", WORK + 2)
    assert len(store.present_ids("jira")) == WORK + 2


def test_a_second_reading_asks_only_for_what_changed_and_writes_nothing_new(store: Store, company: Company):
    company.read(store, "jira")
    company.pass_time(hours=1)
    company.jira.rename("OPS-1", "Another chore", by="x@acme.example")
    company.pass_time(minutes=5)
    result = company.read(store, "jira")
    assert result.changed == 1
    assert result.read < WORK
    company.pass_time(minutes=5)
    assert company.read(store, "jira").changed == 0


def test_everything_is_read_anew_when_the_last_full_reading_is_a_day_old(store: Store, company: Company):
    company.read(store, "jira")
    company.pass_time(hours=23)
    assert company.read(store, "jira").read < WORK
    company.pass_time(hours=1)
    assert company.read(store, "jira").read == WORK + 2
    assert company.read(store, "jira", full=True).read == WORK + 2


def test_a_full_reading_of_what_did_not_change_reads_no_record_again(
    store: Store, company: Company, monkeypatch: pytest.MonkeyPatch
):
    """What its source answers is what it answered before; only versions, sprints and what changed are made anew."""
    sources = {"jira": WORK + 2, "crm": DEALS}
    for name in sources:
        company.read(store, name)
    for reader in ("connectors.jira.records.JiraReader.issue", "connectors.salesforce.deals.DealReader.read"):
        monkeypatch.setattr(reader, lambda *_: pytest.fail("a record was read"))
    for name, records in sources.items():
        result = company.read(store, name, full=True)
        assert (result.outcome, result.read, result.changed) == (SourceOutcome.COMPLETE, records, 0)
        assert len(store.present_ids(name)) == records
    company.jira.rename("OPS-1", "Another chore", by="x@acme.example")
    with pytest.raises(BaseException, match="a record was read"):
        company.read(store, "jira", full=True)


def test_what_is_called_unchanged_and_is_not_is_asked_for_by_its_id(
    store: Store, company: Company, monkeypatch: pytest.MonkeyPatch
):
    def all_unchanged(_connector: JiraConnector, batch: Batch) -> Page:
        ids = [str(raw["id"]) for raw in batch.issues]
        return Page([], unchanged=ids, digests=dict.fromkeys(ids, b"of another answer"))

    monkeypatch.setattr(JiraConnector, "_news", all_unchanged)
    assert company.read(store, "jira").outcome is SourceOutcome.COMPLETE
    assert len(store.present_ids("jira")) == WORK + 2


def test_a_clock_that_ran_ahead_hides_nothing_that_changes_later(store: Store, company: Company):
    """S8, C13: the cursor of three days ahead would skip what changes until then."""
    company.pass_time(days=3)
    company.read(store, "jira")
    company.pass_time(days=-3, hours=1)
    company.slip()
    assert company.read(store, "jira").changed == 1


@pytest.mark.parametrize("page", [0, 1])
def test_the_cursor_moves_only_after_the_last_page(store: Store, company: Company, page: int):
    """S5: the session ends while the pages are read; the next reading begins where the last complete one did."""
    company.read(store, "jira")
    before = store.cursor("jira")
    company.pass_time(hours=2)
    company.slip()
    company.jira_server.add_fault(Fault(pattern=_SEARCH, response=LOGIN_PAGE, after=page, times=None))
    result = company.read(store, "jira", full=True)
    assert result.outcome is SourceOutcome.FAILED
    assert store.cursor("jira") == before
    company.jira_server.clear_faults()
    company.pass_time(minutes=1)
    company.read(store, "jira")
    assert store.cursor("jira") != before
    [checkout] = store.find("WEB-1")
    assert checkout.record.due.isoformat() == "2026-11-16"  # type: ignore[attr-defined]


def test_a_session_that_ends_before_the_census_proves_nothing_absent(store: Store, company: Company):
    """S5, J23: every page was read, then the site answers as it answers a stranger: with nothing."""
    company.read(store, "jira")
    before = store.present_ids("jira")
    company.pass_time(hours=1)
    nobody = Response({"issues": [], "isLast": True}, headers={"x-seraph-loginreason": "AUTHENTICATED_FAILED"})
    company.jira_server.add_fault(Fault(pattern=_SEARCH, response=nobody, after=1, times=None))
    result = company.read(store, "jira", full=True)
    assert result.outcome is SourceOutcome.FAILED
    assert store.present_ids("jira") == before
    assert store.revisions(store.find("WEB-1")[0].record.id)[-1].absence is None


def test_what_was_stored_of_a_failed_reading_stays_and_the_source_says_so(store: Store, company: Company):
    company.crm_server.add_fault(Fault(pattern=r"/query/\w", response=Response({"x": 1}, 500), times=None))
    result = company.read(store, "crm")
    assert (result.outcome, result.read) == (SourceOutcome.FAILED, 4)
    assert len(store.present_ids("crm")) == 4
    assert store.cursor("crm") is None
    with store.view() as view:
        [coverage] = view.coverage()
    assert (coverage.complete, coverage.as_of, coverage.error) == (False, None, result.error)


def test_a_record_that_cannot_be_kept_is_set_aside_and_counted(store: Store, company: Company):
    """S10: a number field that holds a text concerns one record."""
    company.jira.rename("OPS-2", "\ud800 broken", by="x@acme.example")
    result = company.read(store, "jira")
    assert (result.outcome, result.read, result.set_aside) == (SourceOutcome.COMPLETE, WORK + 2, 1)
    [aside] = store.set_aside("jira")
    assert aside.reason
    assert "OPS-2" not in keys_present(store, "jira")


class _Crashing(JiraConnector):
    """A connector with a mistake in it, which meets it while a secret is at hand."""

    def changed(self, cursor: object) -> Iterable[Page]:
        token = self.options.token.reveal()
        raise RuntimeError(f"GET /search?token={token}")


def test_a_mistake_in_a_connector_fails_its_source_and_shows_no_secret(
    store: Store, company: Company, monkeypatch: pytest.MonkeyPatch
):
    """X1: neither the stored error nor the log holds the text of the exception, nor the values around it."""
    real = connector_type
    monkeypatch.setattr("pipeline.read.connector_type", lambda kind: _Crashing if kind == "jira" else real(kind))
    with structlog.testing.capture_logs() as lines:
        run = company.sync(store)
    outcomes = {result.source: result for result in run.results}
    assert outcomes["crm"].outcome is SourceOutcome.COMPLETE
    assert outcomes["jira"].error == "unexpected RuntimeError while reading"
    assert outcomes["jira"].hint
    [line] = [line for line in lines if line["event"] == "source.crashed"]
    assert "test_read.py" in line["error"]
    assert line["error"].startswith("RuntimeError at ")
    everything = f"{lines} {store.runs()} {content(company.state)!r}"
    assert company.jira.token not in everything


def test_a_source_that_cannot_even_be_opened_fails_alone(store: Store, company: Company):
    company.settings["sources"]["jira"]["url"] = "http://jira.acme.example"
    company.write()
    run = company.sync(store)
    outcomes = {result.source: result.outcome for result in run.results}
    assert outcomes == {"jira": SourceOutcome.FAILED, "crm": SourceOutcome.COMPLETE}


class _Deaf(JiraConnector):
    """A connector that never looks whether somebody asked it to stop, and lets through what cannot be kept."""

    def side_tables(self) -> Iterable[Page]:
        return ()

    def changed(self, cursor: object) -> Iterable[Page]:
        for native_id in ("1", "2", "\ud800", "4"):
            item = WorkItem(source=self.name, native_id=native_id, key=f"K-{native_id}", title="x", container="WEB")
            yield Page([item])

    def census(self, container: object) -> Iterable[str]:
        return ("1", "2", "4")


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.read.connector_type", lambda _kind: _Deaf)


@pytest.mark.usefixtures("deaf")
def test_the_wish_to_stop_is_heard_between_pages_and_moves_no_cursor(store: Store, company: Company):
    """P7, C16: even when a connector does not listen."""
    pages: list[int] = []

    def progress(_source: str, read: int) -> None:
        pages.append(read)
        if len(pages) == 2:
            company.stop.set()

    with pytest.raises(InterruptedRunError):
        company.read(store, "jira", progress=progress)
    assert pages == [1, 2]
    assert store.present_ids("jira") == {"1", "2"}
    assert store.cursor("jira") is None


@pytest.mark.usefixtures("deaf")
def test_what_only_the_store_refuses_is_set_aside_and_counted_as_well(store: Store, company: Company):
    """S10: nobody can write half of a surrogate pair."""
    result = company.read(store, "jira")
    assert (result.read, result.set_aside) == (4, 1)
    assert store.present_ids("jira") == {"1", "2", "4"}
    assert len(store.set_aside("jira")) == 1


def test_a_state_that_cannot_be_written_is_no_fault_of_the_source(
    store: Store, company: Company, monkeypatch: pytest.MonkeyPatch
):
    """C6: the disk is full; the run ends with that error, and the next one reads from the old cursor."""
    company.read(store, "jira")
    before = store.cursor("jira")

    def full(*_args: object) -> None:
        raise StateError("the disk of the state is full")

    company.pass_time(hours=1)
    company.slip()
    with monkeypatch.context() as patched:
        patched.setattr(Store, "save_page", full)
        with pytest.raises(StateError, match="disk"):
            company.read(store, "jira")
    assert store.cursor("jira") == before
    with store.view() as view:
        [coverage] = view.coverage()
    assert coverage.complete
    assert company.read(store, "jira").changed == 1


def test_the_cursor_goes_back_behind_the_start_of_the_reading(store: Store, company: Company):
    """J16, S7: what changed while the pages were read is read again next time."""
    company.read(store, "jira")
    stored = store.cursor("jira")
    assert stored is not None
    assert stored.cursor is not None
    assert stored.cursor.position == (company.now - timedelta(minutes=15)).isoformat()
