"""Roll-ups in SQL say what a plain computation says."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from model.links import Link, Need, Role
from model.network import DateSource, Group, RollUp
from model.records import Absence, Record, Release, Sprint, StatusCategory, WorkItem
from state.store import Store
from tests.state.worlds import DAY_2, item, release, save, sprint

TODAY = date(2026, 9, 10)
POLICY = (DateSource.RELEASE, DateSource.DUE, DateSource.SPRINT)


@dataclass(frozen=True)
class World:
    records: tuple[Record, ...]
    absences: dict[str, Absence]
    links: tuple[Link, ...]
    needs: tuple[Need, ...]


def stored(store: Store, world: World) -> None:
    run = save(store, *world.records)
    store.replace_links([record.id for record in world.records], world.links, world.needs)
    store.mark_absent(run, "jira", world.absences, DAY_2)


def rolled_up(
    store: Store,
    group: Group,
    order: Sequence[DateSource],
    nodes: Collection[str] | None = None,
    *,
    shipping: bool = False,
) -> dict[str, RollUp]:
    with store.view() as view:
        found = list(view.rollups(group, order, TODAY, nodes, shipping=shipping))
    assert len({each.node for each in found}) == len(found)
    return {each.node: each for each in found}


# The same in plain Python


def computed(world: World, group: Group, order: Sequence[DateSource]) -> dict[str, RollUp]:
    by_id = {record.id: record for record in world.records}
    absent = {f"jira:{native}": absence for native, absence in world.absences.items()}
    below: dict[str, dict[str, WorkItem]] = defaultdict(dict)
    for record in world.records:
        if isinstance(record, WorkItem) and absent.get(record.id) is not Absence.MOVED:
            for node in _nodes(record, group, world, by_id):
                below[node][record.id] = record
    if group is Group.RELEASE:
        order = [source for source in order if source is not DateSource.RELEASE]
    return {node: _reduced(group, node, work, absent, by_id, order) for node, work in below.items()}


def _nodes(work: WorkItem, group: Group, world: World, by_id: dict[str, Record]) -> Iterator[str]:
    if group is Group.OBJECTIVE:
        yield from (
            f"objective:{link.objective_id}"
            for link in world.links
            if link.record_id == work.id and link.role is Role.DELIVERS
        )
        return
    in_spine = {need.dependent for need in world.needs}
    in_spine |= {record.id for need in world.needs for record in world.records if record.key == need.wanted}
    in_spine |= {f"jira:{record.parent}" for record in world.records if isinstance(record, WorkItem)}
    if work.id in in_spine:
        return
    above = (work.parent,) if group is Group.PARENT else work.releases
    yield from (node for node in (f"jira:{native}" for native in above) if node in by_id)


def _reduced(
    group: Group,
    node: str,
    work: dict[str, WorkItem],
    absent: dict[str, Absence],
    by_id: dict[str, Record],
    order: Sequence[DateSource],
) -> RollUp:
    def category(each: WorkItem) -> StatusCategory:
        return StatusCategory.DROPPED if absent.get(each.id) is Absence.DELETED else each.category

    done = [each for each in work.values() if category(each) is StatusCategory.DONE]
    started = [each for each in work.values() if category(each) in (StatusCategory.TODO, StatusCategory.DOING)]
    own = {each.id: _own_date(each, absent, by_id, order) for each in started}
    dated = [(day, id_) for id_, day in own.items() if day is not None]
    latest = max((day for day, _ in dated if day >= TODAY), default=None)
    oldest = min((day for day, _ in dated if day < TODAY), default=None)
    return RollUp(
        group=group,
        node=node,
        open=len(started),
        done=len(done),
        dropped=len(work) - len(started) - len(done),
        undated=len(started) - len(dated),
        overdue=sum(day < TODAY for day, _ in dated),
        latest=latest,
        latest_record=min((id_ for day, id_ in dated if day == latest), default=None),
        oldest_overdue=oldest,
        overdue_record=min((id_ for day, id_ in dated if day == oldest), default=None),
        finished=max((each.finished for each in done if each.finished), default=None),
    )


def _own_date(
    work: WorkItem, absent: dict[str, Absence], by_id: dict[str, Record], order: Sequence[DateSource]
) -> date | None:
    def counted(native: str | None) -> Record | None:
        id_ = f"jira:{native}"
        return None if absent.get(id_) in (Absence.DELETED, Absence.MOVED) else by_id.get(id_)

    releases = [found for native in work.releases if isinstance(found := counted(native), Release)]
    promised = [found.release_date for found in releases if not found.released and found.release_date]
    box = counted(work.sprint)
    found = {
        DateSource.RELEASE: max(promised, default=None),
        DateSource.DUE: work.due,
        DateSource.SPRINT: box.end if isinstance(box, Sprint) else None,
    }
    return next((found[source] for source in order if found[source] is not None), None)


days = st.none() | st.integers(-4, 4).map(lambda days: TODAY + timedelta(days=days))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    names = [f"w{number}" for number in range(draw(st.integers(1, 6)))]
    some = st.sampled_from
    work = [
        item(
            name,
            category=draw(some(StatusCategory)),
            due=draw(days),
            finished=draw(days),
            parent=draw(st.none() | some([*names, "unknown"])),
            releases=tuple(draw(st.lists(some(["r1", "r2", "unknown"]), max_size=2, unique=True))),
            sprint=draw(st.none() | some(["s1", "unknown"])),
        )
        for name in names
    ]
    releases = [release(name, name, draw(days), released=draw(st.booleans())) for name in ("r1", "r2")]
    ids = some([f"jira:{name}" for name in names])
    return World(
        (*work, *releases, sprint("s1", draw(days))),
        draw(st.dictionaries(some([*names, "r1", "s1"]), some(Absence), max_size=2)),
        tuple(draw(st.lists(st.builds(Link, ids, some(["M-1", "M-2"]), some(Role), some(["a", "b"])), max_size=6))),
        tuple(draw(st.lists(st.builds(Need, ids, some([f"CORE-{name}" for name in names])), max_size=2))),
    )


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=worlds(), order=st.lists(st.sampled_from(DateSource), unique=True))
def test_rollups_equal_a_plain_computation(one_store: Store, world: World, order: list[DateSource]) -> None:
    _empty(one_store)
    stored(one_store, world)
    for group in Group:
        assert rolled_up(one_store, group, order) == computed(world, group, order)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=worlds(), order=st.permutations(DateSource))
def test_what_is_left_out_as_not_shipping_says_the_same_without_releases(
    one_store: Store, world: World, order: list[DateSource]
) -> None:
    _empty(one_store)
    stored(one_store, world)
    without = [source for source in order if source is not DateSource.RELEASE]
    for group in Group:
        everything = computed(world, group, order)
        found = rolled_up(one_store, group, order, shipping=True)
        assert rolled_up(one_store, group, order, sorted(everything), shipping=True) == found
        assert computed(world, group, without) | found == everything


def _empty(store: Store) -> None:
    with store.engine.begin() as connection:
        for table in ("needs", "links", "revisions", "names", "memberships", "records", "source_results", "runs"):
            connection.execute(text(f"DELETE FROM {table}"))


LARGE = World(
    (
        item("a", releases=("r1", "r2"), due=date(2026, 9, 11)),
        item("b", releases=("r1",), category=StatusCategory.DOING),
        item("B", releases=("r1",), category=StatusCategory.DOING),
        item("c", releases=("r2",), sprint="s1", due=date(2026, 9, 1), parent="epic"),
        item("d", category=StatusCategory.DONE, finished=date(2026, 9, 3), parent="epic"),
        item("e", category=StatusCategory.DROPPED, parent="epic"),
        item("f", parent="epic"),
        item("g", parent="epic", due=date(2026, 9, 2)),
        item("lost", parent="epic", due=date(2026, 9, 30)),
        item("deleted", parent="epic", due=date(2026, 12, 31)),
        item("moved", parent="epic", due=date(2026, 12, 31)),
        item("epic"),
        release("r1", "1", date(2026, 9, 20)),
        release("r2", "2", date(2026, 9, 25), released=True),
        sprint("s1", date(2026, 9, 12)),
    ),
    {"lost": Absence.ACCESS_LOST, "deleted": Absence.DELETED, "moved": Absence.MOVED},
    tuple(Link(f"jira:{name}", "M-1", Role.DELIVERS, rule) for name in "abBcd" for rule in ("one", "two")),
    (),
)


def test_rollups_are_the_same_on_both_databases(store: Store) -> None:
    stored(store, LARGE)
    assert rolled_up(store, Group.PARENT, POLICY) == {
        "jira:epic": RollUp(
            Group.PARENT,
            "jira:epic",
            open=4,
            done=1,
            dropped=2,
            undated=1,
            overdue=2,
            latest=date(2026, 9, 30),
            latest_record="jira:lost",
            oldest_overdue=date(2026, 9, 1),
            overdue_record="jira:c",
            finished=date(2026, 9, 3),
        )
    }
    (delivered,) = rolled_up(store, Group.OBJECTIVE, POLICY).values()
    assert (delivered.open, delivered.done, delivered.overdue) == (4, 1, 1)
    # Three share the date; the smallest id is the smallest by code point, whatever the database's language.
    assert (delivered.latest, delivered.latest_record) == (date(2026, 9, 20), "jira:B")
    for group in Group:
        for order in (POLICY, POLICY[::-1], POLICY[:1], ()):
            assert rolled_up(store, group, order) == computed(LARGE, group, order)


def test_parents_without_a_release_below_are_left_out_of_those_that_ship(store: Store) -> None:
    """The negative control of the comparison above: something is left out, and what ships is not."""
    stored(store, replace(LARGE, records=(*LARGE.records, item("p"), item("q", parent="p", due=date(2026, 9, 29)))))
    assert set(rolled_up(store, Group.PARENT, POLICY)) == {"jira:epic", "jira:p"}
    assert set(rolled_up(store, Group.PARENT, POLICY, shipping=True)) == {"jira:epic"}


@pytest.mark.parametrize("group", Group)
def test_the_computation_tells_a_wrong_policy_from_the_right_one(one_store: Store, group: Group) -> None:
    """The negative control: the comparison above would notice."""
    stored(one_store, LARGE)
    assert rolled_up(one_store, group, POLICY) != computed(LARGE, group, ())


def test_the_release_itself_does_not_date_its_own_work(store: Store) -> None:
    stored(store, World((item("a", releases=("r1",)), release("r1", "1", date(2026, 9, 20))), {}, (), ()))
    found = rolled_up(store, Group.RELEASE, POLICY)["jira:r1"]
    assert (found.open, found.undated, found.latest) == (1, 1, None)


def test_today_is_on_time_and_yesterday_is_overdue(store: Store) -> None:
    work = (item("p"), item("a", parent="p", due=TODAY), item("b", parent="p", due=TODAY - timedelta(days=1)))
    stored(store, World(work, {}, (), ()))
    found = rolled_up(store, Group.PARENT, POLICY)["jira:p"]
    assert (found.latest, found.overdue, found.overdue_record) == (TODAY, 1, "jira:b")


def test_work_of_an_unknown_status_counts_as_open(store: Store) -> None:
    stored(store, World((item("p"), item("a", parent="p", due=TODAY, category=None)), {}, (), ()))
    found = rolled_up(store, Group.PARENT, POLICY)["jira:p"]
    assert (found.open, found.done, found.dropped, found.latest) == (1, 0, 0, TODAY)


@pytest.mark.sqlite_only("it reads the plan that SQLite tells")
def test_nothing_is_scanned_per_row_that_has_an_index(sqlite_store: Store, tmp_path: Path) -> None:
    """The dates of releases and sprints are looked up by key, never by walking a table for each work item."""
    from state.rollups import rollup_statement

    stored(sqlite_store, LARGE)
    with sqlite_store.view() as view:
        statement = rollup_statement(Group.OBJECTIVE, POLICY, TODAY, on_postgresql=False)
        compiled = str(statement.compile(sqlite_store.engine, compile_kwargs={"literal_binds": True}))
        plan = [row[3] for row in view._connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}")]
    correlated = [step for step in plan if "release" in step or "members" in step or "sprint" in step]
    assert correlated
    assert all("SEARCH" in step for step in correlated if "SUBQUERY" not in step)
