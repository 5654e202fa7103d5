"""The records of one sheet, page by page."""

from bisect import bisect_right
from collections.abc import Iterator

import orjson

from connectors.spreadsheet.cells import Sheet
from connectors.spreadsheet.grid import Grid
from connectors.spreadsheet.identity import NamedRows
from connectors.spreadsheet.plain_cells import CloserLookError, Layout, PlainCells, PlainReader
from connectors.spreadsheet.records import RecordBuilder
from model.errors import RecordError
from model.reading import SetAside
from model.records import Record


class SheetRecords:
    """Builds the records of the named rows of one sheet.

    In a large sheet they are read column by column; a row with anything unusual is read cell by cell, as all are in a
    small one.
    """

    def __init__(self, sheet: Sheet, rows: NamedRows, builder: RecordBuilder) -> None:
        self._sheet = sheet
        self._rows = rows
        self._builder = builder

    def pages(self, most_rows: int) -> Iterator[tuple[list[Record], list[SetAside]]]:
        """So many rows at a time: their records, and those that cannot be read."""
        records: list[Record] = []
        refused: list[SetAside] = []
        for found in self._all():
            if isinstance(found, SetAside):
                refused.append(found)
            else:
                records.append(found)
            if len(records) + len(refused) == most_rows:
                yield records, refused
                records, refused = [], []
        if records or refused:
            yield records, refused

    def record(self, place: int) -> Record | SetAside:
        """The record of one row, read cell by cell."""
        row = self._rows.row(place)
        try:
            return self._builder.build(row)
        except RecordError as error:
            return _set_aside(row.native_id, error)

    def _all(self) -> Iterator[Record | SetAside]:
        grid, columns = self._sheet.cells, self._builder.columns
        if not isinstance(grid, Grid) or min(placed.column for placed in columns.values()) < grid.left:
            yield from map(self.record, self._rows.places())
            return
        layout = Layout(columns, self._builder.prefix, self._builder.options.currency)
        blind = self._sheet.values_only or self._sheet.is_text
        reader = PlainReader(grid, columns, layout, is_plain_text=not blind)
        numbers, start = self._rows.rows.numbers, 0
        for packed in grid.packed():
            first, values = orjson.loads(packed)
            end = bisect_right(numbers, first[-1], start)
            yield from self._block(reader, packed, dict(zip(first, values, strict=True)), range(start, end))
            start = end
        for place in range(start, len(numbers)):
            if self._rows.ends[place] is not None:
                yield self.record(place)

    def _block(
        self, reader: PlainReader, packed: bytes, values: dict[int, list[object]], places: range
    ) -> Iterator[Record | SetAside]:
        numbers, ends = self._rows.rows.numbers, self._rows.ends
        named = [place for place in places if ends[place] is not None]
        seen = [(place, numbers[place]) for place in named if numbers[place] in values]
        read = reader.read(packed, [(number, values[number]) for _, number in seen])
        cells = dict(zip((place for place, _ in seen), read, strict=True))
        for place in named:
            yield self._record_of(place, cells.get(place))

    def _record_of(self, place: int, cells: PlainCells | None) -> Record | SetAside:
        if cells is None:
            return self.record(place)
        try:
            return self._builder.record(self._rows.native_id(place), self._rows.keys[place] or "", cells)
        except CloserLookError:
            return self.record(place)


def _set_aside(native_id: str, error: RecordError) -> SetAside:
    """One line for the row: every cell that cannot be read with its address."""
    reasons = [f"{problem.location.rpartition('!')[2]}: {problem.message}" for problem in error.problems]
    return SetAside(native_id, "; ".join(reasons), error.problems[0].location)
