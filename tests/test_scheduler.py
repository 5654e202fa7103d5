"""The daemon: what it remembers, what it never doubles or misses, and how it ends."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import event

import scheduler as scheduler_module
from config.load import Configuration
from connectors.jira import JiraConnector
from model.deliveries import DeliveryState
from model.errors import StateError
from model.findings import TransitionKind
from model.runs import RunOutcome
from sandbox.http import LOGIN_PAGE, Fault
from scheduler import Daemon, shift_jobs
from service.watch import Watch
from state.store import Store
from tests.databases import ON_POSTGRESQL
from tests.digest.smtp_servers import running
from tests.pipeline.company import RECIPIENTS, RULES, Company, Servers

ROOT = Path(__file__).parents[1]
TUESDAY_SEVEN = datetime(2026, 9, 15, 5, 0, tzinfo=UTC)
"""Seven o'clock in Berlin."""


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with Servers() as servers:
        yield servers


@pytest.fixture
def company(servers: Servers, tmp_path: Path) -> Company:
    return Company(tmp_path / "acme", servers)


@pytest.fixture
def store(company: Company) -> Iterator[Store]:
    with company.open_store() as store:
        yield store


class Killed(BaseException):
    """The process ends here; nothing of ours runs any more."""


class Time:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def start(store: Store, company: Company, **named: Any) -> Daemon:
    """A daemon that has begun, as after each start of the program; its jobs are run by the test."""
    daemon = Daemon(store, company.configuration, company.clock, **named)
    daemon.begin()
    return daemon


def read_all(daemon: Daemon) -> None:
    for name in daemon.configuration.settings.sources:
        daemon.read(name)


@pytest.fixture
def mail(company: Company) -> Iterator[list[tuple[str, list[str], bytes]]]:
    """What the company's mail server received."""
    with running(company.mailbox) as port:
        company.settings["mail"]["smtp"]["port"] = port
        company.write()
        yield company.mailbox.received


class TestDigests:
    """Slots are served once, whatever happens to the process (C13-C15, M12)."""

    @pytest.fixture
    def monday(self, store: Store, company: Company, mail: object) -> Daemon:
        """The first start, on Monday after the time of the digest."""
        daemon = start(store, company)
        read_all(daemon)
        daemon.tell()
        return daemon

    def test_the_first_start_sends_nothing_that_was_due_before(self, monday: Daemon, mail: list[object], store: Store):
        assert (mail, store.deliveries()) == ([], [])

    def test_a_digest_goes_out_once_when_its_time_has_come(self, monday: Daemon, company: Company, mail: list[Any]):
        company.now = TUESDAY_SEVEN - timedelta(minutes=1)
        company.slip()
        read_all(monday)
        monday.tell()
        assert mail == []
        company.pass_time(minutes=1)
        for _ in range(3):
            monday.tell()
            company.pass_time(seconds=5)
        assert [recipients for _, recipients, _ in mail] == [[name] for name in RECIPIENTS]

    def test_a_slot_that_was_missed_while_the_daemon_was_down_is_sent_once_on_return(
        self, monday: Daemon, store: Store, company: Company, mail: list[Any]
    ):
        """C15, and with what was read after the return: people hear on Wednesday what moved on Tuesday."""
        company.now = TUESDAY_SEVEN + timedelta(days=1, hours=3)
        company.slip()
        again = start(store, company)
        again.tell()
        assert mail == []
        read_all(again)
        for _ in range(2):
            again.tell()
        assert len(mail) == 2
        assert {row.slot for row in store.deliveries()} == {"2026-09-16"}

    def test_a_digest_waits_a_few_minutes_for_a_source_that_is_overdue_and_no_longer(
        self, store: Store, company: Company, mail: list[Any]
    ):
        monotonic = Time()
        read_all(start(store, company))
        company.slip()
        company.now = TUESDAY_SEVEN + timedelta(hours=1)
        daemon = start(store, company, monotonic=monotonic)
        daemon.read("jira")
        daemon.tell()
        monotonic.seconds += 299
        daemon.tell()
        assert mail == []
        monotonic.seconds += 1
        daemon.tell()
        assert len(mail) == 2

    def test_a_slot_without_news_is_served_as_well(self, monday: Daemon, company: Company, mail: list[Any]):
        """What moves later that day is told the next morning, not by a second mail at noon."""
        company.now = TUESDAY_SEVEN
        read_all(monday)
        monday.tell()
        company.slip()
        company.pass_time(hours=5)
        read_all(monday)
        monday.tell()
        assert mail == []
        company.now = TUESDAY_SEVEN + timedelta(days=1)
        read_all(monday)
        monday.tell()
        assert len(mail) == 2

    def test_a_daemon_that_dies_between_the_outbox_and_its_note_loses_and_doubles_nothing(
        self, monday: Daemon, store: Store, company: Company, mail: list[Any], monkeypatch: pytest.MonkeyPatch
    ):
        """C1: the slot counts as served only after its mails are committed."""
        company.slip()
        company.now = TUESDAY_SEVEN
        read_all(monday)
        real = Store.set_note

        def dies(self: Store, key: str, value: str | None) -> None:
            if key.startswith("digest-slot"):
                raise Killed
            real(self, key, value)

        with monkeypatch.context() as patched:
            patched.setattr(Store, "set_note", dies)
            with pytest.raises(Killed):
                monday.tell()
        assert [row.state for row in store.deliveries()] == [DeliveryState.READY] * 2
        again = start(store, company)
        again.tell()
        again.tell()
        assert len(mail) == 2
        assert {row.state for row in store.deliveries()} == {DeliveryState.SENT}

    def test_one_audience_that_cannot_be_composed_keeps_back_no_other_and_is_tried_again_later(
        self, store: Store, company: Company, mail: list[Any], monkeypatch: pytest.MonkeyPatch
    ):
        digests = company.settings["digests"]
        digests["board"] = {"recipients": ["chair@acme.example"], "at": "07:00"}
        company.settings["digests"] = {"board": digests["board"], "leaders": digests["leaders"]}
        company.write()
        daemon = start(store, company)
        read_all(daemon)
        company.slip()
        company.now = TUESDAY_SEVEN
        read_all(daemon)
        real, tries = scheduler_module.prepare, []

        def fails_for_the_board(*arguments: Any, **named: Any) -> Any:
            tries.append(arguments[2])
            if arguments[2] == "board" and len(tries) < 4:
                raise StateError("the disk of the state is full")
            return real(*arguments, **named)

        monkeypatch.setattr(scheduler_module, "prepare", fails_for_the_board)
        for _ in range(2 * 12):
            daemon.tell()
            company.pass_time(seconds=5)
        assert tries == ["board", "leaders", "board"]
        assert len(mail) == 2
        for _ in range(5 * 12):
            daemon.tell()
            company.pass_time(seconds=5)
        assert tries == ["board", "leaders", "board", "board"]
        assert [recipients for _, recipients, _ in mail[2:]] == [["chair@acme.example"]]

    def test_a_mail_that_was_on_its_way_when_the_daemon_died_goes_again(
        self, monday: Daemon, store: Store, company: Company, mail: list[Any]
    ):
        """M1."""
        company.slip()
        company.now = TUESDAY_SEVEN
        read_all(monday)
        monday.tell()
        [first, _] = store.deliveries()
        with store.writing() as connection:
            connection.exec_driver_sql("UPDATE deliveries SET state = 'sending' WHERE id = 1")
        again = start(store, company)
        assert store.deliveries()[0].state is DeliveryState.UNKNOWN
        again.tell()
        assert store.deliveries()[0].state is DeliveryState.SENT
        assert first.message_id.encode() in mail[2][2]
        assert len(mail) == 3

    def test_an_idle_look_at_the_outbox_writes_nothing(self, monday: Daemon, company: Company):
        """Every five seconds, for years."""
        path, asked = company.folder / "state.db-wal", list[str]()
        monday.tell()
        before = None if ON_POSTGRESQL else (path.stat().st_mtime_ns, path.stat().st_size)
        event.listen(monday.store.engine, "before_cursor_execute", lambda _c, _cursor, said, *_: asked.append(said))
        for _ in range(3):
            company.pass_time(seconds=5)
            monday.tell()
        assert {each.split()[0] for each in asked} - {"BEGIN"} == {"SELECT"}
        assert ON_POSTGRESQL or (path.stat().st_mtime_ns, path.stat().st_size) == before


class TestReadings:
    def test_a_source_that_was_never_read_is_read_at_once(self, store: Store, company: Company):
        daemon = start(store, company)
        assert daemon.wait_before_first_read("jira") == timedelta()

    def test_after_a_restart_a_source_waits_for_what_is_left_of_its_interval(self, store: Store, company: Company):
        """P9; and C13: a clock that was set back by days does not make it wait for days."""
        read_at = company.now
        start(store, company).read("jira")
        left = {}
        for minutes in (0, 5, 15, 200, -5, -60 * 24 * 3):
            company.now = read_at + timedelta(minutes=minutes)
            left[minutes] = start(store, company).wait_before_first_read("jira") / timedelta(minutes=1)
        assert left == {0: 15, 5: 10, 15: 0, 200: 0, -5: 15, -60 * 24 * 3: 15}

    def test_a_source_that_failed_is_not_tried_again_before_its_interval_is_over(self, store: Store, company: Company):
        """A program that is restarted again and again must not ask a source each time."""
        company.jira_server.add_fault(Fault(pattern="/search", response=LOGIN_PAGE, times=None))
        read_all(start(store, company))
        assert store.cursor("jira") is None
        company.pass_time(minutes=5)
        again = start(store, company)
        assert again.wait_before_first_read("jira") == timedelta(minutes=10)
        assert again.wait_before_first_read("crm") == timedelta(minutes=10)

    def test_the_sources_of_a_first_start_have_one_baseline(self, store: Store, company: Company, mail: list[Any]):
        """They are read one by one; none of what stands is announced as news."""
        company.slip()
        daemon = start(store, company)
        read_all(daemon)
        opened = [step for step in store.transitions() if step.kind is TransitionKind.OPENED]
        assert len(opened) == len(store.transitions()) == 8
        assert all(step.baseline for step in opened)
        company.now = TUESDAY_SEVEN
        read_all(daemon)
        daemon.tell()
        assert mail == []

    def test_a_source_that_hangs_keeps_back_neither_the_other_nor_the_digest(
        self, store: Store, company: Company, mail: list[Any], monkeypatch: pytest.MonkeyPatch
    ):
        """P12, S2."""
        read_all(start(store, company))
        company.slip()
        company.now = TUESDAY_SEVEN
        daemon = start(store, company)
        read_all(daemon)
        hanging = threading.Event()

        def hang(self: JiraConnector) -> Iterator[Any]:
            hanging.set()
            self.context.stop.wait(20)
            self.context.check()
            yield from ()

        monkeypatch.setattr(JiraConnector, "side_tables", hang)
        reading = threading.Thread(target=daemon.read, args=["jira"])
        reading.start()
        assert hanging.wait(10)
        daemon.read("crm")
        daemon.tell()
        assert len(mail) == 2
        assert reading.is_alive()
        daemon.stop.set()
        reading.join(5)
        assert not reading.is_alive()
        latest = {result.source: run.outcome for run in reversed(store.runs()) for result in run.results}
        assert latest["crm"] is RunOutcome.DONE
        assert store.runs()[1].outcome is RunOutcome.INTERRUPTED

    def test_linking_and_judging_of_two_sources_take_turns(self, store: Store, company: Company):
        """Both look at everything, so one waits for the other; reading does not."""
        daemon = start(store, company)
        with daemon.turn:
            reading = threading.Thread(target=daemon.read, args=["crm"])
            reading.start()
            deadline = time.monotonic() + 10
            while store.cursor("crm") is None:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            reading.join(0.2)
            assert reading.is_alive()
            assert [run.outcome for run in store.runs()] == [RunOutcome.RUNNING]
        reading.join(10)
        assert [run.outcome for run in store.runs()] == [RunOutcome.DONE]

    def test_a_run_that_a_killed_daemon_left_open_is_closed(self, store: Store, company: Company):
        store.start_run(company.now, baseline=True)
        start(store, company)
        assert [run.outcome for run in store.runs()] == [RunOutcome.INTERRUPTED]

    def test_a_job_that_fails_is_told_without_a_secret_and_ends_nothing(
        self, store: Store, company: Company, monkeypatch: pytest.MonkeyPatch
    ):
        """P10, X1."""

        def broken(*_arguments: object, **_named: object) -> None:
            raise RuntimeError("token=hunter2")

        daemon = start(store, company)
        with monkeypatch.context() as patched, structlog.testing.capture_logs() as lines:
            patched.setattr(scheduler_module, "make_pass", broken)
            daemon.read("jira")
            patched.setattr(scheduler_module, "make_pass", lambda *_, **__: (_ for _ in ()).throw(StateError("full")))
            daemon.read("crm")
        assert [(line["event"], line["job"]) for line in lines] == [
            ("job.crashed", "read jira"),
            ("job.failed", "read crm"),
        ]
        assert "test_scheduler.py" in lines[0]["error"]
        assert "hunter2" not in str(lines)
        read_all(daemon)
        assert len(store.runs()) == 2

    def test_nothing_begins_after_the_wish_to_stop(self, store: Store, company: Company, mail: list[Any]):
        daemon = start(store, company)
        daemon.stop.set()
        read_all(daemon)
        daemon.tell()
        assert store.runs() == []


class TestTimetables:
    """When a source is read beside its interval: the daemon itself, with its scheduler (P1-P5, C13-C15)."""

    NIGHTLY: ClassVar = {"from": "22:00", "until": "06:00"}

    @contextmanager
    def scheduled(self, daemon: Daemon) -> Iterator[BackgroundScheduler]:
        scheduler = daemon._scheduler()
        scheduler.start(paused=True)
        try:
            yield scheduler
        finally:
            scheduler.shutdown(wait=False)

    def set_up(self, store: Store, company: Company, **options: Any) -> Daemon:
        company.settings["sources"]["jira"] |= options
        company.write()
        return start(store, company)

    def seconds_until(self, scheduler: BackgroundScheduler, source: str) -> float:
        left = scheduler.get_job(f"read {source}").next_run_time - datetime.now(UTC)
        return float(round(left / timedelta(seconds=1), -1))

    def test_a_schedule_is_read_by_the_clock_of_the_business_and_the_scheduler_stays_in_utc(
        self, store: Store, company: Company
    ):
        daemon = self.set_up(store, company, cron="0 3 * * *")
        daemon.read("jira")
        company.now = datetime(2026, 10, 24, 12, 0, tzinfo=UTC)
        daemon.read("jira")
        with self.scheduled(daemon) as scheduler:
            assert scheduler.timezone is UTC
            night = datetime(2026, 10, 25, 2, 0, tzinfo=UTC)
            assert self.seconds_until(scheduler, "jira") == (night - company.now).total_seconds()
            trigger = scheduler.get_job("read jira").trigger
            company.now = night
            now = datetime.now(UTC)
            following = trigger.get_next_fire_time(now, now)
            assert timedelta(hours=24) <= following - now < timedelta(hours=24, seconds=60)

    def test_a_reading_that_is_due_in_a_blackout_asks_nothing_and_is_made_up_for_once(
        self, store: Store, company: Company
    ):
        daemon = self.set_up(store, company, blackout=[self.NIGHTLY], every="15m")
        daemon.read("jira")
        company.jira_server.requests.clear()
        runs = len(store.runs())
        company.now = datetime(2026, 9, 14, 20, 0, tzinfo=UTC)
        with self.scheduled(daemon) as scheduler:
            for _ in range(3):
                daemon.read_when_due(scheduler, "jira")
            assert company.jira_server.requests == []
            assert len(store.runs()) == runs
            assert self.seconds_until(scheduler, "jira") == 8 * 3600
            company.pass_time(hours=8)
            daemon.read_when_due(scheduler, "jira")
        assert len(store.runs()) == runs + 1
        assert daemon.agenda.plans()["jira"].put_off is None

    def test_a_reading_beyond_its_budget_is_put_off_and_readiness_does_not_suffer(self, store: Store, company: Company):
        daemon = self.set_up(store, company, budget={"requests": 500, "per": "1d"})
        read_all(daemon)
        company.jira_server.requests.clear()
        store.take_requests("jira", 500, most=500, span=timedelta(days=1), now=company.now)
        company.pass_time(minutes=31)
        daemon.read("crm")
        watch = Watch(store, daemon.beat, daemon.agenda.plans, company.clock, look_again_seconds=0)
        with self.scheduled(daemon) as scheduler:
            assert watch.health().stale == ("jira",)
            daemon.read_when_due(scheduler, "jira")
            health = watch.health()
            assert (health.stale, health.put_off) == ((), ("jira",))
            assert self.seconds_until(scheduler, "jira") > 20 * 3600
        assert company.jira_server.requests == []
        assert [result.source for result in store.runs()[0].results] == ["crm"]

    def test_a_digest_does_not_wait_for_a_source_that_is_left_alone(
        self, store: Store, company: Company, mail: list[Any]
    ):
        read_all(start(store, company))
        company.slip()
        daemon = self.set_up(store, company, blackout=[{"from": "06:00", "until": "12:00"}])
        company.now = TUESDAY_SEVEN - timedelta(minutes=90)
        read_all(daemon)
        company.now = TUESDAY_SEVEN
        daemon.read("crm")
        daemon.tell()
        assert len(mail) == 2

    def test_a_changed_timetable_is_taken_with_the_files(self, store: Store, company: Company):
        def load() -> Configuration:
            company._configuration = None
            return company.configuration

        daemon = start(store, company, load=load)
        read_all(daemon)
        with self.scheduled(daemon) as scheduler:
            before = scheduler.get_job("read crm").next_run_time
            company.settings["sources"]["jira"]["cron"] = "0 12 * * *"
            company.write()
            assert daemon.look_at_files(scheduler, at_once=True)
            noon = datetime(2026, 9, 14, 10, 0, tzinfo=UTC)
            assert self.seconds_until(scheduler, "jira") == (noon - company.now).total_seconds()
            assert scheduler.get_job("read crm").next_run_time == before

    def test_a_deadline_ends_one_source_and_the_others_and_the_digest_go_on(
        self, store: Store, company: Company, mail: list[Any]
    ):
        """P6: its reading fails with the remedy, nothing of the process does."""
        before = start(store, company)
        read_all(before)
        company.slip()
        before.read("jira")
        company.now = TUESDAY_SEVEN
        daemon = self.set_up(
            store, company, deadline="1s", http={"read_timeout_seconds": 60, "answer_deadline_seconds": 60}
        )
        company.jira_server.add_fault(Fault(pattern="/search/jql", delay_seconds=60, times=None))
        read_all(daemon)
        daemon.tell()
        results = {result.source: result for run in reversed(store.runs()) for result in run.results}
        assert results["jira"].error == "jira was not read to its end within its deadline of 1s"
        assert "raise sources.jira.deadline" in results["jira"].hint
        assert results["crm"].error == ""
        assert len(mail) == 2
        assert daemon.hangs is False


class TestTheClock:
    def test_jobs_keep_their_distance_when_the_clock_is_set_back(self):
        """C13: three days back must not mean three days of silence."""
        scheduler = BackgroundScheduler(timezone=UTC)
        scheduler.start(paused=True)
        try:
            soon = datetime.now(UTC) + timedelta(days=3, minutes=10)
            scheduler.add_job(print, "interval", minutes=15, id="read jira", next_run_time=soon)
            shift_jobs(scheduler, timedelta(days=-3))
            assert scheduler.get_job("read jira").next_run_time == soon - timedelta(days=3)
        finally:
            scheduler.shutdown(wait=False)

    def test_the_daemon_notices_that_the_clock_was_set_back_and_only_that(
        self, store: Store, company: Company, monkeypatch: pytest.MonkeyPatch
    ):
        """Forward jumps make jobs due at once, which is what they should be; small steps are the usual adjustment."""
        seconds = iter([0.0, -1.0, 7200.0, 0.0])
        offsets = [timedelta(seconds=value) for value in seconds]
        moved: list[timedelta] = []
        rounds = iter([False] * (len(offsets) - 1) + [True])
        monkeypatch.setattr(scheduler_module, "wall_over_monotonic", lambda: offsets.pop(0))
        monkeypatch.setattr(scheduler_module, "shift_jobs", lambda _scheduler, by: moved.append(by))
        monkeypatch.setattr(scheduler_module.select, "select", lambda *_: ([1] if next(rounds) else [], [], []))
        daemon = start(store, company)
        daemon._follow_clock(BackgroundScheduler(), None)  # type: ignore[arg-type]
        assert moved == [timedelta(seconds=-7200)]


class TestTheEnd:
    def test_a_job_that_does_not_end_in_time_is_said_to_be_left(
        self, store: Store, company: Company, monkeypatch: pytest.MonkeyPatch
    ):
        """C16: the caller then ends the process; every stored step was whole."""
        daemon = start(store, company)
        begun, go = threading.Event(), threading.Event()

        def stuck(*_arguments: object, **_named: object) -> None:
            begun.set()
            go.wait(10)

        monkeypatch.setattr(scheduler_module, "make_pass", stuck)
        monkeypatch.setattr(scheduler_module, "GRACE_SECONDS", 0.1)
        job = threading.Thread(target=daemon.read, args=["jira"])
        job.start()
        assert begun.wait(10)
        assert daemon._wait_for_jobs() is False
        go.set()
        job.join(10)
        assert daemon._wait_for_jobs() is True


class TestEditedFiles:
    """An edited configuration is taken while the daemon goes on (F1)."""

    @pytest.fixture
    def daemon(self, store: Store, company: Company) -> Daemon:
        def load() -> Configuration:
            company._configuration = None
            return company.configuration

        daemon = start(store, company, load=load)
        read_all(daemon)
        company.slip()
        read_all(daemon)
        return daemon

    def test_what_was_taken_is_linked_and_judged_at_once_and_says_why(
        self, daemon: Daemon, store: Store, company: Company
    ):
        company.write(rules={"version": 1, "rules": RULES["rules"][1:]})  # type: ignore[index]
        assert daemon.look_at_files(at_once=True)
        daemon.conclude()
        resolved = [step for step in store.transitions() if step.kind is TransitionKind.RESOLVED]
        assert len(resolved) == 8
        assert all("since the mapping changed on 14 Sep 2026" in step.reason for step in resolved)

    def test_a_reading_under_way_is_judged_with_the_mapping_that_was_taken_meanwhile(
        self, daemon: Daemon, store: Store, company: Company
    ):
        """Otherwise a long reading would put the old mapping back for a while."""
        with daemon.turn:
            reading = threading.Thread(target=daemon.read, args=["crm"])
            reading.start()
            company.write(rules={"version": 1, "rules": RULES["rules"][1:]})  # type: ignore[index]
            assert daemon.look_at_files(at_once=True)
        reading.join(10)
        daemon.read("jira")
        [change] = store.mapping_changes()
        assert change.after == company.configuration.mapping.fingerprint

    def test_sources_that_come_go_or_are_read_more_often_are_scheduled_anew(self, daemon: Daemon, company: Company):
        scheduler = daemon._scheduler()
        scheduler.start(paused=True)
        try:
            company.settings["sources"]["crm"]["every"] = "1h"
            company.settings["sources"]["jira2"] = company.settings["sources"].pop("jira")
            company.write(rules={"version": 1, "rules": RULES["rules"][:1]})  # type: ignore[index]
            assert daemon.look_at_files(scheduler, at_once=True)
            jobs = {job.id: job for job in scheduler.get_jobs()}
            assert jobs.keys() >= {"read crm", "read jira2", "digests", "link and judge anew"}
            assert "read jira" not in jobs
            assert timedelta(minutes=59) < jobs["read crm"].next_run_time - datetime.now(UTC) <= timedelta(hours=1)
            assert jobs["read jira2"].next_run_time <= datetime.now(UTC)
        finally:
            scheduler.shutdown(wait=False)

    def test_a_new_audience_is_not_told_what_was_due_before_it_was_known(
        self, daemon: Daemon, store: Store, company: Company, mail: list[Any]
    ):
        company.settings["digests"]["board"] = {"recipients": ["chair@acme.example"], "at": "00:01"}
        company.write()
        assert daemon.look_at_files(at_once=True)
        daemon.tell()
        assert mail == []

    def test_a_daemon_without_a_way_to_load_keeps_what_it_has(self, store: Store, company: Company):
        assert start(store, company).look_at_files(at_once=True) is False

    def test_a_mistake_changes_nothing(self, daemon: Daemon, store: Store, company: Company):
        before = daemon.configuration
        (company.folder / "rules.yaml").write_text("version: 1\nrules: [\n")
        assert daemon.look_at_files(at_once=True) is False
        assert daemon.configuration is before
        assert store.refused_configuration() is not None


class Running:
    """A daemon as a process of its own, and its log."""

    def __init__(self, company: Company) -> None:
        self.folder = company.folder
        self.log = company.folder / "daemon.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cli.main", "-C", str(company.folder), "run"], cwd=ROOT, stderr=log, stdout=log
            )

    def events(self, name: str) -> list[dict[str, Any]]:
        lines = self.log.read_text(encoding="utf-8").splitlines()
        told = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
        return [line for line in told if line["event"] == name]

    def wait_until(self, happened: Callable[[], bool], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not happened():
            assert self.process.poll() is None, self.log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, self.log.read_text(encoding="utf-8")
            time.sleep(0.05)

    def stop(self) -> float:
        """Ask it to end, and tell how long that took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=15) == 0, self.log.read_text(encoding="utf-8")
        return time.monotonic() - began


@contextmanager
def daemon_of(company: Company, shows: datetime) -> Iterator[Running]:
    """The real daemon, whose clock shows a time when it starts."""
    company.settings["clock"] = {"shows": shows.isoformat(), "since": datetime.now(UTC).isoformat()}
    company.write()
    running_daemon = Running(company)
    try:
        yield running_daemon
    finally:
        if running_daemon.process.poll() is None:
            running_daemon.process.kill()
            running_daemon.process.wait()


def test_a_daemon_reads_at_its_intervals_sends_at_its_time_refuses_a_second_one_and_ends_when_asked(
    company: Company, mail: list[Any]
):
    """C11, C16, P8: a whole life in one process of its own."""
    for source in company.settings["sources"].values():
        source["every"] = "1s"
    company.write()
    with company.open_store() as store:
        read_all(start(store, company))
    company.now = TUESDAY_SEVEN - timedelta(minutes=20)
    company.slip()
    with daemon_of(company, TUESDAY_SEVEN - timedelta(seconds=1)) as daemon:
        daemon.wait_until(lambda: len(mail) == 2)
        daemon.wait_until(lambda: len([line for line in daemon.events("source.read") if line["source"] == "crm"]) >= 3)
        second = subprocess.run(
            [sys.executable, "-m", "cli.main", "-C", str(company.folder), "run"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert second.returncode == 2
        assert f"process {daemon.process.pid} on " in second.stderr
        assert "driftline run" in second.stderr
        assert daemon.stop() < 10
        assert daemon.events("daemon.stopped")[0]["clean"] is True
    with company.open_store() as store:
        assert [row.state for row in store.deliveries()] == [DeliveryState.SENT] * 2
        for row in store.deliveries():
            assert timedelta() <= row.created_at - TUESDAY_SEVEN < timedelta(minutes=1)
        assert RunOutcome.RUNNING not in {run.outcome for run in store.runs(100)}
        assert store.owner() is None
    assert len(mail) == 2


def test_a_daemon_takes_an_edited_file_refuses_a_wrong_one_and_looks_at_once_when_asked(company: Company):
    """F1, in one process of its own: a mistake, its correction, and a wish by SIGHUP."""
    rules = company.folder / "rules.yaml"
    with daemon_of(company, company.now) as daemon:
        daemon.wait_until(lambda: len(daemon.events("run.finished")) >= 2)
        good = rules.read_text(encoding="utf-8")
        rules.write_text(good.replace("LAUNCH", "LUNCH"), encoding="utf-8")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_until(lambda: bool(daemon.events("configuration.refused")), seconds=4)
        [refused] = daemon.events("configuration.refused")
        assert refused["location"].endswith("rules.yaml:7:14")
        with company.open_store() as store:
            noted, inventory = store.refused_configuration(), store.inventory()
            assert noted is not None
            assert inventory is not None
            assert noted.active == inventory.fingerprint == refused["active"]
        rules.write_text(good.replace("LAUNCH", "OTHER"), encoding="utf-8")
        daemon.wait_until(lambda: bool(daemon.events("mapping.changed")))
        assert daemon.stop() < 10
    with company.open_store() as store:
        [deal] = store.find("D-1")
        assert [link.objective_id for link in store.links_of(deal.record.id)] == ["OTHER"]
        assert store.refused_configuration() is None
        assert [change.rules.changed for change in store.mapping_changes()] == [("deals", "work")]


def test_a_daemon_ends_within_its_grace_time_while_a_source_hangs_and_does_not_read_it_twice(company: Company):
    """C16, S2, P5, P7: a server that takes the question and never answers."""
    company.settings["sources"]["jira"] |= {"every": "1s", "http": {"read_timeout_seconds": 60}}
    company.settings["sources"]["crm"]["every"] = "1s"
    company.jira_server.add_fault(Fault(pattern="/search/jql", delay_seconds=60, times=None))
    company.jira_server.requests.clear()

    def asked() -> int:
        return sum("/search/jql" in line for line in company.jira_server.requests)

    with daemon_of(company, company.now) as daemon:
        daemon.wait_until(lambda: asked() > 0)
        daemon.wait_until(lambda: len(daemon.events("source.read")) >= 3)
        daemon.wait_until(lambda: bool(daemon.events("reading.takes_longer_than_its_interval")))
        assert {line["source"] for line in daemon.events("source.read")} == {"crm"}
        assert asked() == len(company.settings["sources"]["jira"]["projects"])
        assert daemon.stop() < 10
        assert daemon.events("daemon.stopped")[0]["clean"] is True
        assert "read jira" in {line["job"] for line in daemon.events("job.interrupted")}
    with company.open_store() as store:
        outcomes = [run.outcome for run in store.runs(100)]
        assert RunOutcome.RUNNING not in outcomes
        assert RunOutcome.INTERRUPTED in outcomes
        assert store.cursor("jira") is None
