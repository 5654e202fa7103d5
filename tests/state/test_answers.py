"""Which answers need not be read again: those of present records, as long as nothing else is stored of them."""

from datetime import date

from model.reading import Page, SetAside
from model.records import Absence
from state.store import Store
from tests.state.worlds import DAY_1, DAY_2, item

FIRST, SECOND = b"1" * 16, b"2" * 16


def _saved(store: Store, page: Page) -> int:
    run = store.start_run(DAY_1, baseline=True)
    store.save_page(run, page, "jira", DAY_1)
    return run


def test_the_digest_of_an_answer_is_kept_with_what_was_read_from_it(store: Store) -> None:
    _saved(store, Page([item("1"), item("2")], digests={"1": FIRST, "gone": FIRST}))
    assert store.known_answers("jira", ["1", "2", "3"]) == {"1": FIRST}
    assert store.known_answers("other", ["1"]) == {}


def test_another_answer_that_says_the_same_is_known_from_then_on_and_is_no_revision(store: Store) -> None:
    run = _saved(store, Page([item("1")], digests={"1": FIRST}))
    assert store.save_page(run, Page([item("1")], digests={"1": SECOND}), "jira", DAY_2).changed == 0
    assert store.known_answers("jira", ["1"]) == {"1": SECOND}
    assert len(store.revisions("jira:1")) == 1


def test_what_changes_without_a_digest_is_read_again_next_time(store: Store) -> None:
    run = _saved(store, Page([item("1")], digests={"1": FIRST}))
    store.save_page(run, Page([item("1")]), "jira", DAY_2)
    assert store.known_answers("jira", ["1"]) == {"1": FIRST}, "it says what it said"
    store.save_page(run, Page([item("1", due=date(2026, 10, 1))]), "jira", DAY_2)
    assert store.known_answers("jira", ["1"]) == {}


def test_what_was_absent_is_read_again_whatever_it_answers(store: Store) -> None:
    run = _saved(store, Page([item("1")], digests={"1": FIRST}))
    store.mark_absent(run, "jira", {"1": Absence.UNOBSERVED}, DAY_2)
    assert store.known_answers("jira", ["1"]) == {}


def test_an_unchanged_record_counts_as_read_and_writes_nothing(store: Store) -> None:
    run = _saved(store, Page([item("1"), item("2")], digests={"1": FIRST, "2": FIRST}))
    saved = store.save_page(run, Page([], unchanged=["1", "2"], digests={"1": FIRST, "2": FIRST}), "jira", DAY_2)
    assert (saved.read, saved.changed, saved.again) == (2, 0, ())
    assert [len(store.revisions(f"jira:{one}")) for one in "12"] == [1, 1]


def test_what_changed_since_it_was_called_unchanged_must_be_asked_for(store: Store) -> None:
    """A record that comes twice may be compared before the first of its answers was stored."""
    run = _saved(store, Page([item("1"), item("2")], digests={"1": FIRST, "2": FIRST}))
    store.save_page(run, Page([item("1", due=date(2026, 10, 1))], digests={"1": SECOND}), "jira", DAY_2)
    late = Page([], unchanged=["1", "2", "3"], digests={"1": FIRST, "2": FIRST, "3": FIRST})
    assert store.save_page(run, late, "jira", DAY_2).again == ("1", "3")


def test_an_unchanged_record_is_not_set_aside_any_more(store: Store) -> None:
    run = _saved(store, Page([item("1")], digests={"1": FIRST}))
    store.save_page(run, Page([], [SetAside("1", "spoilt")]), "jira", DAY_1)
    assert [aside.native_id for aside in store.set_aside("jira")] == ["1"]
    store.save_page(run, Page([], unchanged=["1"], digests={"1": FIRST}), "jira", DAY_2)
    assert list(store.set_aside("jira")) == []
