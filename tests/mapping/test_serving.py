"""Objectives that a rule does not name: out of a field, a table or the link of the work item above."""

from collections.abc import Mapping

import pytest

from mapping.explain import explain
from mapping.load import LoadedMapping
from mapping.match import Match, Matcher, Names
from mapping.serving import Unresolved
from model.errors import MappingError
from model.links import Role
from model.records import FieldValue, Record, WorkItem
from tests.mapping.samples import deal, loaded, with_rules, work

BY_FIELD = "role: delivers, objective: {field: Objective}, match: {kind: work_item}"
TABLES = """\
version: 1
lookups:
  regions:
    EMEA: M-SAVE
    "north  america": [mp-aurora, ORG]
  projects:
    AUR: M-SAVE
rules:
  - name: by region
    role: delivers
    objective: {lookup: regions, by: Region}
    match: {kind: [work_item, deal]}
  - name: by label
    role: reports
    objective: {lookup: Projects, by: label}
    match: {kind: work_item, none: [{label: no}]}
"""


def match(record: Record, rules: LoadedMapping) -> Match:
    found = Matcher(rules, Names()).match(record)
    assert explain(rules, Names(), record).match == found
    return found


def served(found: Match, role: Role = Role.DELIVERS) -> list[str]:
    return [link.objective_id for link in found.links if link.role is role]


@pytest.mark.parametrize(
    ("said", "ids"),
    [
        ("M-SAVE", ["M-SAVE"]),
        (" m-save ", ["M-SAVE"]),
        ("M-SAVE, ORG;\nm-save", ["M-SAVE", "ORG"]),
        (("ORG", "mp-aurora"), ["ORG", "MP-AURORA"]),
        ("https://cat4.example/objectives/M-SAVE", ["M-SAVE"]),
        ("https://cat4.example/o/m%2Dsave/?tab=money#top", ["M-SAVE"]),
    ],
)
def test_a_field_bears_the_objective(said: FieldValue, ids: list[str]) -> None:
    found = match(work(custom={"Objective": said}), with_rules(BY_FIELD))
    assert served(found) == ids
    assert found.unresolved == ()


@pytest.mark.parametrize(
    ("custom", "ids", "text"),
    [
        ({}, [], "fields: Objective says nothing"),
        ({"Objective": " , "}, [], "fields: Objective says nothing"),
        ({"Objective": "M-SAVER"}, [], "fields: Objective says 'M-SAVER', which is no objective"),
        ({"Objective": "ORG, X"}, ["ORG"], "fields: Objective says 'X', which is no objective"),
        (
            {"Objective": "https://cat4.example/M-SAVE/edit"},
            [],
            "fields: Objective says 'https://cat4.example/M-SAVE/edit', which is no objective",
        ),
    ],
)
def test_what_a_field_says_beyond_that_is_told_and_never_guessed(
    custom: Mapping[str, FieldValue], ids: list[str], text: str
) -> None:
    found = match(work(custom=custom), with_rules(BY_FIELD))
    assert served(found) == ids
    assert found.unresolved == (Unresolved("jira:2", "rule 0", "rules.yaml:3", text),)


def test_a_rule_that_cannot_tell_the_objective_still_wins_over_a_weaker_one() -> None:
    by_label = "role: delivers, objective: {field: Objective}, match: {label: launch}"
    found = match(
        work(labels=("launch",)), with_rules(by_label, "role: delivers, objective: ORG, match: {container: X}")
    )
    assert found.links == ()
    assert len(found.unresolved) == 1


def test_a_table_leads_from_a_field_or_a_condition_to_objectives() -> None:
    rules = loaded(TABLES)
    assert rules.warnings == ()
    assert served(match(deal(custom={"Region": "emea"}), rules)) == ["M-SAVE"]
    assert served(match(deal(custom={"Region": "North America"}), rules)) == ["MP-AURORA", "ORG"]
    assert served(match(work(labels=("other", "aur")), rules), Role.REPORTS) == ["M-SAVE"]
    assert rules.rules[0].objective_ids == ("M-SAVE", "MP-AURORA", "ORG")


def test_a_value_that_the_table_lacks_is_told() -> None:
    found = match(work(custom={"Region": "APAC"}, labels=()), loaded(TABLES))
    assert found.links == ()
    assert [each.found for each in found.unresolved] == [
        "the table 'regions' has no objective for 'APAC' (fields: Region)",
        "label says nothing",
    ]


EPIC, STORY, TASK = work("AUR-1"), work("AUR-5", parent="1"), work("AUR-7", parent="5")
INHERITING = "role: delivers, objective: {parent: true}, match: {kind: work_item}"


def inherited(record: WorkItem, *rules: str, served_above: Mapping[str, Mapping[Role, tuple[str, ...]]]) -> Match:
    names = Names.of([EPIC, STORY, TASK])
    return Matcher(with_rules(*rules), Names(parents=names.parents, keys=names.keys, served=served_above)).match(record)


def test_the_nearest_work_item_above_lends_its_objective_at_any_depth() -> None:
    above = {"jira:1": {Role.DELIVERS: ("ORG", "M-SAVE"), Role.REPORTS: ("MP-AURORA",)}}
    assert served(inherited(TASK, INHERITING, served_above=above)) == ["ORG", "M-SAVE"]
    above["jira:5"] = {Role.DELIVERS: ("MP-AURORA",)}
    assert served(inherited(TASK, INHERITING, served_above=above)) == ["MP-AURORA"]


def test_nothing_above_means_no_link_and_no_complaint() -> None:
    found = inherited(TASK, INHERITING, served_above={"jira:1": {Role.REPORTS: ("ORG",)}})
    assert (found.links, found.unresolved) == ((), ())


def test_any_rule_of_its_own_overrides_what_is_inherited() -> None:
    own = "role: delivers, objective: M-SAVE, match: {container: AUR}"
    strong = "role: delivers, objective: {parent: true}, match: {key: AUR-7}"
    task = work("AUR-7", parent="5", container="aur")
    found = inherited(task, own, strong, served_above={"jira:1": {Role.DELIVERS: ("ORG",)}})
    assert served(found) == ["M-SAVE"]
    assert found.ambiguities == ()


@pytest.mark.parametrize(
    ("objective", "match_", "message", "hint"),
    [
        (
            "{field: Objective, parent: true}",
            "key: 1",
            "an objective comes from one of field, lookup with by, or parent",
            "",
        ),
        ("{lookup: regions}", "key: 1", "an objective comes from one of field, lookup with by, or parent", ""),
        ("{}", "key: 1", "an objective comes from one of field, lookup with by, or parent", ""),
        (
            "{lookup: regoins, by: label}",
            "key: 1",
            "there is no table 'regoins' under lookups",
            "did you mean 'regions'?",
        ),
        ("{lookup: regions, by: label}", "kind: deal", "a deal has no label", "label is a condition on work items"),
        ("{lookup: regions, by: due}", "kind: deal", "a deal has no field 'due'", ""),
        ("{field: due}", "kind: deal", "a deal has no field 'due'", ""),
        ("{parent: true}", "kind: deal", "only a work item has a work item above it", "name the objective"),
        ("{parent: false}", "kind: deal", "'false' is not an allowed value", ""),
        ("{parnet: true}", "kind: deal", "unknown key 'parnet'", "did you mean 'parent'?"),
    ],
)
def test_a_source_of_objectives_is_checked_when_it_is_read(
    objective: str, match_: str, message: str, hint: str
) -> None:
    text = (
        f"version: 1\nlookups: {{regions: {{EMEA: ORG}}}}\nrules:\n  - {{name: a, role: saves, objective: {objective}, "
    )
    with pytest.raises(MappingError) as caught:
        loaded(text + f"match: {{{match_}}}}}\n")
    [problem] = caught.value.problems
    assert problem.message == message
    assert not hint or problem.hint == hint
    assert problem.location.startswith("rules.yaml:4:")


def test_tables_are_checked_and_told_by_their_place() -> None:
    text = """\
version: 1
lookups:
  regions: {EMEA: M-SAFE, emea: ORG}
  Regions: {APAC: ORG}
  unused: {x: ORG}
rules: [{name: a, role: saves, objective: {lookup: regions, by: Region}, match: {key: 1}}]
"""
    with pytest.raises(MappingError) as caught:
        loaded(text)
    assert [(each.location, each.message) for each in caught.value.problems] == [
        ("rules.yaml:3:19", "there is no objective 'M-SAFE'"),
        ("rules.yaml:3:27", "'emea' stands in the table 'regions' a second time"),
        ("rules.yaml:4:3", "the table 'Regions' exists a second time; the first is at rules.yaml:3:3"),
    ]
    sound = "version: 1\nlookups: {unused: {x: ORG}}\nrules: []\n"
    assert [each.message for each in loaded(sound).warnings] == ["no rule uses the table 'unused'"]
