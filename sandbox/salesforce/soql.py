"""The little SOQL that the stand-in for Salesforce understands.

One object, AND conditions, an order, COUNT(), counts by parts of a date, and a query in place of a list of ids.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

_QUERY = re.compile(
    r"SELECT\s+(?P<fields>.+?)\s+FROM\s+(?P<object>\w+)"
    r"(?:\s+WHERE\s+(?P<where>.+?))?(?:\s+GROUP\s+BY\s+(?P<group>[\w(), ]+?))?"
    r"(?:\s+ORDER\s+BY\s+(?P<order>[\w., ]+?))?(?:\s+LIMIT\s+(?P<limit>\d+))?",
    re.IGNORECASE,
)
_CONDITION = re.compile(r"(?P<field>[\w.]+)\s*(?P<operator>>=|<=|=|>|<|\bIN\b)\s*(?P<value>.+)", re.IGNORECASE)
_AND = re.compile(r"\s+AND\s+(?![^()]*\))", re.IGNORECASE)
"""Between two conditions, but not within the parentheses of an inner query."""
_SALESFORCE_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
_PART_OF_A_DATE = re.compile(r"(?P<part>\w+)\((?P<field>\w+)\)\s+(?P<alias>\w+)")
_COUNT = re.compile(r"COUNT\(Id\)\s+(?P<alias>\w+)")
_MOST_GROUPS = 2_000

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">=": lambda left, right: left >= right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    "<": lambda left, right: left < right,
    "=": lambda left, right: bool(left == right),
    "in": lambda left, right: left in right,
}
_PARTS: dict[str, Callable[[datetime], Any]] = {
    "CALENDAR_YEAR": lambda moment: moment.year,
    "CALENDAR_MONTH": lambda moment: moment.month,
    "DAY_IN_MONTH": lambda moment: moment.day,
    "HOUR_IN_DAY": lambda moment: moment.hour,
}

Row = Mapping[str, Any]
Condition = tuple[str, str, Any]


class SoqlError(Exception):
    """A query that Salesforce would refuse, with its error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Soql:
    """A parsed query. ``fields`` is empty for ``COUNT()``; ``groups`` are alias, part and field of a date each."""

    object: str
    fields: Sequence[str]
    conditions: Sequence[Condition]
    order: Sequence[str]
    limit: int | None
    groups: Sequence[tuple[str, str, str]] = ()
    counted_as: str = ""

    @classmethod
    def parse(cls, text: str) -> "Soql":
        match = _QUERY.fullmatch(text.strip())
        if match is None:
            raise SoqlError("MALFORMED_QUERY", f"unexpected token in: {text}")
        conditions = [_condition(part) for part in _AND.split(match["where"] or "") if part]
        order = [name.strip() for name in (match["order"] or "").split(",") if name.strip()]
        limit = int(match["limit"]) if match["limit"] else None
        listed = [name.strip() for name in match["fields"].split(",")]
        if match["group"]:
            return cls(match["object"], [], conditions, order, limit, *_grouped(listed, match["group"]))
        if listed != ["COUNT()"] and any(not re.fullmatch(r"\w+(\.\w+)*", name) for name in listed):
            raise SoqlError("MALFORMED_QUERY", f"unexpected token in: {match['fields']}")
        return cls(match["object"], [] if listed == ["COUNT()"] else listed, conditions, order, limit)

    def names(self) -> list[str]:
        """Every field that the query mentions."""
        grouped = [field for _, _, field in self.groups]
        return [*self.fields, *grouped, *(field for field, _, _ in self.conditions), *self.order]

    def resolved(self, values: Callable[["Soql"], Collection[Any]]) -> "Soql":
        """The same query with every inner one replaced by the values that it selects."""
        return replace(
            self,
            conditions=[
                (field, operator, values(wanted) if isinstance(wanted, Soql) else wanted)
                for field, operator, wanted in self.conditions
            ],
        )

    def run(self, rows: Sequence[Row]) -> list[Row]:
        """The rows that match, in order, limited, still whole."""
        kept = [row for row in rows if all(_holds(row, condition) for condition in self.conditions)]
        kept.sort(key=lambda row: [_sortable(value_of(row, name)) for name in self.order])
        return kept[: self.limit]

    def counts(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """How many rows there are of each group, as Salesforce answers an aggregate query."""
        found = Counter(
            tuple(_PARTS[part](row[field].astimezone(UTC)) for _, part, field in self.groups) for row in rows
        )
        if len(found) > _MOST_GROUPS:
            raise SoqlError("EXCEEDED_ID_LIMIT", "aggregate query does not support queryMore()")
        aliases = [alias for alias, _, _ in self.groups]
        return [
            {"attributes": {"type": "AggregateResult"}, **dict(zip(aliases, key, strict=True)), self.counted_as: count}
            for key, count in found.items()
        ]

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


def _grouped(listed: Sequence[str], group: str) -> tuple[list[tuple[str, str, str]], str]:
    """The parts of dates by which rows are counted, and what the count is called."""
    parts = [match for name in listed if (match := _PART_OF_A_DATE.fullmatch(name)) and match["part"] in _PARTS]
    counts = [match for name in listed if (match := _COUNT.fullmatch(name))]
    asked = [f"{match['part']}({match['field']})" for match in parts]
    if asked != [name.strip() for name in group.split(",")] or len(counts) != 1 or len(listed) != len(parts) + 1:
        raise SoqlError("MALFORMED_QUERY", f"Grouped field should not be aggregated: {', '.join(listed)}")
    return [(match["alias"], match["part"], match["field"]) for match in parts], counts[0]["alias"]


def _condition(text: str) -> Condition:
    match = _CONDITION.fullmatch(text.strip())
    if match is None:
        raise SoqlError("MALFORMED_QUERY", f"unexpected token in: {text}")
    operator, literal = match["operator"].lower(), match["value"].strip()
    if operator != "in":
        return match["field"], operator, _literal(match["field"], literal)
    if not (literal.startswith("(") and literal.endswith(")")):
        raise SoqlError("MALFORMED_QUERY", f"unexpected token in: {text}")
    inner = literal[1:-1].strip()
    if inner.upper().startswith("SELECT "):
        return match["field"], operator, Soql.parse(inner)
    return match["field"], operator, frozenset(_literal(match["field"], part) for part in inner.split(","))


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


def _holds(row: Row, condition: Condition) -> bool:
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
