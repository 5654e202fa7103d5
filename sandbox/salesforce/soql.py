"""The little SOQL that the stand-in for Salesforce understands: one object, AND conditions, an order, COUNT()."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

_QUERY = re.compile(
    r"SELECT\s+(?P<fields>.+?)\s+FROM\s+(?P<object>\w+)"
    r"(?:\s+WHERE\s+(?P<where>.+?))?(?:\s+ORDER\s+BY\s+(?P<order>[\w., ]+?))?(?:\s+LIMIT\s+(?P<limit>\d+))?",
    re.IGNORECASE,
)
_CONDITION = re.compile(r"(?P<field>[\w.]+)\s*(?P<operator>>=|<=|=|>|<|\bIN\b)\s*(?P<value>.+)", re.IGNORECASE)
_SALESFORCE_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">=": lambda left, right: left >= right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    "<": lambda left, right: left < right,
    "=": lambda left, right: bool(left == right),
    "in": lambda left, right: left in right,
}

Row = Mapping[str, Any]


class SoqlError(Exception):
    """A query that Salesforce would refuse, with its error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Soql:
    """A parsed query. ``fields`` is empty for ``COUNT()``."""

    object: str
    fields: Sequence[str]
    conditions: Sequence[tuple[str, str, Any]]
    order: Sequence[str]
    limit: int | None

    @classmethod
    def parse(cls, text: str) -> "Soql":
        match = _QUERY.fullmatch(text.strip())
        if match is None:
            raise SoqlError("MALFORMED_QUERY", f"unexpected token in: {text}")
        fields = [name.strip() for name in match["fields"].split(",")]
        if fields != ["COUNT()"] and any(not re.fullmatch(r"\w+(\.\w+)*", name) for name in fields):
            raise SoqlError("MALFORMED_QUERY", f"unexpected token in: {match['fields']}")
        conditions = [_condition(part) for part in re.split(r"\s+AND\s+", match["where"] or "") if part]
        order = [name.strip() for name in (match["order"] or "").split(",") if name.strip()]
        limit = int(match["limit"]) if match["limit"] else None
        return cls(match["object"], [] if fields == ["COUNT()"] else fields, conditions, order, limit)

    def names(self) -> list[str]:
        """Every field that the query mentions."""
        return [*self.fields, *(field for field, _, _ in self.conditions), *self.order]

    def run(self, rows: Sequence[Row]) -> list[Row]:
        """The rows that match, in order, limited, still whole."""
        kept = [row for row in rows if all(_holds(row, condition) for condition in self.conditions)]
        kept.sort(key=lambda row: [_sortable(value_of(row, name)) for name in self.order])
        return kept[: self.limit]

    def shaped(self, row: Row) -> dict[str, Any]:
        """The answer for one row: only what was asked for, related objects nested, values as JSON."""
        answer: dict[str, Any] = {"attributes": {"type": self.object}}
        for name in self.fields:
            relation, _, below = name.partition(".")
            if below:
                nested = answer.setdefault(relation, {"attributes": {"type": relation}})
                nested[below] = _json(value_of(row, name))
            else:
                answer[name] = _json(row[name])
        return answer


def value_of(row: Row, path: str) -> Any:
    """Follow a path such as ``Owner.Email``; None where the relation is empty."""
    value: Any = row
    for name in path.split("."):
        value = None if value is None else value[name]
    return value


def _condition(text: str) -> tuple[str, str, Any]:
    match = _CONDITION.fullmatch(text.strip())
    if match is None:
        raise SoqlError("MALFORMED_QUERY", f"unexpected token in: {text}")
    operator, literal = match["operator"].lower(), match["value"].strip()
    if operator == "in":
        if not (literal.startswith("(") and literal.endswith(")")):
            raise SoqlError("MALFORMED_QUERY", f"unexpected token in: {text}")
        return match["field"], operator, [_literal(match["field"], part) for part in literal[1:-1].split(",")]
    return match["field"], operator, _literal(match["field"], literal)


def _literal(field: str, text: str) -> Any:
    text = text.strip()
    if text.startswith("'") and text.endswith("'"):
        value = text[1:-1]
        if field.endswith("Id") and not _SALESFORCE_ID.fullmatch(value):
            raise SoqlError("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {value}")
        return value
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return date.fromisoformat(text)
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:?\d{2})", text):
        return datetime.fromisoformat(text)
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return Decimal(text)
    raise SoqlError("MALFORMED_QUERY", f"unexpected token: {text}")


def _holds(row: Row, condition: tuple[str, str, Any]) -> bool:
    name, operator, wanted = condition
    value = value_of(row, name)
    return value is not None and _COMPARE[operator](value, wanted)


def _sortable(value: Any) -> tuple[bool, Any]:
    return (value is not None, value if value is not None else 0)


def _json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    if isinstance(value, date):
        return value.isoformat()
    return value
