"""One run as a whole: how it ends, whatever happens on the way."""

import gc
import threading
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import pytest

from connectors.base import ReadContext
from connectors.jira import JiraConnector
from model.errors import InterruptedRunError, StateError, UsageError
from model.runs import RunOutcome, SourceOutcome
from pipeline import run as run_module
from pipeline.run import Stages, make_pass
from sandbox.http import Fault
from state.store import Store
from tests.pipeline.company import Company, standing


def test_a_run_is_stored_as_it_is_given_back(store: Store, company: Company):
    company.slip()
    run = company.sync(store)
    assert (run.outcome, run.baseline, run.opened, run.resolved, run.standing) == (RunOutcome.DONE, True, 8, 0, 8)
    assert {result.source: result.outcome for result in run.results} == {
        "jira": SourceOutcome.COMPLETE,
        "crm": SourceOutcome.COMPLETE,
    }
    [stored] = store.runs()
    assert (stored.id, stored.outcome, stored.opened, stored.finished_at) == (run.id, run.outcome, 8, run.finished_at)
    assert len(stored.results) == 2


def test_a_run_lets_python_look_for_cycles_seldom_and_still_finds_them(store: Store, company: Company):
    """A page is thousands of small containers; the daemon must not keep garbage for it."""
    company.sync(store)
    assert gc.get_threshold()[0] >= 10_000
    assert gc.isenabled()
    frozen = gc.get_freeze_count()
    company.sync(store)
    assert gc.get_freeze_count() <= frozen, "what a run leaves behind must be found"


def test_only_the_first_run_that_reconciled_is_the_baseline(store: Store, company: Company):
    assert company.sync(store).baseline
    assert not company.sync(store).baseline


def test_a_run_over_one_source_leaves_the_others_alone(store: Store, company: Company):
    company.sync(store)
    company.jira_server.requests.clear()
    run = company.sync(store, "crm")
    assert [result.source for result in run.results] == ["crm"]
    assert company.jira_server.requests == []


def test_a_source_that_does_not_exist_is_a_mistake_of_the_caller_and_no_run(store: Store, company: Company):
    with pytest.raises(UsageError, match="no source named trello"):
        company.sync(store, "trello")
    assert store.runs() == []


def test_one_failing_source_makes_a_run_partial_and_the_other_is_judged_all_the_same(store: Store, company: Company):
    """S1: and its promises are compared with the last complete answer of the one that failed."""
    company.sync(store)
    company.slip()
    company.pass_time(hours=1)
    company.sync(store, "jira")
    company.jira_server.add_fault(Fault(pattern=".", cut_at=3, times=None))
    company.org.move_promise(company.deals["D-1"], company.now.date().replace(month=12), by="sam.okoro@acme.example")
    run = company.sync(store)
    assert run.outcome is RunOutcome.PARTIAL
    outcomes = {result.source: result.outcome for result in run.results}
    assert outcomes == {"jira": SourceOutcome.FAILED, "crm": SourceOutcome.COMPLETE}
    assert len(standing(store)) == 8


def test_a_run_in_which_every_source_failed_has_failed(store: Store, company: Company):
    company.jira_server.add_fault(Fault(pattern=".", cut_at=3, times=None))
    company.crm_server.add_fault(Fault(pattern=".", cut_at=3, times=None))
    assert company.sync(store).outcome is RunOutcome.FAILED
    assert not store.has_baseline()


def test_a_run_that_was_killed_is_closed_by_the_next(store: Store, company: Company):
    """C1."""
    killed = store.start_run(company.now, baseline=True)
    company.sync(store)
    outcomes = {run.id: run.outcome for run in store.runs()}
    assert outcomes == {killed: RunOutcome.INTERRUPTED, killed + 1: RunOutcome.DONE}


@pytest.mark.parametrize("stage", ["linking records to objectives", "judging"])
def test_the_wish_to_stop_is_heard_before_each_stage(store: Store, company: Company, stage: str):
    """C16: nothing half-done is kept, and the next run makes up for it."""
    company.slip()
    stages = Stages(enter=lambda entered: company.stop.set() if entered != stage else None)
    if stage.startswith("linking"):
        stages = Stages(read=lambda _source, read: company.stop.set() if read == 9 else None)
    with pytest.raises(InterruptedRunError):
        company.sync(store, "crm", stages=stages)
    assert [run.outcome for run in store.runs()] == [RunOutcome.INTERRUPTED]
    assert store.transitions() == []
    company.stop.clear()
    assert company.sync(store).opened == 8


def explode(error: BaseException) -> Callable[..., Any]:
    def raise_it(*_args: object, **_named: object) -> None:
        raise error

    return raise_it


@pytest.mark.parametrize("where", ["link_and_record", "judge_and_keep"])
def test_a_mistake_of_our_own_closes_the_run_as_failed_and_is_not_hidden(
    store: Store, company: Company, monkeypatch: pytest.MonkeyPatch, where: str
):
    with monkeypatch.context() as patched:
        patched.setattr(run_module, where, explode(ZeroDivisionError("a mistake")))
        with pytest.raises(ZeroDivisionError):
            company.sync(store)
    [failed] = store.runs()
    assert (failed.outcome, failed.finished_at) == (RunOutcome.FAILED, company.now)
    assert not store.has_baseline()
    assert company.sync(store).outcome is RunOutcome.DONE


def test_a_state_that_broke_is_told_and_the_next_run_closes_what_could_not_be_closed(
    store: Store, company: Company, monkeypatch: pytest.MonkeyPatch
):
    """C6, C8."""
    with monkeypatch.context() as patched:
        patched.setattr(run_module, "link_and_record", explode(StateError("the disk is full")))
        patched.setattr(Store, "finish_run", explode(StateError("still full")))
        with pytest.raises(StateError, match="the disk is full"):
            company.sync(store)
    assert [run.outcome for run in store.runs()] == [RunOutcome.RUNNING]
    company.sync(store)
    assert [run.outcome for run in store.runs()] == [RunOutcome.DONE, RunOutcome.INTERRUPTED]


def test_ctrl_c_stops_the_readings_and_is_an_interruption(
    store: Store, company: Company, monkeypatch: pytest.MonkeyPatch
):
    """Without it, leaving would wait for the last page of a source that hangs."""
    reading = threading.Event()

    def hang(self: JiraConnector) -> Any:
        reading.set()
        assert self.context.stop.wait(10), "nobody told the reading to stop"
        self.context.check()

    def press(self: object, function: Any, *arguments: Any) -> Any:
        for each in zip(*arguments, strict=True):
            self.submit(function, *each)  # type: ignore[attr-defined]
        assert reading.wait(10)
        raise KeyboardInterrupt

    monkeypatch.setattr(JiraConnector, "side_tables", hang)
    monkeypatch.setattr(run_module.ThreadPoolExecutor, "map", press)
    with pytest.raises(KeyboardInterrupt):
        company.sync(store)
    assert company.stop.is_set()
    assert [run.outcome for run in store.runs()] == [RunOutcome.INTERRUPTED]


def test_linking_and_judging_wait_for_their_turn_and_reading_does_not(store: Store, company: Company):
    told: list[str] = []

    @contextmanager
    def turn() -> Any:
        told.append("turn")
        yield
        told.append("over")

    stages = Stages(read=lambda source, _read: told.append(source), enter=told.append)
    make_pass(
        store,
        company.configuration,
        clock=company.clock,
        stop=company.stop,
        only=["crm"],
        stages=stages,
        turn=turn(),
    )
    assert told == ["crm"] * 3 + ["turn", "linking records to objectives", "judging", "over"]


def test_two_passes_side_by_side_do_not_close_each_other(store: Store, company: Company):
    company.slip()
    turn = threading.Lock()

    def one(source: str) -> None:
        make_pass(store, company.configuration, clock=company.clock, stop=company.stop, only=[source], turn=turn)

    threads = [threading.Thread(target=one, args=[source]) for source in ("jira", "crm")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert [run.outcome for run in store.runs()] == [RunOutcome.DONE, RunOutcome.DONE]
    assert len(standing(store)) == 8
    assert all(step.baseline for step in store.transitions())


def test_each_source_has_the_time_at_which_its_own_reading_began(store: Store, company: Company):
    context = ReadContext(now=company.now, zone=company.configuration.settings.business.zone)
    company.sync(store)
    stored = store.cursor("crm")
    assert stored is not None
    assert stored.read_at == context.now
