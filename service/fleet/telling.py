"""Digests at their times and what waits in the outbox, for workers of which now one and now another takes its turn."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import structlog

from model.errors import DriftlineError, InterruptedRunError, StateError
from pipeline.crash import crash_site
from pipeline.notify import deliver, prepare
from pipeline.owners import prepare_to_dos
from pipeline.pauses import Pauses
from pipeline.rhythm import OWNERS, slot_book
from service.fleet.due import overdue
from service.fleet.names import FINDINGS
from service.fleet.work import Work
from state.store import Store

log = structlog.get_logger("driftline.worker")

CATCH_UP = timedelta(minutes=5)
"""How long a digest waits for sources that are overdue, after all workers were down for example (C15)."""
PAUSES_NOTE = "workers-pauses"

_DELIVERIES = "deliveries"


def tell(work: Work) -> None:
    """Compose the digests and to-do mails that are due and send what waits; one audience keeps back no other."""
    mine = work.store.claiming(FINDINGS, work.holder)
    settings = work.configuration.settings
    before = mine.note(PAUSES_NOTE) or Pauses().written()
    pauses = Pauses.read(before)
    slot_book(mine, work.configuration).begin(work.clock())
    for audience in [*settings.digests, *([OWNERS] if settings.owners is not None else [])]:
        _attempt(work, pauses, f"digest {audience}", partial(_compose, work, mine, audience))
    now = work.clock()
    sending = partial(deliver, mine, work.configuration, now=now, pauses=pauses, stop=work.stop)
    _attempt(work, pauses, _DELIVERIES, sending)
    if pauses.written() != before:
        mine.set_note(PAUSES_NOTE, pauses.written())


def _attempt(work: Work, pauses: Pauses, job: str, do: Callable[[], object]) -> None:
    if work.stop.is_set() or not pauses.over(job, work.clock()):
        return
    number, outcome = work.beat.begin(job), "interrupted"
    try:
        do()
        outcome = "done"
    except (InterruptedRunError, StateError):
        raise
    except DriftlineError as failure:
        outcome = "failed"
        log.error("job.failed", job=job, error=failure.summary)
    except Exception as failure:
        outcome = "crashed"
        log.error("job.crashed", job=job, error=crash_site(failure))
    finally:
        work.beat.end(number, job.partition(" ")[0], outcome, is_run=False)
    if outcome == "done":
        pauses.forget(job)
    else:
        pauses.failed(job, work.clock())


def _compose(work: Work, mine: Store, audience: str) -> None:
    now, slots = work.clock(), slot_book(mine, work.configuration)
    slot = slots.due(audience, now)
    if slot is None or not _caught_up(work, mine, audience, now):
        return
    if audience == OWNERS:
        prepare_to_dos(mine, work.configuration, slot=slot.name, now=now)
    else:
        prepare(mine, work.configuration, audience, slot=slot.name, now=now)
    slots.serve(audience, slot)
    mine.set_note(_waits_note(audience), None)


def _caught_up(work: Work, mine: Store, audience: str, now: datetime) -> bool:
    """Whether every source that was overdue or being read when the slot came was read and judged since, so that a
    digest tells what is true now; after ``CATCH_UP`` it goes out all the same."""
    behind = {*overdue(mine, work.configuration, now), *mine.unconcluded()}
    noted = mine.note(_waits_note(audience))
    if noted is None:
        if behind:
            mine.set_note(_waits_note(audience), json.dumps([now.isoformat(), *sorted(behind)]))
        return not behind
    since, *awaited = json.loads(noted)
    return behind.isdisjoint(awaited) or not timedelta(0) <= now - datetime.fromisoformat(since) < CATCH_UP


def _waits_note(audience: str) -> str:
    return f"workers-digest-waits:{audience}"
