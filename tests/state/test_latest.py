"""The latest work below a node, as the forecasts ask for it, says what the roll-ups and a plain sort say."""

import random
from collections.abc import Sequence
from datetime import date, timedelta

from model.links import Link, Role
from model.network import DateSource, Group
from model.records import Absence, StatusCategory
from state.store import Store
from tests.state.test_rollups import POLICY, TODAY
from tests.state.worlds import DAY_2, item, release, save

DAY = timedelta(1)


def latest(
    store: Store, group: Group, *nodes: str, most: int = 6, order: Sequence[DateSource] = POLICY
) -> dict[str, list[tuple[date, str, str]]]:
    with store.view() as view:
        found = view.latest(group, nodes, order, TODAY, most)
        return {node: [(leaf.day, leaf.record_id, leaf.key) for leaf in leaves] for node, leaves in found.items()}


def due(days: int) -> date:
    return TODAY + days * DAY


def test_the_latest_open_work_of_a_parent_comes_first_and_no_more_than_was_asked_for(store: Store) -> None:
    children = [item(str(n), parent="P", due=due(n)) for n in range(1, 5)]
    save(store, item("P"), *children)

    assert latest(store, Group.PARENT, "jira:P", "jira:none", most=3) == {
        "jira:P": [(due(n), f"jira:{n}", f"CORE-{n}") for n in (4, 3, 2)]
    }


def test_what_is_over_overdue_undated_or_moved_away_is_left_out(store: Store) -> None:
    run = save(
        store,
        item("P"),
        item("1", parent="P", due=due(1), category=StatusCategory.DONE),
        item("2", parent="P", due=due(-1)),
        item("3", parent="P"),
        item("4", parent="P", due=due(4)),
        item("5", parent="P", due=due(5)),
        item("6", parent="P", due=TODAY, category=None),
    )
    store.mark_absent(run, "jira", {"4": Absence.MOVED, "5": Absence.DELETED}, DAY_2)

    assert latest(store, Group.PARENT, "jira:P") == {"jira:P": [(TODAY, "jira:6", "CORE-6")]}


def test_equal_dates_come_in_the_order_of_ids(store: Store) -> None:
    save(store, item("P"), *(item(name, parent="P", due=due(1)) for name in ("b", "B", "a")))

    assert [leaf[1] for leaf in latest(store, Group.PARENT, "jira:P")["jira:P"]] == ["jira:B", "jira:a", "jira:b"]


def test_members_of_a_release_count_by_their_own_dates_and_what_delivers_an_objective_by_the_policy(
    store: Store,
) -> None:
    save(store, release("R", "R1", on=due(9)), item("1", releases=("R",), due=due(3)))
    store.replace_links(["jira:1"], [Link("jira:1", "M-1", Role.DELIVERS, "rule")], [])

    assert latest(store, Group.RELEASE, "jira:R") == {"jira:R": [(due(3), "jira:1", "CORE-1")]}
    assert latest(store, Group.OBJECTIVE, "objective:M-1") == {"objective:M-1": [(due(9), "jira:1", "CORE-1")]}


def test_each_comes_with_where_its_date_is_from_even_where_two_are_the_same_day(store: Store) -> None:
    save(
        store,
        release("R", "R1", on=due(9)),
        item("P"),
        item("1", parent="P", releases=("R",), due=due(9)),
        item("2", parent="P", due=due(8)),
    )

    def sources(order: Sequence[DateSource]) -> dict[str, DateSource]:
        with store.view() as view:
            found = view.latest(Group.PARENT, ["jira:P"], order, TODAY, 6)
        return {leaf.key: leaf.source for leaf in found["jira:P"]}

    assert sources(POLICY) == {"CORE-1": DateSource.RELEASE, "CORE-2": DateSource.DUE}
    assert sources((DateSource.DUE, DateSource.RELEASE)) == {"CORE-1": DateSource.DUE, "CORE-2": DateSource.DUE}
    assert sources((DateSource.RELEASE,)) == {"CORE-1": DateSource.RELEASE}


def test_it_agrees_with_the_roll_up_and_with_a_plain_sort(store: Store) -> None:
    """Forty parents with up to twelve children on days around today, always the same ones."""
    numbers = random.Random(7)
    parents = [f"P{number:02}" for number in range(40)]
    children = [
        item(f"{parent}-{number:02}", parent=parent, due=due(numbers.randint(-2, 5)))
        for parent in parents
        for number in range(numbers.randint(0, 12))
    ]
    save(store, *(item(parent) for parent in parents), *children)
    told = latest(store, Group.PARENT, *(f"jira:{parent}" for parent in parents), most=3)
    with store.view() as view:
        rollups = {each.node: each for each in view.rollups(Group.PARENT, POLICY, TODAY)}
    for parent in parents:
        coming = sorted(
            ((each.due, each.id, each.key) for each in children if each.parent == parent and each.due >= TODAY),
            key=lambda leaf: (-leaf[0].toordinal(), leaf[1]),
        )
        assert told.get(f"jira:{parent}", []) == coming[:3]
        if coming:
            rollup = rollups[f"jira:{parent}"]
            assert (rollup.latest, rollup.latest_record) == coming[0][:2]
