"""The cells of one row while a record is built of them, read one by one; what cannot be read is gathered."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Protocol, TypeVar

from connectors.spreadsheet.cells import Cell, CellState
from connectors.spreadsheet.columns import PlacedColumn
from connectors.spreadsheet.fields import CellType
from connectors.spreadsheet.table import Row
from connectors.spreadsheet.units import CODES
from connectors.spreadsheet.values import Figure, read_date, read_figure, read_list, read_percent, read_text
from model.errors import Problem
from model.money import Month, MonthAmount
from model.records import FieldValue

Read = TypeVar("Read")


class RowCells(Protocol):
    """What a record is built of. A field without a column is None, as is one whose cell is blank."""

    number: int

    def text(self, path: str) -> str | None: ...
    def texts(self, path: str) -> tuple[str, ...]: ...
    def day(self, path: str) -> date | None: ...
    def number_in(self, path: str) -> Decimal | None: ...
    def months(self, series: str) -> tuple[MonthAmount, ...]: ...
    def custom(self) -> Mapping[str, FieldValue]: ...

    def currency(self) -> str:
        """The one currency of the row, asked after all its amounts were."""
        ...

    def address(self, path: str) -> str:
        """Where the cell of a mapped field stands."""
        ...

    def refuse(self, path: str, reason: str) -> None:
        """Say that a cell makes no sense in its row."""
        ...

    def tell_without_content(self, path: str) -> None:
        """Say that a cell says something by its colour, whether or not it holds anything."""
        ...

    def provenance(self) -> dict[str, str]:
        """Each filled cell's address under the name of the field it fills; a month's under ``plan.2026-10``."""
        ...


class ReadCells:
    """The cells of one row, each read when it is asked for. ``problems`` are those that cannot be read, by column."""

    def __init__(self, row: Row, columns: Mapping[str, PlacedColumn], prefix: str, currency: str | None) -> None:
        self.number = row.number
        self.problems: list[tuple[int, Problem]] = []
        self._cells = row.cells
        self._columns = columns
        self._prefix = prefix
        self._default = currency
        self._figures: dict[str, Figure] = {}
        self._telling: set[str] = set()

    def text(self, path: str) -> str | None:
        return self._read(path, lambda cell, _: read_text(cell))

    def texts(self, path: str) -> tuple[str, ...]:
        return self._read(path, lambda cell, _: read_list(cell)) or ()

    def day(self, path: str) -> date | None:
        return self._read(path, lambda cell, column: read_date(cell, column.reading))

    def number_in(self, path: str) -> Decimal | None:
        figure = self._read(path, lambda cell, column: read_figure(cell, column.reading))
        if figure is not None and self._columns[path].type is CellType.MONEY:
            self._figures[path] = figure
        return figure.number if figure else None

    def months(self, series: str) -> tuple[MonthAmount, ...]:
        """The months that hold an amount; a blank cell is unknown and is left out, a zero stays a zero."""
        found = []
        for path, month in month_paths(tuple(self._columns), series):
            number = self.number_in(path)
            if number is not None:
                found.append(MonthAmount(month, number))
        return tuple(found)

    def custom(self) -> Mapping[str, FieldValue]:
        return {
            path.partition(".")[2]: self._custom_value(path, column.type)
            for path, column in self._columns.items()
            if path.startswith("custom.")
        }

    def currency(self) -> str:
        """The one currency of a row: its own column, what its cells or headers name, else the file's.

        A cell in another currency than the row's, or a row with amounts and no currency, is refused (X10).
        """
        told = self.text("currency")
        if told and told.upper() not in CODES:
            self.refuse("currency", f"holds {told!r}, which is no ISO currency")
            return ""
        allowed = {path: allowed_in(self._columns[path], figure) for path, figure in self._figures.items()}
        currency = settle_currency(told, allowed.values(), self._default)
        for path, currencies in allowed.items():
            if currencies and currency not in currencies:
                self.refuse(path, f"is in {' or '.join(sorted(currencies))}, the row is in {currency or 'none'}")
        if allowed and not currency:
            self.refuse(next(iter(allowed)), "has no currency; set currency: in the source's settings")
        return currency

    def address(self, path: str) -> str:
        return self._prefix + self._cells[path].address

    def refuse(self, path: str, reason: str) -> None:
        column = self._columns[path]
        self.problems.append((column.column, Problem(f"{column.header} {reason}", self.address(path))))

    def tell_without_content(self, path: str) -> None:
        self._telling.add(path)

    def provenance(self) -> dict[str, str]:
        return {
            path.removeprefix("custom."): self._prefix + cell.address
            for path, cell in self._cells.items()
            if cell.state is not CellState.BLANK or path in self._telling
        }

    def _read(self, path: str, reader: Callable[[Cell, PlacedColumn], Read]) -> Read | None:
        cell, column = self._cells.get(path), self._columns.get(path)
        if cell is None or column is None:
            return None
        try:
            return reader(cell, column)
        except ValueError as error:
            self.refuse(path, str(error))
            return None

    def _custom_value(self, path: str, kind: CellType) -> FieldValue:
        if kind is CellType.DATE:
            return self.day(path)
        if kind in (CellType.MONEY, CellType.NUMBER):
            return self.number_in(path)
        if kind is CellType.PERCENT:
            return self._read(path, lambda cell, column: read_percent(cell, column.reading))
        return self.texts(path) if kind is CellType.LIST else self.text(path)


@cache
def month_paths(paths: tuple[str, ...], series: str) -> Sequence[tuple[str, Month]]:
    """The columns of one series of months."""
    return [(path, Month.parse(path.partition(".")[2])) for path in paths if path.startswith(f"{series}.")]


def allowed_in(column: PlacedColumn, figure: Figure) -> Set[str]:
    """The currencies that an amount may be in; empty where nothing names one."""
    return frozenset({column.currency}) if column.currency else figure.currencies


def settle_currency(told: str | None, allowed: Iterable[Set[str]], default: str | None) -> str:
    """What the row says, or else the one that all amounts agree on which name any, or else the file's."""
    return told.upper() if told else _common(allowed) or default or ""


def _common(allowed: Iterable[Set[str]]) -> str:
    """The currency that all cells which name one agree on; empty when they name none or several."""
    sets = [frozenset(currencies) for currencies in allowed if currencies]
    together = frozenset.intersection(*sets) if sets else frozenset[str]()
    return next(iter(together)) if len(together) == 1 else ""
