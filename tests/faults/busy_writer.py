"""Writes to a state without end, and notes after every commit what the state then held (C18).

Started as ``python -m tests.faults.busy_writer URL LOG``: records that change, findings that open, mails that are
written, handed over and sent. It owns the state as the daemon does, and ends when it is killed.
"""

import hashlib
import itertools
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from model.deliveries import Delivery, DeliveryState
from model.findings import Finding, Severity, TrackedFinding, Transition, TransitionKind
from model.reading import Page
from state.lock import Ownership
from state.store import Store
from tests.state.worlds import item

BEGAN = datetime(2026, 9, 14, 6, tzinfo=UTC)
PAUSE_SECONDS = 0.002
RECORDS = 40
_KEPT = "SELECT id, audience, slot, recipient, message_id, subject FROM deliveries"
"""Of a mail, what does not change when it is held back."""


def held_by(database: Path) -> str:
    """A name for what a state holds, but for its owner, its notes and what became of its mails."""
    told = hashlib.sha256()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("BEGIN")
        names = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        tables = [name for (name,) in connection.execute(names) if name not in ("owner", "notes", "deliveries")]
        for query in (*(f'SELECT * FROM "{name}"' for name in tables), _KEPT):
            told.update(repr(sorted(connection.execute(query).fetchall(), key=repr)).encode())
    return told.hexdigest()


def steps(store: Store, turn: int) -> Iterator[Callable[[], object]]:
    """One turn of a daemon, commit by commit."""
    now = BEGAN + timedelta(minutes=turn)
    run = store.start_run(now, baseline=False)
    yield lambda: run
    records = [item(str(number), title=f"as of {turn}") for number in range(turn % 7, RECORDS, 7)]
    yield lambda: store.save_page(run, Page(tuple(records)), "jira", now)
    yield lambda: store.finish_source(run, "jira", None, full=False, now=now)
    finding = Finding(
        check="late-commitment",
        check_version=1,
        subjects=(f"jira:{turn}",),
        title=f"Turn {turn} is late",
        severity=Severity.MAJOR,
    )
    life = TrackedFinding(finding=finding, opened_at=now, changed_at=now, judged_at=now, told=finding.impact)
    transition = Transition(fingerprint=life.fingerprint, kind=TransitionKind.OPENED, at=now)
    yield lambda: store.save_findings(run, [life], [transition])
    added: list[int] = []
    mail = Delivery(
        audience="leaders",
        slot=f"turn {turn}",
        recipient="ann@acme.example",
        message_id=f"<{turn}@acme.example>",
        subject=f"Turn {turn}",
        reason="you own it",
        message=b"Subject: x\r\n\r\nx",
        covers=1,
        created_at=now,
    )
    yield lambda: added.extend(each.id or 0 for each in store.add_deliveries([mail]))
    if turn:  # the first one is never sent: there is always a mail that waits
        yield lambda: store.mark_delivery(added[0], DeliveryState.SENDING, now=now)
        yield lambda: store.mark_delivery(added[0], DeliveryState.SENT, now=now)


def write(url: str, log: Path) -> None:
    """Go on until somebody kills this process."""
    database = Path(url.removeprefix("sqlite:///"))
    with (
        log.open("a") as file,
        Store.open(url) as store,
        Ownership.acquire(store, "a busy daemon", BEGAN),
    ):
        for turn in itertools.count():
            for step in steps(store, turn):
                step()
                file.write(f"{held_by(database)}\n")
                file.flush()
                time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    write(sys.argv[1], Path(sys.argv[2]))
