"""Objectives written to a workbook that ``import_objectives`` reads back as they were.

Every text is written as a text, so that none of them can become a formula (F6, X29).
"""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from model.calendars import DEFAULT_CALENDAR, EVERY_DAY
from model.errors import Problem, UserError
from model.money import Money
from model.objectives import Objective
from pipeline.objectives_columns import BASELINES, MAIN, NEEDS, SHEETS, VALUES

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

MAIN_SHEET = "Objectives"
LONGEST_CELL = 32_767
"""Characters; Excel cuts off the rest without a word."""
_FIRST_EXCEL_DAY = date(1900, 3, 1)
_WIDTHS = {"id": 14, "name": 36, "intent": 40}
_IN_VALUES = frozenset({"account", "currency", "validated_by"})

Value: TypeAlias = str | int | Decimal | date | None


def workbook_of(objectives: Sequence[Objective]) -> bytes:
    """The workbook's bytes: a sheet of objectives, and one each for baselines, needs and values.

    Raise UserError naming every text that no cell can hold.
    """
    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter

    problems = list(_unwritable(objectives))
    if problems:
        raise UserError(*problems)
    workbook = Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.title = MAIN_SHEET
    columns = [name for name in MAIN if name not in _IN_VALUES]
    _write(sheet, [MAIN[name][0] for name in columns], ([_main(each, name) for name in columns] for each in objectives))
    for column, name in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = _WIDTHS.get(name, 18)
    months = sorted({cell.month for each in objectives for value in each.values for cell in value.plan})
    sides: Mapping[str, tuple[list[str], Iterable[list[Value]]]] = {
        "baselines": (_headers(BASELINES), _baselines(objectives)),
        "needs": (_headers(NEEDS), _needs(objectives)),
        "values": ([*_headers(VALUES), *map(str, months)], _values(objectives)),
    }
    for name, (headers, rows) in sides.items():
        _write(workbook.create_sheet(SHEETS[name][0]), headers, rows)
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


def _headers(columns: Mapping[str, tuple[str, ...]]) -> list[str]:
    return [spellings[0] for spellings in columns.values()]


def _main(objective: Objective, name: str) -> Value:
    holder: object = objective
    for part in name.split("."):
        holder = getattr(holder, part)
    if isinstance(holder, Money):
        return f"{holder.amount:f} {holder.currency}"
    if name == "tolerance.days" and holder == 0:
        return None
    return holder  # type: ignore[return-value]


def _baselines(objectives: Sequence[Objective]) -> Iterator[list[Value]]:
    for each in objectives:
        for baseline in each.baselines:
            yield [each.id, baseline.target, baseline.approved_by, baseline.approved_on]


def _needs(objectives: Sequence[Objective]) -> Iterator[list[Value]]:
    for each in objectives:
        for need in each.needs:
            lag = need.lag_days if need.calendar == EVERY_DAY else f"{need.lag_days} working days"
            named = need.calendar not in (EVERY_DAY, DEFAULT_CALENDAR)
            yield [each.id, need.wanted, lag or None, need.owner, need.calendar if named else None]


def _values(objectives: Sequence[Objective]) -> Iterator[list[Value]]:
    months = sorted({cell.month for each in objectives for value in each.values for cell in value.plan})
    for each in objectives:
        for value in each.values:
            plan = {cell.month: cell.amount for cell in value.plan}
            yield [each.id, value.account, value.currency, value.validated_by, *(plan.get(month) for month in months)]


def _write(sheet: "Worksheet", headers: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    from openpyxl.styles import Font

    for column, header in enumerate(headers, start=1):
        _put(sheet, 1, column, header)
        sheet.cell(1, column).font = Font(bold=True)
    for row, values in enumerate(rows, start=2):
        for column, value in enumerate(values, start=1):
            _put(sheet, row, column, value)
    sheet.freeze_panes = "C2"


def _put(sheet: "Worksheet", row: int, column: int, value: Value) -> None:
    """Write one cell; what is no number and no day of Excel's calendar is a text whatever it looks like."""
    if value is None or value == "":
        return
    cell = sheet.cell(row, column)
    if isinstance(value, date) and value >= _FIRST_EXCEL_DAY:
        cell.value, cell.number_format = value, "yyyy-mm-dd"
    elif isinstance(value, (int, Decimal)) and _fits(Decimal(value)):
        cell.value = value
    else:
        cell.value = f"{value:f}" if isinstance(value, Decimal) else str(value)
        cell.data_type = "s"
        cell.number_format = "@"


def _fits(number: Decimal) -> bool:
    """Whether Excel's fifteen digits hold the number."""
    digits = number.normalize().as_tuple()
    return len(digits.digits) <= 15 and isinstance(digits.exponent, int) and -10 <= digits.exponent <= 15


def _unwritable(objectives: Sequence[Objective]) -> Iterator[Problem]:
    """Texts with characters that no workbook may hold, and those that Excel would cut off."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    for each in objectives:
        for text in _texts(each):
            if ILLEGAL_CHARACTERS_RE.search(text):
                message, hint = "holds a character that no workbook may hold", "delete the control character"
            elif len(text) > LONGEST_CELL:
                message, hint = f"is longer than the {LONGEST_CELL:,} characters of a cell", "shorten it"
            else:
                continue
            yield Problem(f"a text of '{each.id}' {message}: {text[:40]!r}", each.location, hint)


def _texts(each: Objective) -> Iterator[str]:
    rows = [[_main(each, name) for name in MAIN if name not in _IN_VALUES]]
    rows += [*_baselines([each]), *_needs([each]), *_values([each])]
    return (value for row in rows for value in row if isinstance(value, str))
