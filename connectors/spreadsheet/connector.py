"""The connector for workbooks and text files: a file is read whole, and only a changed content makes pages."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import ClassVar

from connectors.base import Connector, ReadContext, SourceOptions
from connectors.spreadsheet.cells import column_letters
from connectors.spreadsheet.discovery import discover
from connectors.spreadsheet.extract import Extract, SheetExtract, extract_sheet
from connectors.spreadsheet.options import SpreadsheetOptions
from connectors.spreadsheet.shape import shape_of
from model.errors import ConfigurationError, SchemaDriftError, SourceContentError, SourceError, SourceGoneError
from model.reading import Container, Cursor, Discovery, Page, Probe, SetAside
from model.records import Record

PAGE_ROWS = 500


class SpreadsheetConnector(Connector):
    """Sheets, a table or a named range of one workbook.

    The file is read once per run, so that all answers are of one moment.
    """

    kind: ClassVar[str] = "spreadsheet"
    options_type: ClassVar[type[SourceOptions]] = SpreadsheetOptions
    options: SpreadsheetOptions

    def __init__(self, name: str, options: SourceOptions, context: ReadContext) -> None:
        if not isinstance(options, SpreadsheetOptions):
            raise TypeError("a spreadsheet source takes SpreadsheetOptions")
        super().__init__(name, options, context)
        self._extract: Extract | None = None

    def probe(self) -> Probe:
        """Show the sheet, the header row, each mapped column with a sample, and what is doubtful about them."""
        found = self._read()
        rows = aside = 0
        for records, set_aside in found.pages(PAGE_ROWS):
            rows, aside = rows + len(records), aside + len(set_aside)
        first = found.sheet
        placed = "; ".join(_placement(part) for part in found.sheets)
        saved = f", {first.saved_by}" if first.saved_by else ""
        return Probe(
            identity="",
            server=f"{found.path.name}: {placed}{saved}, read by {first.reader}",
            containers=list(self.roster()),
            counts=[
                ("rows", rows),
                ("rows set aside", aside),
                *(count for part in found.sheets for count in _counts(part, several=len(found.sheets) > 1)),
            ],
            problems=found.problems,
            fields=(),
        )

    def discover(self) -> Discovery:
        """The sheets, tables and named ranges, the columns of the header row, and the settings that would read them."""
        self.context.check()
        with self._named():
            return discover(self.name, self.options, self.context)

    def identity(self) -> str:
        """Nobody: a file has no sign-in."""
        return ""

    def shape(self) -> Mapping[str, str]:
        """The headers with types and units; where a column stands is no part of it."""
        return shape_of(self.options, self._read())

    def roster(self) -> Iterable[Container]:
        """Each sheet that is read, and as lost those that the settings name and the workbook has not."""
        found = self._read()
        for part in found.sheets:
            title = found.path.name if part.sheet.is_text else f"{found.path.name}!{part.sheet.title}"
            yield Container(part.container, title)
        for name, problem in found.lost.items():
            yield Container(
                name, f"{found.path.name}!{name}", "lost", replace(problem, location=f"{self.name}: {problem.location}")
            )

    def changed(self, cursor: Cursor | None) -> Iterable[Page]:
        """Yield all rows when the extracted content differs from the cursor's, and nothing when it is the same."""
        found = self._read()
        if cursor is not None and cursor.position == found.content_hash:
            return
        empty = True
        for records, set_aside in found.pages(PAGE_ROWS):
            self.context.check()
            yield Page(records, set_aside)
            empty = False
        if empty:
            yield Page(())

    def census(self, container: Container) -> Iterable[str]:
        """The ids of all rows. A key cell that is broken hides which row it is, so nothing can be proved absent."""
        found = self._read()
        if all(container.id != part.container for part in found.sheets):
            raise SourceGoneError(
                f"{found.path.name} has no {container.id!r} among what this source reads",
                location=f"{self.name}: {self.options.path}",
                hint="read the roster again: the sheet or table was renamed in the settings",
            )
        if found.unreadable_keys:
            raise SourceContentError(
                f"the key in {', '.join(found.unreadable_keys)} cannot be read, so the rows cannot be counted",
                location=f"{self.name}: {found.unreadable_keys[0]}",
                hint="mend the formula in that cell and save the workbook",
            )
        return found.ids_on(container.id)

    def fetch(self, native_ids: Sequence[str]) -> Iterable[Record]:
        """The rows that are there. Asking for one that was set aside raises: it exists and cannot be told."""
        found = self._read()
        for native_id in native_ids:
            row = found.find(native_id)
            if isinstance(row, SetAside):
                raise SourceContentError(
                    f"{native_id} cannot be read: {row.reason}",
                    location=f"{self.name}: {row.location}",
                    hint="mend the row in the workbook and save it",
                )
            if row is not None:
                yield row

    def next_cursor(self) -> Cursor:
        """A hash of the extracted rows."""
        return Cursor(self._read().content_hash)

    def close(self) -> None:
        """Forget what was read."""
        self._extract = None

    def _read(self) -> Extract:
        if self._extract is None:
            self.context.check()
            with self._named():
                self._extract = extract_sheet(self.name, self.options, self.context)
        return self._extract

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Put the source's name in front of where an error lies."""
        try:
            yield
        except (SourceError, ConfigurationError) as error:
            located = (replace(found, location=f"{self.name}: {found.location}") for found in error.problems)
            if isinstance(error, SchemaDriftError):
                raise SchemaDriftError(*located, fields=error.fields) from error.__cause__
            raise type(error)(*located) from error.__cause__


def _placement(part: SheetExtract) -> str:
    """Where on its sheet a tracker lies."""
    columns = [placed.column for placed in part.columns.values()]
    span = f"{column_letters(min(columns))}:{column_letters(max(columns))}"
    return f"{part.sheet.title}, header in row {part.header.row}, columns {span}"


def _counts(part: SheetExtract, *, several: bool) -> list[tuple[str, int]]:
    """What was found on one sheet, each mapped column with a sample."""
    table, on, found = part.table, f" on {part.sheet.title}" if several else "", part.survey()
    counts = [(f"rows{on}", len(table.rows))] if several else []
    counts += [
        (f"totals rows left out{on}", len(table.totals)),
        (f"captions left out{on}", table.captions),
        (f"hidden rows read{on}", found.hidden),
    ]
    for path, placed in part.columns.items():
        sample = f", such as {found.samples[path]!r}" if path in found.samples else ""
        where = f"{placed.address}{', hidden' if placed.column in part.sheet.hidden_columns else ''}{on}"
        counts.append((f"{path} from {placed.header!r} ({where}){sample}", found.filled[path]))
    return counts
