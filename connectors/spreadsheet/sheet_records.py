"""The records of one sheet, page by page."""

import gc
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import orjson

from connectors.spreadsheet.cells import Sheet
from connectors.spreadsheet.grid import Grid
from connectors.spreadsheet.identity import NamedRows
from connectors.spreadsheet.plain_cells import CloserLookError, Layout, PlainReader
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
        waiting: list[Record | SetAside] = []
        for block in self._blocks():
            waiting += block
            while len(waiting) >= most_rows:
                yield _page(waiting[:most_rows])
                del waiting[:most_rows]
        if waiting:
            yield _page(waiting)

    def record(self, place: int) -> Record | SetAside:
        """The record of one row, read cell by cell."""
        row = self._rows.row(place)
        try:
            return self._builder.build(row)
        except RecordError as error:
            return _set_aside(row.native_id, error)

    def _blocks(self) -> Iterator[Sequence[Record | SetAside]]:
        """What the rows give, in pieces of any size."""
        grid, columns = self._sheet.cells, self._builder.columns
        if not isinstance(grid, Grid) or min(placed.column for placed in columns.values()) < grid.left:
            yield from ([self.record(place)] for place in self._rows.places())
            return
        layout = Layout(columns, self._builder.prefix, self._builder.options.currency)
        blind = self._sheet.values_only or self._sheet.is_text
        reader = PlainReader(grid, columns, layout, is_plain_text=not blind)
        numbers, start = self._rows.rows.numbers, 0
        for packed in grid.packed():
            with _uncollected():
                first, values = orjson.loads(packed)
                end = bisect_right(numbers, first[-1], start)
                block = self._block(reader, packed, dict(zip(first, values, strict=True)), range(start, end))
            yield block
            start = end
        yield [self.record(place) for place in range(start, len(numbers)) if self._rows.ends[place] is not None]

    def _block(
        self, reader: PlainReader, packed: bytes, values: dict[int, list[object]], places: range
    ) -> list[Record | SetAside]:
        numbers, ends, keys = self._rows.rows.numbers, self._rows.ends, self._rows.keys
        named = [(place, numbers[place]) for place in places if ends[place] is not None]
        read = iter(reader.read(packed, [(number, values[number]) for _, number in named if number in values]))
        ids, record = f"{self._rows.ids}/", self._builder.record
        found: list[Record | SetAside] = []
        for place, number in named:
            cells = next(read) if number in values else None
            try:
                found.append(
                    self.record(place) if cells is None else record(f"{ids}{ends[place]}", keys[place] or "", cells)
                )
            except CloserLookError:
                found.append(self.record(place))
        return found


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the collector from walking what is held, some thousand times a sheet, for cycles that records never have.

    Between two blocks it does its work.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _page(found: Sequence[Record | SetAside]) -> tuple[list[Record], list[SetAside]]:
    refused = [one for one in found if isinstance(one, SetAside)]
    if not refused:
        return cast(list[Record], found), refused
    return [one for one in found if not isinstance(one, SetAside)], refused


def _set_aside(native_id: str, error: RecordError) -> SetAside:
    """One line for the row: every cell that cannot be read with its address."""
    reasons = [f"{problem.location.rpartition('!')[2]}: {problem.message}" for problem in error.problems]
    return SetAside(native_id, "; ".join(reasons), error.problems[0].location)
