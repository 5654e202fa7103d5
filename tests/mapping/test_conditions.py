"""Groups of conditions and comparisons: what holds, what does not, what cannot be told, and what is refused."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapping.explain import explain
from mapping.match import Matcher, Names
from model.errors import MappingError
from model.money import Money
from model.records import Record, Release
from tests.mapping.samples import deal, with_rules, work

TODAY = date(2026, 9, 1)
TASK = work(
    labels=("launch",),
    components=("Billing",),
    type="Task",
    due=date(2026, 9, 30),
    estimate=Decimal(5),
    changed=datetime(2026, 8, 30, 23, 30, tzinfo=UTC),
    custom={"Score": "7.5", "Go live": "2026-10-01", "Region": "EMEA", "Note": "about 7"},
)
DEAL = deal(amount=Money(Decimal(250000), "EUR"), close_date=date(2026, 9, 30), custom={})


def hits(record: Record, match: str, today: date | None = TODAY) -> bool:
    loaded = with_rules(f"role: delivers, objective: ORG, match: {{{match}}}")
    matcher, names = Matcher(loaded, Names(), today), Names()
    found = bool(matcher.match(record).links)
    assert explain(loaded, names, record, today).match == matcher.match(record)
    return found


@pytest.mark.parametrize(
    "match",
    [
        "any: [{label: nothing}, {component: billing}]",
        "all: [{label: launch}, {component: billing}]",
        "none: [{label: sale}, {type: Epic}]",
        "label: launch, any: [{type: Epic}, {all: [{type: Task}, {none: [{component: Shipping}]}]}]",
        "any: [{kind: deal, fields: {amount: {above: 1}}}, {kind: work_item, label: launch}]",
        "any: [{type: Task, label: launch}, {type: Epic}]",
        "fields: {estimate: {above: 3, at_most: 13}}",
        "fields: {estimate: {at_least: 5, below: 5.5}}",
        "fields: {due: {before: 2026-10-01, after: today}}",
        "fields: {due: {since: 2026-09-30, until: 2026-09-30}}",
        "fields: {due: {within: 29d}}",
        "fields: {due: {until: today + 29d}}",
        "fields: {changed: {last: 2d, since: today - 2d, until: 2026-08-30}}",
        "fields: {Score: {above: 7}}",
        "fields: {Go live: {within: 5w}}",
        "fields: {remaining: {known: false}, estimate: {known: true}, labels: {known: true}}",
        "none: [{fields: {estimate: {above: 8}}}]",
        # A list that is empty says that there is none of it.
        "none: [{release: Aurora}, {sprint: S1}, {parent: X-1}]",
    ],
)
def test_groups_and_comparisons_hold(match: str) -> None:
    assert hits(TASK, match)


@pytest.mark.parametrize(
    "match",
    [
        "any: [{label: nothing}, {component: shipping}]",
        "all: [{label: launch}, {component: shipping}]",
        "none: [{label: sale}, {type: Task}]",
        "any: [{type: Task, label: sale}, {type: Epic}]",
        "fields: {estimate: {above: 5}}",
        "fields: {estimate: {below: 5}}",
        "fields: {due: {before: 2026-09-30}}",
        "fields: {due: {after: 2026-09-30}}",
        "fields: {due: {within: 28d}}",
        "fields: {due: {last: 99d}}",
        "fields: {Note: {above: 1}}",
        "fields: {estimate: {known: false}}",
    ],
)
def test_groups_and_comparisons_do_not_hold(match: str) -> None:
    assert not hits(TASK, match)


@pytest.mark.parametrize(
    "asked",
    [
        "fields: {remaining: {above: 3}}",
        "fields: {start: {before: today}}",
        "fields: {Market: DE}",
        "fields: {Note: {above: 1}}",
        "owner: a.berg@aurora.example",
        "status: Open",
    ],
)
def test_what_a_record_does_not_say_matches_neither_a_condition_nor_its_opposite(asked: str) -> None:
    assert not hits(TASK, asked)
    assert not hits(TASK, f"none: [{{{asked}}}]")
    assert not hits(TASK, f"any: [{{{asked}}}]")
    assert hits(TASK, f"any: [{{{asked}}}, {{label: launch}}]")
    assert hits(TASK, f"none: [{{label: sale, {asked}}}]"), "one of two that hold together is known not to hold"


def test_money_is_compared_in_one_currency_or_by_the_bare_amount() -> None:
    assert hits(DEAL, "kind: deal, fields: {amount: {above: 249999.99 EUR}}")
    assert hits(DEAL, "kind: deal, fields: {amount: {above: 200000}}")
    assert not hits(DEAL, "kind: deal, fields: {amount: {above: 1 USD}}")
    assert not hits(DEAL, "kind: deal, none: [{fields: {amount: {above: 1 USD}}}]"), "another currency is unknown"


def test_a_rule_that_counts_from_today_must_be_told_the_day() -> None:
    with pytest.raises(ValueError, match="today"):
        hits(TASK, "fields: {due: {within: 3d}}", today=None)
    loaded = with_rules(
        "role: delivers, objective: ORG, match: {any: [{fields: {due: {after: today}}}]}",
        "role: delivers, objective: ORG, match: {fields: {due: {after: 2026-01-01}}}",
    )
    assert [rule.uses_today for rule in loaded.rules] == [True, False]


@pytest.mark.parametrize(
    ("match", "message", "hint"),
    [
        ("kind: deal, fields: {due: {before: today}}", "a deal has no field 'due'", None),
        ("kind: deal, any: [{label: x}]", "a deal has no label", "label is a condition on work items"),
        ("label: x, none: [{kind: deal}]", "the rule is about work item and never matches a deal", None),
        (
            "kind: deal, fields: {amount: {before: today}}",
            "amount is money and cannot be compared with 'before'",
            "compare it with above, at_least, below or at_most",
        ),
        (
            "label: x, fields: {estimate: {above: 3 EUR}}",
            "estimate is a number and cannot be compared with 'above'",
            "write the number without a currency",
        ),
        (
            "label: x, fields: {due: {above: 3}}",
            "due is a date and cannot be compared with 'above'",
            "compare it with before, until, after, since, within or last",
        ),
        ("fields: {title: {above: 3}}", "title is text and cannot be compared with 'above'", None),
        ("label: x, fields: {due: soon}", "due is a date and never 'soon'", "write a date, as 2026-09-30"),
        (
            "label: x, fields: {estimate: [3, big]}",
            "estimate is a number and never 'big'",
            "write a number, as 3 or 0.5",
        ),
        ("label: x, fields: {category: dnoe}", "category is one of few words and never 'dnoe'", "did you mean 'done'?"),
        ("kind: release, fields: {released: maybe}", "released is true or false and never 'maybe'", None),
        ("label: x, fields: {estimate: {abvoe: 3}}", "unknown key 'abvoe'", "did you mean 'above'?"),
        ("label: x, fields: {estimate: {above: big}}", "a number is written as 3 or 0.5, money as 250000 EUR", ""),
        (
            "label: x, fields: {due: {before: someday}}",
            "a day is written as 2026-09-30, today, today + 30d or today - 2w",
            "",
        ),
        ("label: x, fields: {due: {}}", "the comparison is empty", None),
        ("any: [{}]", "the group has no condition that 'any' could judge", None),
        ("label: x, any: []", "the list is empty: write a value, or remove the key", ""),
        ("any: {label: x}", "expected a list, found keys with values", "begin each entry with '- '"),
        ("any: [{labl: x}]", "unknown key 'labl'", "did you mean 'label'?"),
    ],
)
def test_what_no_record_could_meet_is_refused_with_its_place(match: str, message: str, hint: str | None) -> None:
    with pytest.raises(MappingError) as caught:
        with_rules(f"role: delivers, objective: ORG, match: {{{match}}}")
    [problem] = caught.value.problems
    assert problem.message == message
    assert hint is None or problem.hint == hint
    assert problem.location.startswith("rules.yaml:3:")


def test_a_mistake_in_a_group_is_told_at_its_column() -> None:
    with pytest.raises(MappingError) as caught:
        with_rules("role: delivers, objective: ORG, match: {label: x, any: [{fields: {due: {above: 3}}}]}")
    [problem] = caught.value.problems
    column = int(problem.location.rsplit(":", 1)[1])
    assert problem.line[column - 1 :].startswith("above")


@pytest.mark.parametrize(
    ("match", "text"),
    [
        ("fields: {estimate: {above: 8, at_most: 13}}", "fields: estimate is '5', wanted above 8 and at most 13"),
        ("fields: {due: {within: 2w}}", "fields: due is '2026-09-30', wanted within 14d"),
        ("fields: {start: {after: today - 3d}}", "fields: start is nothing, wanted after today - 3d"),
        ("fields: {start: {known: true}}", "fields: start is nothing, wanted anything"),
        ("all: [{label: launch}, {type: Epic}]", "type is 'Task', wanted 'Epic'"),
        (
            "any: [{type: Epic}, {label: launch, component: Shipping}]",
            "any: type is 'Task', wanted 'Epic'; component is 'Billing', wanted 'Shipping'",
        ),
        ("none: [{type: Epic}, {type: Task}]", "none: this holds, type is 'Task'"),
        ("none: [{owner: x}]", "none: it cannot be told, owner is nothing, wanted 'x'"),
    ],
)
def test_explain_names_the_condition_that_failed_inside_its_group(match: str, text: str) -> None:
    loaded = with_rules(f"role: delivers, objective: ORG, match: {{{match}}}")
    [attempt] = explain(loaded, Names(), TASK, TODAY).attempts
    assert str(attempt.failure) == text


@pytest.mark.parametrize(
    ("match", "anchors"),
    [
        ("label: A, any: [{key: X-1}, {key: X-2}]", {"key": {"x-1", "x-2"}}),
        ("any: [{key: X-1}, {label: a, fields: {Region: r}}]", {"key": {"x-1"}, "fields.Region": {"r"}}),
        ("container: AUR, all: [{label: a}]", {"label": {"a"}}),
        ('any: [{key: X-1}, {title: "*x*"}]', None),
        ("none: [{key: X-1}]", None),
        ("container: AUR, none: [{key: X-1}]", {"container": {"aur"}}),
    ],
)
def test_a_rule_is_found_by_answers_that_every_match_gives(match: str, anchors: dict[str, set[str]] | None) -> None:
    [rule] = with_rules(f"role: delivers, objective: ORG, match: {{{match}}}").rules
    assert rule.anchors == anchors


def test_a_group_that_asks_more_is_meant_to_win() -> None:
    wide = "role: delivers, objective: ORG, match: {any: [{label: launch}, {label: sale}]}"
    narrow = "role: delivers, objective: M-SAVE, match: {label: launch, none: [{type: Epic}]}"
    found = Matcher(with_rules(wide, narrow), Names()).match(TASK)
    assert [link.objective_id for link in found.links] == ["M-SAVE"]
    assert found.ambiguities == ()


def test_a_rule_that_only_excludes_is_as_general_as_a_place() -> None:
    excluding = "role: delivers, objective: ORG, match: {none: [{label: sale}, {type: Epic}]}"
    saying = "role: delivers, objective: M-SAVE, match: {type: Task}"
    found = Matcher(with_rules(excluding, saying), Names()).match(TASK)
    assert [link.objective_id for link in found.links] == ["M-SAVE"]


def test_groups_are_as_valid_in_the_schema_of_editors() -> None:
    from mapping.schema import RulesFile
    from tests.mapping.test_schema import errors_of

    def file(match: dict[str, Any]) -> dict[str, Any]:
        return {"version": 1, "rules": [{"name": "a", "role": "saves", "objective": "ORG", "match": match}]}

    good: dict[str, Any] = {
        "any": [{"label": "x", "fields": {"due": {"before": "today + 3d"}}}, {"none": [{"type": "Epic"}]}],
        "fields": {"estimate": {"above": 3}, "amount": {"below": "3 EUR"}, "Region": ["a", 1]},
    }
    assert errors_of(RulesFile, file(good)) == []
    for bad in ({"any": {"label": "x"}}, {"any": []}, {"fields": {"due": {"before": "soon"}}}, {"all": [{"labl": 1}]}):
        assert errors_of(RulesFile, file(bad))


def test_a_release_is_asked_by_its_own_dates() -> None:
    release = Release(source="jira", native_id="1", key="R", title="R", release_date=date(2026, 12, 30))
    assert hits(release, "kind: release, fields: {release_date: {before: 2026-12-31}, released: false}")
