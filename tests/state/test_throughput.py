"""What was finished and what is left, counted in SQL, says what a plain computation says."""

from collections.abc import Collection, Iterable
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.links import Link, Role
from model.records import Absence, StatusCategory, WorkItem
from model.throughput import Flow
from reconcile.throughput import together
from state.store import Store
from tests.reconcile.world import Stored
from tests.state.worlds import DAY_2, item, release, save

SINCE = date(2026, 7, 6)
DONE, DROPPED, DOING, TODO = (
    StatusCategory.DONE,
    StatusCategory.DROPPED,
    StatusCategory.DOING,
    StatusCategory.TODO,
)


def flows(store: Store, objectives: Collection[str] | None) -> list[Flow]:
    with store.view() as view:
        return list(view.flows(objectives, SINCE))


def by_set(served: Iterable[tuple[frozenset[str], Flow]]) -> dict[frozenset[str], Flow]:
    """What serves the same objectives together, whichever of them the database named first."""
    sets: dict[frozenset[str], list[Flow]] = {}
    for objectives, flow in served:
        sets.setdefault(objectives, []).append(flow)
    return {objectives: together("", several) for objectives, several in sets.items()}


def delivers(record: str, objective: str) -> Link:
    return Link(record, objective, Role.DELIVERS, "r")


def test_finished_work_is_counted_by_day_and_team(store: Store) -> None:
    day = date(2026, 7, 8)
    save(
        store,
        item("1", container="AUR", category=DONE, finished=day),
        item("2", container="AUR", category=DONE, finished=day),
        item("3", container="AUR", category=DONE, finished=SINCE - timedelta(1)),
        item("4", container="AUR", category=DONE),
        item("5", container="AUR", category=DOING),
        item("6", container="FLD", category=None),
        item("7", category=DROPPED, finished=day),
        item("8", category=TODO),
    )
    assert flows(store, None) == [
        Flow("jira", {}, open=1),
        Flow("jira/AUR", {day: 2}, open=1, undated=1, began=SINCE - timedelta(1)),
        Flow("jira/FLD", {}, open=1),
    ]


def test_an_objective_has_the_linked_work_the_members_of_its_releases_and_all_below(store: Store) -> None:
    save(
        store,
        item("epic", container="AUR"),
        item("story", container="AUR", parent="epic"),
        item("task", container="AUR", parent="story"),
        release("r", "R"),
        item("member", container="AUR", releases=("r",)),
        item("elsewhere", container="AUR"),
        item("measured", container="AUR"),
    )
    ids = ["jira:epic", "jira:task", "jira:r", "jira:measured"]
    links = [delivers(each, "M") for each in ids[:3]] + [Link("jira:measured", "M", Role.REPORTS, "r")]
    store.replace_links(ids, links, [])

    assert flows(store, ["M"]) == [Flow("jira/AUR", {}, open=2)]  # the task and the member, each once
    assert flows(store, ["other"]) == flows(store, []) == []


def test_many_objectives_are_counted_in_one_pass_by_what_serves_them(store: Store) -> None:
    """A task that is linked to one objective and lies below an epic of another serves both; the release brings its
    members; an epic is no piece of work beside its parts."""
    day = date(2026, 7, 8)
    save(
        store,
        item("epic"),
        item("story", parent="epic", category=DONE, finished=day),
        item("task", parent="epic"),
        release("r", "R"),
        item("member", releases=("r",)),
        item("elsewhere"),
    )
    links = [delivers("jira:epic", "M"), delivers("jira:task", "N"), delivers("jira:r", "N")]
    store.replace_links([link.record_id for link in links], links, [])
    with store.view() as view:
        served = by_set(view.served_flows(["M", "N"], SINCE))
        alone = by_set(view.served_flows(["M"], SINCE))

    both, only_m, only_n = frozenset({"M", "N"}), frozenset({"M"}), frozenset({"N"})
    assert served == {only_m: Flow("", {day: 1}, began=day), both: Flow("", open=1), only_n: Flow("", open=1)}
    assert alone == {only_m: Flow("", {day: 1}, open=1, began=day)}


@pytest.mark.parametrize("absence", list(Absence))
def test_only_what_is_proven_to_be_gone_is_left_out(store: Store, absence: Absence) -> None:
    """D.2: a finished item that could not be seen today was finished all the same."""
    run = save(store, item("1", category=DONE, finished=SINCE), item("2"))
    store.mark_absent(run, "jira", {"1": absence}, DAY_2)
    gone = absence in (Absence.DELETED, Absence.MOVED)

    assert flows(store, None) == [Flow("jira", {} if gone else {SINCE: 1}, open=1, began=None if gone else SINCE)]


def test_a_parent_counts_once_all_its_parts_are_gone_or_dropped(store: Store) -> None:
    run = save(store, item("1"), item("2", parent="1", category=DROPPED), item("3", parent="1"))
    assert flows(store, None) == [Flow("jira", open=1)]
    store.mark_absent(run, "jira", {"3": Absence.DELETED}, DAY_2)
    assert flows(store, None) == [Flow("jira", open=1)]
    assert [flow.open for flow in flows(store, None)] == [1]


_items = st.lists(
    st.tuples(
        st.sampled_from([TODO, DOING, DONE, DROPPED]),
        st.none() | st.integers(-20, 20),
        st.none() | st.integers(0, 7),
        st.sampled_from(["", "AUR", "FLD"]),
        st.sampled_from(["", "M", "N"]),
        st.booleans(),
        st.none() | st.sampled_from(list(Absence)),
    ),
    max_size=8,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_items)
def test_sql_and_plain_lists_count_alike(store: Store, drawn: list[tuple[object, ...]]) -> None:
    """The list-backed view of the reconciler's tests is the reference."""
    listed = Stored()
    records, links, absences = [], [], {}
    for number, (category, day, parent, container, objective, member, absence) in enumerate(drawn):
        work = WorkItem(
            source="jira",
            native_id=str(number),
            key=f"CORE-{number}",
            title="",
            category=category,  # type: ignore[arg-type]
            finished=SINCE + timedelta(day) if isinstance(day, int) and category is DONE else None,
            parent=str(parent) if isinstance(parent, int) and parent < number else None,
            container=str(container),
            releases=("r",) if member else (),
        )
        listed.add(work)
        records.append(work)
        if objective:
            links.append(delivers(work.id, str(objective)))
        if isinstance(absence, Absence):
            absences[str(number)] = absence
            listed.lose(work.id, absence)
    versions = release("r", "R")
    listed.add(versions)
    links.append(delivers("jira:r", "N"))
    listed.links_ = links
    run = save(store, *records, versions)
    everything = [f"jira:{number}" for number in range(8)] + ["jira:r"]
    store.replace_links([each for each in everything if each in {link.record_id for link in links}], links, [])
    store.mark_absent(run, "jira", absences, DAY_2)
    try:
        for asked in (None, ["M"], ["M", "N"]):
            assert flows(store, asked) == listed.flows(asked, SINCE)
            with store.view() as view:
                assert view.delivering(asked or ()) == listed.delivering(asked or ())
                served = by_set(view.served_flows(asked or (), SINCE))
                assert served == by_set(listed.served_flows(asked or (), SINCE))
            assert together("", served.values()) == together("", flows(store, asked or ()))
    finally:
        _empty(store)


def _empty(store: Store) -> None:
    from state.tables import metadata

    with store.engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            if table.name != "meta":
                connection.execute(table.delete())
