"""What new revisions reach, and that their numbers tell what is new."""

import threading

from model.keys import record_id
from model.records import Absence
from state.pages import add_revisions
from state.store import Store
from tests.state.worlds import DAY_1, DAY_2, item, page, release, save, sprint


def reached(store: Store, since: int) -> set[str]:
    return {id_.removeprefix("jira:") for id_ in store.reached_since(since)}


def test_a_new_revision_reaches_what_lies_below_at_any_depth(store: Store) -> None:
    save(store, item("1"), item("2", parent="1"), item("3", parent="2"), item("4", parent="9"))
    before = store.last_revision()
    assert reached(store, before) == set()
    save(store, item("1", title="new"))
    assert reached(store, before) == {"1", "2", "3"}


def test_a_circle_of_parents_ends(store: Store) -> None:
    save(store, item("1", parent="2"), item("2", parent="1"))
    assert reached(store, 0) == {"1", "2"}


def test_a_release_reaches_its_members_and_a_sprint_its_work(store: Store) -> None:
    save(
        store, release("r1", "2.4"), sprint("s1", None), item("1", releases=("r1",)), item("2", sprint="s1"), item("3")
    )
    before = store.last_revision()
    save(store, release("r1", "2.5"))
    assert reached(store, before) == {"r1", "1"}
    store.mark_absent(1, "jira", {"s1": Absence.DELETED}, DAY_2)
    assert reached(store, before) == {"r1", "1", "s1", "2"}


def test_another_place_or_time_alone_reaches_nothing(store: Store) -> None:
    save(store, item("1", changed=DAY_1))
    before = store.last_revision()
    save(store, item("1", changed=DAY_2, url="https://elsewhere"))
    assert (store.last_revision(), reached(store, before)) == (before, set())
    assert [each.url for batch in store.contents(["jira:1"]) for each in batch] == ["https://elsewhere"]


def test_records_that_are_asked_for_come_in_batches_without_those_that_are_gone(store: Store) -> None:
    save(store, *(item(str(number)) for number in range(5)))
    store.mark_absent(1, "jira", {"3": Absence.DELETED}, DAY_2)
    ids = [record_id("jira", str(number)) for number in (4, 3, 2, 0, 99)]
    assert [[each.native_id for each in batch] for batch in store.contents(ids, batch=2)] == [
        ["0", "2"],
        ["4"],
    ]


def test_revisions_are_numbered_in_the_order_in_which_they_are_committed(store: Store) -> None:
    """Otherwise one that is committed late could hide below a number that was taken for the newest."""
    run = save(store, item("1"))
    second = threading.Thread(target=store.save_page, args=(run, page([item("2")]), "jira", DAY_1))
    with store.writing() as connection:
        add_revisions(connection, [{"record_id": "jira:1", "run_id": run, "seen_at": DAY_1, "facts": "{}"}])
        second.start()
        second.join(0.2)
        assert second.is_alive()
    second.join(10)
    newest = store.last_revision()
    assert reached(store, newest - 1) == {"2"}
