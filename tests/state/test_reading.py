"""Pages, cursors and absences."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import text

from model.errors import StateError
from model.reading import Cursor, Page, SetAside
from model.records import Absence, Record
from state.reading import Saved, StoredCursor
from state.store import Store
from tests.state.worlds import DAY_1, DAY_2, DAY_3, deal, item, release, save


def test_the_same_page_saved_twice_changes_nothing_and_adds_no_revision(store: Store) -> None:
    page = Page([item("1", due=date(2026, 10, 1)), item("2", releases=("r1",)), release("r1", "2.4")])
    run = store.start_run(DAY_1, baseline=True)
    assert store.save_page(run, page, "jira", DAY_1) == Saved(read=3, changed=3)
    assert store.save_page(run, page, "jira", DAY_2) == Saved(read=3, changed=0)
    assert [len(store.revisions(record.id)) for record in page.records] == [1, 1, 1]


def test_a_changed_record_gets_a_revision_and_keeps_when_it_was_first_seen(store: Store) -> None:
    save(store, item("1", due=date(2026, 10, 1)))
    save(store, item("1", due=date(2026, 10, 8)), now=DAY_2)
    (found,) = store.find("jira:1")
    assert (found.record, found.first_seen, found.last_seen) == (item("1", due=date(2026, 10, 8)), DAY_1, DAY_2)
    assert [(each.seen_at, each.record) for each in store.revisions("jira:1")] == [
        (DAY_1, item("1", due=date(2026, 10, 1))),
        (DAY_2, item("1", due=date(2026, 10, 8))),
    ]


def test_a_record_read_from_another_cell_is_stored_anew_without_a_revision(store: Store) -> None:
    """A sorted workbook moves every address and says nothing new."""
    before = item("1", provenance={"due": "plan.xlsx!Plan!F12"}, url="file:plan.xlsx", changed=DAY_1)
    after = replace(before, provenance={"due": "plan.xlsx!Plan!F99"}, changed=DAY_2)
    run = save(store, before)
    assert store.save_page(run, Page([after]), "jira", DAY_2) == Saved(read=1, changed=0)
    assert store.find("jira:1")[0].record == after
    assert [each.record for each in store.revisions("jira:1")] == [before]


def test_an_unchanged_record_counts_as_seen_by_the_last_complete_read(store: Store) -> None:
    run = save(store, item("1"))
    store.save_page(run, Page([]), "jira", DAY_2)
    assert store.find("jira:1")[0].last_seen == DAY_1
    store.finish_source(run, "jira", Cursor("later"), full=False, now=DAY_2)
    assert store.find("jira:1")[0].last_seen == DAY_2


def test_of_a_record_that_comes_twice_in_a_page_the_last_counts(store: Store) -> None:
    run = store.start_run(DAY_1, baseline=True)
    twice = Page([item("1", title="first"), item("1", title="last")])
    assert store.save_page(run, twice, "jira", DAY_1) == Saved(read=1, changed=1)
    assert store.find("jira:1")[0].record.title == "last"


def test_a_page_that_fails_inside_leaves_nothing(store: Store) -> None:
    """The database itself refuses one name in the middle of the page."""
    run = save(store, item("1", title="as it was"))
    with _refused_name(store, "core-poison"), pytest.raises(StateError):
        store.save_page(run, Page([item("1", title="new"), item("poison"), item("2")]), "jira", DAY_2)
    assert store.find("jira:1")[0].record.title == "as it was"
    assert store.present_ids("jira") == {"1"}
    assert len(store.revisions("jira:1")) == 1
    assert store.find("CORE-2") == []
    # Control: without the poisoned name the same page is kept.
    store.save_page(run, Page([item("1", title="new"), item("2")]), "jira", DAY_2)
    assert store.present_ids("jira") == {"1", "2"}


@contextmanager
def _refused_name(store: Store, name: str) -> Iterator[None]:
    if store.on_postgresql:
        add = f"ALTER TABLE names ADD CONSTRAINT poison CHECK (name <> '{name}')"
        remove = "ALTER TABLE names DROP CONSTRAINT poison"
    else:
        add = (
            f"CREATE TRIGGER poison BEFORE INSERT ON names WHEN NEW.name = '{name}' "
            "BEGIN SELECT RAISE(ABORT, 'poisoned'); END"
        )
        remove = "DROP TRIGGER poison"
    with store.engine.begin() as connection:
        connection.execute(text(add))
    yield
    with store.engine.begin() as connection:
        connection.execute(text(remove))


@pytest.mark.parametrize(
    ("poisoned", "reason"),
    [
        (item("9", title="\ud800 broken"), "surrogates not allowed"),
        (item("9", title="a\x00b"), "holds a NUL character"),
        (item("9", custom={"effort": Decimal("NaN")}), "NaN is not a number"),
        (item("9", custom={"effort": 1.5}), "the field effort holds a float"),
        (item("9", created=DAY_1.replace(tzinfo=None)), "a time has no zone"),
        (item("9", title="x" * 3_000_000), "is larger than 2,000,000 bytes"),
        (item("9", parent="x" * 2000), "an id or the container's name is longer than 1000 bytes"),
        (item(""), "it has no id"),
        (item("\ud8009"), "surrogates not allowed"),
        (item("\x009"), "holds a NUL character"),
    ],
    ids=["surrogate", "nul", "nan", "float", "naive", "huge", "long-id", "no-id", "surrogate-id", "nul-id"],
)
def test_one_poisoned_record_is_set_aside_and_the_others_are_kept(store: Store, poisoned: Record, reason: str) -> None:
    """S10."""
    run = store.start_run(DAY_1, baseline=True)
    saved = store.save_page(run, Page([item("1"), poisoned, item("2")]), "jira", DAY_1)
    assert saved == Saved(read=3, changed=2, set_aside=1)
    assert store.present_ids("jira") == {"1", "2"}
    (aside,) = store.set_aside("jira")
    assert reason in aside.reason
    assert aside.since == DAY_1


def test_a_backslash_before_u0000_is_no_nul_and_is_kept(store: Store) -> None:
    save(store, item("1", title="\\u0000"))
    assert store.find("jira:1")[0].record.title == "\\u0000"


def test_a_name_too_long_to_find_does_not_keep_its_record_out(store: Store) -> None:
    save(store, item("1", key="k" * 5000, former_keys=("OLD-1",)))
    assert [found.record.key for found in store.find("OLD-1")] == ["k" * 5000]


def test_a_record_set_aside_keeps_its_last_good_version(store: Store) -> None:
    run = save(store, item("1", title="good"))
    store.save_page(run, Page([item("1", title="\ud800")]), "jira", DAY_2)
    assert store.find("jira:1")[0].record.title == "good"
    assert [aside.native_id for aside in store.set_aside()] == ["1"]


def test_a_set_aside_record_is_cleared_when_it_comes_back_sound(store: Store) -> None:
    run = store.start_run(DAY_1, baseline=True)
    store.save_page(run, Page([], [SetAside("1", "no due date", "plan!F2")]), "jira", DAY_1)
    assert [(aside.native_id, aside.location) for aside in store.set_aside("jira")] == [("1", "plan!F2")]
    store.save_page(run, Page([item("1")]), "jira", DAY_2)
    assert store.set_aside("jira") == []


def test_only_a_full_read_clears_set_aside_records_that_did_not_come_again(store: Store) -> None:
    first = store.start_run(DAY_1, baseline=True)
    store.save_page(first, Page([], [SetAside("1", "broken"), SetAside("2", "broken")]), "jira", DAY_1)
    second = store.start_run(DAY_2, baseline=False)
    store.save_page(second, Page([], [SetAside("2", "still broken")]), "jira", DAY_2)
    store.finish_source(second, "jira", None, full=False, now=DAY_2)
    assert [aside.native_id for aside in store.set_aside("jira")] == ["1", "2"]
    store.finish_source(second, "jira", None, full=True, now=DAY_2)
    assert [(aside.native_id, aside.reason, aside.since) for aside in store.set_aside("jira")] == [
        ("2", "still broken", DAY_1)
    ]


def test_the_cursor_moves_only_at_the_end_of_a_read(store: Store) -> None:
    run = store.start_run(DAY_1, baseline=True)
    store.save_page(run, Page([item("1")]), "jira", DAY_1)
    assert store.cursor("jira") is None
    store.finish_source(run, "jira", Cursor("one"), full=True, now=DAY_1)
    assert store.cursor("jira") == StoredCursor(Cursor("one"), DAY_1, DAY_1)
    store.save_page(run, Page([item("2")]), "jira", DAY_2)
    store.fail_source(run, "jira", "did not answer", DAY_2)
    assert store.cursor("jira") == StoredCursor(Cursor("one"), DAY_1, DAY_1)
    store.finish_source(run, "jira", Cursor("two"), full=False, now=DAY_3)
    assert store.cursor("jira") == StoredCursor(Cursor("two"), DAY_3, DAY_1)


def test_a_failed_source_shows_its_error_and_its_last_complete_read(store: Store) -> None:
    run = save(store, item("1"))
    store.fail_source(run, "jira", "token expired", DAY_2)
    store.fail_source(run, "crm", "never answered", DAY_2)
    with store.view() as view:
        crm, jira = view.coverage()
    assert (jira.records, jira.as_of, jira.complete, jira.error) == (1, DAY_1, False, "token expired")
    assert (crm.records, crm.as_of, crm.complete, crm.error) == (0, None, False, "never answered")
    store.finish_source(run, "jira", None, full=False, now=DAY_3)
    with store.view() as view:
        assert [(each.complete, each.error) for each in view.coverage() if each.source == "jira"] == [(True, "")]


def test_present_ids_are_those_of_one_source_and_container(store: Store) -> None:
    save(store, item("1", container="CORE"), item("2", container="WEB"), item("3", source="asana"), deal("4"))
    assert store.present_ids("jira") == {"1", "2"}
    assert store.present_ids("jira", "WEB") == {"2"}


def test_an_absent_record_stays_with_why_and_since_when(store: Store) -> None:
    run = save(store, item("1"), item("2"))
    store.finish_source(run, "jira", None, full=False, now=DAY_2)
    assert store.mark_absent(run, "jira", {"1": Absence.DELETED, "unknown": Absence.DELETED}, DAY_3) == 1
    assert store.present_ids("jira") == {"2"}
    assert store.absence("jira:1") == (Absence.DELETED, DAY_3)
    assert store.absence("jira:2") is None
    assert store.find("jira:1")[0].last_seen == DAY_2
    assert [(each.seen_at, each.absence) for each in store.revisions("jira:1")] == [
        (DAY_1, None),
        (DAY_3, Absence.DELETED),
    ]


def test_an_absence_said_twice_is_no_news_and_another_reason_keeps_the_first_day(store: Store) -> None:
    run = save(store, item("1"))
    store.mark_absent(run, "jira", {"1": Absence.UNOBSERVED}, DAY_1)
    assert store.mark_absent(run, "jira", {"1": Absence.UNOBSERVED}, DAY_2) == 0
    assert store.mark_absent(run, "jira", {"1": Absence.DELETED}, DAY_3) == 1
    assert store.absence("jira:1") == (Absence.DELETED, DAY_1)


def test_a_record_that_comes_back_unchanged_is_present_again_with_a_revision(store: Store) -> None:
    run = save(store, item("1"))
    store.mark_absent(run, "jira", {"1": Absence.ACCESS_LOST}, DAY_2)
    assert store.save_page(run, Page([item("1")]), "jira", DAY_3).changed == 1
    assert store.absence("jira:1") is None
    assert [each.absence for each in store.revisions("jira:1")] == [None, Absence.ACCESS_LOST, None]


def test_a_page_with_a_record_of_another_source_is_refused(store: Store) -> None:
    run = store.start_run(DAY_1, baseline=True)
    with pytest.raises(ValueError, match="a record of crm in a page of jira"):
        store.save_page(run, Page([deal("1")]), "jira", DAY_1)


def test_a_large_page_is_kept_whole(store: Store) -> None:
    """More records than one statement may name."""
    run = store.start_run(DAY_1, baseline=True)
    page = Page([item(str(number)) for number in range(1200)])
    assert store.save_page(run, page, "jira", DAY_1).changed == 1200
    assert store.save_page(run, page, "jira", DAY_1).changed == 0
