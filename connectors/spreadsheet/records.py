"""From a row to a record: every cell read by its column's type, every value with the address of its cell."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from typing import TypeVar

from connectors.spreadsheet.cells import Cell, CellState
from connectors.spreadsheet.columns import PlacedColumn
from connectors.spreadsheet.fields import CellType, RowKind
from connectors.spreadsheet.identity import NamedRow
from connectors.spreadsheet.lights import LightReader
from connectors.spreadsheet.options import SpreadsheetOptions
from connectors.spreadsheet.units import CODES
from connectors.spreadsheet.values import Figure, read_date, read_figure, read_list, read_percent, read_text
from connectors.spreadsheet.words import STATUSES, fold_words
from connectors.storable import require_storable
from model.errors import Problem, RecordError
from model.keys import normalise_key
from model.money import Money, Month, MonthAmount
from model.records import FieldValue, Light, Measurement, NeedClaim, Record, Saving, StatusCategory, WorkItem

Read = TypeVar("Read")


@dataclass(slots=True)
class _CellsOfRow:
    """The cells of one row while they are read. All that cannot be read is gathered before the row is set aside."""

    row: NamedRow
    columns: Mapping[str, PlacedColumn]
    prefix: str
    problems: list[tuple[int, Problem]] = field(default_factory=list)
    figures: dict[str, Figure] = field(default_factory=dict)
    blank_but_told: set[str] = field(default_factory=set)
    """Fields whose cell has no content and yet says something by its colour."""

    def read(self, path: str, reader: Callable[[Cell, PlacedColumn], Read]) -> Read | None:
        cell, column = self.row.row.cell(path), self.columns.get(path)
        if cell is None or column is None:
            return None
        try:
            return reader(cell, column)
        except ValueError as error:
            self.refuse(path, str(error))
            return None

    def refuse(self, path: str, reason: str) -> None:
        column, cell = self.columns[path], self.row.row.cells[path]
        self.problems.append((column.column, Problem(f"{column.header} {reason}", self.prefix + cell.address)))

    def text(self, path: str) -> str | None:
        return self.read(path, lambda cell, _: read_text(cell))

    def texts(self, path: str) -> tuple[str, ...]:
        return self.read(path, lambda cell, _: read_list(cell)) or ()

    def day(self, path: str) -> date | None:
        return self.read(path, lambda cell, column: read_date(cell, column.reading))

    def number(self, path: str) -> Decimal | None:
        figure = self.figure(path)
        return figure.number if figure else None

    def figure(self, path: str) -> Figure | None:
        figure = self.read(path, lambda cell, column: read_figure(cell, column.reading))
        if figure is not None and path in self.columns and self.columns[path].type is CellType.MONEY:
            self.figures[path] = figure
        return figure

    def provenance(self) -> dict[str, str]:
        """Each filled cell's address under the name of the field it fills; a month's under ``plan.2026-10``."""
        cells = self.row.row.cells.items()
        return {
            path.removeprefix("custom."): self.prefix + cell.address
            for path, cell in cells
            if cell.state is not CellState.BLANK or path in self.blank_but_told
        }


@dataclass(frozen=True, slots=True)
class RecordBuilder:
    """Builds the records of one sheet.

    ``prefix`` is ``workbook.xlsx!Sheet!``, ``ids`` is what stands in front of the keys in native ids, and ``notes``
    takes what is doubtful.
    """

    source: str
    options: SpreadsheetOptions
    columns: Mapping[str, PlacedColumn]
    container: str
    ids: str
    prefix: str
    notes: list[Problem]
    lights: LightReader

    def build(self, row: NamedRow) -> Record:
        """Give the record; raise RecordError with all cells that cannot be read."""
        cells = _CellsOfRow(row, self.columns, self.prefix)
        build = {
            RowKind.SAVING: self._saving,
            RowKind.WORK_ITEM: self._work_item,
            RowKind.MEASUREMENT: self._measurement,
        }[self.options.records]
        record = build(row, cells)
        if cells.problems:
            raise RecordError(*(problem for _, problem in sorted(cells.problems, key=lambda found: found[0])))
        require_storable(record)
        return record

    def _saving(self, row: NamedRow, cells: _CellsOfRow) -> Saving:
        run_rate = cells.number("run_rate")
        baseline, one_time_cost = cells.number("baseline"), cells.number("one_time_cost")
        plan, forecast, actual = (self._months(cells, series) for series in ("plan", "forecast", "actual"))
        custom = self._custom(cells)
        currency = self._currency(cells)
        light = self._light(cells)
        return Saving(
            source=self.source,
            native_id=row.native_id,
            key=row.key,
            title=cells.text("title") or row.key,
            url=cells.text("url") or "",
            owner=cells.text("owner"),
            container=self.container,
            custom=custom,
            provenance=cells.provenance(),
            currency=currency,
            planned_start=cells.day("planned_start"),
            plan=plan,
            forecast=forecast,
            actual=actual,
            run_rate=Money(run_rate, currency) if run_rate is not None else None,
            baseline=baseline,
            one_time_cost=one_time_cost,
            light=light,
            stage_gate=cells.text("stage_gate"),
            controller=cells.text("controller"),
            enabler=cells.text("enabler"),
        )

    def _work_item(self, row: NamedRow, cells: _CellsOfRow) -> WorkItem:
        parent = cells.text("parent")
        status = cells.text("status") or ""
        light = self._light(cells)
        return WorkItem(
            source=self.source,
            native_id=row.native_id,
            key=row.key,
            title=cells.text("title") or row.key,
            url=cells.text("url") or "",
            owner=cells.text("owner"),
            container=self.container,
            custom=self._custom(cells),
            provenance=cells.provenance(),
            type=cells.text("type") or "",
            status=status,
            category=self._category(status, cells),
            resolution=cells.text("resolution"),
            start=cells.day("start"),
            due=cells.day("due"),
            finished=cells.day("finished"),
            parent=f"{self.ids}/{parent}" if parent else None,
            needs=tuple(NeedClaim(wanted) for wanted in cells.texts("needs")),
            labels=cells.texts("labels"),
            estimate=cells.number("estimate"),
            remaining=cells.number("remaining"),
            priority=cells.text("priority"),
            blocked_since=cells.day("blocked_since"),
            blocked_reason=cells.text("blocked_reason"),
            light=light,
        )

    def _measurement(self, row: NamedRow, cells: _CellsOfRow) -> Measurement:
        return Measurement(
            source=self.source,
            native_id=row.native_id,
            key=row.key,
            title=cells.text("title") or row.key,
            url=cells.text("url") or "",
            owner=cells.text("owner"),
            container=self.container,
            custom=self._custom(cells),
            provenance=cells.provenance(),
            metric=cells.text("metric") or "",
            value=cells.number("value"),
            target=cells.number("target"),
            unit=cells.text("unit") or "",
            period=cells.text("period") or "",
            reporter=cells.text("reporter"),
        )

    def _months(self, cells: _CellsOfRow, series: str) -> tuple[MonthAmount, ...]:
        """The months that hold an amount; a blank cell is unknown and is left out, a zero stays a zero."""
        found = []
        for path, month in _month_paths(tuple(self.columns), series):
            number = cells.number(path)
            if number is not None:
                found.append(MonthAmount(month, number))
        return tuple(found)

    def _currency(self, cells: _CellsOfRow) -> str:
        """The one currency of a row: its own column, what its cells or headers name, else the file's.

        A cell in another currency than the row's, or a row with amounts and no currency, is refused (X10).
        """
        told = cells.text("currency")
        if told and told.upper() not in CODES:
            cells.refuse("currency", f"holds {told!r}, which is no ISO currency")
            return ""
        allowed: dict[str, frozenset[str]] = {}
        for path, figure in cells.figures.items():
            column = self.columns[path].currency
            allowed[path] = frozenset({column}) if column else figure.currencies
        currency = told.upper() if told else _common(allowed.values()) or self.options.currency or ""
        for path, currencies in allowed.items():
            if currencies and currency not in currencies:
                cells.refuse(path, f"is in {' or '.join(sorted(currencies))}, the row is in {currency or 'none'}")
        if cells.figures and not currency:
            cells.refuse(next(iter(cells.figures)), "has no currency; set currency: in the source's settings")
        return currency

    def _light(self, cells: _CellsOfRow) -> Light | None:
        """The reported light. What is unclear leaves it unknown and is noted; the row is kept."""
        column, cell = self.columns.get("light"), cells.row.row.cell("light")
        if column is None or cell is None:
            return None
        text = cells.text("light") if self.lights.reads_text else None
        if text is not None and normalise_key(text) in column.reading.blanks:
            text = None
        told = self.lights.read(text, cells.row.row.number, column.column)
        if told.by_colour:
            cells.blank_but_told.add("light")
        if told.doubt:
            self.notes.append(Problem(told.doubt, self.prefix + cell.address, told.hint))
        return told.light

    def _category(self, status: str, cells: _CellsOfRow) -> StatusCategory:
        if not status:
            return StatusCategory.TODO
        category = (STATUSES | fold_words(self.options.statuses)).get(normalise_key(status))
        if category is None:
            cells.refuse("status", f"holds {status!r}, which is no known status; add the word to statuses:")
        return category or StatusCategory.TODO

    def _custom(self, cells: _CellsOfRow) -> Mapping[str, FieldValue]:
        custom: dict[str, FieldValue] = {}
        for path, column in self.columns.items():
            if path.startswith("custom."):
                custom[path.partition(".")[2]] = self._custom_value(cells, path, column.type)
        return custom

    def _custom_value(self, cells: _CellsOfRow, path: str, kind: CellType) -> FieldValue:
        if kind is CellType.DATE:
            return cells.day(path)
        if kind in (CellType.MONEY, CellType.NUMBER):
            return cells.number(path)
        if kind is CellType.PERCENT:
            return cells.read(path, lambda cell, column: read_percent(cell, column.reading))
        if kind is CellType.LIST:
            return cells.texts(path)
        return cells.text(path)


@cache
def _month_paths(paths: tuple[str, ...], series: str) -> Sequence[tuple[str, Month]]:
    return [(path, Month.parse(path.partition(".")[2])) for path in paths if path.startswith(f"{series}.")]


def _common(allowed: Iterable[frozenset[str]]) -> str:
    """The currency that all cells which name one agree on; empty when they name none or several."""
    sets = [currencies for currencies in allowed if currencies]
    together = frozenset.intersection(*sets) if sets else frozenset()
    return next(iter(together)) if len(together) == 1 else ""
