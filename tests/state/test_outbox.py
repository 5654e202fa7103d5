"""The outbox: one mail per recipient and slot, nothing lost, nothing sent twice by us."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from model.deliveries import Delivery, DeliveryState
from model.errors import StateError
from state.store import Store
from tests.examples import examples
from tests.state.worlds import DAY_1, DAY_2, DAY_3

FAILED, SENT, SENDING, READY, UNKNOWN = (
    DeliveryState.FAILED,
    DeliveryState.SENT,
    DeliveryState.SENDING,
    DeliveryState.READY,
    DeliveryState.UNKNOWN,
)


def mail(slot: str = "leaders 2026-09-01", recipient: str = "ann@x.example", **fields: object) -> Delivery:
    values = {
        "audience": "leaders",
        "message_id": f"<{slot}-{recipient}>",
        "subject": "Two promises at risk",
        "reason": "you own M-014",
        "message": b"Subject: x\r\n\r\n\x00\xff",
        "covers": 5,
        "created_at": DAY_1,
    }
    return Delivery(slot=slot, recipient=recipient, **values | fields)  # type: ignore[arg-type]


def add(store: Store, *mails: Delivery) -> list[int]:
    return [each.id for each in store.add_deliveries(mails) if each.id is not None]


def test_a_delivery_reads_back_equal_with_its_number(store: Store) -> None:
    added = store.add_deliveries([mail()])
    assert added == [replace(mail(), id=added[0].id)]
    assert added[0].id is not None
    assert store.deliveries() == added


def test_a_recipient_gets_one_mail_per_slot_and_audience(store: Store) -> None:
    (first,) = store.add_deliveries([mail()])
    again = [mail(subject="another text"), mail(recipient="bob@x.example"), mail(audience="finance")]
    added = store.add_deliveries(again)
    assert [(each.recipient, each.audience) for each in added] == [
        ("bob@x.example", "leaders"),
        ("ann@x.example", "finance"),
    ]
    assert store.deliveries() == [first, *added]


def test_deliveries_are_listed_by_state_oldest_first(store: Store) -> None:
    ids = add(store, *(mail(f"slot {number}") for number in range(3)))
    store.mark_delivery(ids[1], SENT, now=DAY_2)
    assert [each.id for each in store.deliveries(states={READY})] == [ids[0], ids[2]]
    assert [each.id for each in store.deliveries(limit=2)] == ids[:2]
    assert store.deliveries(states=()) == []


def test_an_attempt_is_counted_and_its_end_is_kept(store: Store) -> None:
    (id_,) = add(store, mail())
    store.mark_delivery(id_, SENDING, now=DAY_2)
    store.mark_delivery(id_, UNKNOWN, now=DAY_2, error="the link broke\x00")
    (found,) = store.deliveries()
    assert (found.state, found.attempts, found.error) == (UNKNOWN, 1, "the link broke\\x00")
    store.mark_delivery(id_, SENDING, now=DAY_3)
    store.mark_delivery(id_, SENT, now=DAY_3)
    (found,) = store.deliveries()
    assert (found.state, found.attempts, found.sent_at, found.error) == (SENT, 2, DAY_3, "")


def test_what_was_sent_stays_sent(store: Store) -> None:
    (id_,) = add(store, mail())
    store.mark_delivery(id_, SENT, now=DAY_2)
    with pytest.raises(StateError, match="there is no unsent delivery"):
        store.mark_delivery(id_, SENDING, now=DAY_3)
    assert store.deliveries()[0].state is SENT


def test_only_what_was_on_its_way_becomes_unknown(store: Store) -> None:
    """C1: a process was killed between handing over the text and noting the answer."""
    ids = add(store, *(mail(state.value) for state in DeliveryState))
    for id_, state in zip(ids, DeliveryState, strict=True):
        store.mark_delivery(id_, state, now=DAY_1)
    assert store.recover_deliveries(DAY_2) == 1
    assert [each.state for each in store.deliveries()] == [READY, UNKNOWN, SENT, FAILED, UNKNOWN]
    assert store.recover_deliveries(DAY_2) == 0


def test_nothing_was_told_to_an_audience_without_mails(store: Store) -> None:
    add(store, mail(audience="finance"))
    assert store.covered("leaders") == 0
    assert store.last_slot("leaders") is None


@pytest.mark.parametrize("state", [READY, SENDING, SENT, UNKNOWN])
def test_what_waits_or_went_covers_its_transitions(store: Store, state: DeliveryState) -> None:
    (id_,) = add(store, mail(covers=7))
    store.mark_delivery(id_, state, now=DAY_1)
    assert store.covered("leaders") == 7
    assert store.last_slot("leaders") == "leaders 2026-09-01"


def test_one_dead_address_does_not_repeat_the_news_for_all(store: Store) -> None:
    ids = add(store, mail(), mail(recipient="gone@x.example"))
    store.mark_delivery(ids[0], SENT, now=DAY_1)
    store.mark_delivery(ids[1], FAILED, now=DAY_1)
    assert store.covered("leaders") == 5


def test_a_slot_that_failed_for_everyone_told_nobody(store: Store) -> None:
    ids = add(store, mail("one", covers=5), mail("two", covers_after=5, covers=9, created_at=DAY_2))
    store.mark_delivery(ids[0], SENT, now=DAY_1)
    store.mark_delivery(ids[1], FAILED, now=DAY_2)
    assert store.covered("leaders") == 5
    # Composed after the failure, so from transition 6 on: nothing is missing any more.
    add(store, mail("three", covers_after=5, covers=12, created_at=DAY_3))
    assert store.covered("leaders") == 12


def test_a_slot_composed_before_an_earlier_one_failed_does_not_hide_the_loss(store: Store) -> None:
    ids = add(store, mail("one", covers=5), mail("two", covers_after=5, covers=9, created_at=DAY_2))
    store.mark_delivery(ids[1], SENT, now=DAY_2)
    store.mark_delivery(ids[0], FAILED, now=DAY_3)
    assert store.covered("leaders") == 0


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 6), st.booleans()), min_size=1, max_size=8))
def test_every_transition_is_told_once_the_last_slot_arrives(
    one_store: Store, days: list[tuple[int, int, bool]]
) -> None:
    """Each day brings news and composes a slot over what is not covered; answers come late, good or bad."""
    with one_store.engine.begin() as connection:
        connection.execute(text("DELETE FROM messages"))
        connection.execute(text("DELETE FROM deliveries"))
    start = datetime(2026, 9, 1, tzinfo=UTC)
    last, told, waiting = 0, set[int](), dict[int, tuple[int, bool, set[int]]]()
    for day, (news, delay, fails) in enumerate([*days, (1, 0, False)]):
        now = start + timedelta(days=day)
        for id_, (due, bad, content) in list(waiting.items()):
            if due <= day or day == len(days):
                one_store.mark_delivery(id_, FAILED if bad else SENT, now=now)
                told |= set() if bad else content
                del waiting[id_]
        last += news
        covered = one_store.covered("leaders")
        content = set(range(covered + 1, last + 1))
        (id_,) = add(one_store, mail(f"{day:02}", covers_after=covered, covers=last, created_at=now))
        waiting[id_] = (day + delay, fails, content)
    ((_, _, final),) = waiting.values()
    assert told | final == set(range(1, last + 1))


@pytest.mark.sqlite_only("it looks at the size of the log that SQLite writes first")
def test_what_becomes_of_a_message_is_noted_without_writing_its_text_again(one_store: Store) -> None:
    """M1: the less that commit writes, the shorter the time in which a kill doubles the mail."""
    [id_] = add(one_store, mail(message=b"x" * 500_000))
    with one_store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    one_store.mark_delivery(id_, SENT, now=DAY_2)
    log = Path(f"{one_store.engine.url.database}-wal")
    assert 0 < log.stat().st_size < 40_000
    assert len(one_store.message_of(id_)) == 500_000
