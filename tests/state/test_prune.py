"""What is forgotten changes no kept day, no slip since the beginning, and nothing that people were told or decided."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from model.deliveries import DeliveryState
from model.errors import StateLockedError, UsageError
from model.measures import Measures
from model.records import Absence
from model.runs import Run, RunOutcome, SourceOutcome, SourceResult
from state import tables
from state.as_of_store import past_of
from state.lock import Ownership
from state.prune import Horizons, Pruned, prunable, prune
from state.store import Store
from tests.state.test_as_of_store import BERLIN, world_of
from tests.state.test_decisions import DECISION, ONE, OTHER, decided, opened, step, tracked
from tests.state.test_outbox import add, mail
from tests.state.worlds import item, save

START = datetime(2026, 1, 5, 6, tzinfo=UTC)
HORIZON = START + timedelta(days=4, hours=12)
ALL = Horizons(past=HORIZON, mails=HORIZON)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def due(number: int) -> date:
    return date(2026, 6, 1) + timedelta(days=7 * number)


def filled(store: Store, days: int = 8) -> None:
    """One record changes every day, one never, one goes on the third day and is back on the fourth."""
    for number in range(days):
        records = [item("1", due=due(number)), item("2", title="always so")]
        if number != 2:
            records.append(item("3", title="comes and goes"))
        run = save(store, *records, now=day(number))
        if number == 2:
            store.mark_absent(run, "jira", {"3": Absence.DELETED}, day(number))
        result = SourceResult(
            source="jira",
            outcome=SourceOutcome.FAILED if number == 3 else SourceOutcome.COMPLETE,
            started_at=day(number),
            finished_at=day(number),
        )
        store.finish_run(
            Run(id=run, started_at=day(number), finished_at=day(number), outcome=RunOutcome.DONE, results=(result,))
        )


def kept_of(store: Store, id_: str) -> list[date]:
    return [each.seen_at.date() for each in store.revisions(id_)]


def count(store: Store, name: str) -> int:
    with store.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(tables.metadata.tables[name])).scalar_one())


def test_a_record_keeps_its_first_content_that_of_the_horizon_and_all_later_ones(store: Store) -> None:
    filled(store)
    before = prunable(store, ALL)
    assert prune(store, ALL) == before
    assert before.revisions == 4  # the second to fourth content of one, and that another was gone meanwhile
    assert kept_of(store, "jira:1") == [day(number).date() for number in (0, 4, 5, 6, 7)]
    assert kept_of(store, "jira:2") == [day(0).date()]
    assert kept_of(store, "jira:3") == [day(0).date(), day(3).date()]
    assert not prune(store, ALL)


def test_how_far_a_date_has_moved_in_all_is_still_told(store: Store) -> None:
    filled(store)
    prune(store, ALL)
    with store.view() as view:
        moves = view.moves(["jira:1"])["jira:1"]
    assert (moves[0].old, moves[-1].new) == (due(0), due(7))


def test_every_kept_day_reads_as_before_and_an_earlier_one_is_refused(store: Store) -> None:
    """Time travel is exact or refused: never an invented past."""
    filled(store)

    def world(number: int) -> dict[str, Any]:
        with past_of(store, BERLIN) as past:
            past.lead_to(day(number).date())
            found = world_of(past)
            del found["revisions"]
            return found

    before = {number: world(number) for number in (5, 6, 7)}
    earlier = world(2)
    prune(store, ALL)
    assert {number: world(number) for number in before} == before
    with pytest.raises(UsageError, match="the past before 2026-01-09 is no longer kept"):
        world(2)
    prune(store, Horizons(past=LONG_AGO, mails=LONG_AGO))
    with store.engine.begin() as connection:  # the negative control: without the refusal the past would be another
        connection.execute(tables.notes.delete())
    assert world(2) != earlier


def test_an_absence_that_lasts_keeps_its_beginning(store: Store) -> None:
    run = save(store, item("1"), now=day(0))
    store.mark_absent(run, "jira", {"1": Absence.ARCHIVED}, day(1))
    store.mark_absent(run, "jira", {"1": Absence.DELETED}, day(2))
    assert prune(store, ALL).revisions == 0
    assert [each.absence for each in store.revisions("jira:1")] == [None, Absence.ARCHIVED, Absence.DELETED]


def test_only_the_text_of_a_mail_that_has_ended_long_ago_goes(store: Store) -> None:
    states = (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.READY, DeliveryState.UNKNOWN)
    old = add(store, *[mail(f"old {state.value}") for state in states])
    for id_, state in zip(old, states, strict=True):
        store.mark_delivery(id_, state, now=day(1))
    [new] = add(store, mail("new"))
    store.mark_delivery(new, DeliveryState.SENT, now=day(5))
    assert prune(store, ALL).mails == 2
    assert [row.slot for row in store.deliveries() if not row.message] == ["old sent", "old failed"]
    assert store.add_deliveries([mail("old sent")]) == []  # nobody gets it a second time


def test_runs_go_unless_something_rests_on_them(store: Store) -> None:
    filled(store)
    for number in range(1, 4):  # runs that found nothing new
        run = store.start_run(day(number), baseline=False)
        store.finish_run(Run(id=run, started_at=day(number), finished_at=day(number), outcome=RunOutcome.DONE))
        store.save_measures(run, Measures(at=day(number), days=90))
    done = prune(store, ALL)
    # The first and the last complete reading and the last attempt stay; two runs more are named by nothing now.
    assert (done.runs, done.measures) == (5, 3)
    assert [run.id for run in store.runs(limit=99)] == [8, 7, 6, 5, 4, 1]
    assert store.has_baseline()
    assert store.read_before(["jira"], day(5)) == {"jira": day(4)}


def test_findings_transitions_and_decisions_are_never_pruned(store: Store) -> None:
    filled(store)
    lives = [ONE, OTHER, tracked()]
    store.save_findings(1, lives, [opened(each) for each in lives])
    store.save_findings(2, [decided(ONE), decided(OTHER)], [step(ONE), step(OTHER)], decision=DECISION)
    never = ("findings", "transitions", "decisions", "decided", "records", "names", "approvals")
    before = {name: count(store, name) for name in never}
    far = datetime(2099, 1, 1, tzinfo=UTC)
    assert prune(store, Horizons(far, far))
    assert {name: count(store, name) for name in never} == before
    with store.reading() as connection:  # what they name is still there, though SQLite was not asked to look
        runs = set(connection.execute(select(tables.runs.c.id)).scalars())
        for table in (tables.transitions, tables.revisions, tables.source_results):
            assert set(connection.execute(select(table.c.run_id)).scalars()) <= runs


def test_it_can_be_stopped_between_two_batches_and_goes_on_later(
    one_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("state.prune._BATCH", 2)
    filled(one_store)
    asked = iter([False, True, True, True, True, True])
    assert prune(one_store, ALL, stop=lambda: next(asked)) == Pruned(revisions=2)
    assert prune(one_store, ALL).revisions == 2
    assert kept_of(one_store, "jira:1") == [day(number).date() for number in (0, 4, 5, 6, 7)]


def test_an_owner_that_was_replaced_forgets_nothing(store: Store, store_url: str) -> None:
    """C12, in the part that goes its own way on SQLite as well."""
    for number in range(3):
        run = store.start_run(day(number), baseline=False)
        store.finish_run(Run(id=run, started_at=day(number), finished_at=day(number), outcome=RunOutcome.DONE))
    with Ownership.acquire(store, holder="one", now=START):
        pass
    with Store.open(store_url) as other, Ownership.acquire(other, holder="two", now=START):
        with pytest.raises(StateLockedError, match="took over"):
            prune(store, ALL)
        assert len(store.runs()) == 3
        assert prune(other, ALL).runs == 3
        with other.engine.connect() as connection:
            if not other.on_postgresql:
                assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
