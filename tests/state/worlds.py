"""Small worlds to store: records with short names, and ways to put them in."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from model.reading import Page
from model.records import Deal, Record, Release, Sprint, WorkItem
from state.store import Store

DAY_1 = datetime(2026, 9, 1, 8, tzinfo=UTC)
DAY_2 = DAY_1 + timedelta(days=1)
DAY_3 = DAY_1 + timedelta(days=2)


def item(native_id: str, *, source: str = "jira", **fields: Any) -> WorkItem:
    return WorkItem(
        **{"source": source, "native_id": native_id, "key": f"CORE-{native_id}", "title": f"Work {native_id}"} | fields
    )


def release(native_id: str, name: str, on: date | None = None, **fields: Any) -> Release:
    fields = {"source": "jira", "key": name, "title": name, "container": "CORE"} | fields
    return Release(native_id=native_id, release_date=on, **fields)


def sprint(native_id: str, end: date | None) -> Sprint:
    return Sprint(source="jira", native_id=native_id, key=native_id, title=native_id, end=end)


def deal(native_id: str, **fields: Any) -> Deal:
    return Deal(
        **{"source": "crm", "native_id": native_id, "key": f"OPP-{native_id}", "title": f"Deal {native_id}"} | fields
    )


def save(store: Store, *records: Record, now: datetime = DAY_1) -> int:
    """Store records in a run of their own that reads each of their sources completely; returns the run."""
    run = store.start_run(now, baseline=False)
    for source in dict.fromkeys(record.source for record in records):
        store.save_page(run, page(record for record in records if record.source == source), source, now)
        store.finish_source(run, source, None, full=False, now=now)
    return run


def page(records: Any) -> Page:
    found: Sequence[Record] = tuple(records)
    return Page(found)
