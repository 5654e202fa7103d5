"""The story of one run: read every source, link what was read, judge what the links mean, keep what is news."""

import threading
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import structlog

from config.load import Configuration
from connectors.base import ReadContext, SourceOptions
from model.errors import InterruptedRunError, UsageError
from model.findings import TransitionKind
from model.runs import Run, RunOutcome, SourceOutcome, SourceResult
from pipeline.judge import judge_and_keep
from pipeline.link import link_records
from pipeline.read import Progress, read_source
from state.store import Store

log = structlog.get_logger("driftline.run")

SOURCES_AT_ONCE = 4

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
    """Make one pass over all sources, or over those named in ``only``, and give its result as it is stored.

    A source that fails leaves its stored records as they were; the others go on and every finding that rests on it is
    held. Raises InterruptedRunError when ``stop`` is set and UsageError for an unknown name in ``only``.
    """
    sources = chosen_sources(configuration.settings.sources, only)
    started = clock()
    store.mark_interrupted_runs(started)
    baseline = not store.has_baseline()
    run_id = store.start_run(started, baseline=baseline)
    results: list[SourceResult] = []
    try:
        results = _read_all(store, configuration, run_id, sources, clock, stop, full=full, progress=stages.read)
        stages.enter("linking records to objectives")
        link_records(store, configuration.mapping)
        stages.enter("judging")
        transitions = judge_and_keep(store, configuration, run_id, now=clock(), baseline=baseline)
    except InterruptedRunError:
        store.finish_run(Run(id=run_id, started_at=started, finished_at=clock(), outcome=RunOutcome.INTERRUPTED))
        raise
    run = Run(
        id=run_id,
        started_at=started,
        finished_at=clock(),
        outcome=_outcome(results),
        baseline=baseline,
        results=tuple(results),
        opened=sum(1 for step in transitions if step.kind in (TransitionKind.OPENED, TransitionKind.REOPENED)),
        resolved=sum(1 for step in transitions if step.kind is TransitionKind.RESOLVED),
        standing=sum(1 for finding in store.tracked().values() if finding.standing),
    )
    store.finish_run(run)
    log.info(
        "run.finished",
        run=run.id,
        outcome=run.outcome.value,
        baseline=baseline,
        sources=len(results),
        opened=run.opened,
        resolved=run.resolved,
        standing=run.standing,
    )
    return run


def chosen_sources(sources: Mapping[str, SourceOptions], only: Collection[str]) -> dict[str, SourceOptions]:
    """The configured sources, or those that are named; raise UsageError for an unknown name."""
    unknown = [name for name in only if name not in sources]
    if unknown:
        raise UsageError(
            f"there is no source named {', '.join(unknown)}", hint=f"the sources are: {', '.join(sources)}"
        )
    return {name: options for name, options in sources.items() if not only or name in only}


def _read_all(
    store: Store,
    configuration: Configuration,
    run_id: int,
    sources: Mapping[str, SourceOptions],
    clock: Clock,
    stop: threading.Event,
    *,
    full: bool,
    progress: Progress,
) -> list[SourceResult]:
    """Read the sources side by side, each on a thread of its own."""
    zone = configuration.settings.business.zone

    def read(name: str) -> SourceResult:
        context = ReadContext(now=clock(), zone=zone, stop=stop)
        return read_source(store, run_id, name, sources[name], context, clock=clock, full=full, progress=progress)

    with ThreadPoolExecutor(max_workers=SOURCES_AT_ONCE, thread_name_prefix="read") as pool:
        return list(pool.map(read, sources))


def _outcome(results: Collection[SourceResult]) -> RunOutcome:
    failed = sum(1 for result in results if result.outcome is SourceOutcome.FAILED)
    if failed == 0:
        return RunOutcome.DONE
    return RunOutcome.FAILED if failed == len(results) else RunOutcome.PARTIAL
