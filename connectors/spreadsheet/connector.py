"""The connector for workbooks and text files: a file is read whole, and only a changed content makes pages."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import ClassVar

from connectors.base import Connector, ReadContext, SourceOptions
from connectors.spreadsheet.cells import CellState, column_letters
from connectors.spreadsheet.extract import Extract, extract_sheet
from connectors.spreadsheet.options import SpreadsheetOptions
from connectors.spreadsheet.values import read_text
from model.errors import ConfigurationError, SourceContentError, SourceError, SourceGoneError
from model.reading import Container, Cursor, Page, Probe
from model.records import Record

PAGE_ROWS = 500


class SpreadsheetConnector(Connector):
    """One sheet or table of one workbook. The file is read once per run, so that all answers are of one moment."""

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
        table = found.table
        counts = [
            ("rows", len(found.records)),
            ("rows set aside", len(found.set_aside)),
            ("totals rows left out", len(table.totals)),
            ("captions left out", table.captions),
            ("hidden rows read", sum(row.number in found.sheet.hidden_rows for row in table.rows)),
        ]
        hidden = found.sheet.hidden_columns
        for path, placed in found.columns.items():
            cells = [row.cells[path] for row in table.rows if row.cells[path].state is CellState.VALUE]
            sample = f", such as {read_text(cells[0])!r}" if cells else ""
            where = f"{placed.address}{', hidden' if placed.column in hidden else ''}"
            counts.append((f"{path} from {placed.header!r} ({where}){sample}", len(cells)))
        columns = [placed.column for placed in found.columns.values()]
        span = f"{column_letters(min(columns))}:{column_letters(max(columns))}"
        saved = f", {found.sheet.saved_by}" if found.sheet.saved_by else ""
        reader = f", read by {found.sheet.reader}"
        return Probe(
            identity=found.path.name,
            server=f"{found.sheet.title}, header in row {found.header.row}, columns {span}{saved}{reader}",
            containers=list(self.roster()),
            counts=counts,
            problems=found.problems,
        )

    def identity(self) -> str:
        """Nobody: a file has no sign-in."""
        return ""

    def roster(self) -> Iterable[Container]:
        """The one sheet or table."""
        found = self._read()
        yield Container(
            found.container, found.path.name if found.sheet.is_text else f"{found.path.name}!{found.sheet.title}"
        )

    def changed(self, cursor: Cursor | None) -> Iterable[Page]:
        """Yield all rows when the extracted content differs from the cursor's, and nothing when it is the same."""
        found = self._read()
        if cursor is not None and cursor.position == found.content_hash:
            return
        if not found.records:
            yield Page((), found.set_aside)
        for start in range(0, len(found.records), PAGE_ROWS):
            self.context.check()
            yield Page(found.records[start : start + PAGE_ROWS], found.set_aside if start == 0 else ())

    def census(self, container: Container) -> Iterable[str]:
        """The ids of all rows. A key cell that is broken hides which row it is, so nothing can be proved absent."""
        found = self._read()
        if container.id != found.container:
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
        return list(found.native_ids)

    def fetch(self, native_ids: Sequence[str]) -> Iterable[Record]:
        """The rows that are there. Asking for one that was set aside raises: it exists and cannot be told."""
        found = self._read()
        records = {record.native_id: record for record in found.records}
        aside = {row.native_id: row for row in found.set_aside}
        for native_id in native_ids:
            if native_id in records:
                yield records[native_id]
            elif native_id in aside:
                raise SourceContentError(
                    f"{native_id} cannot be read: {aside[native_id].reason}",
                    location=f"{self.name}: {aside[native_id].location}",
                    hint="mend the row in the workbook and save it",
                )

    def next_cursor(self) -> Cursor:
        """A hash of the extracted rows."""
        return Cursor(self._read().content_hash)

    def close(self) -> None:
        """Forget what was read."""
        self._extract = None

    def _read(self) -> Extract:
        if self._extract is None:
            self.context.check()
            try:
                self._extract = extract_sheet(self.name, self.options)
            except (SourceError, ConfigurationError) as error:
                located = (replace(found, location=f"{self.name}: {found.location}") for found in error.problems)
                raise type(error)(*located) from error.__cause__
        return self._extract
