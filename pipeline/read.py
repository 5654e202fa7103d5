"""Reading one source: pages are stored as they come, the cursor only after the last, absences only after a census."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from connectors.base import Connector, ReadContext, SourceOptions
from connectors.registry import connector_type
from model.errors import DriftlineError, InterruptedRunError, StateError
from model.reading import Cursor, Page
from model.runs import SourceOutcome, SourceResult
from pipeline.absences import find_absences
from pipeline.crash import crash_site
from state.reading import StoredCursor
from state.store import Store

log = structlog.get_logger("driftline.read")

Progress = Callable[[str, int], None]
"""Called with the source's name and how many records were read so far."""


@dataclass(slots=True)
class Reading:
    """One source while it is read in one run, and what was read of it so far."""

    store: Store
    run_id: int
    name: str
    context: ReadContext
    progress: Progress
    pages: int = 0
    read: int = 0
    changed: int = 0
    absent: int = 0
    set_aside: int = 0

    def keep(self, page: Page) -> None:
        """Store one page, unless somebody asked us to stop."""
        self.context.check()
        saved = self.store.save_page(self.run_id, page, self.name, self.context.now)
        self.pages += 1
        self.read += saved.read
        self.changed += saved.changed
        self.set_aside += saved.set_aside
        self.progress(self.name, self.read)

    def result(self, finished_at: datetime, error: str | None = None, hint: str = "") -> SourceResult:
        """What the run got from the source; ``error`` is None when it was read to its end."""
        return SourceResult(
            source=self.name,
            outcome=SourceOutcome.COMPLETE if error is None else SourceOutcome.FAILED,
            started_at=self.context.now,
            finished_at=finished_at,
            pages=self.pages,
            read=self.read,
            changed=self.changed,
            absent=self.absent,
            set_aside=self.set_aside,
            error=error or "",
            hint=hint,
        )


def read_source(
    store: Store,
    run_id: int,
    name: str,
    options: SourceOptions,
    context: ReadContext,
    *,
    clock: Callable[[], datetime],
    progress: Progress,
    full: bool = False,
    trust_census: bool = False,
) -> SourceResult:
    """Read one source to its end and say how that went.

    Never raises for what a source does: its error is in the result, and what is stored of it stays as it was. Raises
    InterruptedRunError when somebody asked to stop, and StateError when the store cannot be used.
    """
    reading = Reading(store, run_id, name, context, progress)
    try:
        connector = connector_type(options.kind)(name, options, context)
        try:
            _read_everything(reading, connector, full=full, trust_census=trust_census)
        finally:
            connector.close()
    except (InterruptedRunError, StateError):
        raise
    except DriftlineError as failure:
        store.fail_source(run_id, name, failure.summary, now=context.now)
        result = reading.result(clock(), failure.summary, failure.problems[0].hint if failure.problems else "")
    except Exception as failure:  # one source must never stop the others
        log.error("source.crashed", source=name, error=crash_site(failure))
        error = f"unexpected {type(failure).__name__} while reading"
        store.fail_source(run_id, name, error, now=context.now)
        result = reading.result(clock(), error, "the log tells where; please report it")
    else:
        result = reading.result(clock())
    _say(result)
    return result


def _read_everything(reading: Reading, connector: Connector, *, full: bool, trust_census: bool) -> None:
    store, now = reading.store, reading.context.now
    stored = store.cursor(connector.name)
    complete = full or stored is None or _full_read_due(stored, connector)
    cursor: Cursor | None = None if complete or stored is None else stored.cursor
    for page in connector.side_tables():
        reading.keep(page)
    for page in connector.changed(cursor):
        reading.keep(page)
    if complete:
        absences = find_absences(store, connector, reading.keep, trust_census=trust_census)
        reading.absent = store.mark_absent(reading.run_id, connector.name, absences, now) if absences else 0
    reading.context.check()
    store.finish_source(reading.run_id, connector.name, connector.next_cursor(), full=complete, now=now)


def _full_read_due(stored: StoredCursor, connector: Connector) -> bool:
    """Time for a full read; also after the clock ran ahead, because that cursor would hide what changes until then
    (S8)."""
    now = connector.context.now
    if stored.full_at is None or stored.read_at > now:
        return True
    return now - stored.full_at >= connector.options.full_every


def _say(result: SourceResult) -> None:
    """One line per source and run."""
    counts = {
        "source": result.source,
        "read": result.read,
        "changed": result.changed,
        "absent": result.absent,
        "set_aside": result.set_aside,
    }
    if result.outcome is SourceOutcome.COMPLETE:
        log.info("source.read", **counts)
    else:
        log.warning("source.failed", **counts, error=result.error, hint=result.hint)
