"""Runs and their results."""

import pytest

from model.errors import StateError
from model.runs import Run, RunOutcome, SourceOutcome, SourceResult
from state.store import Store
from tests.state.worlds import DAY_1, DAY_2, DAY_3


def result(source: str, outcome: SourceOutcome = SourceOutcome.COMPLETE) -> SourceResult:
    return SourceResult(
        source=source, outcome=outcome, started_at=DAY_1, finished_at=DAY_2, pages=2, read=150, changed=3, error="e"
    )


def finish(store: Store, outcome: RunOutcome, *results: SourceResult) -> Run:
    run = Run(
        id=store.start_run(DAY_1, baseline=True),
        started_at=DAY_1,
        finished_at=DAY_2,
        outcome=outcome,
        baseline=True,
        results=results,
        opened=4,
        standing=7,
    )
    store.finish_run(run)
    return run


def test_a_run_reads_back_equal_with_its_results_newest_first(store: Store) -> None:
    first = finish(store, RunOutcome.DONE, result("crm"), result("jira"))
    second = finish(store, RunOutcome.PARTIAL, result("crm", SourceOutcome.FAILED))
    assert store.runs() == [second, first]
    assert store.runs(limit=1) == [second]


def test_a_started_run_is_running(store: Store) -> None:
    id_ = store.start_run(DAY_1, baseline=False)
    assert store.runs() == [Run(id=id_, started_at=DAY_1)]


def test_a_run_that_was_never_started_cannot_finish(store: Store) -> None:
    with pytest.raises(StateError, match="there is no run 99"):
        store.finish_run(Run(id=99, started_at=DAY_1, results=(result("jira"),)))
    assert store.runs() == []


@pytest.mark.parametrize(
    ("outcome", "source", "is_baseline"),
    [
        (RunOutcome.DONE, SourceOutcome.COMPLETE, True),
        (RunOutcome.PARTIAL, SourceOutcome.COMPLETE, True),
        (RunOutcome.PARTIAL, SourceOutcome.FAILED, False),
        (RunOutcome.FAILED, SourceOutcome.COMPLETE, False),
        (RunOutcome.INTERRUPTED, SourceOutcome.COMPLETE, False),
        (RunOutcome.RUNNING, SourceOutcome.COMPLETE, False),
    ],
)
def test_a_baseline_is_a_finished_run_that_read_a_source(
    store: Store, outcome: RunOutcome, source: SourceOutcome, is_baseline: bool
) -> None:
    assert not store.has_baseline()
    finish(store, outcome, result("jira", source))
    assert store.has_baseline() is is_baseline


def test_runs_of_a_killed_process_are_closed_and_finished_ones_left_alone(store: Store) -> None:
    done = finish(store, RunOutcome.DONE)
    left = store.start_run(DAY_2, baseline=False)
    assert store.mark_interrupted_runs(DAY_3) == 1
    assert store.runs() == [
        Run(id=left, started_at=DAY_2, finished_at=DAY_3, outcome=RunOutcome.INTERRUPTED),
        done,
    ]
    assert store.mark_interrupted_runs(DAY_3) == 0
