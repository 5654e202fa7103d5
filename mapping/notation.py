"""How single values are written in objectives and rule files: money, days, months, lags, one value or a list."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, GetCoreSchemaHandler, PlainValidator, StringConstraints, WithJsonSchema
from pydantic_core import CoreSchema, core_schema

from mapping.comparison import Day as DayValue
from mapping.facts import number_text
from model.money import Money, Month

_MONEY = re.compile(r"(\d{1,15}(?:\.\d{1,4})?) ?([A-Z]{3})")
_CURRENCY = re.compile(r"[A-Z]{3}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_LAG = re.compile(r"(\d{1,4})([dw])")
_WORKING = re.compile(r"(\d{1,4}) +working +days?")
_FROM_TODAY = re.compile(r"today(?: ?([+-]) ?(\d{1,4})([dw]))?")


@dataclass(frozen=True, slots=True)
class NeedLagValue:
    """Days between what comes first and what may follow; calendar days unless they are working days."""

    days: int
    working: bool = False


def _money(value: Any) -> Money:
    found = _MONEY.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError("money is written as an amount and a currency, without thousands separators: 250000 EUR")
    return Money(Decimal(found[1]), found[2])


def _currency(value: Any) -> str:
    if isinstance(value, str) and _CURRENCY.fullmatch(value):
        return value
    raise ValueError("a currency is written as its ISO code: EUR")


def _day(value: Any) -> date:
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"there is no such day: {value}") from None
    raise ValueError("a day is written as 2026-09-30")


def _month(value: Any) -> Month:
    if isinstance(value, str) and _MONTH.fullmatch(value):
        return Month.parse(value)
    raise ValueError("a month is written as 2026-10")


def _lag_days(value: Any) -> int:
    found = _LAG.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError("a lag is a number of calendar days or weeks: 14d or 2w")
    return int(found[1]) * (7 if found[2] == "w" else 1)


def _need_lag(value: Any) -> NeedLagValue:
    text = value.strip() if isinstance(value, str) else ""
    if found := _WORKING.fullmatch(text):
        return NeedLagValue(int(found[1]), working=True)
    if _LAG.fullmatch(text):
        return NeedLagValue(_lag_days(text))
    raise ValueError("a lag is a number of days, weeks or working days: 14d, 2w or 10 working days")


def _day_or_today(value: Any) -> DayValue:
    text = value.strip() if isinstance(value, str) else ""
    if _DAY.fullmatch(text):
        return DayValue(_day(text))
    if found := _FROM_TODAY.fullmatch(text):
        days = int(found[2] or 0) * (7 if found[3] == "w" else 1)
        return DayValue(days=-days if found[1] == "-" else days)
    raise ValueError("a day is written as 2026-09-30, today, today + 30d or today - 2w")


def _amount(value: Any) -> Decimal | Money:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        number = Decimal(str(value))
        if number.is_finite() and abs(number) < 10**30:
            return number
    elif isinstance(value, str) and _MONEY.fullmatch(value.strip()):
        return _money(value)
    raise ValueError("a number is written as 3 or 0.5, money as 250000 EUR")


def _text(value: Any) -> Any:
    """A whole number may stand for a key or a name; other numbers lose digits on the way (4.10 is read as 4.1)."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _field_text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return number_text(Decimal(str(value))) if isinstance(value, (int, float)) else value


def not_empty(value: Any) -> Any:
    """Refuse a list without values."""
    if value == []:
        raise ValueError("the list is empty: write a value, or remove the key")
    return value


def _as_list(value: Any) -> Any:
    return not_empty(value) if isinstance(value, list) else [value]


def _written(parse: Callable[[Any], Any], schema: dict[str, Any]) -> tuple[PlainValidator, WithJsonSchema]:
    return PlainValidator(parse), WithJsonSchema({"type": "string", **schema})


class OneOrMany:
    """Marks a tuple that may be written as a single value."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_as_list, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        array: dict[str, Any] = handler(schema)
        return {"anyOf": [array["items"], {**array, "minItems": 1}]}


MoneyText = Annotated[
    Money, *_written(_money, {"pattern": r"^\d{1,15}(\.\d{1,4})? ?[A-Z]{3}$", "examples": ["250000 EUR"]})
]
"""Money as people write it: ``250000 EUR``."""
Day = Annotated[date, *_written(_day, {"pattern": r"^\d{4}-\d{2}-\d{2}$", "format": "date"})]
"""A day: ``2026-09-30``."""
MonthText = Annotated[Month, *_written(_month, {"pattern": r"^\d{4}-(0[1-9]|1[0-2])$"})]
"""A month: ``2026-10``."""
Lag = Annotated[int, *_written(_lag_days, {"pattern": r"^\d{1,4}[dw]$", "examples": ["14d", "2w"]})]
"""Calendar days between one finish and what may follow: ``14d`` or ``2w``."""
NeedLag = Annotated[
    NeedLagValue,
    *_written(
        _need_lag,
        {"pattern": r"^\d{1,4}([dw]| +working +days?)$", "examples": ["14d", "2w", "10 working days"]},
    ),
]
"""The same, or working days: ``10 working days``."""
DayOrToday = Annotated[
    DayValue,
    *_written(
        _day_or_today,
        {
            "pattern": r"^(\d{4}-\d{2}-\d{2}|today( ?[+-] ?\d{1,4}[dw])?)$",
            "examples": ["2026-09-30", "today", "today + 30d"],
        },
    ),
]
"""A day, or one counted from today: ``2026-09-30``, ``today``, ``today + 30d``, ``today - 2w``."""
Amount = Annotated[
    Decimal | Money,
    PlainValidator(_amount),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^\d{1,15}(\.\d{1,4})? ?[A-Z]{3}$"}]}),
]
"""A number, or money as ``250000 EUR``."""
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
"""Text that is not blank."""
Text = Annotated[
    Line,
    BeforeValidator(_text),
    WithJsonSchema({"anyOf": [{"type": "string", "minLength": 1}, {"type": "integer"}]}),
]
"""A key, a name or an id; a whole number needs no quotes."""
Texts = Annotated[tuple[Text, ...], OneOrMany()]
"""One text or a list of them."""
FieldTexts = Annotated[
    tuple[
        Annotated[Line, BeforeValidator(_field_text), WithJsonSchema({"type": ["string", "number", "boolean"]})], ...
    ],
    OneOrMany(),
]
"""What a field is compared with: text, a number, true or false, or a list of them."""
Currency = Annotated[str, *_written(_currency, {"pattern": "^[A-Z]{3}$"})]
"""An ISO code."""
