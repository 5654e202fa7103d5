"""One reading of the configured sheet, from bytes to records: what is kept, what is set aside and what is doubtful."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.spreadsheet.cells import CellState, Sheet, column_letters
from connectors.spreadsheet.columns import PlacedColumn, place_columns
from connectors.spreadsheet.headers import Header, find_header
from connectors.spreadsheet.identity import name_rows
from connectors.spreadsheet.lights import LightReader
from connectors.spreadsheet.opening import open_file
from connectors.spreadsheet.options import SpreadsheetOptions
from connectors.spreadsheet.pick import pick_file
from connectors.spreadsheet.records import RecordBuilder
from connectors.spreadsheet.table import Row, Table, read_table
from connectors.spreadsheet.totals import check_totals
from connectors.spreadsheet.unseen import unseen_units
from model.errors import Problem, RecordError
from model.reading import SetAside
from model.records import Record

_COUNTED_TWICE = "its amounts add up other rows, which would be counted twice"
_SHIFTED = "it has more fields than the header; a delimiter stands in an unquoted text and moves the cells behind it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """What one reading of the sheet gave. ``unreadable_keys`` are cells that hide which row theirs is."""

    path: Path
    """The file that was read, where the settings name a pattern."""
    container: str
    sheet: Sheet
    header: Header
    columns: Mapping[str, PlacedColumn]
    table: Table
    records: Sequence[Record]
    set_aside: Sequence[SetAside]
    unreadable_keys: Sequence[str]
    problems: Sequence[Problem]

    @property
    def content_hash(self) -> str:
        """A hash of what was extracted, addresses included, not of the file: SharePoint rewrites files (X27)."""
        return hashlib.sha256(repr((self.records, self.set_aside)).encode()).hexdigest()

    @property
    def native_ids(self) -> Sequence[str]:
        """The id of every row that is there, those that were set aside included: they are not deleted."""
        nameless = f"{self.container}/?"
        aside = [found.native_id for found in self.set_aside if not found.native_id.startswith(nameless)]
        return list(dict.fromkeys([*(record.native_id for record in self.records), *aside]))


def extract_sheet(source: str, options: SpreadsheetOptions) -> Extract:
    """Read the file once and turn its sheet into records; raise SourceError when that cannot be done whole."""
    options = options.model_copy(update={"path": pick_file(options.path, options.pick)})
    sheet = open_file(options)
    location = options.path.name if sheet.is_text else f"{options.path.name}!{sheet.title}"
    prefix = f"{location}!"
    container = options.table or options.sheet or sheet.title
    header = find_header(sheet, options, location)
    columns = place_columns(header, options, location)
    table = read_table(sheet, header, columns, options)
    naming = name_rows(table.rows, options, container, prefix, blank_hides=sheet.values_only)
    notes = _doubts(sheet, header, columns, table, location)
    lights = LightReader(sheet, options)
    notes += lights.doubts(columns, location)
    builder = RecordBuilder(source, options, columns, container, prefix, notes, lights)
    records: list[Record] = []
    set_aside = [
        *naming.set_aside,
        *_refused(table.sums_inside, _COUNTED_TWICE, options, container, prefix),
        *_refused(table.shifted, _SHIFTED, options, container, prefix),
    ]
    for row in naming.named:
        try:
            records.append(builder.build(row))
        except RecordError as error:
            set_aside.append(_set_aside(row.native_id, error))
    return Extract(
        path=options.path,
        container=container,
        sheet=sheet,
        header=header,
        columns=columns,
        table=table,
        records=records,
        set_aside=set_aside,
        unreadable_keys=[*naming.unreadable, *(prefix + _address(row.cells) for row in table.shifted)],
        problems=notes,
    )


def _doubts(
    sheet: Sheet, header: Header, columns: Mapping[str, PlacedColumn], table: Table, location: str
) -> list[Problem]:
    """What is doubtful about the sheet as a whole and does not stop the reading."""
    return [
        *(Problem(note, location) for note in sheet.notes),
        *(Problem(f"no column {missing!r}, which is optional", location) for missing in header.missing),
        *_empty_columns(columns, table, f"{location}!"),
        *_merged_rows(sheet, header, columns, location),
        *check_totals(table, columns, f"{location}!"),
        *unseen_units(sheet, columns, location),
    ]


def _set_aside(native_id: str, error: RecordError) -> SetAside:
    """One line for the row: every cell that cannot be read with its address."""
    reasons = [f"{problem.location.rpartition('!')[2]}: {problem.message}" for problem in error.problems]
    return SetAside(native_id, "; ".join(reasons), error.problems[0].location)


def _refused(
    rows: Sequence[Row], reason: str, options: SpreadsheetOptions, container: str, prefix: str
) -> list[SetAside]:
    """Rows that are there and must not become records, under the ids that they would have."""
    naming = name_rows(rows, options, container, prefix)
    return [
        *(SetAside(row.native_id, reason, f"{prefix}{_address(row.row.cells)}") for row in naming.named),
        *naming.set_aside,
    ]


def _address(cells: Mapping[str, object]) -> str:
    first = next(iter(cells.values()))
    return str(getattr(first, "address", ""))


def _empty_columns(columns: Mapping[str, PlacedColumn], table: Table, prefix: str) -> list[Problem]:
    """Mapped fields that no row fills: often a column that moved elsewhere. Single months are empty by nature."""
    return [
        Problem(f"no row fills the column {placed.header!r} (field {path})", prefix + placed.address)
        for path, placed in columns.items()
        if not path.startswith(("plan.", "forecast.", "actual."))
        and table.rows
        and all(row.cells[path].state is CellState.BLANK for row in table.rows)
    ]


def _merged_rows(sheet: Sheet, header: Header, columns: Mapping[str, PlacedColumn], location: str) -> list[Problem]:
    """Cells merged down over several rows fill only the first of them; the others stay blank (X14)."""
    mapped = {placed.column for placed in columns.values()}
    return [
        Problem(
            f"{column_letters(area.left)}{area.top}:{column_letters(area.right)}{area.bottom} is merged;"
            " only its first row has the value",
            location,
            "undo the merge and fill each row",
        )
        for area in sheet.merged
        if area.top > header.row and area.bottom > area.top and mapped & set(range(area.left, area.right + 1))
    ]
