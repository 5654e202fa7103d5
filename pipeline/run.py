"""The story of one run: read every source, link what was read, judge what the links mean, keep what is news."""

import gc
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from config.load import Configuration
from connectors.base import ReadContext, SourceOptions
from model.errors import DriftlineError, InterruptedRunError, StateError, UsageError
from model.findings import Transition, TransitionKind
from model.runs import Run, RunOutcome, SourceOutcome, SourceResult
from model.spans import OpenSpan, here, note, spanned
from pipeline.drift import explain_drift
from pipeline.judge import business_day, judge_and_keep
from pipeline.link_ahead import FirstLinking
from pipeline.mapping_change import link_and_record
from pipeline.measures import keep_measures
from pipeline.memory import collect_once, spare_memory
from pipeline.notices import begin_notices, tell_at_once
from pipeline.read import Progress, read_source
from pipeline.standing import Standing
from pipeline.walk import walk_part
from state.shards import Shard, Walk
from state.store import Store

log = structlog.get_logger("driftline.run")

SOURCES_AT_ONCE = 4

_CONTAINERS_BETWEEN_COLLECTIONS = (20_000, 10, 10)
"""Decoded pages are many small containers without cycles. Looking through them after every 700, as Python does, takes a
quarter of the time of a pull and finds nothing."""

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Stages:
    """What a run tells while it goes on: records read per source, and the name of each later stage."""

    read: Progress = lambda _source, _records: None
    enter: Callable[[str], None] = lambda _stage: None


def run_once(
    store: Store,
    configuration: Configuration,
    *,
    clock: Clock,
    stop: threading.Event,
    only: Collection[str] = (),
    full: bool = False,
    stages: Stages = Stages(),
) -> Run:
    """Make the only pass that goes on at this moment; a run that a killed process left open is closed first.

    See ``make_pass`` for the rest.
    """
    store.mark_interrupted_runs(clock())
    return make_pass(store, configuration, clock=clock, stop=stop, only=only, full=full, stages=stages)


@spanned("run")
def make_pass(
    store: Store,
    configuration: Configuration,
    *,
    clock: Clock,
    stop: threading.Event,
    only: Collection[str] = (),
    full: bool = False,
    stages: Stages = Stages(),
    turn: AbstractContextManager[object] | None = None,
    latest: Callable[[], Configuration] | None = None,
    standing: Standing | None = None,
) -> Run:
    """Make one pass over all sources, or over those named in ``only``, and give its result as it is stored.

    A source that fails leaves its stored records as they were; the others go on and every finding that rests on it is
    held. ``turn`` is held while links and findings are worked out, for a program that makes several passes side by
    side; ``latest`` gives the configuration to do that with, for one in which it may be loaded anew meanwhile;
    ``standing`` lets each of several passes judge only what changes since the one before can reach.

    Raise InterruptedRunError when ``stop`` is set, UsageError for an unknown name in ``only`` and StateError when the
    store cannot be used. However it ends, the run is closed and tells how. What cannot wait for a digest is in the
    outbox when it ends.
    """
    sources = chosen_sources(configuration.settings.sources, only)
    collect_seldom()
    spare_memory()
    started = clock()
    if standing is not None:  # a process that goes on; what runs once ends before it matters
        collect_once(started.date())
    baseline = not store.has_baseline()
    run = Run(id=store.start_run(started, baseline=baseline), started_at=started, baseline=baseline)
    begin_notices(store, configuration)
    ahead = _first_linking(store, configuration, started)
    going = _Pass(store, configuration, run.id, clock, stop, full, stages, standing, ahead)
    try:
        results = going.read(sources)
        with turn or nullcontext():
            judged_by = latest() if latest else configuration
            run = going.concluded(run, results, judged_by)
            store.finish_run(run)
            tell_at_once(store, judged_by, now=clock())
    except BaseException as failure:
        _close(store, replace(run, finished_at=clock()), failure)
        raise
    _say(run)
    return run


def read_for_round(
    store: Store,
    configuration: Configuration,
    run_id: int,
    name: str,
    *,
    clock: Clock,
    stop: threading.Event,
    failed: Callable[[DriftlineError], None],
) -> SourceResult:
    """Read one source for a run whose other sources somebody else reads; ``failed`` is told why it cannot be read.

    What ``walk_for_round`` walked of it is taken over.
    """
    going = _Pass(store, configuration, run_id, clock, stop, failed=failed, walks=store.walks(name, run_id))
    return going.read_one(name, configuration.settings.sources[name])


def walk_for_round(
    store: Store, configuration: Configuration, shard: Shard, *, clock: Clock, stop: threading.Event
) -> Walk:
    """Walk one part of a source for a run; see ``walk_part``."""
    settings = configuration.settings
    with here()("read", source=shard.source, kind=settings.sources[shard.source].kind) as step:
        context = ReadContext(now=clock(), zone=settings.business.zone, stop=stop, span=here())
        walk = walk_part(store, shard, settings.sources[shard.source], context, clock=clock)
        step.note(records=walk.read, changed=walk.changed)
        return walk


def conclude_round(
    store: Store,
    configuration: Configuration,
    run: Run,
    *,
    clock: Clock,
    stop: threading.Event,
    standing: Standing | None = None,
) -> Run:
    """Link and judge after every source of a run was read, and close it; for ``standing`` see ``make_pass``.

    Raise InterruptedRunError when ``stop`` is set and StateError when the store cannot be used; then the run is as open
    as before, and can be concluded by the next one.
    """
    going = _Pass(store, configuration, run.id, clock, stop, standing=standing)
    run = going.concluded(run, run.results, configuration)
    store.finish_run(run)
    tell_at_once(store, configuration, now=clock())
    _say(run)
    return run


def collect_seldom() -> None:
    """Make Python look for unreachable cycles less often, from now on: passes may go on side by side.

    What is there before the first pass is the program itself, which no later look needs to go through.
    """
    if gc.get_threshold() != _CONTAINERS_BETWEEN_COLLECTIONS:
        gc.set_threshold(*_CONTAINERS_BETWEEN_COLLECTIONS)
        gc.freeze()


def chosen_sources(sources: Mapping[str, SourceOptions], only: Collection[str]) -> dict[str, SourceOptions]:
    """The configured sources, or those that are named; raise UsageError for an unknown name."""
    unknown = [name for name in only if name not in sources]
    if unknown:
        raise UsageError(
            f"there is no source named {', '.join(unknown)}", hint=f"the sources are: {', '.join(sources)}"
        )
    return {name: options for name, options in sources.items() if not only or name in only}


@dataclass(frozen=True, slots=True)
class _Pass:
    """One run while it goes on."""

    store: Store
    configuration: Configuration
    run_id: int
    clock: Clock
    stop: threading.Event
    full: bool = False
    stages: Stages = Stages()
    standing: Standing | None = None
    ahead: FirstLinking | None = None
    failed: Callable[[DriftlineError], None] | None = None
    walks: Sequence[Walk] = ()
    span: OpenSpan = field(default_factory=here)
    """Opens a span below that of the run."""

    def read(self, sources: Mapping[str, SourceOptions]) -> list[SourceResult]:
        """Read the sources side by side, each on a thread of its own."""
        with ThreadPoolExecutor(max_workers=SOURCES_AT_ONCE, thread_name_prefix="read") as pool:
            try:
                return list(pool.map(self.read_one, sources, sources.values()))
            except KeyboardInterrupt:
                self.stop.set()  # otherwise leaving the pool would wait for the last page of every source
                raise

    def read_one(self, name: str, options: SourceOptions) -> SourceResult:
        with self.span("read", source=name, kind=options.kind) as step:
            result = self._read_one(name, options)
            step.note(outcome=result.outcome.value, records=result.read, changed=result.changed)
            return result

    def _read_one(self, name: str, options: SourceOptions) -> SourceResult:
        result = read_source(
            self.store,
            self.run_id,
            name,
            options,
            ReadContext(now=self.clock(), zone=self.configuration.settings.business.zone, stop=self.stop, span=here()),
            clock=self.clock,
            progress=self.stages.read,
            full=self.full,
            ahead=self.ahead.reading(name) if self.ahead else None,
            failed=self.failed,
            walks=self.walks,
        )
        return explain_drift(self.store, self.run_id, result, self.configuration)

    def conclude(self, configuration: Configuration) -> tuple[Transition, ...]:
        """Link and judge everything that is stored, whoever read it."""
        try:
            return self._conclude(configuration)
        except BaseException:
            if self.standing is not None:  # what was linked otherwise until here, nobody tells the next judgement
                self.standing.forget()
            raise

    def _conclude(self, configuration: Configuration) -> tuple[Transition, ...]:
        self._enter("linking records to objectives")
        linking, reach = link_and_record(self.store, configuration, now=self.clock(), ahead=self.ahead)
        self._enter("judging")
        transitions = judge_and_keep(
            self.store,
            configuration,
            self.run_id,
            now=self.clock(),
            reach=reach,
            standing=self.standing,
            linking=linking,
        )
        keep_measures(self.store, configuration, self.run_id, now=self.clock(), whole=self.standing is None)
        return transitions

    def concluded(self, run: Run, results: Collection[SourceResult], configuration: Configuration) -> Run:
        """Conclude from what was read, and give how the run ended."""
        transitions = self.conclude(configuration)
        return replace(
            run,
            finished_at=self.clock(),
            outcome=_outcome(results),
            results=tuple(results),
            opened=sum(1 for step in transitions if step.kind in (TransitionKind.OPENED, TransitionKind.REOPENED)),
            resolved=sum(1 for step in transitions if step.kind is TransitionKind.RESOLVED),
            standing=self.store.count_standing(),
        )

    def _enter(self, stage: str) -> None:
        if self.stop.is_set():
            raise InterruptedRunError(f"stopped before {stage}")
        self.stages.enter(stage)


def _first_linking(store: Store, configuration: Configuration, now: datetime) -> FirstLinking | None:
    settings = configuration.settings
    return FirstLinking.of(store, configuration.mapping, settings.sources, business_day(now, settings.business.zone))


def _outcome(results: Collection[SourceResult]) -> RunOutcome:
    failed = sum(1 for result in results if result.outcome is SourceOutcome.FAILED)
    if failed == 0:
        return RunOutcome.DONE
    return RunOutcome.FAILED if failed == len(results) else RunOutcome.PARTIAL


def _close(store: Store, run: Run, failure: BaseException) -> None:
    """Note how a run broke off. When the store itself is what failed, the next run closes this one."""
    stopped = isinstance(failure, InterruptedRunError | KeyboardInterrupt)
    with suppress(StateError):
        store.finish_run(replace(run, outcome=RunOutcome.INTERRUPTED if stopped else RunOutcome.FAILED))


def _say(run: Run) -> None:
    note(run=run.id, outcome=run.outcome.value, opened=run.opened, resolved=run.resolved, standing=run.standing)
    log.info(
        "run.finished",
        run=run.id,
        outcome=run.outcome.value,
        baseline=run.baseline,
        sources=len(run.results),
        opened=run.opened,
        resolved=run.resolved,
        standing=run.standing,
    )
