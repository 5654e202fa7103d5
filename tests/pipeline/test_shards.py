"""A source that is walked in parts: whatever happens meanwhile, the state is that of a source that is read as one."""

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from connectors.base import ReadContext
from model.errors import SourceAuthError, SourceUnavailableError
from model.reading import Container, Cursor, Page
from model.records import Absence
from model.runs import SourceOutcome, SourceResult
from pipeline import read as read_module
from pipeline.read import read_source
from pipeline.shards import part_of
from pipeline.walk import walk_part
from sandbox.http import Fault, Response
from state import tables
from state.shards import Shard, open_shards
from state.store import Store
from tests.connectors.asana.office import LENA, Office, running_office
from tests.connectors.contract import context_at
from tests.databases import Kept, url_of
from tests.pipeline.company import LEAD, MONDAY, Company
from tests.proofs.ledger import show_control

Event = Callable[[Company], object]
LONG = bool(os.environ.get("DRIFTLINE_WORKER_KILLS"))
"""Whether every division is tried (``make proof``)."""


@dataclass
class Parts:
    """A state for which the company's Jira is walked in parts, one after the other."""

    company: Company
    store: Store
    parts: int
    run_id: int = 0
    requests: int = 0

    def walk(self, number: int, **changed: Any) -> Shard:
        """Walk one part, and keep what it was."""
        settings = self.company.configuration.settings
        context = ReadContext(now=self.company.now, zone=settings.business.zone, stop=self.company.stop)
        shard = Shard("jira", number, self.parts, self.run_id)
        walk = walk_part(self.store, shard, settings.sources["jira"], context, clock=self.company.clock)
        self.store.end_shard(shard, replace(walk, **changed))
        return shard

    def begin(self) -> None:
        self.run_id = self.store.start_run(self.company.now, baseline=False)
        with self.store.writing() as connection:
            open_shards(connection, self.run_id, {"jira": self.parts})

    def finish(self) -> SourceResult:
        """Read the source to its end; what it asked Jira meanwhile is counted."""
        settings = self.company.configuration.settings
        context = ReadContext(now=self.company.now, zone=settings.business.zone, stop=self.company.stop)
        self.company.jira_server.requests.clear()
        return read_source(
            self.store,
            self.run_id,
            "jira",
            settings.sources["jira"],
            context,
            clock=self.company.clock,
            progress=lambda *_: None,
            walks=self.store.walks("jira", self.run_id),
        )

    def read(self, *meanwhile: Event) -> SourceResult:
        """All of it; an event after each part, and those that are left before it is read to its end."""
        self.begin()
        events = iter(meanwhile)
        for number in range(1, self.parts + 1):
            self.walk(number)
            if (event := next(events, None)) is not None:
                event(self.company)
        for event in events:
            event(self.company)
        return self.finish()


def told(store: Store, *, history: bool = True) -> dict[str, Any]:
    """All that a reading stores, in a form to compare."""
    revisions: dict[str, list[Any]] = {}
    with store.reading() as connection:
        found = connection.execute(select(tables.records)).all()
        for row in connection.execute(select(tables.revisions).order_by(tables.revisions.c.id)):
            revisions.setdefault(row.record_id, []).append((row.facts, row.absence))
        sources = connection.execute(select(tables.sources)).all()
        aside = connection.execute(select(tables.set_aside)).all()
        names = {tuple(row) for row in connection.execute(select(tables.names))}
    return {
        "records": {row.id: (row.facts, row.trace_hash, row.absence, row.container) for row in found},
        "revisions": revisions if history else {},
        "sources": [(row.source, row.complete, row.error, row.containers, row.identity) for row in sources],
        "cursors": [(row.position, row.read_at, row.full_at) for row in sources] if history else [],
        "aside": {(row.native_id, row.reason) for row in aside},
        "names": names if history else set(),
    }


@pytest.fixture
def other(blank_state: Kept, company: Company, tmp_path: Path) -> Iterator[Store]:
    """A second empty state."""
    path = tmp_path / "other" / "state.db"
    path.parent.mkdir()
    blank_state.bring_back(path)
    with Store.open(url_of(path)) as store:
        yield store


@pytest.fixture
def wide(company: Company) -> Company:
    """Four projects, of which one is empty."""
    for key in ("APP", "NEW"):
        company.jira.add_project(key, key.title())
    for number in range(1, 8):
        company.jira.add_issue(f"APP-{number}", summary=f"Screen {number}", created=MONDAY - timedelta(days=60))
    company.settings["sources"]["jira"] |= {"projects": ["WEB", "OPS", "APP", "NEW"], "overlap": "0s"}
    company.write()
    return company


def slip(company: Company) -> None:
    company.slip()


def delete_one(company: Company) -> None:
    company.jira.delete("WEB-3")


def archive(company: Company) -> None:
    company.jira.projects["OPS"].state = "archived"


def hide(company: Company) -> None:
    company.jira.projects["APP"].hidden = True


def show_again(company: Company) -> None:
    company.jira.projects["APP"].hidden = False
    company.jira.projects["OPS"].state = "live"


def move(company: Company, old: str, new: str) -> None:
    company.jira.move_to_project(old, new)


def move_on(company: Company) -> None:
    move(company, "WEB-4", "NEW-1")
    move(company, "OPS-2", "WEB-91")


def add(company: Company) -> None:
    company.jira.add_issue("NEW-7", summary="Another", created=company.now)


DAYS: tuple[Event, ...] = (slip, delete_one, move_on, archive, hide, add, show_again)


class TestTheSameState:
    @pytest.mark.parametrize("parts", [2, 3, 5] if LONG else [5])
    def test_what_happens_between_readings_is_stored_as_by_one_that_reads_all(
        self, wide: Company, store: Store, other: Store, parts: int
    ) -> None:
        """Deleted, moved, archived, hidden and shown again, in full reads and in others; also with more parts than
        projects."""
        wide.settings["sources"]["jira"]["full_every"] = "2d"
        wide.write()
        sharded = Parts(wide, other, parts)
        for event in (lambda _company: None, *DAYS):
            event(wide)
            whole, divided = wide.read(store, "jira"), sharded.read()
            assert told(other) == told(store)
            assert (divided.outcome, divided.changed, divided.absent) == (whole.outcome, whole.changed, whole.absent)
            wide.pass_time(hours=17)

    @pytest.mark.parametrize(
        ("parts", "full"),
        [(parts, full) for parts in (2, 3, 5) for full in (True, False)] if LONG else [(3, True), (2, False)],
    )
    def test_what_happens_meanwhile_is_stored_by_the_next_reading_at_the_latest(
        self, wide: Company, store: Store, other: Store, parts: int, full: bool
    ) -> None:
        """A record that moves from a part that is still to be walked to one that was, and the reverse."""
        sharded = Parts(wide, other, parts)
        if not full:
            sharded.read()
            wide.pass_time(hours=1)

        def meanwhile(change: Event) -> Event:
            def happens(company: Company) -> None:
                company.pass_time(minutes=5)
                change(company)
                company.pass_time(minutes=5)

            return happens

        def back(company: Company) -> None:
            for old, new in (("NEW-1", "WEB-90"), ("WEB-91", "OPS-92"), ("APP-1", "OPS-93"), ("OPS-1", "APP-94")):
                move(company, old, new)
            slip(company)

        sharded.read(meanwhile(move_on), meanwhile(back), meanwhile(delete_one))
        wide.pass_time(minutes=15)
        wide.settings["sources"]["jira"]["full_every"] = "1s"
        wide.write()
        assert sharded.read().outcome is SourceOutcome.COMPLETE
        wide.read(store, "jira")
        found = told(other, history=False)
        deleted = {id_ for id_, row in found["records"].items() if row[2] == Absence.DELETED}
        assert len(deleted) == (0 if full and parts == 5 else 1)  # five came to its project only after it was deleted
        found["records"] = {id_: row for id_, row in found["records"].items() if id_ not in deleted}
        assert found == told(store, history=False)

    def test_a_record_that_came_to_two_parts_is_asked_again(self, wide: Company, other: Store) -> None:
        """Otherwise the older answer stood, if it was stored later."""
        sharded = Parts(wide, other, 2)  # APP and OPS, NEW and WEB
        sharded.begin()
        sharded.walk(1)
        move(wide, "OPS-2", "WEB-91")
        sharded.walk(2)
        moved = other.find("WEB-91")
        before = [seen.record for batch in other.records(source="jira") for seen in batch]
        old = replace(moved[0].record, container="OPS", key="OPS-2")
        other.save_page(sharded.run_id, Page([old]), "jira", wide.now)
        sharded.finish()
        assert [seen.record.container for seen in other.find("WEB-91")] == ["WEB"]
        assert len(before) == len(other.present_ids("jira")) - 2  # the versions


def asked_for_issues(company: Company) -> bool:
    return any("/issue/bulkfetch" in request for request in company.jira_server.requests)


class TestDoubt:
    def test_what_was_walked_is_not_walked_again(self, wide: Company, other: Store) -> None:
        sharded = Parts(wide, other, 3)
        result = sharded.read()
        assert (result.outcome, result.read, result.changed) == (SourceOutcome.COMPLETE, 21, 21)
        assert not asked_for_issues(wide)

    @pytest.mark.parametrize(
        "otherwise",
        [{"identity": "somebody else"}, {"basis": "other settings"}, {"start": Cursor("2026-09-14")}],
    )
    def test_a_walk_that_does_not_fit_is_made_again(
        self, wide: Company, store: Store, other: Store, otherwise: dict[str, Any]
    ) -> None:
        """By another account, with other settings, or from a later start than this reading needs."""
        sharded = Parts(wide, other, 2)
        sharded.begin()
        sharded.walk(1)
        sharded.walk(2, **otherwise)
        sharded.finish()
        assert asked_for_issues(wide)
        wide.read(store, "jira")
        assert told(other) == told(store)

    def test_a_part_that_nobody_walked_is_walked_with_the_rest(self, wide: Company, store: Store, other: Store) -> None:
        sharded = Parts(wide, other, 2)
        sharded.begin()
        sharded.walk(2)
        assert sharded.finish().read == 21
        wide.read(store, "jira")
        assert told(other) == told(store)

    def test_a_project_that_came_meanwhile_is_walked_and_everything_anew(
        self, wide: Company, store: Store, other: Store
    ) -> None:
        wide.jira.projects["APP"].hidden = True
        sharded = Parts(wide, other, 2)
        sharded.read(show_again)
        wide.read(store, "jira")
        assert told(other) == told(store)

    def test_a_stranger_walks_nothing(self, wide: Company, other: Store) -> None:
        """J23: what another account sees is not taken over."""
        sharded = Parts(wide, other, 2)
        sharded.read()
        before = told(other)
        wide.jira.people[wide.jira.email] = replace(wide.jira.people[wide.jira.email], account_id="account-9999")
        sharded.begin()
        with pytest.raises(SourceAuthError, match="account-9999"):
            sharded.walk(1)
        assert told(other) == before

    def test_a_source_that_breaks_off_leaves_no_walk(self, wide: Company, other: Store) -> None:
        sharded = Parts(wide, other, 2)
        sharded.begin()
        wide.jira_server.add_fault(Fault("/bulkfetch", Response({}, 503), times=None))
        with pytest.raises(SourceUnavailableError):
            sharded.walk(2)
        assert other.walks("jira", sharded.run_id) == []

    def test_what_was_taken_over_counts_once(
        self, wide: Company, other: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What is marked as absent by a reading that broke off afterwards must not pass for seen in the next one."""
        sharded = Parts(wide, other, 2)
        sharded.begin()
        for number in (1, 2):
            sharded.walk(number)
        with monkeypatch.context() as patched:

            def broken(*_arguments: object, **_named: object) -> None:
                raise ZeroDivisionError

            patched.setattr(Store, "finish_source", broken)
            assert sharded.finish().outcome is SourceOutcome.FAILED
        assert other.walks("jira", sharded.run_id) == []
        assert sharded.finish().outcome is SourceOutcome.COMPLETE
        assert asked_for_issues(wide)

    def test_an_error_on_the_way_leaves_what_was_walked_for_the_next_attempt(self, wide: Company, other: Store) -> None:
        sharded = Parts(wide, other, 2)
        sharded.begin()
        for number in (1, 2):
            sharded.walk(number)
        wide.jira_server.add_fault(Fault("/versions", Response({}, 503), times=1))
        assert sharded.finish().outcome is SourceOutcome.FAILED
        assert sharded.finish().outcome is SourceOutcome.COMPLETE
        assert not asked_for_issues(wide)

    def test_walks_that_cannot_be_right_are_made_again_by_the_next_attempt(self, wide: Company, other: Store) -> None:
        """So much came since they were made that the lists seem short."""
        sharded = Parts(wide, other, 2)
        sharded.begin()
        for number in (1, 2):
            sharded.walk(number)
        for number in range(11, 21):
            wide.jira.add_issue(f"NEW-{number}", summary="Late", created=wide.now)
        assert "without giving them" in sharded.finish().error
        assert sharded.finish().outcome is SourceOutcome.COMPLETE
        assert len(other.present_ids("jira")) == 31


class TestTheCursor:
    def read_with_a_change_on_the_way(self, company: Company, store: Store) -> date | None:
        """The first part is walked, then one of its records changes; much later the source is read to its end."""
        sharded = Parts(company, store, 2)
        sharded.read()
        company.pass_time(hours=1)
        sharded.begin()
        sharded.walk(2)  # NEW and WEB
        company.pass_time(minutes=20)
        company.slip()
        company.pass_time(minutes=20)
        sharded.walk(1)
        sharded.finish()
        company.pass_time(minutes=20)
        sharded.read()
        [found] = store.find("WEB-1")
        return found.record.due  # type: ignore[union-attr]

    def test_it_goes_back_to_the_begin_of_the_first_part(self, wide: Company, other: Store) -> None:
        """S8: ids and cursor are never ahead of what was stored."""
        assert self.read_with_a_change_on_the_way(wide, other) == date(2026, 11, 16)

    def test_without_that_what_changed_meanwhile_would_be_lost(
        self, wide: Company, other: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The negative control."""
        monkeypatch.setattr(read_module, "after_parts", lambda context, _walks: context)
        assert self.read_with_a_change_on_the_way(wide, other) == date(2026, 9, 25)
        show_control(
            "C11",
            removed="a source that was read in parts is read on from the begin of the last job, not of the first part",
            seen="a date that moved meanwhile is never read",
        )

    def test_without_what_the_parts_saw_their_records_would_seem_not_given(
        self, wide: Company, other: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The other negative control: the walk is left out, and what it saw is not taken over."""
        monkeypatch.setattr(read_module, "unpacked", lambda _packed: ())
        assert "without giving them" in Parts(wide, other, 2).read().error
        show_control(
            "C11", removed="the ids that parts saw are not taken over", seen="a source whose lists seem to be short"
        )

    def test_it_goes_back_as_far_as_the_slowest_clock_that_a_part_saw(self, wide: Company, other: Store) -> None:
        sharded = Parts(wide, other, 2)
        sharded.begin()
        sharded.walk(1, behind=timedelta(minutes=3))
        sharded.walk(2, begun=MONDAY - timedelta(minutes=7))
        sharded.finish()
        stored = other.cursor("jira")
        assert stored is not None
        assert stored.cursor is not None
        assert datetime.fromisoformat(stored.cursor.position) == MONDAY - timedelta(minutes=10)
        assert stored.read_at == MONDAY - timedelta(minutes=7)


def test_every_container_is_in_one_part_and_the_parts_are_of_one_size() -> None:
    roster = [Container(str(number), "") for number in range(10)]
    parts = [part_of(roster, number, 4) for number in range(1, 5)]
    assert sorted(map(len, parts)) == [2, 2, 3, 3]
    assert frozenset().union(*parts) == {container.id for container in roster}
    assert part_of(list(reversed(roster)), 1, 4) == parts[0]
    assert [len(part_of(roster[:2], number, 3)) for number in (1, 2, 3)] == [1, 1, 0]


class TestAsana:
    """Subtasks are in no list, and a task of several projects is of the first of them (A9, A13)."""

    @pytest.fixture
    def office(self) -> Iterator[Office]:
        with running_office(page_size=20) as office:
            tasks = [office.add(f"Task {number}", number % 2 and office.sorting) for number in range(9)]
            office.add("Ask for a price", parent=office.add("Order", parent=tasks[1]))
            office.workspace.add_to_project(tasks[1], office.roll_out)
            office.tasks = tasks  # type: ignore[attr-defined]
            yield office

    def read(self, office: Office, store: Store, parts: int, *, meanwhile: Callable[[], object] = lambda: None) -> Any:
        now = office.clock.now = office.clock.now + timedelta(hours=5)
        options = office.options(shards=parts, overlap="0s", full_every="8h", project_status=True)
        run_id = store.start_run(now, baseline=False)
        walks = []
        for number in range(1, parts + 1) if parts > 1 else ():
            shard = Shard("asana", number, parts, run_id)
            walks.append(walk_part(store, shard, options, context_at(now), clock=office.clock))
        meanwhile()
        return read_source(
            store,
            run_id,
            "asana",
            options,
            context_at(now),
            clock=office.clock,
            progress=lambda *_: None,
            walks=walks,
        )

    def test_it_is_stored_as_if_read_as_one(self, office: Office, store: Store, other: Store) -> None:
        tasks = office.tasks  # type: ignore[attr-defined]
        space = office.workspace
        days: tuple[Callable[[], object], ...] = (
            lambda: None,
            lambda: space.move_due(tasks[2], date(2026, 11, 20), by=LENA),
            lambda: space.delete(tasks[3]),
            lambda: space.add_to_project(tasks[4], office.sorting),
            lambda: setattr(space.projects[office.roll_out], "archived", True),
        )
        for change in days:
            change()
            begun = office.clock.now
            whole = self.read(office, store, 1)
            office.clock.now = begun
            divided = self.read(office, other, 3)
            assert (divided.outcome, divided.changed, divided.absent) == (whole.outcome, whole.changed, whole.absent)
            assert told(other) == told(store)

    def test_a_project_that_is_put_away_meanwhile_changes_where_tasks_are(
        self, office: Office, store: Store, other: Store
    ) -> None:
        """A task of two projects lives where work goes on: who walked it before saw it elsewhere."""

        def put_away() -> None:
            office.workspace.projects[office.roll_out].archived = True

        shared = office.tasks[1]  # type: ignore[attr-defined]
        begun = office.clock.now
        self.read(office, other, 2, meanwhile=put_away)
        office.clock.now = begun
        self.read(office, store, 1)
        [here], [there] = ([seen.record.container for seen in each.find(shared)] for each in (store, other))
        assert here == there == office.sorting


class Chance:
    """Things that happen in Jira, by chance."""

    def __init__(self, company: Company, seed: int) -> None:
        self.company, self.random, self.number = company, random.Random(seed), 100

    def __call__(self, _company: Company) -> None:
        self.company.pass_time(minutes=self.random.randint(1, 9))
        for _ in range(self.random.randint(0, 3)):
            self.random.choice([self.slip, self.move, self.move, self.delete, self.add, self.hide, self.put_away])()

    def one(self) -> str:
        return self.random.choice(sorted(issue.key for issue in self.company.jira.issues.values()))

    def project(self) -> Any:
        return self.random.choice(list(self.company.jira.projects.values()))

    def slip(self) -> None:
        self.company.jira.move_due(self.one(), date(2026, 10, self.random.randint(1, 28)), by=LEAD)

    def move(self) -> None:
        self.number += 1
        old, project = self.one(), self.project().key
        if old.rpartition("-")[0] != project:
            self.company.jira.move_to_project(old, f"{project}-{self.number}")

    def delete(self) -> None:
        self.company.jira.delete(self.one())

    def add(self) -> None:
        self.number += 1
        self.company.jira.add_issue(f"{self.project().key}-{self.number}", summary="New", created=self.company.now)

    def hide(self) -> None:
        project = self.project()
        project.hidden = not project.hidden

    def put_away(self) -> None:
        project = self.project()
        project.state = "live" if project.state == "archived" else "archived"


@pytest.mark.parametrize("seed", range(40 if LONG else 1))
def test_whatever_happens_meanwhile_nothing_is_missed(wide: Company, store: Store, other: Store, seed: int) -> None:
    """Incremental equals full, and parts equal the whole: after one quiet reading of what changed, each record says
    what a first full reading of everything says; after a full one, nothing else is there."""
    chance = Chance(wide, seed)
    for _ in range(3):
        sharded = Parts(wide, other, chance.random.randint(1, 6))
        sharded.read(*[chance] * sharded.parts)
        wide.pass_time(minutes=15)
    sharded.read()
    wide.read(store, "jira")
    expected, found = told(store, history=False)["records"], told(other, history=False)["records"]
    assert {id_: found.get(id_) for id_ in expected} == expected
    wide.settings["sources"]["jira"]["full_every"] = "1s"
    wide.write()
    wide.pass_time(minutes=15)
    sharded.read()
    found = told(other, history=False)["records"]
    assert {id_: row for id_, row in found.items() if row[2] is None} == expected
