"""Cells of an objectives workbook into the values that a YAML file may say; what cannot be read is located."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from connectors.spreadsheet.cells import Cell, CellState
from connectors.spreadsheet.dates import DateOrder, parse_date, parse_month
from connectors.spreadsheet.numbers import NumberLocale, exact, parse_amount
from connectors.spreadsheet.words import LIGHTS as LIGHT_WORDS
from model.keys import normalise_key
from model.money import Month
from pipeline.objectives_columns import AMOUNTS_WITH_CURRENCY, DAYS, LEVELS, LIGHTS, NUMBERS, STAGES
from pipeline.objectives_text import Told

_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_ISO_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_PLAIN_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_WORKING_DAYS = re.compile(r"\d+ +working +days?")
_PLAIN_MONEY = re.compile(r"\d{1,15}(\.\d{1,4})? ?[A-Z]{3}")
_WORDS: Mapping[str, Mapping[str, str]] = {
    "level": LEVELS,
    "stage_gate": STAGES,
    **{name: {word: light.value for word, light in LIGHT_WORDS.items()} for name in LIGHTS},
}


class CellError(ValueError):
    """A cell that holds something other than its column may; the text says what, ``hint`` what to do."""

    def __init__(self, message: str, hint: str = "correct the cell") -> None:
        super().__init__(message)
        self.hint = hint


def read_cell(
    name: str, cell: Cell, where: str, locale: NumberLocale | None, currency: str | None = None
) -> Told | None:
    """The value of a column's cell; None for a blank one. Raise CellError for what cannot be meant."""
    if not filled(cell):
        return None
    if name in DAYS:
        return Told(_day(cell, locale), where, bare=True)
    if name in AMOUNTS_WITH_CURRENCY:
        return Told(_money(cell, locale, currency), where, bare=True)
    if name == "lag" and _WORKING_DAYS.fullmatch(_text(cell)):
        return Told(_text(cell), where)
    if name in NUMBERS:
        number = _percent(cell) if name == "tolerance.percent" else amount(cell, locale)
        return Told(f"{_whole(number)}d" if name == "lag" else _plain(number), where, bare=True)
    text = _text(cell)
    if name in _WORDS:
        return Told(_WORDS[name].get(normalise_key(text), text), where)
    return Told(text, where)


def filled(cell: Cell) -> bool:
    """Whether there is something in the cell; raise CellError when it is an error or has no result."""
    if cell.state is CellState.ERROR:
        raise CellError(f"the cell holds the error {cell.value}", "mend the formula")
    if cell.state is CellState.NOT_CALCULATED:
        raise CellError("the formula has no result", "open the workbook in Excel and save it")
    return cell.state is CellState.VALUE


def amount(cell: Cell, locale: NumberLocale | None) -> Decimal:
    """The number in a cell, or typed into it as a text."""
    value = cell.value
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise CellError(f"{value} is not a number")
    if not isinstance(value, str):
        return exact(value)
    if _PLAIN_NUMBER.fullmatch(value.strip()):
        return Decimal(value.strip())
    try:
        read = parse_amount(value, locale)
    except ValueError as error:
        raise CellError(str(error), "write a number, or say with --locale how numbers are written") from error
    return read.number * (read.scale or 1)


def plan_amount(cell: Cell, where: str, locale: NumberLocale | None) -> Told | None:
    """The amount of a month; None for a blank cell."""
    return Told(_plain(amount(cell, locale)), where, bare=True) if filled(cell) else None


def month_of(cell: Cell) -> Month | None:
    """The month that a header names; None when it names none."""
    value = cell.value
    if isinstance(value, datetime):
        return Month.of(value.date())
    if isinstance(value, date):
        return Month.of(value)
    if not isinstance(value, str):
        return None
    found = _ISO_MONTH.fullmatch(value.strip())
    return Month(int(found[1]), int(found[2])) if found else parse_month(value)


def _day(cell: Cell, locale: NumberLocale | None) -> str:
    value = cell.value
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str) and _ISO_DAY.fullmatch(value.strip()):
        return value.strip()
    order: DateOrder | None = "dmy" if locale == "de" else None
    try:
        return parse_date(_text(cell), order).isoformat()
    except ValueError as error:
        raise CellError(str(error), "write it as a date, or as text such as 2026-09-30") from error


def _money(cell: Cell, locale: NumberLocale | None, currency: str | None) -> str:
    if isinstance(cell.value, str) and _PLAIN_MONEY.fullmatch(cell.value.strip()):
        text = cell.value.strip()
        return f"{text[:-3].strip()} {text[-3:]}"
    named: frozenset[str] = frozenset()
    if isinstance(cell.value, str):
        try:
            named = parse_amount(cell.value, locale).currencies
        except ValueError as error:
            raise CellError(str(error), "write it as 250000 EUR") from error
    money_in = next(iter(named)) if len(named) == 1 else currency
    if money_in is None:
        raise CellError("the amount has no currency", "write it as 250000 EUR, or add a column Currency")
    return f"{_plain(amount(cell, locale))} {money_in}"


def _percent(cell: Cell) -> Decimal:
    """A number of percent: a cell that is formatted so holds a hundredth of it."""
    number = amount(cell, None)
    return number * 100 if "%" in cell.format and not isinstance(cell.value, str) else number


def _whole(number: Decimal) -> int:
    if number != number.to_integral_value() or number < 0:
        raise CellError(f"{number} is not a whole number of days")
    return int(number)


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _text(cell: Cell) -> str:
    value = cell.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return _plain(exact(value))
    if isinstance(value, (datetime, date)):
        return value.isoformat()[:10]
    return str(value).strip()
