"""Totals rows are left out of the records and used as a check on them (X16)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from connectors.spreadsheet.columns import PlacedColumn
from connectors.spreadsheet.fields import CellType
from connectors.spreadsheet.table import Row, Table
from connectors.spreadsheet.values import read_figure
from model.errors import Problem


@dataclass(slots=True)
class _Sum:
    """What the rows of one column add up to so far; ``number`` is None once one of them cannot be read."""

    number: Decimal | None = Decimal(0)
    rows: int = 0

    def add(self, number: Decimal | None) -> None:
        self.rows += 1
        self.number = None if self.number is None or number is None else self.number + number


def check_totals(table: Table, columns: Mapping[str, PlacedColumn], prefix: str) -> list[Problem]:
    """Name every total that differs from the sum of the rows above it.

    A total fits when it is the sum of all rows above or of those since the total before it. A total that was never
    calculated, or rows that cannot be read, prove nothing.
    """
    problems: list[Problem] = []
    if not table.totals:
        return problems
    money = {path: column for path, column in columns.items() if column.type is CellType.MONEY}
    above, since = {path: _Sum() for path in money}, {path: _Sum() for path in money}
    rows, at = table.rows.numbers, 0
    for number in sorted(table.totals.numbers):
        while at < len(rows) and rows[at] < number:
            row = table.rows[at]
            for path, column in money.items():
                found = _number(row, path, column, blank=Decimal(0))
                above[path].add(found)
                since[path].add(found)
            at += 1
        row = table.totals.at(number)
        for path, column in money.items():
            problem = _difference(row, path, column, (above[path], since[path]), prefix)
            problems += [problem] if problem else []
        since = {path: _Sum() for path in money}
    return problems


def _difference(row: Row, path: str, column: PlacedColumn, choices: tuple[_Sum, _Sum], prefix: str) -> Problem | None:
    sums = [choice.number for choice in choices if choice.rows]
    shown = _number(row, path, column, blank=None)
    if shown is None or not sums or None in sums:
        return None
    # Displayed figures are rounded, each by half a hundredth at most.
    allowed = Decimal("0.005") * (choices[0].rows + 1)
    if any(found is not None and abs(found - shown) <= allowed for found in sums):
        return None
    return Problem(
        f"the total of {column.header} is {shown:,f} but the rows above add up to {sums[0]:,f}",
        prefix + row.cells[path].address,
        "check the rows that the total leaves out, and rows that were set aside",
    )


def _number(row: Row, path: str, column: PlacedColumn, blank: Decimal | None) -> Decimal | None:
    """The amount of a cell; None when it cannot be read."""
    try:
        figure = read_figure(row.cells[path], column.reading)
    except ValueError:
        return None
    return figure.number if figure else blank
