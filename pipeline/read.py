"""Reading one source: pages are stored as they come, the cursor only after the last, absences only after a census."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from connectors.base import Connector, ReadContext, SourceOptions
from connectors.registry import connector_type
from model.errors import DriftlineError, InterruptedRunError, SourceGoneError
from model.reading import Cursor, Page
from model.records import Absence
from model.runs import SourceOutcome, SourceResult
from state.store import Store

log = structlog.get_logger("driftline.read")

Progress = Callable[[str, int], None]
"""Called with the source's name and how many records were read so far."""

SMALLEST_SUSPICIOUS_LOSS = 5
SUSPICIOUS_SHARE = 10
"""More than this many records, and more than this many percent, gone at once is not believed (traps D.2, S6)."""


@dataclass(slots=True)
class _Count:
    pages: int = 0
    read: int = 0
    changed: int = 0
    absent: int = 0
    set_aside: int = 0


def read_source(
    store: Store,
    run_id: int,
    name: str,
    options: SourceOptions,
    context: ReadContext,
    *,
    clock: Callable[[], datetime],
    full: bool = False,
    progress: Progress,
) -> SourceResult:
    """Read one source to its end and say how that went.

    Never raises for what a source does: its error is in the result, and what is stored of it stays as it was.
    Raises InterruptedRunError when somebody asked to stop, and StateError when the store cannot be used.
    """
    count = _Count()
    outcome, error, hint = SourceOutcome.COMPLETE, "", ""
    try:
        connector = connector_type(options.kind)(name, options, context)
        try:
            _read_everything(store, run_id, connector, count, full=full, progress=progress)
        finally:
            connector.close()
    except InterruptedRunError:
        raise
    except DriftlineError as failure:
        outcome, error, hint = SourceOutcome.FAILED, failure.summary, failure.problems[0].hint
        store.fail_source(run_id, name, error, now=context.now)
    except Exception as failure:  # one source must never stop the others
        log.exception("source.crashed", source=name)
        outcome, error = SourceOutcome.FAILED, f"unexpected {type(failure).__name__} while reading"
        hint = "the log holds the details; please report it"
        store.fail_source(run_id, name, error, now=context.now)
    result = SourceResult(
        source=name,
        outcome=outcome,
        started_at=context.now,
        finished_at=clock(),
        pages=count.pages,
        read=count.read,
        changed=count.changed,
        absent=count.absent,
        set_aside=count.set_aside,
        error=error,
        hint=hint,
    )
    _say(result, full=full)
    return result


def _read_everything(
    store: Store, run_id: int, connector: Connector, count: _Count, *, full: bool, progress: Progress
) -> None:
    stored = store.cursor(connector.name)
    complete = full or _full_read_due(stored.full_at if stored else None, connector)
    cursor: Cursor | None = None if complete or stored is None else stored.cursor
    for page in connector.side_tables():
        _keep(store, run_id, connector, page, count, progress)
    for page in connector.changed(cursor):
        _keep(store, run_id, connector, page, count, progress)
    if complete:
        count.absent = _conclude_absences(store, run_id, connector, count, progress)
    store.finish_source(run_id, connector.name, connector.next_cursor(), full=complete, now=connector.context.now)


def _full_read_due(last_full: datetime | None, connector: Connector) -> bool:
    return last_full is None or connector.context.now - last_full >= connector.options.full_every


def _keep(store: Store, run_id: int, connector: Connector, page: Page, count: _Count, progress: Progress) -> None:
    connector.context.check()
    saved = store.save_page(run_id, page, connector.name, connector.context.now)
    count.pages += 1
    count.read += saved.read
    count.changed += saved.changed
    count.set_aside += len(page.set_aside)
    progress(connector.name, count.read)


def _conclude_absences(
    store: Store, run_id: int, connector: Connector, count: _Count, progress: Progress
) -> int:
    """Compare what is stored with a complete census and tell deleted from moved, unless too much is gone at once."""
    counted: set[str] = set()
    shelved: set[str] = set()
    for container in connector.roster():
        if container.state == "visible":
            counted.update(connector.census(container))
        else:
            shelved.update(store.present_ids(connector.name, container.id))
    known = store.present_ids(connector.name)
    missing = sorted(known - counted - shelved)
    absences = dict.fromkeys(shelved - counted, Absence.ARCHIVED)
    if missing:
        absences |= _classify(store, run_id, connector, missing, len(known), count, progress)
    return store.mark_absent(run_id, connector.name, absences, connector.context.now) if absences else 0


def _classify(
    store: Store,
    run_id: int,
    connector: Connector,
    missing: list[str],
    known: int,
    count: _Count,
    progress: Progress,
) -> dict[str, Absence]:
    """Ask for each missing record by its id: what still exists elsewhere has moved, what does not is deleted."""
    if len(missing) == known or len(missing) > max(SMALLEST_SUSPICIOUS_LOSS, known * SUSPICIOUS_SHARE // 100):
        raise SourceGoneError(
            f"{connector.name} no longer shows {len(missing)} of {known} records; none was taken as deleted",
            location=connector.name,
            hint="check the permissions and filters of the account Driftline uses",
        )
    found = list(connector.fetch(missing))
    if found:
        _keep(store, run_id, connector, Page(found), count, progress)
    elsewhere = {record.native_id for record in found}
    return {native_id: Absence.MOVED if native_id in elsewhere else Absence.DELETED for native_id in missing}


def _say(result: SourceResult, *, full: bool) -> None:
    """One line per source and run."""
    fields = {
        "source": result.source,
        "outcome": result.outcome.value,
        "full": full,
        "read": result.read,
        "changed": result.changed,
        "absent": result.absent,
        "set_aside": result.set_aside,
    }
    if result.outcome is SourceOutcome.COMPLETE:
        log.info("source.read", **fields)
    else:
        log.warning("source.failed", **fields, error=result.error, hint=result.hint)
