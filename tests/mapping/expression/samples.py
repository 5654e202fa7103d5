"""Records to ask, and short ways to ask them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from mapping.expression import Expression, ExpressionError, parse_expression
from mapping.facts import Facts, Names
from model.money import Money
from model.records import Deal, Record, RecordKind, Release, Sprint, StatusCategory, WorkItem

TODAY = date(2026, 11, 2)
CUSTOM = ("Region", "Go live", "Points", "Regulated", "Größe")

ROLLOUT = WorkItem(
    source="jira",
    native_id="1",
    key="AUR-7",
    former_keys=("OLD-7",),
    title="Roll out ERP\u00a0Vienna",
    owner="Anna Berg",
    container="AUR",
    created=datetime(2026, 9, 30, 23, 30, tzinfo=UTC),
    changed=datetime(2026, 10, 31, 8, 0, tzinfo=UTC),
    type="Epic",
    status="In Progress",
    category=StatusCategory.DOING,
    start=date(2026, 10, 1),
    due=date(2026, 11, 1),
    parent="9",
    releases=("r1",),
    sprint="s1",
    labels=("ERP", "go live"),
    priority="High",
    estimate=Decimal("5"),
    custom={"Region": ("EMEA", "APAC"), "Go live": date(2026, 12, 1), "Points": Decimal("8"), "Regulated": True},
)
"""A work item that says much."""
BLANK = WorkItem(source="jira", native_id="2", key="AUR-8", title="Blank")
"""A work item that says little."""
DEAL = Deal(
    source="crm",
    native_id="d1",
    key="D-1",
    title="Nordbank",
    amount=Money(Decimal("250000"), "EUR"),
    probability=Decimal("0.5"),
)
RELEASE = Release(source="jira", native_id="r1", key="2026.11", title="2026.11", released=True)

_ABOVE = WorkItem(source="jira", native_id="9", key="AUR-1", title="Programme")
_SPRINT = Sprint(source="jira", native_id="s1", key="s1", title="Sprint 12")
NAMES = Names.of([ROLLOUT, BLANK, _ABOVE, _SPRINT, RELEASE])


def read(text: str, *records: Record, custom: Any = CUSTOM) -> Expression:
    kinds = {record.kind for record in records} or {RecordKind.WORK_ITEM}
    return parse_expression(text, kinds=kinds, custom=custom)


def truth(text: str, record: Record = ROLLOUT) -> bool | None:
    """What an expression comes to, with what ``holds`` says."""
    expression = read(text, record)
    facts = Facts(record, NAMES)
    found = expression.truth(facts, TODAY)
    assert expression.holds(facts, TODAY) is (found is True)
    return found


def mistake(text: str, *kinds: RecordKind, custom: Any = CUSTOM) -> ExpressionError:
    """The error that an expression must be."""
    try:
        parse_expression(text, kinds=kinds or (RecordKind.WORK_ITEM,), custom=custom)
    except ExpressionError as error:
        return error
    raise AssertionError(f"{text} was accepted")
