"""``where:`` in a match: it is read with the rule, judged, indexed and explained; mistakes stand at their column."""

from datetime import date
from decimal import Decimal

import pytest

from mapping.explain import explain
from mapping.match import Matcher, Names
from model.errors import MappingError
from model.records import Record
from tests.mapping.samples import deal, loaded, with_rules, work

TODAY = date(2026, 9, 1)
TASK = work(labels=("erp",), type="Task", due=date(2026, 9, 20), estimate=Decimal(5))


def hits(record: Record, match: str, today: date | None = TODAY) -> bool:
    rules = with_rules(f"role: delivers, objective: ORG, match: {{{match}}}")
    found = Matcher(rules, Names(), today).match(record)
    assert explain(rules, Names(), record, today).match == found
    return bool(found.links)


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ("kind: work_item, where: \"labels contains 'erp' and estimate > 3\"", True),
        ("kind: work_item, where: \"labels contains 'erp' and estimate > 5\"", False),
        ("kind: work_item, where: due < today + 30d", True),
        ("kind: work_item, where: due < today + 3d", False),
        ("type: Task, any: [{where: estimate > 8}, {where: estimate < 8}]", True),
        ("type: Task, none: [{where: estimate > 8}]", True),
        ("type: Task, none: [{where: remaining > 8}]", False),
    ],
)
def test_an_expression_is_a_condition_like_any_other(match: str, expected: bool) -> None:
    assert hits(TASK, match) is expected


def test_an_expression_is_about_the_kinds_of_its_rule() -> None:
    assert hits(deal(promised="Aurora"), "kind: deal, where: promised = 'aurora'")
    with pytest.raises(MappingError) as caught:
        with_rules("role: delivers, objective: ORG, match: {kind: deal, where: estimate > 3}")
    assert "estimate" in str(caught.value)


def test_the_day_is_asked_for_only_when_the_expression_speaks_of_it() -> None:
    assert hits(TASK, "kind: work_item, where: estimate > 3", today=None)
    with pytest.raises(ValueError, match="today"):
        hits(TASK, "kind: work_item, where: due > today", today=None)


def test_a_rule_is_found_by_what_its_expression_asks() -> None:
    [rule] = with_rules(
        "role: delivers, objective: ORG, match: {kind: work_item, where: \"type = 'Task' and labels contains 'ERP'\"}"
    ).rules
    assert rule.anchors == {"label": {"erp"}}
    assert {"type", "label"} <= rule.reads


def test_explain_quotes_the_part_that_failed() -> None:
    rules = with_rules(
        "role: delivers, objective: ORG, match: {kind: work_item, where: \"labels contains 'erp' and estimate > 8\"}"
    )
    [attempt] = explain(rules, Names(), TASK, TODAY).attempts
    assert str(attempt.failure) == "where: estimate > 8 does not hold: estimate is '5'"


RULE = "version: 1\nrules:\n  - name: a\n    role: delivers\n    objective: ORG\n    match:\n      kind: work_item\n"


@pytest.mark.parametrize(
    ("written", "line", "found"),
    [
        ("where: type = 'a' and estimte > 3", 8, "estimte > 3"),
        ("where: \"type = 'a' and estimte > 3\"", 8, "estimte > 3"),
        ("where: 'type = ''a'' and estimte > 3'", 8, "estimte > 3"),
        ('where: "type = \\"a\\" and estimte > 3"', 8, "estimte > 3"),
        ("where: |\n        type = 'a'\n        and estimte > 3", 10, "estimte > 3"),
        ("where: >-\n        type = 'a'\n        and estimte > 3", 8, None),
        ("where: type = 'a'\n        and estimte > 3", 8, None),
    ],
)
def test_a_mistake_is_told_at_its_column_inside_the_file(written: str, line: int, found: str | None) -> None:
    text = RULE + f"      {written}\n"
    with pytest.raises(MappingError) as caught:
        loaded(text, custom_fields={"jira": ["Region"]})
    [problem] = caught.value.problems
    _, row, column = problem.location.split(":")
    assert int(row) == line
    assert problem.hint == "did you mean 'estimate'?"
    if found is not None:
        assert text.split("\n")[line - 1][int(column) - 1 :].startswith(found)


def test_an_unknown_custom_field_in_an_expression_is_a_warning_or_a_mistake_as_elsewhere() -> None:
    rules = with_rules("role: delivers, objective: ORG, match: {kind: deal, where: promissed = 'x'}")
    assert [(each.message, each.hint) for each in rules.warnings] == [
        ("'promissed' is read as a custom field", "did you mean 'promised'?")
    ]


def test_an_expression_with_a_mistake_is_told_once() -> None:
    with pytest.raises(MappingError) as caught:
        with_rules("role: delivers, objective: ORG, match: {where: estimate > 3}")
    assert [each.hint for each in caught.value.problems] == ["ask for one kind of record: kind: work_item"]
