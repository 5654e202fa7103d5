"""What each operator means, in sentences."""

import dataclasses
from datetime import date, datetime
from decimal import Decimal

import pytest

from mapping.expression import parse_expression
from mapping.facts import Facts
from model.money import Money
from model.records import RECORD_TYPES, FieldValue, Record, RecordKind
from tests.mapping.expression.samples import BLANK, DEAL, NAMES, RELEASE, ROLLOUT, TODAY, read, truth


@pytest.mark.parametrize(
    "text",
    [
        "'erp' in labels and priority in ['High', 'Highest'] and estimate > 3",
        "labels contains 'Go Live'",
        "labels = 'erp' and label = 'erp' and labels in ['x', 'erp']",
        "labels like 'go*' and not labels like 'x*'",
        "priority != 'Low' and priority not in ['Low', 'Lowest']",
        "title contains 'erp vienna' and title = 'ROLL OUT ERP VIENNA'",
        "title like '*erp v?enna'",
        'owner = "anna berg"',
        "key = 'OLD-7' and key like 'AUR-*' and key contains 'old'",
        "release = '2026.11' and releases contains '2026.11'",
        "sprint = 'sprint 12' and parent = 'AUR-1'",
        "status_category = 'doing' and category = 'DOING' and kind = 'work_item'",
        "estimate = 5.00 and estimate in [4, 5] and estimate >= 5 and estimate < 5.5 and estimate > -1",
        "3 < estimate and 5 = estimate",
        "due = 2026-11-01 and due < today and due + 1d = today and today - 1d >= due",
        "due <= start + 5w and start < due",
        "due in [2026-11-01, 2026-11-02]",
        "created >= 2026-09-30 and created < 2026-10-01 and changed > created and changed < today - 1d",
        "finished is empty and due is not empty and not (finished is not empty)",
        "Region = 'emea' and Region contains 'apac' and 'APAC' in region and Region in ['x', 'EMEA']",
        "fields['Go live'] > due and fields['go live'] - 4w < today + 30d",
        "Points > estimate and Points = 8 and Regulated and Regulated = true and not (Regulated = false)",
        "NOT labels CONTAINS 'crm' AND (due IS EMPTY OR TRUE = Regulated)",
        "priority = 'low' or estimate > 3",
        "not (priority = 'low' or estimate < 3)",
        "not not estimate > 3",
        "key = 'a' or key = 'AUR-7' and estimate = 5",
    ],
)
def test_holds_for_the_rollout(text: str) -> None:
    assert truth(text) is True
    assert truth(f"not ({text})") is False


@pytest.mark.parametrize(
    "text",
    [
        "priority = 'High'",
        "priority in ['High']",
        "priority like '*'",
        "owner contains 'a'",
        "estimate > 3",
        "estimate in [1, 2]",
        "remaining = estimate",
        "due < today",
        "due = 2026-11-01",
        "due + 30d > today",
        "created < today",
        "type = 'Epic'",
        "Points > 3",
        "Region = 'EMEA'",
        "Region contains 'EMEA'",
        "Region in ['EMEA', 'APAC']",
        "Regulated",
        "Regulated = false",
    ],
)
def test_a_comparison_with_a_missing_value_does_not_hold_nor_does_its_opposite(text: str) -> None:
    assert truth(text, BLANK) is None
    assert truth(f"not ({text})", BLANK) is None


def test_unknown_is_outweighed_by_what_is_known() -> None:
    assert truth("due < today or key = 'AUR-8'", BLANK) is True
    assert truth("due < today and key = 'X-1'", BLANK) is False
    assert truth("due < today or key = 'X-1'", BLANK) is None


def test_a_list_without_entries_is_known_to_be_empty() -> None:
    assert truth("labels contains 'erp'", BLANK) is False
    assert truth("not (labels contains 'erp') and labels is empty and release != '2026.11'", BLANK) is True


def test_a_blank_text_is_a_missing_value() -> None:
    blank = dataclasses.replace(BLANK, priority=" \u00a0", custom={"Region": "  "})
    assert truth("priority is empty and Region is empty", blank) is True
    assert truth("priority != 'High'", blank) is None
    assert truth("Region != 'EMEA'", blank) is None


def test_money_compares_within_its_currency_and_is_unknown_in_another() -> None:
    assert truth("amount > 100000 EUR and amount in [1 EUR, 250000.00 EUR]", DEAL) is True
    assert truth("amount > 100000 USD", DEAL) is None
    assert truth("amount != 100000 USD", DEAL) is None
    assert truth("amount in [1 USD, 250000 EUR]", DEAL) is True
    assert truth("amount not in [1 USD, 2 EUR]", DEAL) is None
    assert truth("amount > -1 EUR and probability >= 0.5", DEAL) is True


def test_true_or_false_fields_are_conditions() -> None:
    assert truth("released and not archived and released != archived", RELEASE) is True
    assert truth("released = false", RELEASE) is False


@pytest.mark.parametrize(
    ("value", "text", "expected"),
    [
        ("5", "Points > 3", True),
        ("5 points", "Points > 3", None),
        (Decimal(5), "Points = '5'", None),
        (Decimal("NaN"), "Points > 3", None),
        (Decimal("sNaN"), "Points in [3]", None),
        ("2026-12-01", "Points > 2026-11-01", True),
        (date(2026, 12, 1), "Points > 3", None),
        (datetime(2026, 12, 1, 9, 30), "Points > created", True),
        (True, "Points = 1", None),
        (True, "Points contains 'true'", None),
        ("EMEA and APAC", "Points contains 'apac'", True),
        (("EMEA and APAC",), "Points contains 'apac'", False),
        ((), "Points contains 'apac'", False),
        (None, "Points is empty", True),
        (date(9999, 12, 31), "Points + 1d > today", None),
        (Decimal(5), "Points > 3 EUR", None),
    ],
)
def test_a_custom_field_of_another_type_does_not_hold(value: FieldValue, text: str, expected: bool | None) -> None:
    record = dataclasses.replace(ROLLOUT, custom={"points": value})
    assert truth(text, record) is expected
    opposite = None if expected is None else not expected
    assert truth(f"not ({text})", record) is opposite


def test_numbers_that_are_none_never_raise() -> None:
    record = dataclasses.replace(ROLLOUT, estimate=Decimal("NaN"), remaining=Decimal("sNaN"))
    for text in ("estimate > 3", "remaining in [3]", "estimate = remaining", "not (remaining < 3)"):
        assert truth(text, record) is None
    assert truth("amount > 3 EUR", dataclasses.replace(DEAL, amount=Money(Decimal("NaN"), "EUR"))) is None


def test_numbers_are_exact() -> None:
    record = dataclasses.replace(ROLLOUT, estimate=Decimal("0.3"))
    assert truth("estimate = 0.30", record) is True
    assert truth("estimate = 0.30000000000000001", record) is False


def test_an_expression_about_several_kinds_judges_them_all_and_no_other() -> None:
    expression = parse_expression("title like '*o*'", kinds=[RecordKind.WORK_ITEM, RecordKind.DEAL], custom=())
    assert expression.holds(Facts(ROLLOUT, NAMES), TODAY)
    assert expression.holds(Facts(DEAL, NAMES), TODAY)
    other = Facts(dataclasses.replace(RELEASE, title="o"), NAMES)
    assert expression.truth(other, TODAY) is None
    assert expression.first_failure(other, TODAY) is not None


@pytest.mark.parametrize("kind", list(RecordKind))
def test_every_field_of_a_kind_can_be_asked(kind: RecordKind) -> None:
    record: Record = RECORD_TYPES[kind](source="s", native_id="1", key="K", title="T")
    facts = Facts(record, NAMES)
    for field in dataclasses.fields(record):
        told_elsewhere = {"custom", "provenance", "moves", "changes", "needs", "former_keys"}
        if field.name not in told_elsewhere | {"plan", "forecast", "actual"}:
            expression = parse_expression(f"{field.name} is empty", kinds=[kind], custom=())
            assert expression.truth(facts, TODAY) in {True, False}
            assert expression.reads == {field.name}
            assert all(isinstance(facts.shown(answer), tuple) for answer in expression.answers)


def test_what_is_read_is_told() -> None:
    expression = read("labels contains 'x' and (due + 3d < today or fields['go live'] is empty)")
    assert expression.reads == {"labels", "due", "Go live"}
    assert expression.answers == {"label", "fields.due", "fields.Go live"}
    assert expression.uses_today
    assert not expression.guessed
    assert not read("due < 2026-11-01").uses_today
    assert read("Segment = 'x'", custom=None).guessed == {"Segment"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'ERP' in labels and priority in ['High', 'Top']", {"label": {"erp"}, "fields.priority": {"high", "top"}}),
        ("key = 'AUR-7' or key = 'AUR-8'", {"key": {"aur-7", "aur-8"}}),
        ("key = 'AUR-7' or estimate > 3", {}),
        ("not (key = 'AUR-7')", {}),
        ("title contains 'x' and key like 'AUR-7'", {}),
        ("region = 'EMEA' and estimate = 5", {"fields.Region": {"emea"}}),
        ("status in ['a', 'b'] and status = 'b'", {"status": {"b"}}),
    ],
)
def test_equalities_for_the_index(text: str, expected: dict[str, set[str]]) -> None:
    assert read(text).equalities == expected


def test_equal_expressions_are_equal_values() -> None:
    assert read("key = 'a'") == read("key = 'a'")
    assert len({read("key = 'a'"), read("key = 'a'"), read("key = 'b'")}) == 2
