"""Health: from the beat, the state and the age of what was read; unknown is never well."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast
from zoneinfo import ZoneInfo

from connectors.base import SourceOptions
from connectors.timetable.blackout import BlackoutOptions
from pipeline.agenda import Plan
from pipeline.spending import PutOff
from pipeline.timetable import Timetable
from service.beat import LATE_SECONDS, Beat
from service.health import SourceHealth, assess
from service.metrics import exposition
from state.figures import Figures, SourceFigures, read_figures
from state.store import Store
from tests.service.conftest import Watched, plans

NOW = datetime(2026, 9, 14, 6, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


class Time:
    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_a_daemon_beats_while_each_of_its_threads_comes_round():
    now = Time()
    beat = Beat(now)
    beat.seen("main")
    beat.seen("scheduler")
    now.seconds += LATE_SECONDS
    assert beat.pulse().beats
    beat.seen("main")
    now.seconds += 1
    assert not beat.pulse().beats, "the scheduler hangs, however lively the main thread is (P1)"


def test_a_daemon_that_hangs_while_it_starts_does_not_beat():
    now = Time()
    beat = Beat(now)
    now.seconds += LATE_SECONDS + 1
    assert not beat.pulse().beats


def test_jobs_and_the_durations_of_runs_are_counted():
    now = Time()
    beat = Beat(now)
    number = beat.begin("read jira")
    now.seconds += 20
    assert beat.pulse().under_way == {"read jira": 20}
    beat.end(number, "read", "done", is_run=True)
    pulse = beat.pulse()
    assert (pulse.under_way, pulse.ended, pulse.run_seconds) == ({}, {("read", "done"): 1}, 20)
    assert pulse.runs[5] == sum(pulse.runs) == 1


def test_a_source_is_stale_after_two_of_its_intervals_and_before_it_was_ever_read(watched: Watched):
    """P5; the edge: just two intervals are not too long."""
    watched.read_all()
    figures = read_figures(watched.store)
    figures = replace(figures, sources={"jira": replace(figures.sources["jira"], read_at=NOW - 2 * HOUR)})
    health = assess(Beat().pulse(), figures, plans(["jira", "crm"], NOW), now=NOW)
    assert health.stale == ("crm",)
    assert not health.ready
    later = assess(Beat().pulse(), figures, plans(["jira"], NOW), now=NOW + timedelta(seconds=1))
    assert later.stale == ("jira",)


def test_a_daemon_is_ready_when_everything_was_read_and_not_before(watched: Watched):
    assert watched.watch.health().told() == {
        "ready": False,
        "beats": True,
        "configuration": "loaded",
        "state": "owned",
        "stale": ["crm", "jira"],
        "never_read": ["crm", "jira"],
        "put_off": [],
    }
    watched.read_all()
    assert watched.watch.health().ready
    watched.company.pass_time(days=2)
    assert watched.watch.health().stale == ("crm", "jira")


def test_a_daemon_whose_state_somebody_else_took_over_is_not_ready(watched: Watched):
    """C12."""
    watched.read_all()
    with watched.store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE owner SET epoch = epoch + 1")
    health = watched.watch.health()
    assert (health.ready, health.state) == (False, "owned by another process")


def test_a_state_that_cannot_be_read_is_told_and_raises_nothing(watched: Watched):
    watched.read_all()
    with watched.store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE owner RENAME TO gone")
    health = watched.watch.health()
    assert (health.ready, health.state, health.stale) == (False, "cannot be read", ("crm", "jira"))


def test_figures_are_those_of_the_store(watched: Watched):
    watched.read_all()
    watched.company.slip()
    watched.read_all()
    store: Store = watched.store
    figures = read_figures(store)
    with store.view() as view:
        assert {name: each.records for name, each in figures.sources.items()} == {
            each.source: each.records for each in view.coverage()
        }
    counted: dict[tuple[object, object], int] = {}
    for finding in store.tracked().values():
        key = (finding.state, finding.finding.severity)
        counted[key] = counted.get(key, 0) + 1
    assert figures.findings == counted != {}
    assert figures.owned
    assert read_figures(store, known=figures.counted).counted is figures.counted
    assert figures.sources["jira"] != SourceFigures()


def test_nobody_owns_a_state_that_was_only_opened(watched: Watched):
    with watched.company.open_store() as another:
        assert read_figures(another).owned is False


def test_however_many_ask_the_state_is_counted_once_in_a_while(watched: Watched):
    watched.watch.look_again_seconds = 60
    before = watched.watch.health()
    watched.read_all()
    assert watched.watch.health().figures is before.figures
    watched.watch.look_again_seconds = 0
    assert watched.watch.health().ready


def test_a_source_that_is_put_off_is_not_stale_before_it_can_be_read():
    """Neither over a weekend of its own, nor while its budget is used up; what was never read is not relied on."""
    nightly = BlackoutOptions.model_validate({"from": "22:00", "until": "06:00"})
    table = Timetable("jira", SourceOptions(kind="memory", every=HOUR, blackout=(nightly,)), ZoneInfo("UTC"))
    evening, six = NOW.replace(hour=21, minute=30), NOW.replace(hour=6) + timedelta(days=1)
    blackout = Plan(table, six, PutOff(six, "a blackout"))

    def seen(plan: Plan, at: datetime, read_at: datetime | None = evening) -> SourceHealth:
        stored = {"jira": SourceFigures(read_at=read_at)}
        return assess(Beat().pulse(), cast(Figures, SimpleNamespace(sources=stored)), {"jira": plan}, now=at).sources[0]

    assert not seen(blackout, six + HOUR).stale
    assert seen(Plan(table, six), six + HOUR + MINUTE).stale
    assert seen(blackout, six - HOUR).due_in == HOUR
    noon = six + 6 * HOUR
    assert not seen(Plan(table, noon, PutOff(noon, "its budget is used")), noon + HOUR).stale
    assert seen(Plan(table, noon), noon).stale
    assert not seen(blackout, evening, read_at=None).stale
    assert seen(Plan(table, evening), evening, read_at=None).stale


def test_a_daemon_whose_source_was_never_read_is_not_ready_while_it_is_put_off(watched: Watched):
    watched.company.settings["sources"]["jira"]["blackout"] = [{"from": "00:00", "until": "23:59"}]
    watched.company.write()
    watched.daemon.configuration = watched.company.configuration
    watched.daemon.read("crm")
    told = watched.watch.health().told()
    assert (told["ready"], told["stale"], told["never_read"], told["put_off"]) == (False, [], ["jira"], ["jira"])
    text = exposition(watched.watch.health()).decode()
    assert 'driftline_source_put_off{source="jira"} 1.0' in text
    assert 'driftline_source_put_off{source="crm"} 0.0' in text
    assert 'driftline_source_due_seconds{source="crm"} 900.0' in text
