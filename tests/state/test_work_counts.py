"""What came and went by type, what serves nothing and what is named, counted in SQL, says what plain lists say."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from model.links import Link, Role
from model.records import Absence, StatusCategory, WorkItem
from model.work_counts import Inflow, Mention, Unserved
from state.store import Store
from state.work_counts import WorkCounts
from tests.reconcile.world import Stored
from tests.state.worlds import DAY_2, item, release, save

SINCE = date(2026, 7, 6)
LATER = SINCE + timedelta(3)
DONE, DROPPED, DOING, TODO = (
    StatusCategory.DONE,
    StatusCategory.DROPPED,
    StatusCategory.DOING,
    StatusCategory.TODO,
)


class Counting(WorkCounts):
    """The counts alone, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection


@contextmanager
def counting(store: Store) -> Iterator[Counting]:
    with store.reading() as connection:
        yield Counting(connection)


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9, 30, tzinfo=UTC)


def delivers(record: str, objective: str) -> Link:
    return Link(record, objective, Role.DELIVERS, "r")


def test_what_came_and_went_is_counted_by_team_and_type(store: Store) -> None:
    before = SINCE - timedelta(1)
    save(
        store,
        item("1", container="AUR", type="Bug", created=at(LATER)),
        item("2", container="AUR", type="Bug", created=at(SINCE), category=DONE, finished=LATER),
        item("3", container="AUR", type="Bug", created=at(before), category=DONE, finished=before),
        item("4", container="AUR", type="Bug", category=DOING),
        item("5", container="AUR", type="Bug", created=at(before), category=DROPPED),
        item("6", container="AUR", type="Bug", created=at(before), category=DROPPED, changed=at(before)),
        item("7", container="AUR", created=at(before), start=LATER),
        item("8", container="AUR", created=at(before)),
    )
    ids = [f"jira:{number}" for number in range(1, 8)]
    store.replace_links(ids, [delivers(each, "M") for each in ids], [])
    with counting(store) as counts:
        assert counts.inflows(["M"], SINCE) == [
            Inflow("jira", "jira/AUR", "", open=1, unstarted=LATER),
            Inflow("jira", "jira/AUR", "Bug", {SINCE: 1, LATER: 1}, {LATER: 1}, open=2, begun=1, dropped=1, undated=1),
        ]
        assert counts.inflows([], SINCE) == []


def test_work_serves_an_objective_by_itself_by_what_contains_it_or_by_their_releases(store: Store) -> None:
    save(
        store,
        release("r", "R"),
        item("epic"),
        item("story", parent="epic"),
        item("task", parent="story", category=DONE, finished=LATER),
        item("shipped", releases=("r",)),
        item("part", parent="shipped", category=DOING),
        item("alone", category=DONE, finished=SINCE),
        item("other", category=DOING),
        item("old", category=DONE, finished=SINCE - timedelta(1)),
    )
    store.replace_links(["jira:epic", "jira:r"], [delivers("jira:epic", "M"), delivers("jira:r", "M")], [])
    with counting(store) as counts:
        assert counts.unserved(SINCE) == [Unserved("jira", "jira", 2, 1, 2, 1, "jira:alone")]
    ids = ["jira:epic", "jira:r", "jira:alone", "jira:other"]
    store.replace_links(
        ids,
        [delivers("jira:epic", "M"), delivers("jira:r", "M"), delivers("jira:alone", "M"), delivers("jira:other", "N")],
        [],
    )
    with counting(store) as counts:
        assert counts.unserved(SINCE) == [Unserved("jira", "jira", 2, 0, 2, 0, None)]


def test_what_support_work_names_is_counted_once_per_work_item(store: Store) -> None:
    save(
        store,
        item("1", type="Support", labels=("Aurora", "urgent"), components=("Aurora",), created=at(LATER)),
        item("2", type="support", components=("Aurora",), created=at(SINCE)),
        item("3", type="Support", labels=("Aurora",), created=at(SINCE - timedelta(1))),
        item("4", type="Support", labels=("Aurora",), created=at(LATER), category=DROPPED),
        item("5", type="Story", labels=("Aurora",), created=at(LATER)),
        item("6", type="Support"),
    )
    with counting(store) as counts:
        assert counts.mentions(["SUPPORT "], SINCE) == [
            Mention("jira", "", 2, "jira:1"),
            Mention("jira", "Aurora", 2, "jira:1"),
            Mention("jira", "urgent", 1, "jira:1"),
        ]
        assert counts.mentions(["Incident"], SINCE) == []


def test_what_bears_a_text_as_its_key_is_found_under_it(store: Store) -> None:
    save(store, release("r", "Aurora 4.0"), item("1"), item("2", key="aurora 4.0", former_keys=("OLD-2",)))
    with counting(store) as counts:
        assert counts.named(["AURORA  4.0", "CORE-1", "OLD-2", "r", "nothing"]) == {
            "AURORA  4.0": ["jira:2", "jira:r"],
            "CORE-1": ["jira:1"],
        }


@pytest.mark.parametrize("absence", list(Absence))
def test_only_what_is_proven_to_be_gone_is_left_out(store: Store, absence: Absence) -> None:
    run = save(store, item("1", category=DONE, finished=SINCE, type="Support", created=at(SINCE)))
    store.replace_links(["jira:1"], [delivers("jira:1", "M")], [])
    store.mark_absent(run, "jira", {"1": absence}, DAY_2)
    number = 0 if absence in (Absence.DELETED, Absence.MOVED) else 1
    with counting(store) as counts:
        assert len(counts.inflows(["M"], SINCE)) == len(counts.unserved(SINCE)) == number
        assert len(counts.mentions(["support"], SINCE)) == number


days = st.sampled_from([SINCE - timedelta(30), SINCE, LATER])
texts = st.lists(st.sampled_from(["A", "B"]), max_size=2).map(tuple)


@st.composite
def worlds(draw: st.DrawFn) -> list[WorkItem]:
    return [
        item(
            str(number),
            container=draw(st.sampled_from(["", "AUR"])),
            type=draw(st.sampled_from(["", "Bug"])),
            category=draw(st.sampled_from([None, TODO, DOING, DONE, DROPPED])),
            created=draw(st.none() | days.map(at)),
            changed=draw(st.none() | days.map(at)),
            finished=draw(st.none() | days),
            start=draw(st.none() | days),
            parent=draw(st.none() | st.integers(0, number - 1).map(str)) if number else None,
            releases=draw(st.sampled_from([(), ("r",)])),
            labels=draw(texts),
            components=draw(texts),
        )
        for number in range(draw(st.integers(1, 6)))
    ]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(worlds(), st.sets(st.sampled_from(["jira:0", "jira:1", "jira:r"])))
def test_the_counts_are_those_of_plain_lists(store: Store, work: list[WorkItem], linked: set[str]) -> None:
    records = [release("r", "R"), *work, *(item(str(number), category=DROPPED) for number in range(len(work), 6))]
    save(store, *records)
    links = [delivers(each, "M") for each in sorted(linked)]
    store.replace_links([record.id for record in records], links, [])
    plain = Stored(records_=list(records), links_=links)
    with counting(store) as counts:
        assert counts.inflows(["M"], SINCE) == plain.inflows(["M"], SINCE)
        assert counts.unserved(SINCE) == plain.unserved(SINCE)
        assert counts.mentions(["bug"], SINCE) == plain.mentions(["bug"], SINCE)
