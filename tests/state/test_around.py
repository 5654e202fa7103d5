"""What a view tells of a few records and their surroundings is what it tells of everything, without the rest."""

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.keys import objective_node
from model.links import Link, Need, Role
from model.network import DateSource, Group
from model.records import Absence, StatusCategory
from state.store import Store
from tests.state.worlds import DAY_2, deal, item, release, save, sprint

ORDER = (DateSource.RELEASE, DateSource.DUE, DateSource.SPRINT)
TODAY = date(2026, 9, 15)
days = st.none() | st.dates(date(2026, 9, 1), date(2026, 12, 31))
numbers = st.sampled_from("12345678")
work = st.builds(
    item,
    numbers,
    category=st.none() | st.sampled_from(StatusCategory),
    due=days,
    parent=st.none() | numbers,
    sprint=st.none() | st.just("s1"),
    releases=st.lists(st.sampled_from(["r1", "r2"]), max_size=2, unique=True).map(tuple),
    former_keys=st.lists(st.sampled_from(["OLD-1", "CORE-2"]), max_size=1).map(tuple),
)
needs = st.builds(
    Need,
    st.one_of(numbers.map(lambda each: f"jira:{each}"), st.just("crm:d"), st.just(objective_node("M-1"))),
    st.one_of(numbers.map(lambda each: f"CORE-{each}"), st.sampled_from(["2.4", "jira:OLD-1", "M-1", "none"])),
)
links = st.builds(
    Link,
    st.one_of(numbers.map(lambda each: f"jira:{each}"), st.sampled_from(["jira:r1", "crm:d"])),
    st.sampled_from(["M-1", "M-2"]),
    st.sampled_from([Role.DELIVERS, Role.PROMISES]),
    st.just("rule"),
)
changed = st.sets(
    st.one_of(numbers.map(lambda each: f"jira:{each}"), st.sampled_from(["jira:r1", "jira:s1", "crm:d"])), min_size=1
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(work, min_size=1, max_size=8, unique_by=lambda each: each.native_id),
    st.lists(needs, max_size=6, unique=True),
    st.lists(links, max_size=6, unique_by=lambda each: (each.record_id, each.objective_id, each.role)),
    changed,
    st.sets(numbers, max_size=1),
)
def test_a_part_of_the_plan_reads_as_it_does_in_the_whole(
    store: Store, items: Any, wanted: Any, linked: Any, ids: Any, gone: Any
) -> None:
    others = [release("r1", "2.4", date(2026, 10, 1)), release("r2", "2.5"), sprint("s1", date(2026, 9, 30))]
    run = save(store, *items, *others, deal("d", promised="2.4"))
    known = {*(each.id for each in items), "jira:r1", "crm:d"}
    store.replace_links(
        sorted({"crm:d", "jira:r1", *(f"jira:{number}" for number in "12345678")}),
        [each for each in linked if each.record_id in known],
        [each for each in wanted if each.dependent in known],
    )
    store.replace_objective_needs([each for each in wanted if each.dependent == objective_node("M-1")])
    store.mark_absent(run, "jira", dict.fromkeys(gone & {each.native_id for each in items}, Absence.DELETED), DAY_2)

    with store.view(objective_ids=["M-1"]) as whole, store.view(objective_ids=["M-1"]) as view:
        part = view.around(ids, dependents=(), neighbours=(), arrived=ids)
        assert ids <= part.asked
        assert list(part.work) == [each for each in whole.spine() if each.id in part.asked]
        assert list(part.releases) == [each for each in whole.releases() if each.id in part.asked]
        assert list(part.sprints) == [each for each in whole.sprints() if each.id in part.asked]
        assert list(part.deals) == [each for each in whole.deals() if each.id in part.asked]
        assert list(part.links) == [each for each in whole.links() if each.record_id in part.asked]
        assert list(part.needs) == [each for each in whole.needs() if each.dependent in part.dependents]
        assert part.absences == {id_: why for id_, why in whole.absences().items() if id_ in part.asked}
        for group in Group:
            everywhere = {each.node: each for each in whole.rollups(group, ORDER, TODAY)}
            nodes = sorted({*part.groups[group], *everywhere})
            assert {each.node: each for each in view.rollups(group, ORDER, TODAY, nodes)} == everywhere
            assert view.latest(group, nodes, ORDER, TODAY, 9) == whole.latest(group, nodes, ORDER, TODAY, 9)


def test_who_needs_a_record_by_any_of_its_names_is_found(store: Store) -> None:
    """J21: a record stays known under every key it ever had."""
    save(store, item("1", former_keys=("OLD-1",)), item("2"), item("3"), item("4"))
    store.replace_links(
        ["jira:2", "jira:3", "jira:4"],
        [],
        [Need("jira:2", "OLD-1"), Need("jira:3", "jira:CORE-1"), Need("jira:4", "X")],
    )
    with store.view() as view:
        part = view.around(["jira:1"], dependents=(), neighbours=(), arrived=())
    assert part.dependents == {"jira:1", "jira:2", "jira:3"}
    assert {need.dependent: need.prerequisites for need in part.needs} == {
        "jira:2": ("jira:1",),
        "jira:3": ("jira:1",),
    }
    assert {node.id for node in part.work} == {"jira:1", "jira:2", "jira:3"}


def test_the_whole_plan_cannot_be_read_in_part_afterwards(store: Store) -> None:
    with store.view() as view:
        list(view.spine())
        with pytest.raises(ValueError, match="read already"):
            view.around([], dependents=(), neighbours=(), arrived=())
