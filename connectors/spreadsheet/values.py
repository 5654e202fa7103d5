"""From a cell to a typed value. What cannot be read raises ValueError with the reason; blank is None, never zero."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache

from connectors.spreadsheet.cells import Cell, CellState
from connectors.spreadsheet.dates import DateOrder, parse_date, plausible
from connectors.spreadsheet.numbers import Amount, NumberLocale, exact, parse_amount, tidy
from connectors.spreadsheet.units import Unit, parse_unit
from model.keys import normalise_key

_LITERAL = re.compile(r"\[\$([^\]-]*)(?:-[^\]]*)?\]|\"([^\"]*)\"|\\(.)|([€$£¥])")
_SCALING_COMMA = re.compile(r"[0#?],+(?![0#?,])")
_QUOTED = re.compile(r"\[[^\]]*\]|\"[^\"]*\"|\\.")


@dataclass(frozen=True, slots=True)
class Reading:
    """How the cells of one column are read."""

    locale: NumberLocale | None = None
    order: DateOrder | None = None
    unit: Unit | None = None
    blanks: Collection[str] = ()
    """Folded texts that stand for an empty cell."""


@dataclass(frozen=True, slots=True)
class Figure:
    """An amount in single units, with the currencies that its cell allows (empty: it names none; X10)."""

    number: Decimal
    currencies: frozenset[str] = frozenset()


def present(cell: Cell) -> bool:
    """Whether the cell holds a value; raise ValueError when it is broken or was never calculated (X1, X2, X5)."""
    if cell.state is CellState.ERROR:
        raise ValueError(f"holds the error {cell.value}")
    if cell.state is CellState.NOT_CALCULATED:
        raise ValueError("holds a formula that was not calculated; open the workbook in Excel and save it")
    return cell.state is CellState.VALUE


def read_text(cell: Cell) -> str | None:
    """The text of a cell with its white space collapsed; a number that is whole has no decimals."""
    if not present(cell):
        return None
    value = cell.value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{exact(value):f}"
    if isinstance(value, datetime) and value.time() == time():
        value = value.date()
    return " ".join(str(value).split())


def read_list(cell: Cell) -> tuple[str, ...]:
    """Several texts in one cell, parted by commas, semicolons or line breaks."""
    if not present(cell):
        return ()
    if not isinstance(cell.value, str):
        text = read_text(cell)
        return (text,) if text else ()
    return tuple(" ".join(part.split()) for part in re.split(r"[,;\n]", cell.value) if part.strip())


def read_date(cell: Cell, reading: Reading) -> date | None:
    """A day; the type that the configuration names wins over the cell's format (X9)."""
    if _is_blank(cell, reading):
        return None
    if isinstance(cell.value, str):
        return parse_date(cell.value, reading.order or ("dmy" if reading.locale == "de" else None))
    if cell.day is None:
        raise ValueError(f"holds {cell.value}, not a date")
    return plausible(cell.day)


def read_figure(cell: Cell, reading: Reading) -> Figure | None:
    """An amount in single units: the unit in the cell's text wins, then the column's, then the format's."""
    if _is_blank(cell, reading):
        return None
    amount = _amount(cell, reading)
    if amount.percent:
        raise ValueError(f"holds the percentage {cell.value}, not an amount")
    in_format = unit_in_format(cell.format)
    scale = amount.scale or (reading.unit.scale if reading.unit else in_format.scale)
    return Figure(tidy(amount.number * scale), amount.currencies or in_format.currencies)


def read_percent(cell: Cell, reading: Reading) -> Decimal | None:
    """A share of one: 15 % may be 0.15 formatted as ``0%``, the text ``15 %`` or a bare 15 (X7)."""
    if _is_blank(cell, reading):
        return None
    amount = _amount(cell, reading)
    if amount.percent:
        share = amount.number / 100
    elif abs(amount.number) < 1 or (not isinstance(cell.value, str) and shows_percent(cell.format)):
        share = amount.number
    elif abs(amount.number) > 1:
        share = amount.number / 100
    else:
        raise ValueError("holds 1 without a percent sign: 1 % or 100 %")
    if abs(share) > 10:
        raise ValueError(f"holds {cell.value}, which is no plausible percentage")
    return tidy(share)


def _is_blank(cell: Cell, reading: Reading) -> bool:
    return not present(cell) or (isinstance(cell.value, str) and normalise_key(cell.value) in reading.blanks)


def _amount(cell: Cell, reading: Reading) -> Amount:
    value = cell.value
    if isinstance(value, str):
        return parse_amount(value, reading.locale)
    if isinstance(value, bool):
        raise ValueError(f"holds {str(value).lower()}, not a number")
    if isinstance(value, int | float):
        return Amount(exact(value))
    if cell.serial is not None and is_number_format(cell.format):
        return Amount(exact(cell.serial))
    if isinstance(value, date | time | timedelta):
        raise ValueError(f"holds the date {value}, not a number")
    raise ValueError("holds nothing that is a number")


def shows_percent(number_format: str) -> bool:
    """Whether the format shows a hundred times what the cell holds (X7)."""
    return "%" in _QUOTED.sub("", number_format)


def is_number_format(number_format: str) -> bool:
    """Formats that openpyxl takes for dates because of a letter in them: ``Standard``, ``#,##0 y`` (X9)."""
    bare = _QUOTED.sub("", number_format)
    return "#" in bare or bare.strip().casefold() == "standard" or bare.startswith("0")


@lru_cache(maxsize=512)
def unit_in_format(number_format: str) -> Unit:
    """The unit that a number format shows (X10). A format that divides by thousands shows more than the cell holds."""
    positive = number_format.split(";")[0]
    for groups in _LITERAL.findall(positive):
        literal = "".join(groups).strip(" _-")
        try:
            unit = parse_unit(literal)
        except ValueError:
            continue
        return Unit(Decimal(1), unit.currencies) if _SCALING_COMMA.search(positive) else unit
    return Unit()
