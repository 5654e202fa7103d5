"""The guard against mass losses, attacked by a machine that makes up what happens to a source (S6, S5, J22, J23, A12).

A source of a few containers lives in memory; records are added, changed, moved, deleted, hidden and shown again, the
sign-in changes, runs are killed, time passes, and somebody approves what is true. After every step nothing that exists
may count as deleted or moved. ``DRIFTLINE_GUARD_EXAMPLES=10000`` asks for more than the suite can afford.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import ClassVar

import pytest
import structlog
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from model.errors import SourceUnavailableError
from model.records import Absence
from model.runs import SourceOutcome, SourceResult
from model.trust import Doubt
from pipeline.approval import what_is_held
from pipeline.guard import LOSS_WINDOW, SMALLEST_SUSPICIOUS_LOSS, SUSPICIOUS_SHARE, Guard
from state.store import Store
from tests.databases import Kept, keep, url_of
from tests.faults.memory_source import CONTAINERS, Reader

EXAMPLES = int(os.environ.get("DRIFTLINE_GUARD_EXAMPLES", "60"))
MEMORY = Path("/dev/shm")
OUTSIDE = "Z"
"""A container that is not configured: what is there has moved away."""
GONE = frozenset({Absence.DELETED, Absence.MOVED})


class KilledError(BaseException):
    """The process dies here; nothing of ours may catch it."""


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    path = tmp_path_factory.mktemp("blank") / "state.db"
    Store.open(url_of(path)).close()
    return keep(path)


@pytest.fixture
def reader(blank: Kept, tmp_path: Path) -> Iterable[Reader]:
    reader = Reader(blank, tmp_path)
    yield reader
    reader.close()


class Attack(RuleBasedStateMachine):
    """Whatever happens to the source, nothing that exists is taken as gone, and no mass loss passes unapproved."""

    blank: ClassVar[Kept]
    numbers: ClassVar["count[int]"] = count()

    def __init__(self) -> None:
        super().__init__()
        folder = Path(tempfile.mkdtemp(prefix="driftline-guard-", dir=MEMORY if MEMORY.is_dir() else None))
        self.reader = Reader(self.blank, folder)
        self.site = self.reader.site
        self.lately: list[tuple[datetime, set[str]]] = []
        self.granted: set[str] = set()
        """What was truly gone when somebody approved it; it counts in no limit."""

    def teardown(self) -> None:
        folder = self.reader.path.parent
        self.reader.close()
        shutil.rmtree(folder)

    @initialize(sizes=st.tuples(*[st.integers(1, 25)] * len(CONTAINERS)))
    def first_read(self, sizes: tuple[int, ...]) -> None:
        for container, size in zip(CONTAINERS, sizes, strict=True):
            self.reader.add(size, container)
        assert self.reader.sync().outcome is SourceOutcome.COMPLETE

    # What happens at the source

    @rule(number=st.integers(1, 8), container=st.sampled_from(CONTAINERS))
    def add(self, number: int, container: str) -> None:
        if self.site.shows(container):
            self.reader.add(number, container)

    def some(self, data: st.DataObject, most: int) -> list[str]:
        """Some things of visible containers; who sees nothing of a container cannot change it either."""
        there = sorted(id_ for id_, thing in self.site.things.items() if self.site.shows(thing.container))
        if not there:
            return []
        return data.draw(st.lists(st.sampled_from(there), max_size=most, unique=True))

    @rule(data=st.data())
    def change(self, data: st.DataObject) -> None:
        for id_ in self.some(data, 3):
            self.site.things[id_].changed = self.site.now
            self.site.things[id_].title = f"changed {next(self.numbers)}"

    @rule(data=st.data(), most=st.sampled_from([1, 2, 40]))
    def delete(self, data: st.DataObject, most: int) -> None:
        for id_ in self.some(data, most):
            del self.site.things[id_]

    @rule(data=st.data(), place=st.sampled_from([*CONTAINERS, OUTSIDE]))
    def move(self, data: st.DataObject, place: str) -> None:
        if place == OUTSIDE or self.site.shows(place):
            for id_ in self.some(data, 6):
                self.site.things[id_].container = place
                self.site.things[id_].changed = self.site.now

    @rule(data=st.data())
    def filter(self, data: st.DataObject) -> None:
        for id_ in self.some(data, 12):
            self.site.things[id_].filtered = True

    @rule(container=st.sampled_from(CONTAINERS), state=st.sampled_from(["visible", "archived", "lost"]))
    def set_state(self, container: str, state: str) -> None:
        self.site.states[container] = state

    @rule(container=st.sampled_from(CONTAINERS))
    def hide(self, container: str) -> None:
        """A permission is revoked and nothing says so: the worst that a source can do."""
        self.site.silent.add(container)

    @rule()
    def hide_everything(self) -> None:
        self.site.silent.update(CONTAINERS)

    @rule()
    def show_everything(self) -> None:
        self.site.silent.clear()
        self.site.states = dict.fromkeys(CONTAINERS, "visible")

    @rule(who=st.sampled_from(["robot", "ann", ""]))
    def sign_in_as(self, who: str) -> None:
        self.site.who = who

    @rule(hours=st.sampled_from([1, 7, 30]))
    def time_passes(self, hours: int) -> None:
        self.reader.pass_time(hours=hours)

    # What we do about it

    @rule(full=st.booleans())
    def sync(self, full: bool) -> None:
        self.reader.pass_time(minutes=15)
        self.watch(lambda: self.reader.sync(full=full))

    @rule(full=st.booleans(), steps=st.integers(0, 9), killed=st.booleans())
    def break_off(self, full: bool, steps: int, killed: bool) -> None:
        """The process is killed, or the source fails, after some steps."""
        self.reader.pass_time(minutes=15)
        self.site.dies_at = steps
        self.site.dying = KilledError() if killed else SourceUnavailableError("gone", location="memory", hint="wait")
        try:
            self.watch(lambda: self.reader.sync(full=full))
        except KilledError:
            pass
        finally:
            self.site.dies_at = None

    @rule(who=st.sampled_from(["robot", "ann"]))
    def identity_flips_while_reading(self, who: str) -> None:
        self.reader.pass_time(minutes=15)
        before, self.site.who_after = self.reader.absences(), who
        result = self.reader.sync(full=True)
        self.site.who_after = None
        if who != self.site.who:
            assert result.outcome is SourceOutcome.FAILED
            after = self.reader.absences()
            assert not {id_ for id_ in before if after[id_] in GONE and before[id_] not in GONE}

    @rule()
    def approve_what_is_true(self) -> None:
        """Somebody looks, and approves when everything held is truly gone, or when the account is meant."""
        held = what_is_held(self.reader.store, "memory")
        if held is None or not all(self.truly_gone(id_) for id_ in held.native_ids):
            return
        if held.doubt is Doubt.IDENTITY and self.site.silent:
            return
        self.reader.approve()
        self.granted.update(held.native_ids)

    @precondition(lambda self: not self.site.silent and set(self.site.states.values()) == {"visible"})
    @rule()
    def all_is_well_in_the_end(self) -> None:
        """When everything is shown again, what exists is present with what it says now, and the rest is approved."""
        if not self.site.who:
            self.site.who = "robot"
        for _ in range(4):
            self.reader.pass_time(hours=1)
            if self.watch(lambda: self.reader.sync(full=True)).outcome is SourceOutcome.COMPLETE:
                break
            self.approve_what_is_true()
        else:
            raise AssertionError("a source that shows everything is not believed after three approvals")
        absences, titles = self.reader.absences(), self.reader.titles()
        for id_, thing in self.site.things.items():
            if thing.container in CONTAINERS and not thing.filtered:
                assert (absences[id_], titles[id_]) == (None, thing.title)
        for id_, why in absences.items():
            assert (why is None) == self.is_read(id_), f"{id_} is stored as {why}"
            if id_ not in self.site.things:
                assert why is Absence.DELETED

    # What must hold

    def truly_gone(self, id_: str) -> bool:
        return id_ not in self.site.things or self.site.things[id_].container not in CONTAINERS

    def is_read(self, id_: str) -> bool:
        return not self.truly_gone(id_) and not self.site.things[id_].filtered

    def watch(self, run: Callable[[], SourceResult]) -> SourceResult:
        """Let a run happen; what it newly concludes, with what was concluded within a day, stays within the limit."""
        before = self.reader.absences()
        try:
            return run()
        finally:
            after = self.reader.absences()
            for id_, why in after.items():
                assert why not in GONE or self.truly_gone(id_), f"{id_} exists and is stored as {why}"
            new = {id_ for id_, why in before.items() if why not in GONE and after[id_] in GONE} - self.granted
            since = self.site.now - LOSS_WINDOW
            earlier = [ids for at, ids in self.lately if at > since]
            lost = {id_ for id_ in new.union(*earlier) if after[id_] in GONE} - self.granted
            standing = {id_ for id_, why in before.items() if why not in GONE} | lost
            limit = max(SMALLEST_SUSPICIOUS_LOSS, len(standing) * SUSPICIOUS_SHARE // 100)
            assert not new or len(lost) <= limit, f"{len(lost)} of {len(standing)} were believed within a day"
            self.lately.append((self.site.now, new))


def attack(blank: Kept, tmp_path: Path, examples: int, **wishes: object) -> None:
    machine = type("Attack", (Attack,), {"blank": blank})
    structlog.configure(processors=[_silent])
    try:
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=examples,
                stateful_step_count=20,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.generate],  # a failure that is shrunk takes minutes
                **wishes,
            ),
        )
    finally:
        structlog.reset_defaults()


def _silent(*_event: object) -> object:
    raise structlog.DropEvent


def test_whatever_happens_nothing_that_exists_is_taken_as_gone(blank: Kept, tmp_path: Path):
    """S6, J22, J23, A12: no false tombstone, no mass loss without an approval, and everything comes back."""
    attack(blank, tmp_path, EXAMPLES, derandomize=EXAMPLES <= 200)


def test_without_the_guard_the_same_attack_succeeds(blank: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The negative control: a build that believes every census is caught."""
    monkeypatch.setattr(Guard, "doubts", lambda _self, _gone: "")
    with pytest.raises(AssertionError, match=r"exists and is stored as|were believed within a day"):
        attack(blank, tmp_path, 500, derandomize=True, report_multiple_bugs=False)


def test_five_percent_with_every_run_is_held_for_a_day(reader: Reader):
    """S6: the guard remembers what was lost within a day, so erosion does not beat it."""
    ids = reader.add(100) + reader.add(10, "B")
    reader.sync()
    held = 0
    for run in range(30):
        for id_ in ids[run * 5 : run * 5 + 5]:
            reader.site.things.pop(id_, None)
        reader.pass_time(minutes=45)
        held += reader.sync(full=True).outcome is SourceOutcome.FAILED
    assert list(reader.absences().values()).count(Absence.DELETED) <= 11
    assert held == 28


def test_another_account_is_read_and_concludes_nothing_until_it_is_approved(reader: Reader):
    """J23: a new service account may see less."""
    ids = reader.add(20)
    reader.sync()
    del reader.site.things[ids[0]]
    [added] = reader.add(1, "B")
    reader.site.who = "ann"
    reader.pass_time(minutes=30)
    before = reader.store.cursor("memory")
    result = reader.sync(full=True)
    assert result.outcome is SourceOutcome.FAILED
    assert result.hint.endswith(': driftline sources approve memory --reason "…"')
    assert reader.absences() == dict.fromkeys([*ids, added])
    assert reader.store.cursor("memory") == before
    reader.approve()
    reader.pass_time(minutes=30)
    assert reader.sync().outcome is SourceOutcome.COMPLETE
    assert reader.absences()[ids[0]] is Absence.DELETED
    assert reader.sync().outcome is SourceOutcome.COMPLETE


def test_an_account_that_changes_while_it_reads_concludes_nothing(reader: Reader):
    """S5, J23."""
    ids = reader.add(20)
    reader.sync()
    before = reader.store.cursor("memory")
    del reader.site.things[ids[0]]
    reader.site.who_after = "nobody"
    reader.pass_time(minutes=30)
    assert "as robot before and as nobody after" in reader.sync(full=True).error
    assert (reader.absences()[ids[0]], reader.store.cursor("memory")) == (None, before)


def test_a_lost_container_stands_and_what_changed_everywhere_meanwhile_is_read(reader: Reader):
    """J22: the others are read on, with a cursor that moves; what comes back is read in full."""
    kept, lost = reader.add(30), reader.add(30, "B")
    reader.sync()
    reader.pass_time(hours=1)
    reader.sync()
    reader.site.states["B"] = "lost"
    for step in range(3):
        reader.pass_time(hours=1)
        for id_ in (kept[step], lost[step]):
            reader.site.things[id_].title, reader.site.things[id_].changed = "moved on", reader.site.now
        result = reader.sync()
        assert (result.error, result.hint) == ("B is lost", "give access")
        assert result.read <= 2
        assert reader.titles()[kept[step]] == "moved on"
        absences = reader.absences()
        assert {absences[id_] for id_ in lost} == {Absence.ACCESS_LOST}
        assert {absences[id_] for id_ in kept} == {None}
    reader.site.states["B"] = "visible"
    reader.pass_time(hours=1)
    assert reader.sync().outcome is SourceOutcome.COMPLETE
    assert set(reader.absences().values()) == {None}
    assert {reader.titles()[id_] for id_ in lost[:3]} == {"moved on"}
    reader.pass_time(hours=1)
    assert reader.sync().read == 0


def test_while_a_container_is_lost_what_is_missing_elsewhere_is_unobserved(reader: Reader):
    """D.2: it may have moved where nobody sees it."""
    kept = reader.add(30) + reader.add(3, "B")
    reader.sync()
    reader.site.states["B"] = "lost"
    reader.site.things[kept[0]].container = "B"
    reader.pass_time(hours=1)
    reader.sync(full=True)
    assert reader.absences()[kept[0]] is Absence.UNOBSERVED
    reader.site.states["B"] = "visible"
    reader.pass_time(hours=1)
    assert reader.sync().outcome is SourceOutcome.COMPLETE
    assert reader.absences()[kept[0]] is None


def test_what_our_filter_left_out_of_a_container_that_shows_nothing_is_held(reader: Reader):
    """S6: where nothing is read, what is left out is all that could tell whether the container is shown at all."""
    reader.add(30)
    [left_out, gone] = reader.add(2, "C")
    reader.site.things[left_out].filtered = reader.site.things[gone].filtered = True
    reader.sync()
    reader.pass_time(hours=1)
    reader.site.things[left_out].filtered = reader.site.things[gone].filtered = False
    reader.site.things[left_out].changed = reader.site.things[gone].changed = reader.site.now
    reader.sync()
    reader.site.things[left_out].filtered = reader.site.things[gone].filtered = True
    reader.pass_time(hours=30)
    assert reader.sync(full=True).outcome is SourceOutcome.COMPLETE
    assert {reader.absences()[id_] for id_ in (left_out, gone)} == {Absence.FILTERED_OUT}

    reader.site.silent.add("C")
    reader.pass_time(hours=1)
    reader.sync(full=True)
    held = what_is_held(reader.store, "memory")
    assert held is not None
    assert held.reason == "memory does not show any of the 2 records of Project C any more; none was taken as deleted"
    assert [(loss.container, loss.lost, loss.of) for loss in held.containers] == [("C", 2, 2)]
    assert {reader.absences()[id_] for id_ in (left_out, gone)} == {Absence.UNOBSERVED}

    reader.site.silent.clear()
    del reader.site.things[gone]
    reader.pass_time(hours=1)
    reader.sync(full=True)
    assert (reader.absences()[left_out], reader.absences()[gone]) == (Absence.FILTERED_OUT, Absence.DELETED)
