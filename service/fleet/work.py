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
from model.spans import note, spanned
from pipeline.crash import crash_site
from pipeline.notices import begin_notices, tell_at_once
from pipeline.run import conclude_round, read_for_round, walk_for_round
from service.beat import Beat
from service.fleet.due import due_now
from service.fleet.memory import NEAR, Memory
from service.fleet.names import CONCLUDE, FINDINGS, READ, READ_SHARD, REST, claim_of, shard_claim, source_claim
from service.fleet.round_trip import RoundTrip
from service.fleet.timing import Timing
from state.queue import QueuedJob, jobs, offer_to_all, put_back
from state.rounds import Pull
from state.shards import Shard
from state.store import Store

log = structlog.get_logger("driftline.worker")

MAY_PASS = (SourceUnavailableError, SourceRateLimitedError, SourceContentError)
"""What is worth another attempt; of the rest somebody must mend something first."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be done and nobody has it in hand: sources to read, rounds to conclude and parts of sources to walk,
    by their number."""

    sources: tuple[str, ...] = ()
    rounds: tuple[int, ...] = ()
    shards: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """How the reading of a source, or of a part of it, ended. ``again`` says that it is to be tried once more after
    ``failures`` attempts; with an ``error`` and without ``again`` it was given up."""

    error: str = ""
    failures: int = 0
    again: bool = False


@dataclass(slots=True)
class Work:
    """The work of one process. Every method may be called from any thread, and stops soon after ``stop`` is set.

    The next call may be made by another process on another machine: what is remembered here between two, in ``memory``,
    saves time and changes nothing.
    """

    store: Store
    configuration: Configuration
    clock: Callable[[], datetime]
    holder: str
    """How other workers and people are told who has something in hand."""
    timing: Timing = field(default_factory=Timing)
    stop: threading.Event = field(default_factory=threading.Event)
    beat: Beat = field(default_factory=Beat)
    memory: Memory = field(default_factory=Memory)

    def look_round(self) -> Wanted:
        """Take over from workers that are gone, open a round for what is due, and give what nobody has in hand."""
        for job in put_back(self.store, self.timing.stalled_seconds, holder=self.holder, claim_of=claim_of):
            log.warning("job.taken_over", job=job.task, **job.args)
        offer_to_all(self.store, begins=NEAR, queue=REST)
        self.store.close_abandoned_runs(self.clock())
        now = self.clock()
        sources = self.configuration.settings.sources
        run_id, due = self.store.open_round(
            {name: options.shards for name, options in sources.items()},
            now,
            baseline=not self.store.has_baseline(),
            due=due_now(self.store, self.configuration, now),
        )
        if due:
            log.info("round.opened", run=run_id, sources=len(due))
        return self.wanted()

    def wanted(self) -> Wanted:
        """What is to be done, by the state, that no job in the queue stands for. A source is to be read once all its
        parts were walked or given up."""
        pulls, rounds = self.store.pulls(open_only=True), self.store.rounds_to_conclude()
        shards = [(shard.source, shard.number) for shard in self.store.shards(waiting_only=True)]
        in_parts = {source for source, _ in shards}
        # Looked up last: what was put into the queue meanwhile is not put there once more.
        in_hand = [job for job in jobs(self.store) if job.lives]
        return Wanted(
            tuple(name for name in pulls if name not in in_parts and not _among(in_hand, READ, source=name)),
            tuple(run for run in rounds if not _among(in_hand, CONCLUDE, run=run)),
            tuple(each for each in shards if not _among(in_hand, READ_SHARD, source=each[0], shard=each[1])),
        )

    @spanned("job")
    def read_shard(self, source: str, number: int) -> Attempt:
        """Walk a part of a source for the round that waits for it; nothing when no round does. Raises as ``read``."""
        if self._waiting(self.store, source, number) is None:
            return Attempt()
        mine = self.store.claiming(shard_claim(source, number), self.holder)
        shard = self._waiting(mine, source, number)
        if shard is None:  # somebody else was about to end it
            return Attempt()
        note(job=READ_SHARD, run=shard.run_id, source=source)
        if source not in self.configuration.settings.sources:
            mine.end_shard(shard, None)
            return Attempt()
        if shard.failures >= self.timing.attempts:
            mine.end_shard(shard, None)
            return Attempt(f"given up after {shard.failures} attempts: {shard.error}", shard.failures)
        return self._read_shard(mine, shard)

    def _waiting(self, store: Store, source: str, number: int | None = None) -> Shard | None:
        """A part of a source that is to be walked; the one of this number, where one is given."""
        waiting = (shard for shard in store.shards(waiting_only=True) if shard.source == source)
        return next((shard for shard in waiting if number is None or shard.number == number), None)

    def _read_shard(self, mine: Store, shard: Shard) -> Attempt:
        """A part that fails is not the source's failure yet: whoever reads the source walks it then, and says so."""
        at = {"source": shard.source, "shard": f"{shard.number}/{shard.parts}"}
        try:
            walk = walk_for_round(mine, self.configuration, shard, clock=self.clock, stop=self.stop)
        except (InterruptedRunError, StateError):
            raise
        except DriftlineError as failure:
            error, may_pass = failure.summary, isinstance(failure, MAY_PASS)
            log.warning("shard.failed", **at, error=error)
        except Exception as failure:  # nobody foresaw it; it must not be tried for ever
            log.error("shard.crashed", **at, error=crash_site(failure))
            error, may_pass = f"unexpected {type(failure).__name__} while reading", True
        else:
            mine.end_shard(shard, walk)
            log.info("shard.read", **at, read=walk.read, changed=walk.changed, set_aside=walk.set_aside)
            return Attempt(failures=shard.failures)
        failures = mine.shard_failed(shard, error)
        if may_pass and failures < self.timing.attempts:
            return Attempt(error, failures, again=True)
        mine.end_shard(shard, None)
        return Attempt(error, failures)

    @spanned("job")
    def read(self, source: str) -> Attempt:
        """Read a source for the round that waits for it; nothing when no round does.

        Raise InterruptedRunError when ``stop`` is set, and StateError when the state cannot be used or somebody else
        took over: then nothing was decided about the round.
        """
        if source not in self.store.pulls(open_only=True) or self._waiting(self.store, source) is not None:
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
        note(job=READ, run=pull.run_id, source=pull.source)
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

    @spanned("job")
    def conclude(self, run_id: int) -> None:
        """Link, judge and commit what cannot wait for a digest, once every source of a round was read or given up.

        Raises as ``read`` does. Whatever else goes wrong ends the round as failed.
        """
        note(job=CONCLUDE, run=run_id)
        mine = self.store.claiming(FINDINGS, self.holder)
        run = mine.run(run_id)
        if run is None or run.outcome is not RunOutcome.RUNNING:
            tell_at_once(mine, self.configuration, now=self.clock())  # a kill may have come before that
            return
        begin_notices(mine, self.configuration)
        try:
            with self.memory.judging(mine, self.holder) as standing:
                done = conclude_round(
                    mine, self.configuration, run, clock=self.clock, stop=self.stop, standing=standing
                )
        except (InterruptedRunError, StateError):
            raise
        except Exception as failure:
            log.error("round.crashed", run=run_id, error=crash_site(failure))
            mine.finish_run(replace(run, outcome=RunOutcome.FAILED, finished_at=self.clock()))
            raise
        self.beat.ran(((done.finished_at or self.clock()) - done.started_at).total_seconds())
        self._say_alive(mine, done)

    def _say_alive(self, mine: Store, run: Run) -> None:
        settings = self.configuration.settings
        complete = {result.source for result in run.results if result.outcome is SourceOutcome.COMPLETE}
        RoundTrip(mine).completed(complete, settings.sources, settings.service.dead_man_url)


def _among(in_hand: list[QueuedJob], task: str, **args: object) -> bool:
    return any(job.task == task and args.items() <= job.args.items() for job in in_hand)
