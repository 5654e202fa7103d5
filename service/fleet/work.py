"""What a worker does, apart from the queue that tells it when: open rounds, read one source, conclude a round."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

import structlog

from config.load import Configuration
from model.errors import (
    DriftlineError,
    InterruptedRunError,
    SourceContentError,
    SourceRateLimitedError,
    SourceUnavailableError,
    StateError,
)
from model.runs import Run, RunOutcome, SourceOutcome, SourceResult
from pipeline.crash import crash_site
from pipeline.notices import begin_notices, tell_at_once
from pipeline.run import conclude_round, read_for_round
from service.fleet.due import due_now
from service.fleet.names import CONCLUDE, FINDINGS, READ, claim_of, source_claim
from service.fleet.round_trip import RoundTrip
from service.fleet.timing import Timing
from state.queue import QueuedJob, jobs, put_back
from state.rounds import Pull
from state.store import Store

log = structlog.get_logger("driftline.worker")

MAY_PASS = (SourceUnavailableError, SourceRateLimitedError, SourceContentError)
"""What is worth another attempt; of the rest somebody must mend something first."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be done and nobody has it in hand: sources to read and rounds to conclude."""

    sources: tuple[str, ...] = ()
    rounds: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """How the reading of a source ended. ``again`` says that it is to be tried once more after ``failures`` attempts;
    with an ``error`` and without ``again`` it was given up."""

    error: str = ""
    failures: int = 0
    again: bool = False


@dataclass(slots=True)
class Work:
    """The work of one process. Every method may be called from any thread, and stops soon after ``stop`` is set.

    Nothing is remembered here between two calls: the next one may be made by another process on another machine.
    """

    store: Store
    configuration: Configuration
    clock: Callable[[], datetime]
    holder: str
    """How other workers and people are told who has something in hand."""
    timing: Timing = field(default_factory=Timing)
    stop: threading.Event = field(default_factory=threading.Event)

    def look_round(self) -> Wanted:
        """Take over from workers that are gone, open a round for what is due, and give what nobody has in hand."""
        for job in put_back(self.store, self.timing.stalled_seconds, holder=self.holder, claim_of=claim_of):
            log.warning("job.taken_over", job=job.task, **job.args)
        self.store.close_abandoned_runs(self.clock())
        now = self.clock()
        run_id, due = self.store.open_round(
            self.configuration.settings.sources,
            now,
            baseline=not self.store.has_baseline(),
            due=due_now(self.store, self.configuration, now),
        )
        if due:
            log.info("round.opened", run=run_id, sources=len(due))
        return self.wanted()

    def wanted(self) -> Wanted:
        """What is to be done, by the state, that no job in the queue stands for."""
        pulls, rounds = self.store.pulls(open_only=True), self.store.rounds_to_conclude()
        # Looked up last: what was put into the queue meanwhile is not put there once more.
        in_hand = [job for job in jobs(self.store) if job.lives]
        return Wanted(
            tuple(name for name in pulls if not _among(in_hand, READ, "source", name)),
            tuple(run for run in rounds if not _among(in_hand, CONCLUDE, "run", run)),
        )

    def read(self, source: str) -> Attempt:
        """Read a source for the round that waits for it; nothing when no round does.

        Raise InterruptedRunError when ``stop`` is set, and StateError when the state cannot be used or somebody else
        took over: then nothing was decided about the round.
        """
        if source not in self.store.pulls(open_only=True):
            return Attempt()
        mine = self.store.claiming(source_claim(source), self.holder)
        pull = mine.pulls(open_only=True).get(source)
        if pull is None:  # somebody else was about to end it
            return Attempt()
        if source not in self.configuration.settings.sources:
            mine.end_pull(pull, None)
            return Attempt()
        if pull.failures >= self.timing.attempts:
            return self._give_up(mine, pull)
        return self._read(mine, pull)

    def _read(self, mine: Store, pull: Pull) -> Attempt:
        failed: list[DriftlineError] = []
        read = partial(read_for_round, mine, self.configuration, pull.run_id, pull.source)
        try:
            result = read(clock=self.clock, stop=self.stop, failed=failed.append)
        except (InterruptedRunError, StateError):
            raise
        except Exception as failure:  # nobody foresaw it; it must not be tried for ever
            log.error("source.crashed", source=pull.source, error=crash_site(failure))
            error = f"unexpected {type(failure).__name__} while reading"
            return Attempt(error, mine.pull_failed(pull, error), again=True)
        failures = pull.failures
        if result.outcome is SourceOutcome.FAILED:
            failures = mine.pull_failed(pull, result.error)
            if failed and isinstance(failed[-1], MAY_PASS) and failures < self.timing.attempts:
                return Attempt(result.error, failures, again=True)
        mine.end_pull(pull, result)
        return Attempt(result.error, failures)

    def _give_up(self, mine: Store, pull: Pull) -> Attempt:
        """A source of which workers died, or crashed, again and again: others must not suffer of it too."""
        now = self.clock()
        error = f"given up after {pull.failures} attempts: {pull.error}"
        mine.fail_source(pull.run_id, pull.source, error, now)
        hint = "look at the memory and the logs of the workers that read it"
        result = SourceResult(
            source=pull.source, outcome=SourceOutcome.FAILED, started_at=now, finished_at=now, error=error, hint=hint
        )
        mine.end_pull(pull, result)
        return Attempt(error, pull.failures)

    def conclude(self, run_id: int) -> None:
        """Link, judge and commit what cannot wait for a digest, once every source of a round was read or given up.

        Raises as ``read`` does. Whatever else goes wrong ends the round as failed.
        """
        mine = self.store.claiming(FINDINGS, self.holder)
        run = mine.run(run_id)
        if run is None or run.outcome is not RunOutcome.RUNNING:
            tell_at_once(mine, self.configuration, now=self.clock())  # a kill may have come before that
            return
        begin_notices(mine, self.configuration)
        try:
            done = conclude_round(mine, self.configuration, run, clock=self.clock, stop=self.stop)
        except (InterruptedRunError, StateError):
            raise
        except Exception as failure:
            log.error("round.crashed", run=run_id, error=crash_site(failure))
            mine.finish_run(replace(run, outcome=RunOutcome.FAILED, finished_at=self.clock()))
            raise
        self._say_alive(mine, done)

    def _say_alive(self, mine: Store, run: Run) -> None:
        settings = self.configuration.settings
        complete = {result.source for result in run.results if result.outcome is SourceOutcome.COMPLETE}
        RoundTrip(mine).completed(complete, settings.sources, settings.service.dead_man_url)


def _among(in_hand: list[QueuedJob], task: str, name: str, value: object) -> bool:
    return any(job.task == task and job.args.get(name) == value for job in in_hand)
