"""Links and needs are replaced by writing the differences."""

from dataclasses import replace
from decimal import Decimal

import pytest

from model.errors import StateError
from model.links import Link, Need, NeedOrigin, Role
from model.surroundings import Touched
from state.links import LinkChanges
from state.store import Store
from tests.state.worlds import item, save

LINK = Link("jira:1", "M-1", Role.DELIVERS, "core work", Decimal("0.5"), "rules.yaml:3")
NEED = Need("jira:1", "Release 2.4", 14, NeedOrigin.RULE, "launch", "rules.yaml:9")


def test_links_and_needs_read_back_equal(store: Store) -> None:
    save(store, item("1"))
    assert store.replace_links(["jira:1"], [LINK], [NEED]) == LinkChanges(added=1, needs_added=1)
    assert store.links_of("jira:1") == [LINK]
    assert store.needs_of("jira:1") == [NEED]


def test_a_need_keeps_its_calendar_and_its_owner(store: Store) -> None:
    save(store, item("1"))
    worked = replace(NEED, calendar="de-by", owner="dana")
    store.replace_links(["jira:1"], [], [NEED])
    assert store.replace_links(["jira:1"], [], [worked]) == LinkChanges(needs_added=1, needs_removed=1)
    assert store.needs_of("jira:1") == [worked]
    with store.view() as view:
        assert [(need.calendar, need.owner) for need in view.needs()] == [("de-by", "dana")]


def test_replacing_by_the_same_writes_nothing(store: Store) -> None:
    save(store, item("1"))
    store.replace_links(["jira:1"], [LINK], [NEED])
    assert store.replace_links(["jira:1"], [LINK], [NEED]) == LinkChanges()


def test_a_changed_link_is_one_added_and_one_removed(store: Store) -> None:
    save(store, item("1"))
    store.replace_links(["jira:1"], [LINK], [NEED])
    heavier, longer = replace(LINK, weight=Decimal(1)), replace(NEED, lag_days=21)
    assert store.replace_links(["jira:1"], [heavier], [longer]) == LinkChanges(1, 1, 1, 1)
    assert (store.links_of("jira:1"), store.needs_of("jira:1")) == ([heavier], [longer])


def test_only_the_named_records_are_replaced(store: Store) -> None:
    save(store, item("1"), item("2"))
    other = replace(LINK, record_id="jira:2")
    store.replace_links(["jira:1", "jira:2"], [LINK, other], [NEED, replace(NEED, dependent="jira:2")])
    assert store.replace_links(["jira:1"], [], []) == LinkChanges(removed=1, needs_removed=1)
    assert store.links_of("jira:1") == []
    assert store.links_of("jira:2") == [other]
    assert len(store.needs_of("jira:2")) == 1


def test_what_is_said_about_another_record_is_refused(store: Store) -> None:
    save(store, item("1"), item("2"))
    with pytest.raises(ValueError, match="jira:1"):
        store.replace_links(["jira:2"], [LINK], [])


def test_a_link_of_a_record_that_was_never_stored_is_refused_and_nothing_is_kept(store: Store) -> None:
    save(store, item("1"))
    with pytest.raises(StateError):
        store.replace_links(["jira:1", "jira:9"], [LINK, replace(LINK, record_id="jira:9")], [])
    assert store.links_of("jira:1") == []


def test_needs_of_objectives_are_replaced_apart_from_those_of_records(store: Store) -> None:
    save(store, item("1"))
    store.replace_links(["jira:1"], [], [NEED])
    first = Need("objective:M-1", "M-2", 0, NeedOrigin.OBJECTIVES_FILE, "", "objectives.yaml:7")
    store.replace_objective_needs([first, replace(first, dependent="objective:M-3")])
    assert store.replace_objective_needs([first]) == LinkChanges(needs_removed=1)
    assert store.needs_of("objective:M-1") == [first]
    assert store.needs_of("jira:1") == [NEED]
    with pytest.raises(ValueError, match="need of a record"):
        store.replace_objective_needs([NEED])


def test_links_to_objectives_that_are_gone_are_dropped(store: Store) -> None:
    save(store, item("1"))
    store.replace_links(["jira:1"], [LINK, replace(LINK, objective_id="M-9")], [])
    assert store.drop_links_of_unknown({"M-1", "M-2"}) == 1
    assert store.links_of("jira:1") == [LINK]


def test_a_replacement_tells_what_is_linked_otherwise(store: Store) -> None:
    save(store, item("1"), item("2"))
    other = replace(LINK, record_id="jira:2", objective_id="M-2")
    before = store.replace_links(["jira:1", "jira:2"], [LINK, other], [NEED])
    assert before.touched == Touched(frozenset({"jira:1", "jira:2"}), frozenset({"M-1", "M-2"}))
    same = store.replace_links(["jira:1", "jira:2"], [LINK, other], [NEED])
    assert same.touched == Touched()
    after = store.replace_links(["jira:1", "jira:2"], [other], [])
    assert after.touched == Touched(frozenset({"jira:1"}), frozenset({"M-1"}))
