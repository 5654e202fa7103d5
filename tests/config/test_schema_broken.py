"""What an editor underlines: broken files against the JSON Schemas, by a validator that is not ours.

Each case names the place and the keyword of the schema that refuses it; the program refuses each of them too.
"""

from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from config.schema import objectives_schema, rules_schema, settings_schema
from mapping.document import SourceText, parse
from mapping.load import load_mapping
from model.errors import UserError

VALIDATORS = {
    "settings": Draft202012Validator(settings_schema()),
    "objectives": Draft202012Validator(objectives_schema()),
    "rules": Draft202012Validator(rules_schema()),
}
RULE = "rules: [{name: a, role: delivers, objective: ORG, %s}]"
OBJECTIVE = "objectives: [{id: ORG, level: measure, name: Org, %s}]"
BROKEN = [
    ("rules", "version: 3\nrules: []", "version", "enum"),
    ("rules", "version: '2'\nrules: []", "version", "type"),
    ("rules", "priority: high\nrules: []", "priority", "type"),
    ("rules", "priority: 5000\nrules: []", "priority", "maximum"),
    ("rules", "{}", "", "required"),
    ("rules", "rules: {name: a}", "rules", "type"),
    ("rules", "rule: []\nrules: []", "", "additionalProperties"),
    ("rules", "rules: [{role: delivers, objective: ORG, match: {key: A}}]", "rules.0", "required"),
    ("rules", "rules: [{name: a, objective: ORG, match: {key: A}}]", "rules.0", "required"),
    ("rules", "defaults: {role: saves}\nrules: [{name: a, match: {key: A}}]", "rules.0", "required"),
    ("rules", "defaults: {rol: saves}\nrules: []", "defaults", "additionalProperties"),
    ("rules", "defaults: {weight: 2}\nrules: []", "defaults.weight", "maximum"),
    ("rules", RULE.replace("delivers", "deliver") % "match: {key: A}", "rules.0.role", "enum"),
    ("rules", RULE % "match: {lable: erp}", "rules.0.match", "additionalProperties"),
    ("rules", RULE % "match: {key: []}", "rules.0.match.key", "minItems"),
    ("rules", RULE % "match: {release: 4.10}", "rules.0.match.release", "type"),
    ("rules", RULE % "match: {kind: deals}", "rules.0.match.kind", "enum"),
    ("rules", RULE % "match: {any: {key: A}}", "rules.0.match.any", "type"),
    ("rules", RULE % "match: {fields: {Score: {over: 3}}}", "rules.0.match.fields.Score", "additionalProperties"),
    ("rules", RULE % "match: {fields: {Due: {before: soon}}}", "rules.0.match.fields.Due.before", "pattern"),
    ("rules", RULE % "match: {key: A}, weight: 0", "rules.0.weight", "exclusiveMinimum"),
    ("rules", RULE % "match: {key: A}, needs: [{after: B, lag: 14}]", "rules.0.needs.0.lag", "type"),
    ("rules", RULE % "match: {key: A}, needs: [{after: B, lag: 14 days}]", "rules.0.needs.0.lag", "pattern"),
    ("rules", "version: 2\n" + RULE % "match: {key: A}, needs: [{on: B}]", "rules.0.needs.0", "additionalProperties"),
    ("rules", RULE.replace("ORG", "{feild: x}") % "match: {key: A}", "rules.0.objective", "additionalProperties"),
    ("rules", "lookups: {regions: [EMEA]}\nrules: []", "lookups.regions", "type"),
    ("objectives", OBJECTIVE.replace("measure", "mesure") % "owner: x", "objectives.0.level", "enum"),
    ("objectives", "objectives: [{id: ORG, level: measure}]", "objectives.0", "required"),
    ("objectives", OBJECTIVE % "owner: [a, b]", "objectives.0.owner", "type"),
    ("objectives", OBJECTIVE % "target: 30.09.2026", "objectives.0.target", "pattern"),
    ("objectives", OBJECTIVE % "budget: 1.000.000 EUR", "objectives.0.budget", "pattern"),
    ("objectives", OBJECTIVE % "tolerance: {days: -1}", "objectives.0.tolerance.days", "minimum"),
    ("objectives", OBJECTIVE % "values: [{account: x}]", "objectives.0.values.0", "required"),
    ("objectives", OBJECTIVE % "needs: [{lag: 2d}]", "objectives.0.needs.0", "required"),
    ("objectives", OBJECTIVE % "implementation: orange", "objectives.0.implementation", "enum"),
    ("settings", "version: 1\nlog: {level: loud}", "log.level", "enum"),
    ("settings", "version: 1\nmapping: rules.yaml", "mapping", "type"),
    ("settings", "version: 1\nsources: {a: {kind: jria}}", "sources.a.kind", "enum"),
]


def errors(error: ValidationError) -> list[tuple[str, str]]:
    """The place and keyword of an error and of what stands behind it where there was a choice."""
    found = [(".".join(map(str, error.absolute_path)), str(error.validator))]
    for each in error.context or ():
        found += errors(each)
    return found


def refused(kind: str, text: str) -> list[tuple[str, str]]:
    value: Any = parse(SourceText("file.yaml", text)).value
    return [place for error in VALIDATORS[kind].iter_errors(value) for place in errors(error)]


@pytest.mark.parametrize(("kind", "text", "place", "keyword"), BROKEN)
def test_an_editor_shows_the_mistake_at_its_place(kind: str, text: str, place: str, keyword: str) -> None:
    assert (place, keyword) in refused(kind, text)


@pytest.mark.parametrize(("kind", "text"), [case[:2] for case in BROKEN if case[0] != "settings"])
def test_the_program_refuses_it_too(kind: str, text: str) -> None:
    sound = SourceText("objectives.yaml", OBJECTIVE % "owner: x")
    source = SourceText("file.yaml", text)
    with pytest.raises(UserError):
        load_mapping(*(([sound], [source]) if kind == "rules" else ([source], [])), sources=())


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("rules", "version: 2\npriority: -3\nrules: []"),
        ("rules", RULE % "match: {key: A}"),
        ("rules", "defaults: {role: saves, objective: ORG, match: {kind: saving}}\nrules: [{name: a}]"),
        ("rules", "defaults: {role: saves, match: {key: A}}\nrules: [{name: a, objective: ORG}]"),
        ("objectives", OBJECTIVE % "needs: [{after: A-1, lag: 2w}]"),
    ],
)
def test_what_the_program_takes_is_not_underlined(kind: str, text: str) -> None:
    sound = SourceText("objectives.yaml", OBJECTIVE % "owner: x")
    source = SourceText("file.yaml", text)
    load_mapping(*(([sound], [source]) if kind == "rules" else ([source], [])), sources=())
    assert refused(kind, text) == []
