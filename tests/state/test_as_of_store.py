"""The world of a past day: led on from day to day it is the one that is made anew, and nothing is written."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from model.keys import normalise_key
from model.records import Absence, Move, Record, StatusCategory
from model.runs import Run, RunOutcome, SourceOutcome, SourceResult
from state import tables
from state.as_of_store import Past, Reconstruction, past_of
from state.store import Store
from tests.state.worlds import deal, item, release, save, sprint

BERLIN = ZoneInfo("Europe/Berlin")
FIRST = datetime(2026, 9, 14, 6, tzinfo=UTC)
CREATED = datetime(2026, 3, 2, 8, tzinfo=UTC)
_WITHOUT_OUR_TIMES = {"id", "seen_at", "first_seen", "run_id"}
"""Of a record of which nothing tells when it began, they depend on the day on which a replay begins."""


def read(store: Store, *records: Record, now: datetime, failed: str = "") -> int:
    """A run that reads everything that is given, and ends; the source that failed has told some of it."""
    run = save(store, *records, now=now)
    results = [
        SourceResult(
            source=source,
            outcome=SourceOutcome.FAILED if source == failed else SourceOutcome.COMPLETE,
            started_at=now,
            finished_at=now,
            error="it is down" if source == failed else "",
        )
        for source in dict.fromkeys(record.source for record in records)
    ]
    store.finish_run(Run(id=run, started_at=now, finished_at=now, outcome=RunOutcome.DONE, results=results))
    return run


def fill(store: Store) -> None:
    """Read on 14, 16 and 18 September: one moves between, one is renamed, one goes, one is new."""
    moves = (
        Move("due", date(2026, 9, 20), date(2026, 10, 1), datetime(2026, 8, 3, 9, tzinfo=UTC)),
        Move("due", date(2026, 10, 1), date(2026, 11, 1), datetime(2026, 9, 15, 9, tzinfo=UTC)),
    )
    slipping = item("1", created=CREATED, releases=("r1",), due=date(2026, 10, 1), moves=moves[:1])
    done = item("2", created=CREATED, category=StatusCategory.DONE, finished=date(2026, 8, 20), key="OLD-2")
    going = item("3", created=datetime(2026, 8, 25, 9, tzinfo=UTC))
    release_1 = release("r1", "R1", date(2026, 8, 28), released=True)
    first = (slipping, done, going, release_1, sprint("s1", date(2026, 9, 15)), deal("7", created=CREATED))
    read(store, *first, now=FIRST)
    moved = replace(slipping, due=date(2026, 11, 1), moves=moves)
    run = read(store, moved, replace(done, key="NEW-2"), now=FIRST + timedelta(days=2))
    store.mark_absent(run, "jira", {"3": Absence.DELETED}, FIRST + timedelta(days=2))
    read(store, deal("8"), now=FIRST + timedelta(days=4), failed="crm")


def world_of(past: Past) -> dict[str, Any]:
    """All rows of the throw-away world that say what there was."""
    with past.world.reading() as connection:
        return {
            table.name: sorted(
                repr(sorted((name, value) for name, value in row._mapping.items() if name not in _WITHOUT_OUR_TIMES))
                for row in connection.execute(select(table))
            )
            for table in (tables.records, tables.names, tables.memberships, tables.revisions, tables.sources)
        }


def anew(store: Store, day: date) -> dict[str, Any]:
    with past_of(store, BERLIN) as past:
        past.lead_to(day)
        return world_of(past)


def test_led_on_day_by_day_it_is_the_world_that_is_made_anew(store: Store):
    fill(store)
    with past_of(store, BERLIN) as past:
        for number in (6, 23, 49, 55):
            past.lead_to(date(2026, 7, 28) + timedelta(number))
            assert world_of(past) == anew(store, date(2026, 7, 28) + timedelta(number)), number


def test_only_what_became_another_is_worked_out_again(one_store: Store):
    fill(one_store)
    with past_of(one_store, BERLIN) as past:
        assert past.lead_to(date(2026, 8, 1)) == {"jira:1", "jira:2", "jira:r1", "jira:s1", "crm:7"}
        assert past.lead_to(date(2026, 8, 2)) == frozenset()
        assert past.lead_to(date(2026, 8, 3)) == {"jira:1"}
        assert past.lead_to(date(2026, 8, 27)) == {"jira:2", "jira:3"}
        with pytest.raises(ValueError, match="forward"):
            past.lead_to(date(2026, 8, 26))


def test_a_record_goes_by_the_names_of_its_day(one_store: Store):
    fill(one_store)
    found = {}
    for day in (date(2026, 9, 15), date(2026, 9, 16)):
        with past_of(one_store, BERLIN) as past:
            past.lead_to(day)
            found[day.day] = [[seen.record.key for seen in past.world.find(name)] for name in ("old-2", "new-2")]
    assert found == {15: [["OLD-2"], []], 16: [["NEW-2"], ["NEW-2"]]}
    assert normalise_key("OLD-2") == "old-2"


def test_it_says_on_what_it_rests_by_source(one_store: Store):
    fill(one_store)
    with past_of(one_store, BERLIN) as past:
        past.lead_to(date(2026, 8, 1))
        assert past.reconstruction() == (
            Reconstruction("crm", as_first_read=1, left_out=1),
            Reconstruction("jira", rolled_back=2, as_first_read=2, left_out=1, told=("due",)),
        )
        past.lead_to(date(2026, 9, 18))
        assert past.reconstruction() == (
            Reconstruction("crm", own=2),
            Reconstruction("jira", own=5, told=("due",)),
        )
        assert past.reconstruction(weakest=True) == (
            Reconstruction("crm", own=1, as_first_read=1),
            Reconstruction("jira", own=1, rolled_back=2, as_first_read=2, told=("due",)),
        )


def test_a_source_that_failed_on_that_day_was_not_complete(one_store: Store):
    fill(one_store)
    told = {}
    with past_of(one_store, BERLIN) as past:
        for day in (date(2026, 8, 1), date(2026, 9, 17), date(2026, 9, 18)):
            past.lead_to(day)
            with past.world.view() as view:
                [crm, _] = view.coverage()
            told[day.day] = (crm.complete, crm.as_of, crm.error)
    # Rolled back whole before its first reading, which is then the last complete one.
    assert told[1] == (True, datetime(2026, 8, 1, 21, 59, 59, tzinfo=UTC), "")
    assert told[17] == (True, FIRST, "")
    assert told[18] == (False, FIRST, "it is down")


def test_nothing_is_written_to_the_state_and_nothing_stays_behind(
    one_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    fill(one_store)
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))

    def everything() -> dict[str, list[str]]:
        with one_store.reading() as connection:
            return {
                table.name: sorted(map(repr, connection.execute(select(table)).all()))
                for table in tables.metadata.sorted_tables
            }

    before = everything()
    with past_of(one_store, BERLIN) as past:
        past.lead_to(date(2026, 8, 1))
        [folder] = (tmp_path / "scratch").iterdir()
        assert {path.stat().st_mode & 0o077 for path in (folder, folder / "past.db")} == {0}
    assert everything() == before
    assert list((tmp_path / "scratch").iterdir()) == []
