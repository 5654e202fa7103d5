"""Links that rest on the link of the work item above, or on the day: linked step by step as linked from nothing."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mapping.document import SourceText
from mapping.load import LoadedMapping, load_mapping
from pipeline.link import LINKED_NOTE, link_records, linked_on
from state.store import Store
from tests.databases import url_of
from tests.pipeline.test_link_incremental import (
    DAY,
    OBJECTIVES,
    SOURCES,
    Change,
    apply,
    changes,
    picture,
    release,
    save,
    store,
    work,
)

__all__ = ["store"]

TODAY = DAY.date()
INHERITING = """
version: 1
rules:
  - {name: released, role: delivers, objective: A, match: {release: R1}}
  - {name: named, role: delivers, objective: B, match: {key: CORE-0}}
  - {name: below, role: delivers, objective: {parent: true}, match: {kind: work_item}}
"""
DATED = """
version: 1
rules:
  - {name: soon, role: delivers, objective: A, match: {fields: {due: {within: 3d}}}}
  - {name: gone, role: reports, objective: B, match: {kind: work_item, where: due < today}}
"""


def load(rules: str) -> LoadedMapping:
    return load_mapping([SourceText("objectives.yaml", OBJECTIVES)], [SourceText("r.yaml", rules)], sources=SOURCES)


def links(store: Store, id_: str) -> list[tuple[str, str]]:
    return [(link.rule, link.objective_id) for link in store.links_of(id_)]


def test_work_below_inherits_at_any_depth_and_its_own_rule_overrides(store: Store):
    store.start_run(DAY, baseline=True)
    save(store, work(0), work(1, parent="0"), work(2, parent="1"), work(3, parent="2", releases=("version:1",)))
    save(store, work(4, parent="3"), work(5), release(1, "R1"))
    link_records(store, load(INHERITING), SOURCES)
    assert links(store, "jira:2") == [("below", "B")]
    assert links(store, "jira:3") == [("released", "A")]
    assert links(store, "jira:4") == [("below", "A")]
    assert links(store, "jira:5") == []
    save(store, release(1, "R2"))
    link_records(store, load(INHERITING), SOURCES)
    assert links(store, "jira:3") == links(store, "jira:4") == [("below", "B")]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rounds=st.lists(st.lists(changes, max_size=4), min_size=2, max_size=4))
def test_inheriting_step_by_step_comes_to_the_same_as_from_nothing(
    tmp_path_factory: pytest.TempPathFactory, rounds: list[list[Change]]
):
    path, mapping = tmp_path_factory.mktemp("state") / "state.db", load(INHERITING)
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


def test_another_day_links_anew_what_counts_from_today(store: Store):
    store.start_run(DAY, baseline=True)
    mapping = load(DATED)
    save(store, work(1, due=TODAY + timedelta(days=4)), work(2, due=TODAY))
    link_records(store, mapping, SOURCES, today=TODAY)
    assert (links(store, "jira:1"), links(store, "jira:2")) == ([], [("soon", "A")])
    assert link_records(store, mapping, SOURCES, today=TODAY).linked == 0, "the same day again matches nothing"
    link_records(store, mapping, SOURCES, today=TODAY + timedelta(days=1))
    assert (links(store, "jira:1"), links(store, "jira:2")) == ([("soon", "A")], [("gone", "B")])


def test_without_a_day_rules_count_from_the_day_that_was_linked_last(store: Store):
    store.start_run(DAY, baseline=True)
    assert linked_on(store) == TODAY, "the day of the run, as long as nothing was linked"
    save(store, work(1, due=TODAY + timedelta(days=4)))
    link_records(store, load(DATED), SOURCES, today=TODAY + timedelta(days=1))
    link_records(store, load(DATED + "# edited\n"), SOURCES)
    assert linked_on(store) == TODAY + timedelta(days=1)
    assert links(store, "jira:1") == [("soon", "A")]


def test_a_record_whose_objective_cannot_be_told_stays_unlinked_and_is_told(store: Store):
    store.start_run(DAY, baseline=True)
    rule = "{name: f, role: delivers, objective: {field: owner}, match: {kind: work_item}}"
    save(store, work(1, owner="A"), work(2, owner="Q"))
    linking = link_records(store, load(f"version: 1\nrules: [{rule}]\n"), SOURCES)
    assert links(store, "jira:1") == [("f", "A")]
    assert [(each.record_id, each.found) for each in linking.unresolved] == [
        ("jira:2", "fields: owner says 'Q', which is no objective")
    ]
