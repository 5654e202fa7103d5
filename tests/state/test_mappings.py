"""What is remembered of mappings: what the last one held, what was changed, what is refused."""

from dataclasses import replace
from decimal import Decimal

from model.errors import Problem
from model.links import Link, Role
from model.mapping_changes import Inventory, MappingChange, Names, RefusedConfiguration
from state.store import Store
from tests.state.worlds import DAY_1, item, save

FIRST = Inventory("aaa", {"rules.yaml": "1"}, {"work": "2"}, {"M-1": "3"})
SECOND = replace(FIRST, fingerprint="bbb", rules={"work": "9"})
CHANGE = MappingChange(
    at=DAY_1,
    before="aaa",
    after="bbb",
    by="Nadia",
    known_from="git",
    files=Names(changed=("rules.yaml",)),
    rules=Names(("new",), ("old",), ("work",)),
    links={"work": (3, 2)},
)


def test_the_first_mapping_is_no_change(store: Store) -> None:
    assert store.inventory() is None
    assert store.add_mapping_change(None, FIRST) is None
    assert (store.inventory(), store.mapping_changes()) == (FIRST, [])


def test_changes_read_back_equal_numbered_and_the_newest_first(store: Store) -> None:
    store.add_mapping_change(None, FIRST)
    assert store.add_mapping_change(CHANGE, SECOND) == replace(CHANGE, number=1)
    back = replace(CHANGE, before="bbb", after="aaa", by="")
    for number in range(2, 12):
        store.add_mapping_change(back, FIRST)
        assert store.mapping_changes(limit=1) == [replace(back, number=number)]
    assert store.inventory() == FIRST
    assert [change.number for change in store.mapping_changes()] == [*range(11, 0, -1)]
    assert [change.number for change in store.mapping_changes(after=9)] == [11, 10]
    assert store.mapping_changes()[-1] == replace(CHANGE, number=1)


def test_other_notes_are_no_changes(store: Store) -> None:
    store.set_note("mapping-changes of another kind", "text")
    store.set_note("linked", "1 aaa")
    assert store.mapping_changes() == []


def test_links_are_counted_by_rule_and_objective(store: Store) -> None:
    save(store, item("1"), item("2"))
    links = [Link(f"jira:{number}", "M-1", Role.DELIVERS, "work", Decimal(1)) for number in (1, 2)]
    store.replace_links(["jira:1", "jira:2"], [*links, replace(links[0], objective_id="M-2", rule="more")], [])
    assert store.link_counts() == {("work", "M-1"): 2, ("more", "M-2"): 1}


def test_what_is_refused_is_kept_until_it_is_sound(store: Store) -> None:
    refused = RefusedConfiguration(DAY_1, (Problem("wrong", "rules.yaml:3:1", "mend it", "  rules: ["),), "aaa")
    assert store.refused_configuration() is None
    store.set_refused_configuration(refused)
    assert store.refused_configuration() == refused
    store.set_refused_configuration(None)
    assert store.refused_configuration() is None
