"""Totals rows are left out of the records and used as a check on them (X16)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from connectors.spreadsheet.columns import PlacedColumn
from connectors.spreadsheet.fields import CellType
from connectors.spreadsheet.table import Row, Table
from connectors.spreadsheet.values import read_figure
from model.errors import Problem
from model.money import total


def check_totals(table: Table, columns: Mapping[str, PlacedColumn], prefix: str) -> list[Problem]:
    """Name every total that differs from the sum of the rows above it.

    A total fits when it is the sum of all rows above or of those since the total before it. A total that was never
    calculated, or rows that cannot be read, prove nothing.
    """
    problems = []
    start = 0
    for row in sorted(table.totals, key=lambda found: found.number):
        all_above = [other for other in table.rows if other.number < row.number]
        since_last = [other for other in all_above if other.number > start]
        for path, column in columns.items():
            if column.type is CellType.MONEY:
                problem = _difference(row, path, column, (all_above, since_last), prefix)
                problems += [problem] if problem else []
        start = row.number
    return problems


def _difference(
    row: Row, path: str, column: PlacedColumn, choices: Sequence[Sequence[Row]], prefix: str
) -> Problem | None:
    shown = _number(row, path, column)
    sums = [_sum(rows, path, column) for rows in choices if rows]
    if shown is None or not sums or None in sums:
        return None
    # Displayed figures are rounded, each by half a hundredth at most.
    allowed = Decimal("0.005") * (len(choices[0]) + 1)
    if any(found is not None and abs(found - shown) <= allowed for found in sums):
        return None
    return Problem(
        f"the total of {column.header} is {shown:,f} but the rows above add up to {sums[0]:,f}",
        prefix + row.cells[path].address,
        "check the rows that the total leaves out, and rows that were set aside",
    )


def _number(row: Row, path: str, column: PlacedColumn) -> Decimal | None:
    try:
        figure = read_figure(row.cells[path], column.reading)
    except ValueError:
        return None
    return figure.number if figure else None


def _sum(rows: Sequence[Row], path: str, column: PlacedColumn) -> Decimal | None:
    """The sum of the filled cells; None when one of them cannot be read."""
    numbers = []
    for row in rows:
        try:
            figure = read_figure(row.cells[path], column.reading)
        except ValueError:
            return None
        numbers += [figure.number] if figure else []
    return total(numbers)
