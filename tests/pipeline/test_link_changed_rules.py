"""A changed rule is asked only about what it can touch, and the links are those of asking everything."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mapping.document import SourceText
from mapping.load import LoadedMapping, load_mapping
from mapping.reach import outline, reach
from pipeline.link import LINKED_NOTE, link_records
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
    save,
    store,
    work,
)

__all__ = ["store"]

TODAY = DAY.date()
RULES = (
    "{name: below, role: delivers, objective: A, source: jira, match: {parent: CORE-0}, needs: [{field: owner}]}",
    "{name: released, role: delivers, objective: B, match: {release: R1}}",
    "{name: sprinted, role: reports, objective: B, match: {sprint: S1}, weight: 0.5}",
    '{name: named, role: delivers, objective: A, match: {title: "*now*"}}',
    '{name: later, role: delivers, objective: B, match: {any: [{title: "*lat*"}, {key: NEW-1}]}}',
    "{name: owned, role: measures, objective: {field: owner}, match: {kind: work_item, where: owner = 'R1'}}",
    "{name: soon, role: saves, objective: A, match: {kind: work_item, fields: {due: {within: 2d}}}}",
    "{name: heir, role: delivers, objective: {parent: true}, match: {kind: work_item, none: [{key: CORE-2}]}}",
)


def load(rules: Sequence[str]) -> LoadedMapping:
    text = "version: 1\nrules:\n" + "".join(f"  - {rule}\n" for rule in rules) if rules else "version: 1\nrules: []\n"
    return load_mapping([SourceText("objectives.yaml", OBJECTIVES)], [SourceText("r.yaml", text)], sources=SOURCES)


files = st.lists(st.sampled_from(RULES), max_size=5, unique=True)
rounds = st.lists(st.tuples(files, st.integers(0, 2), st.lists(changes, max_size=3)), min_size=2, max_size=5)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rounds=rounds)
def test_editing_rules_step_by_step_comes_to_the_same_as_matching_everything(
    tmp_path_factory: pytest.TempPathFactory, rounds: list[tuple[list[str], int, list[Change]]]
):
    path = tmp_path_factory.mktemp("state") / "state.db"
    with Store.open(url_of(path)) as store:
        store.start_run(DAY, baseline=True)
        for rules, day, changed in rounds:
            for change in changed:
                apply(store, change)
            mapping, today = load(rules), TODAY + timedelta(days=day)
            link_records(store, mapping, SOURCES, today=today)
            incremental = picture(store)
            store.set_note(LINKED_NOTE, None)
            link_records(store, mapping, SOURCES, today=today)
            assert incremental == picture(store)


def matched(store: Store, *rules: str, day: int = 0) -> int:
    """How many records were asked about."""
    linking = link_records(store, load(rules), SOURCES, today=TODAY + timedelta(days=day))
    return linking.linked + linking.unlinked


def test_only_what_a_changed_rule_can_touch_is_matched(store: Store):
    store.start_run(DAY, baseline=True)
    save(store, work(1, title="now"), work(2, title="now"), work(3, labels=("x",)), work(4, labels=("y",)), work(5))
    named = RULES[3]
    by_label = "{name: label, role: delivers, objective: A, match: {label: %s}}"
    assert matched(store, named) == 5
    assert matched(store, named) == 0
    assert matched(store, named, by_label % "x") == 1, "a rule that is added"
    assert matched(store, named, by_label % "y") == 2, "a rule that is changed: what it matched and what it matches"
    assert matched(store, named, by_label % "y", day=1) == 0, "another day, and no rule counts from it"
    assert matched(store, named) == 1, "a rule that is removed"
    assert matched(store, RULES[4], named) == 5, "a line further down the link says another place"
    assert matched(store, named, RULES[4]) == 5
    assert matched(store, named, RULES[6]) == 5, "a rule that asks for no answer can match anything"
    assert matched(store, named, RULES[6], day=1) == 5, "and so can one that counts from today"


def test_a_kill_while_rules_change_does_not_leave_links_of_both(store: Store, monkeypatch: pytest.MonkeyPatch):
    """The links of the new rule are stored, the notes are not, and the file is taken back."""
    store.start_run(DAY, baseline=True)
    save(store, work(1, title="now"))
    link_records(store, load(RULES[3:4]), SOURCES, today=TODAY)
    before = picture(store)
    with monkeypatch.context() as patched:
        patched.setattr(store, "replace_objective_needs", lambda _needs: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            link_records(store, load(RULES[6:7]), SOURCES, today=TODAY)
    assert picture(store) != before
    link_records(store, load(RULES[3:4]), SOURCES, today=TODAY)
    assert picture(store) == before


def test_unchanged_rules_in_another_order_may_change_who_wins():
    def of(*rules: str) -> LoadedMapping:
        texts = [SourceText(f"{number}.yaml", f"version: 1\nrules: [{rule}]\n") for number, rule in enumerate(rules)]
        return load_mapping([SourceText("objectives.yaml", OBJECTIVES)], texts, sources=SOURCES)

    one, other = of(RULES[1], RULES[3]), of(RULES[1], RULES[3])
    assert reach(outline(one), other).nothing
    swapped = outline(one).replace(one.rules[0].digest, "?").replace(one.rules[1].digest, one.rules[0].digest)
    assert reach(swapped.replace("?", one.rules[1].digest), other).everything
