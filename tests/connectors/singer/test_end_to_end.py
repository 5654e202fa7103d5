"""A real tap through the whole pipeline: its records, its state, what it no longer tells, and a kill between pages."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.load import load
from config.secrets import resolve
from model.records import Absence, StatusCategory, WorkItem
from model.runs import Run, SourceOutcome
from pipeline.run import Stages, make_pass
from state.store import Store
from tests.connectors.singer.dbf_file import write_dbf
from tests.connectors.singer.world import FIELDS, LONG_AGO, MANY, DbfWorld
from tests.databases import url_of

MONDAY = datetime(2026, 10, 5, 6, 0, tzinfo=UTC)
OBJECTIVES = {
    "version": 1,
    "objectives": [
        {"id": "ACME", "level": "organization", "name": "Acme", "owner": "lea@acme.example"},
        {"id": "MOVE", "level": "measure", "parent": "ACME", "name": "Move the warehouse", "owner": "lea@acme.example"},
    ],
}
RULES = {
    "version": 1,
    "rules": [
        {"name": "work", "role": "delivers", "objective": "MOVE", "source": "plan", "match": {"kind": "work_item"}}
    ],
}


class House:
    """A configuration with one source, and passes over it hour by hour."""

    def __init__(self, folder: Path, world: DbfWorld) -> None:
        self.folder = folder
        self.world = world
        self.now = MONDAY
        folder.mkdir()
        self.write(world.settings())

    def write(self, source: Any) -> None:
        settings = {"version": 1, "mapping": ["rules.yaml"], "sources": {"plan": source}}
        for name, content in (("driftline", settings), ("objectives", OBJECTIVES), ("rules", RULES)):
            (self.folder / f"{name}.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")

    def open_store(self) -> Store:
        return Store.open(url_of(self.folder / "driftline.db"))

    def make_pass(self, store: Store, read: Callable[[str, int], None] = lambda *_: None, *, full: bool = False) -> Run:
        loaded = load(self.folder / "driftline.yaml")
        settings = resolve(loaded.settings, environment=os.environ, root=loaded.root)
        self.now += timedelta(hours=1)
        return make_pass(
            store,
            replace(loaded, settings=settings),
            clock=lambda: self.now,
            stop=threading.Event(),
            full=full,
            stages=Stages(read=read),
        )


@pytest.fixture
def dbf(tmp_path: Path, tap_dbf: Path, memory: Path) -> DbfWorld:
    """Most tests begin with the same question, which the tap answers once."""
    return DbfWorld(tmp_path, tap_dbf, memory=memory)


@pytest.fixture
def house(tmp_path: Path, dbf: DbfWorld) -> House:
    return House(tmp_path / "house", dbf)


@pytest.fixture
def store(house: House) -> Iterator[Store]:
    with house.open_store() as store:
        yield store


def state_of(store: Store) -> Any:
    stored = store.cursor("plan")
    return json.loads(stored.cursor.position)["bookmarks"]["work"] if stored else None


def stored(store: Store, number: str) -> WorkItem:
    [seen] = store.find(f"plan:work/{number}")
    assert isinstance(seen.record, WorkItem)
    return seen.record


def test_records_become_work_and_the_taps_state_is_kept(house: House, store: Store):
    [result] = house.make_pass(store).results
    assert (result.outcome, result.read, result.pages, result.set_aside) == (SourceOutcome.COMPLETE, MANY, 2, 0)
    assert store.present_ids("plan") == house.world.expected_ids()
    record = stored(store, "W-7")
    assert (record.title, record.due, record.category) == ("Paket 7", date(2026, 10, 30), StatusCategory.TODO)
    assert state_of(store)["replication_key_value"] == LONG_AGO


def test_a_later_pass_hands_the_state_over_and_writes_only_what_changed(house: House, store: Store):
    house.make_pass(store)
    [again] = house.make_pass(store).results
    assert (again.outcome, again.changed) == (SourceOutcome.COMPLETE, 0)
    house.world.change_one()
    [result] = house.make_pass(store).results
    assert (result.outcome, result.changed, result.absent) == (SourceOutcome.COMPLETE, 1, 0)
    assert stored(store, "W-7").due == date(2026, 12, 1)
    assert state_of(store)["replication_key_value"] == "2026-10-06T06:01:00Z"


def test_only_a_run_without_state_proves_that_a_record_is_gone(house: House, store: Store):
    house.make_pass(store)
    removed = house.world.remove_one()
    house.make_pass(store)
    assert removed in store.present_ids("plan"), "a run with a state proves nothing"
    [result] = house.make_pass(store, full=True).results
    assert result.absent == 1
    assert store.present_ids("plan") == house.world.expected_ids()
    with store.view() as view:
        assert view.absences()[f"plan:{removed}"][0] is Absence.DELETED


def test_a_tap_that_finds_nothing_deletes_nothing_and_keeps_its_state(house: House, store: Store):
    house.make_pass(store)
    before = state_of(store)
    house.world.break_access()
    [result] = house.make_pass(store, full=True).results
    assert (result.outcome, result.error) == (SourceOutcome.FAILED, "the tap of plan offers no streams")
    assert len(store.present_ids("plan")) == MANY
    assert state_of(store) == before


def test_a_column_that_vanishes_is_drift_and_nothing_is_read_as_empty(house: House, store: Store):
    """S9."""
    house.make_pass(store)
    rows = [[*row[:2], *row[3:]] for row in house.world.rows.values()]
    write_dbf(house.world.folder / "work.dbf", [field for field in FIELDS if field[0] != "DUE"], rows)
    [result] = house.make_pass(store).results
    assert result.outcome is SourceOutcome.FAILED
    assert "the stream work of plan has no field DUE, which fills due" in result.error
    assert stored(store, "W-7").due == date(2026, 10, 30)


def test_a_kill_between_two_pages_does_not_move_the_state(house: House):
    with house.open_store() as store:
        house.make_pass(store)
        before = state_of(store)
    house.world.change_one()
    child = os.fork()
    if child == 0:
        with house.open_store() as store:
            house.make_pass(store, read=lambda *_: os._exit(9))
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    with house.open_store() as store:
        assert state_of(store) == before
        [result] = house.make_pass(store).results
        assert result.outcome is SourceOutcome.COMPLETE
        assert stored(store, "W-7").due == date(2026, 12, 1)
        assert state_of(store)["replication_key_value"] == "2026-10-06T06:01:00Z"
