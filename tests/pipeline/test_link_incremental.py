"""Linking only what is new comes to the same as linking everything."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mapping.document import SourceText
from mapping.load import LoadedMapping, load_mapping
from model.reading import Page
from model.records import Absence, Record, Release, Sprint, WorkItem
from pipeline.link import LINKED_NOTE, link_records
from state.store import Store
from tests.databases import url_of

DAY = datetime(2026, 9, 1, 8, tzinfo=UTC)
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

Change = tuple[str, int, dict[str, Any]]


@pytest.fixture(scope="module")
def mapping() -> LoadedMapping:
    return load_mapping([SourceText("objectives.yaml", OBJECTIVES)], [SourceText("r.yaml", RULES)], sources=SOURCES)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(url_of(tmp_path / "state.db")) as store:
        yield store


def work(number: int, **said: Any) -> WorkItem:
    said = {"key": f"CORE-{number}", "title": "later"} | said
    return WorkItem(source="jira", native_id=str(number), **said)


def release(number: int, name: str) -> Release:
    return Release(source="jira", native_id=f"version:{number}", key=name, title=name)


def sprint(number: int, name: str) -> Sprint:
    return Sprint(source="jira", native_id=f"sprint:{number}", key=name, title=name)


def save(store: Store, *records: Record) -> None:
    store.save_page(1, Page(records), "jira", DAY)


def picture(store: Store) -> dict[str, Any]:
    """Every link and need of every record, those of deleted ones included."""
    ids = [f"jira:{native}" for native in (*map(str, range(6)), "version:1", "version:2", "sprint:1", "sprint:2")]
    return {id_: (store.links_of(id_), store.needs_of(id_)) for id_ in ids}


def apply(store: Store, change: Change) -> None:
    what, number, said = change
    match what:
        case "work":
            save(store, work(number, **said))
        case "release":
            save(store, release(number % 2 + 1, said.get("owner") or "R1"))
        case "sprint":
            save(store, sprint(number % 2 + 1, "S1" if said.get("owner") else "S2"))
        case _:
            why = Absence.DELETED if what == "deleted" else Absence.ARCHIVED
            gone = [str(number), f"version:{number % 2 + 1}", f"sprint:{number % 2 + 1}"][number % 3]
            store.mark_absent(1, "jira", {gone: why}, DAY)


numbers = st.integers(0, 5)
said = st.fixed_dictionaries(
    {},
    optional={
        "parent": st.none() | numbers.map(str),
        "releases": st.sampled_from([(), ("version:1",), ("version:1", "version:2")]),
        "sprint": st.sampled_from([None, "sprint:1", "sprint:2"]),
        "key": st.sampled_from(["CORE-0", "NEW-1", "CORE-9"]),
        "former_keys": st.sampled_from([(), ("CORE-0",)]),
        "title": st.sampled_from(["now", "later"]),
        "owner": st.sampled_from([None, "R1", "R2"]),
    },
)
changes = st.tuples(st.sampled_from(["work"] * 4 + ["release", "sprint", "deleted", "archived"]), numbers, said)
_BELOW = [[("work", 2, {"parent": "1"}), ("work", 1, {})], [("work", 1, {"parent": "0"}), ("work", 0, {})]]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rounds=st.lists(st.lists(changes, max_size=4), min_size=2, max_size=5))
@example(rounds=_BELOW)
@example(rounds=[[("work", 1, {"sprint": "sprint:1"})], [("sprint", 0, {"owner": "R1"})]])
@example(rounds=[[("work", 1, {"releases": ("version:1",)})], [("release", 0, {})], [("deleted", 4, {})]])
def test_linking_what_is_new_comes_to_the_same_as_linking_everything(
    tmp_path_factory: pytest.TempPathFactory, mapping: LoadedMapping, rounds: list[list[Change]]
):
    path = tmp_path_factory.mktemp("state") / "state.db"
    with Store.open(url_of(path)) as store:
        store.start_run(DAY, baseline=True)
        for changed in rounds:
            for change in changed:
                apply(store, change)
            link_records(store, mapping, SOURCES)
            incremental = picture(store)
            store.set_note(LINKED_NOTE, None)
            link_records(store, mapping, SOURCES)
            assert incremental == picture(store)


def test_without_what_lies_below_a_changed_record_the_links_would_be_wrong(
    store: Store, mapping: LoadedMapping, monkeypatch: pytest.MonkeyPatch
):
    """The negative control of the property above: only what said something new itself is matched."""
    monkeypatch.setattr(store, "reached_since", lambda _revision: {"jira:1", "jira:0"})
    store.start_run(DAY, baseline=True)
    for changed in _BELOW:
        for what, number, said in changed:
            apply(store, (what, number, said))
        link_records(store, mapping, SOURCES)
    incremental = picture(store)
    store.set_note(LINKED_NOTE, None)
    link_records(store, mapping, SOURCES)
    assert [id_ for id_, links in picture(store).items() if incremental[id_] != links] == ["jira:2"]


def test_nothing_new_means_that_nothing_is_matched(store: Store, mapping: LoadedMapping):
    store.start_run(DAY, baseline=True)
    save(store, work(1, title="now"), work(2))
    assert (link_records(store, mapping, SOURCES).linked, link_records(store, mapping, SOURCES).linked) == (1, 0)
    save(store, work(2, title="now"))
    assert link_records(store, mapping, SOURCES).linked == 1


def test_another_source_means_that_everything_is_matched(store: Store, mapping: LoadedMapping):
    store.start_run(DAY, baseline=True)
    save(store, work(1, title="now"), work(2))
    link_records(store, mapping, SOURCES)
    assert link_records(store, mapping, (*SOURCES, "crm")).linked == 1


def test_a_rule_about_when_a_record_changed_is_asked_about_every_record(store: Store):
    """A new time alone is no revision."""
    later = DAY + timedelta(days=1)
    rules = f"""
version: 1
rules:
  - name: changed
    role: delivers
    objective: A
    source: jira
    match: {{fields: {{changed: "{later.isoformat()}"}}}}
"""
    mapping = load_mapping([SourceText("objectives.yaml", OBJECTIVES)], [SourceText("r.yaml", rules)], sources=SOURCES)
    store.start_run(DAY, baseline=True)
    save(store, work(1, changed=DAY))
    assert link_records(store, mapping, SOURCES).linked == 0
    save(store, work(1, changed=later))
    assert link_records(store, mapping, SOURCES).linked == 1
