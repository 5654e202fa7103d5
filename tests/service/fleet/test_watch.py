"""What is seen of a worker over HTTP: its own beat and jobs, and the state it shares."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest

from model.errors import InterruptedRunError, StateError
from service.beat import LATE_SECONDS
from service.fleet.app import GivenUpError, TryAgainError
from service.fleet.run import _outcome
from service.fleet.telling import tell
from service.fleet.watch import FleetWatch, QueuePulse
from service.fleet.work import Work
from service.metrics import exposition
from state.lock import Ownership
from state.store import Store
from tests.pipeline.company import Company
from tests.service.fleet.test_work import hurry, read_all
from tests.service.test_metrics import MOST_SERIES, samples, value

TEMPLATE = "fleet_queue"


@pytest.fixture
def work(company: Company, store: Store) -> Iterator[Work]:
    work = Work(store, company.configuration, company.clock, "process 1 on here", stop=company.stop)
    with Ownership.share(store, company.now):
        yield work


class Time:
    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def answered() -> QueuePulse:
    queue = QueuePulse()
    with queue.asking():
        pass
    return queue


def test_a_worker_is_ready_when_everything_was_read_whoever_read_it(
    work: Work, company: Company, state_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.fleet.watch.LOOK_AGAIN_SECONDS", 0.0)
    queue = answered()
    watch = FleetWatch(work, queue)
    watch._watch.look_again_seconds = 0
    assert watch.health().told() == {
        "ready": False,
        "beats": True,
        "configuration": "loaded",
        "state": "owned",
        "queue": "connected",
        "stale": ["crm", "jira"],
        "never_read": ["crm", "jira"],
        "put_off": [],
    }
    with Store.open(state_url) as second, Ownership.share(second, company.now):
        other = Work(second, company.configuration, company.clock, "process 2 on there", stop=company.stop)
        read_all(other)
        other.conclude(1)
    hurry(state_url, minutes=5)
    health = watch.health()
    assert health.ready
    told = exposition(health)
    assert 590 < value(told, "source_due_seconds", source="jira") <= 600  # by the clock of the database
    assert value(told, "state_owned") == value(told, "queue_connected") == 1
    assert not health.pulse.ended, "the other one did it"
    assert other.beat.pulse().runs.count(1) == 1
    queue._heard = None
    assert (watch.health().ready, watch.health().told()["queue"]) == (False, "silent")
    company.pass_time(days=2)
    hurry(state_url, days=2)
    assert (watch.health().stale, value(exposition(watch.health()), "source_due_seconds", source="jira")) == (
        ("crm", "jira"),
        0,
    )


def test_what_a_daemon_before_them_refused_is_not_told_of_workers(
    work: Work, store: Store, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The note stays until a daemon takes an edit; workers take the files at their start."""
    monkeypatch.setattr(Store, "refused_configuration", lambda _: object())
    health = FleetWatch(work, answered()).health()
    assert value(exposition(health), "configuration_refused") == 0


def test_a_state_that_cannot_be_read_raises_nothing(work: Work, store: Store) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE pulls RENAME TO gone")
        connection.exec_driver_sql("ALTER TABLE owner RENAME TO gone_too")
    health = FleetWatch(work, answered()).health()
    assert (health.ready, health.state, health.stale) == (False, "cannot be read", ("crm", "jira"))
    with store.engine.begin() as connection:  # so that leaving finds what it needs
        connection.exec_driver_sql("ALTER TABLE gone RENAME TO pulls")
        connection.exec_driver_sql("ALTER TABLE gone_too RENAME TO owner")


def test_the_queue_is_silent_before_it_answers_when_it_stops_and_while_one_question_hangs() -> None:
    now = Time()
    queue = QueuePulse(now)
    assert not queue.connected()
    with queue.asking():
        assert not queue.connected()
    now.seconds += LATE_SECONDS
    assert queue.connected()
    now.seconds += 1
    assert not queue.connected()
    with queue.asking():
        now.seconds += LATE_SECONDS + 1
        with queue.asking():
            pass
        assert not queue.connected(), "the other question goes on"
    assert queue.connected()
    now.seconds += LATE_SECONDS + 1
    with pytest.raises(ZeroDivisionError), queue.asking():
        raise ZeroDivisionError
    assert not queue.connected()


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (TryAgainError(timedelta(seconds=1)), "again"),
        (GivenUpError(), "given_up"),
        (InterruptedRunError("stopped"), "interrupted"),
        (asyncio.CancelledError(), "interrupted"),
        (StateError("refused"), "failed"),
        (ZeroDivisionError(), "crashed"),
    ],
)
def test_a_job_ends_in_a_word(failure: BaseException, outcome: str) -> None:
    assert (_outcome([failure]), _outcome([])) == (outcome, "done")


def test_digests_and_deliveries_are_counted_as_with_the_daemon(
    work: Work, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(work)

    def broken(*_arguments: object, **_named: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("service.fleet.telling.deliver", broken)
    tell(work)
    assert work.beat.pulse().ended == {
        ("digest", "done"): 2,
        ("deliveries", "done"): 1,
        ("deliveries", "crashed"): 1,
    }
    assert work.beat.pulse().under_way == {}


def test_there_are_few_series_with_two_hundred_sources(work: Work, company: Company) -> None:
    jira = company.settings["sources"]["jira"]
    company.settings["sources"] |= {f"jira-{number}": jira for number in range(200)}
    company.write()
    work.configuration = company.configuration
    for job in ("read", "conclude", "tell", "look", "prune", "digest", "deliveries"):
        for outcome in ("done", "again", "given_up", "interrupted", "failed", "crashed"):
            work.beat.end(work.beat.begin(job), job, outcome, is_run=False)
    told = exposition(FleetWatch(work, answered()).health())
    assert len(samples(told)) < MOST_SERIES
    assert value(told, "sources") == 202
