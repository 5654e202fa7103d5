"""What a change of one field reaches."""

import pytest

from mapping.uses import rules_reading
from tests.mapping.samples import loaded, with_rules


def names(source: str, *fields: str) -> list[str]:
    return [rule.name for rule in rules_reading(loaded().rules, source, fields)]


def test_a_rule_reads_the_fields_that_its_conditions_and_its_needs_name() -> None:
    assert names("crm", "Region") == ["deals that were sold"]
    assert names("crm", "promised") == ["deals that were sold"]
    assert names("jira", "parent") == ["work below the epic"]
    assert names("jira", "title", "parent") == ["work below the epic", "roll-outs"]


def test_case_and_spaces_of_a_field_do_not_matter_as_in_matching() -> None:
    assert names("crm", "region ") == ["deals that were sold"]


def test_a_rule_of_another_source_reads_nothing_of_this_one() -> None:
    assert names("jira", "Region", "promised") == []


def test_a_field_that_no_rule_asks_for_has_none() -> None:
    assert names("crm", "amount") == []


@pytest.mark.parametrize(
    ("condition", "field"), [("label", "labels"), ("component", "components"), ("release", "releases")]
)
def test_a_condition_in_the_singular_reads_the_field_in_the_plural(condition: str, field: str) -> None:
    rules = with_rules(f"role: delivers, objective: ORG, match: {{{condition}: x}}").rules
    assert [rule.name for rule in rules_reading(rules, "jira", [field])] == ["rule 0"]


def test_every_rule_tells_where_it_stands() -> None:
    [rule] = rules_reading(loaded().rules, "crm", ["Region"])
    assert rule.location == "rules.yaml:3"


@pytest.mark.parametrize(
    "rule",
    [
        "role: promises, objective: ORG, match: {kind: deal, any: [{title: x}, {none: [{fields: {Region: EMEA}}]}]}",
        "role: promises, objective: ORG, match: {kind: deal, fields: {Region: {known: true}}}",
        "role: promises, objective: ORG, match: {kind: deal, where: Region = 'EMEA'}",
        "role: promises, objective: {field: Region}, match: {kind: deal}",
    ],
)
def test_groups_comparisons_expressions_and_objectives_read_their_fields(rule: str) -> None:
    rules = with_rules(rule, "role: promises, objective: ORG, match: {kind: deal}").rules
    assert [each.name for each in rules_reading(rules, "crm", ["Region"])] == ["rule 0"]
