"""A state that several workers share: who may be there at the same time, whose word counts, and the queue beside it."""

import threading
from pathlib import Path
from shutil import which

import pytest
from procrastinate.schema import SchemaManager

from model.errors import StateError, StateLockedError, UsageError
from state import claims, connected
from state.backup import back_up, restore
from state.lock import Ownership, workers
from state.queue import SCHEMA, install, jobs, put_back
from state.store import Store
from tests.pipeline.company import MONDAY
from tests.state.postgres import connect


def test_workers_share_a_state_and_nobody_else_is_let_in(store: Store, state_url: str) -> None:
    with Store.open(state_url) as second, Store.open(state_url) as alone:
        with Ownership.share(store, MONDAY) as first, Ownership.share(second, MONDAY) as other:
            assert first.epoch == other.epoch
            assert len(workers(alone)) == 2
            with pytest.raises(StateLockedError, match=r"the state is in use by 2 workers: process .*, process "):
                Ownership.acquire(alone, "driftline sync", MONDAY)
            assert (alone.owner() or "").startswith("2 workers: process ")
            store.set_note("a", "1")
            second.set_note("b", "2")
        assert alone.owner() is None
        with Ownership.acquire(alone, "driftline sync", MONDAY) as mine:
            assert mine.epoch == (first.epoch or 0) + 1
            with pytest.raises(StateLockedError, match="driftline sync"):
                Ownership.share(store, MONDAY)
            with pytest.raises(StateLockedError, match=r"another process took over the state: .*driftline sync"):
                second.set_note("b", "3")
        with Ownership.share(store, MONDAY) as again:
            assert again.epoch == (mine.epoch or 0) + 1
            with pytest.raises(StateLockedError, match=r"took over the state: .*driftline worker"):
                alone.set_note("b", "4")


def test_a_worker_notices_that_its_place_is_lost(store: Store, state_url: str) -> None:
    with Ownership.share(store, MONDAY) as mine:
        assert mine.still_held()
        with connect(state_url) as connection:
            ours = "FROM pg_stat_activity WHERE application_name LIKE 'driftline worker%'"
            connection.execute(f"SELECT pg_terminate_backend(pid, 5000) {ours}")
        assert not mine.still_held()
        assert not mine.still_held()  # also when it could connect anew


def test_a_claim_counts_until_the_next_one(store: Store) -> None:
    """C12, with the negative control."""
    first = store.claiming("the source jira", "one")
    other = store.claiming("the source crm", "two")
    first.set_note("said", "first")
    second = store.claiming("the source jira", "three")
    with pytest.raises(StateLockedError, match="another worker took over the source jira: three"):
        first.set_note("said", "stale")
    second.set_note("said", "second")
    other.set_note("other", "goes on")
    assert (store.note("said"), store.holders()["the source jira"]) == ("second", "three")
    first.claim = None
    first.set_note("said", "stale")
    assert store.note("said") == "stale"


def test_of_many_who_claim_the_same_at_once_the_last_may_write(store: Store) -> None:
    mine: list[Store] = []
    threads = [threading.Thread(target=lambda: mine.append(store.claiming("it", "somebody"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each.claim.epoch for each in mine if each.claim) == [1, 2, 3, 4]


def test_a_claim_waits_for_the_write_under_way_but_not_for_one_that_stands_still(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C12: the fence holds to the end of a transaction; a process that was stopped in the middle loses it."""
    monkeypatch.setattr(claims, "PATIENCE", "50ms")
    monkeypatch.setattr(connected, "LONGEST_STANDSTILL", "200ms")
    store.shared = True
    stale = store.claiming("it", "one")
    with pytest.raises(StateError), stale.writing() as connection:  # noqa: PT012 - all of it is one write
        with pytest.raises(StateLockedError):
            store.claiming("it", "two")
        monkeypatch.setattr(claims, "PATIENCE", "30s")
        assert store.claiming("it", "two").claim is not None
        connection.exec_driver_sql("INSERT INTO notes VALUES ('stale', 'word')")
    assert store.note("stale") is None


def test_the_queue_is_made_once_and_anew_for_another_version_of_its_library(store: Store, state_url: str) -> None:
    assert jobs(store) == []
    with Ownership.share(store, MONDAY), Store.open(state_url) as second:
        install(store, SchemaManager.get_schema())
        defer(state_url, "look")
        install(store, SchemaManager.get_schema())
        assert len(jobs(store)) == 1
        with Ownership.share(second, MONDAY), pytest.raises(UsageError, match="another version of procrastinate"):
            install(second, SchemaManager.get_schema() + "-- newer")
        install(store, SchemaManager.get_schema() + "-- newer")
        assert jobs(store) == []


def test_a_schema_of_that_name_that_is_not_ours_is_left_alone(store: Store, state_url: str) -> None:
    with connect(state_url) as connection:
        connection.execute(f"CREATE SCHEMA {SCHEMA}")
    with pytest.raises(StateError, match="holds something else"):
        install(store, SchemaManager.get_schema())


def defer(
    url: str, task: str, args: str = "{}", worker: str = "NULL", status: str = "todo", once: str | None = None
) -> None:
    with connect(url) as connection:
        connection.execute(f"SET search_path TO {SCHEMA}")
        connection.execute(
            f"INSERT INTO procrastinate_jobs (queue_name, task_name, args, queueing_lock, worker_id, status) "
            f"VALUES ('rest', '{task}', '{args}', '{once or task}', {worker}, '{status}')"
        )


def test_only_what_a_silent_worker_had_in_hand_is_given_to_others(store: Store, state_url: str) -> None:
    install(store, SchemaManager.get_schema())
    run, _ = store.open_round({"jira": 1}, MONDAY, baseline=True, due=lambda *_: True)
    assert run == 1
    with connect(state_url) as connection:
        connection.execute(f"SET search_path TO {SCHEMA}")
        connection.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now()), (now() - interval '1 min')"
        )
    stale = store.claiming("jira", "the silent one")
    defer(state_url, "read", '{"source": "jira"}', worker="2", status="doing")
    defer(state_url, "conclude", '{"run": 7}', worker="1", status="doing")
    defer(state_url, "look", worker="2", status="doing")
    defer(state_url, "look")
    given = put_back(store, 30, holder="another", claim_of=lambda _task, args: args.get("source"))
    assert [job.task for job in given] == ["read", "look"]
    assert [(job.task, job.status) for job in jobs(store)] == [
        ("read", "todo"),
        ("conclude", "doing"),
        ("look", "todo"),
    ]
    assert (store.pulls()["jira"].failures, store.holders()["jira"]) == (1, "another")
    with pytest.raises(StateLockedError):
        stale.set_note("said", "stale")
    assert put_back(store, 30, holder="another", claim_of=lambda *_: None) == []


def test_a_backup_leaves_the_queue_out_and_can_be_put_back_beside_it(
    store: Store, state_url: str, tmp_path: Path
) -> None:
    if which("pg_dump") is None:
        pytest.skip("no pg_dump on this machine")
    install(store, SchemaManager.get_schema())
    store.set_note("kept", "yes")
    path = tmp_path / "copy"
    back_up(store, state_url, path)
    store.set_note("kept", "no")
    store.close()
    restore(state_url, path, now=MONDAY)
    with Store.open(state_url) as again:
        assert again.note("kept") == "yes"
        defer(state_url, "look")
        assert len(jobs(again)) == 1
