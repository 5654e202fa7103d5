"""Linking while a source is read comes to the same as linking everything at the end."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mapping.document import SourceText
from mapping.load import LoadedMapping, load_mapping
from model.reading import Page
from model.records import Absence, Record, Release, Sprint, WorkItem
from pipeline import link_ahead
from pipeline.link import LINKED_NOTE, link_records
from pipeline.link_ahead import FirstLinking, LinkedAhead
from state.store import Store
from tests.databases import url_of

NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
TODAY = date(2026, 9, 1)
SOURCES = ("jira",)
OBJECTIVES = """
version: 1
objectives:
  - {id: TOP, level: organization, name: Top}
  - {id: A, level: project, name: A, parent: TOP}
  - {id: B, level: project, name: B, parent: TOP}
"""
RULES = """
version: 1
rules:
  - {name: below, role: delivers, objective: A, source: jira, match: {parent: CORE-0}, needs: [{field: owner}]}
  - {name: released, role: delivers, objective: B, source: jira, match: {release: R1}}
  - {name: sprinted, role: reports, objective: B, source: jira, match: {sprint: S1}}
  - {name: named, role: measures, objective: A, source: jira, match: {title: "*now*"}}
"""
INHERITING = """
version: 1
rules:
  - {name: named, role: delivers, objective: A, source: jira, match: {title: "*now*"}}
  - {name: under, role: delivers, objective: {parent: true}, source: jira, match: {kind: work_item}}
"""


def load(rules: str = RULES) -> LoadedMapping:
    return load_mapping([SourceText("objectives.yaml", OBJECTIVES)], [SourceText("r.yaml", rules)], sources=SOURCES)


MAPPING = load()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(url_of(tmp_path / "state.db")) as store:
        store.start_run(NOW, baseline=True)
        yield store


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_ahead, "_BATCH_RECORDS", 2)


def work(number: int, **said: Any) -> WorkItem:
    said = {"key": f"CORE-{number}", "title": "later"} | said
    return WorkItem(source="jira", native_id=str(number), **said)


def release(number: int, name: str = "R1") -> Release:
    return Release(source="jira", native_id=f"version:{number}", key=name, title=name)


def sprint(number: int, name: str = "S1") -> Sprint:
    return Sprint(source="jira", native_id=f"sprint:{number}", key=name, title=name)


def begun(store: Store, mapping: LoadedMapping = MAPPING) -> tuple[FirstLinking, LinkedAhead]:
    first = FirstLinking.of(store, mapping, SOURCES, TODAY)
    assert first is not None
    reading = first.reading("jira")
    assert reading is not None
    return first, reading


def read(store: Store, ahead: LinkedAhead | None, *pages: Sequence[Record]) -> None:
    for records in pages:
        saved = store.save_page(1, Page(records), "jira", NOW)
        if ahead is not None:
            ahead.see(saved)


def picture(store: Store) -> dict[str, Any]:
    ids = [f"jira:{native}" for native in (*map(str, range(6)), "version:1", "version:2", "sprint:1", "sprint:2")]
    return {id_: (store.links_of(id_), [need.wanted for need in store.needs_of(id_)]) for id_ in ids}


def linked(mapping: LoadedMapping, pages: Sequence[Sequence[Record]], *, early: bool) -> dict[str, Any]:
    with TemporaryDirectory() as folder, Store.open(url_of(Path(folder) / "state.db")) as store:
        store.start_run(NOW, baseline=True)
        first, ahead = begun(store, mapping) if early else (None, None)
        read(store, ahead, *pages)
        link_records(store, mapping, SOURCES, today=TODAY, ahead=first)
        return picture(store)


RECORDS = st.one_of(
    st.builds(
        work,
        st.integers(0, 5),
        title=st.sampled_from(["later", "now"]),
        owner=st.sampled_from([None, "CORE-1"]),
        parent=st.none() | st.integers(0, 5).map(str),
        releases=st.sampled_from([(), ("version:1",), ("version:2", "version:1")]),
        sprint=st.sampled_from([None, "sprint:1", "sprint:2"]),
    ),
    st.builds(release, st.integers(1, 2), st.sampled_from(["R1", "R2"])),
    st.builds(sprint, st.integers(1, 2), st.sampled_from(["S1", "S2"])),
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(RECORDS, max_size=4), max_size=6))
@example([[work(0), work(1, parent="0")], [work(2, parent="1"), work(3)], [work(1, parent="3")]])
@example([[release(1, "R2"), work(1, releases=("version:1",))], [release(1, "R1")]])
@example([[work(1, sprint="sprint:1"), work(2)], [sprint(1, "S1")]])
def test_linking_on_the_way_and_at_the_end_comes_to_the_same(pages: list[list[Record]]) -> None:
    assert linked(MAPPING, pages, early=True) == linked(MAPPING, pages, early=False)


def test_what_rests_on_something_that_changed_within_the_run_is_linked_once_more(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: without looking below what changed, the links would be of before."""
    first, ahead = begun(store)
    read(store, ahead, [work(0), work(3)], [work(1), work(2, parent="1")], [work(1, parent="0")])
    assert first.left(MAPPING, SOURCES, TODAY) == {"jira:1", "jira:2"}
    monkeypatch.setattr(store, "resting_on", lambda _ids: set())
    link_records(store, MAPPING, SOURCES, today=TODAY, ahead=first)
    assert (len(store.links_of("jira:1")), store.links_of("jira:2")) == (1, [])


def test_most_is_linked_before_the_end(store: Store) -> None:
    first, ahead = begun(store)
    read(store, ahead, [release(1), sprint(1)], [work(0), work(1, parent="0", releases=("version:1",))])
    assert len(store.links_of("jira:1")) == 1
    assert first.left(MAPPING, SOURCES, TODAY) == set()
    linking = link_records(store, MAPPING, SOURCES, today=TODAY, ahead=first)
    assert (linking.linked, linking.unlinked, len(linking.ambiguities)) == (1, 3, 1)


@pytest.mark.parametrize(
    "waiting",
    [work(1, parent="9"), work(1, releases=("version:9",)), work(1, sprint="sprint:9")],
    ids=["parent", "release", "sprint"],
)
def test_what_rests_on_something_unknown_waits_for_the_end(store: Store, waiting: WorkItem) -> None:
    first, ahead = begun(store)
    read(store, ahead, [waiting, work(2)])
    assert first.left(MAPPING, SOURCES, TODAY) == {"jira:1"}


def test_without_a_rule_that_asks_for_it_nothing_waits(store: Store) -> None:
    mapping = load(
        "version: 1\nrules:\n  - {name: n, role: delivers, objective: A, source: jira, match: {title: x*}}\n"
    )
    first, ahead = begun(store, mapping)
    read(store, ahead, [work(1, parent="9", releases=("version:9",), sprint="sprint:9"), work(2)])
    assert first.left(mapping, SOURCES, TODAY) == set()


def test_parents_in_a_circle_end_the_walk(store: Store) -> None:
    first, ahead = begun(store)
    read(store, ahead, [work(1, parent="2"), work(2, parent="1")])
    assert first.left(MAPPING, SOURCES, TODAY) == set()


class TestEverythingIsLinkedAtTheEnd:
    def test_when_a_record_is_gone_within_the_run(self, store: Store) -> None:
        first, ahead = begun(store)
        read(store, ahead, [work(1), work(2)])
        ahead.give_up()
        assert first.left(MAPPING, SOURCES, TODAY) is None

    def test_when_too_much_waits(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(link_ahead, "_MOST_LATE", 1)
        first, ahead = begun(store)
        read(store, ahead, [work(1, parent="9"), work(2, parent="9")], [work(3), work(4)])
        assert ahead.given_up
        assert first.left(MAPPING, SOURCES, TODAY) is None

    def test_when_the_mapping_or_the_day_is_another_by_then(self, store: Store) -> None:
        first, ahead = begun(store)
        read(store, ahead, [work(1), work(2)])
        assert first.left(load(INHERITING), SOURCES, TODAY) is None
        assert first.left(MAPPING, SOURCES, date(2026, 9, 2)) is None
        assert first.left(MAPPING, ("jira", "crm"), TODAY) is None
        assert first.left(MAPPING, SOURCES, TODAY) == set()

    def test_when_somebody_else_linked_meanwhile(self, store: Store) -> None:
        first, ahead = begun(store)
        read(store, ahead, [work(1), work(2)])
        store.set_note(LINKED_NOTE, "1 somebody")
        assert first.left(MAPPING, SOURCES, TODAY) is None

    def test_when_another_source_was_stored_by_somebody_else(self, store: Store) -> None:
        first, ahead = begun(store)
        read(store, ahead, [work(1), work(2)])
        store.save_page(1, Page([WorkItem(source="crm", native_id="1", key="C-1", title="")]), "crm", NOW)
        assert first.left(MAPPING, SOURCES, TODAY) is None


def test_only_a_state_in_which_nothing_was_linked_is_linked_on_the_way(store: Store) -> None:
    read(store, None, [work(1)])
    first = FirstLinking.of(store, MAPPING, SOURCES, TODAY)
    assert first is not None
    assert first.reading("jira") is None, "something of it is stored already"
    link_records(store, MAPPING, SOURCES, today=TODAY)
    assert FirstLinking.of(store, MAPPING, SOURCES, TODAY) is None


def test_rules_that_look_above_or_at_times_leave_everything_to_the_end(store: Store) -> None:
    assert FirstLinking.of(store, load(INHERITING), SOURCES, TODAY) is None


def test_a_release_that_is_gone_at_the_end_of_the_run_gives_no_link(store: Store) -> None:
    """What the run does when it marks a record as gone is to give up: then nobody bears the name of the release."""
    first, ahead = begun(store)
    read(store, ahead, [release(1), work(1, releases=("version:1",))])
    assert len(store.links_of("jira:1")) == 1
    ahead.give_up()
    store.mark_absent(1, "jira", {"version:1": Absence.DELETED}, NOW)
    link_records(store, MAPPING, SOURCES, today=TODAY, ahead=first)
    assert store.links_of("jira:1") == []
