"""One reading of the configured sheets, from bytes to records: what is kept, what is set aside, what is doubtful."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.base import ReadContext
from connectors.spreadsheet.cells import CellState, Sheet, column_letters
from connectors.spreadsheet.columns import PlacedColumn, place_columns
from connectors.spreadsheet.headers import Header, find_header
from connectors.spreadsheet.identity import NamedRow, Naming, SheetRows, name_rows
from connectors.spreadsheet.lights import LightReader
from connectors.spreadsheet.opening import open_file
from connectors.spreadsheet.options import SpreadsheetOptions
from connectors.spreadsheet.pick import pick_file
from connectors.spreadsheet.place import FilePath, RemotePath
from connectors.spreadsheet.records import RecordBuilder
from connectors.spreadsheet.remote import open_store
from connectors.spreadsheet.sheet_choice import lost_sheets
from connectors.spreadsheet.table import Row, Table, read_table
from connectors.spreadsheet.totals import check_totals
from connectors.spreadsheet.unit_notes import check_unit_notes
from connectors.spreadsheet.unseen import unseen_units
from model.errors import Problem, RecordError
from model.reading import SetAside
from model.records import Record

SEVERAL_SHEETS = "rows"
"""What stands in front of the keys where several sheets are read."""
_COUNTED_TWICE = "its amounts add up other rows, which would be counted twice"
_SHIFTED = "it has more fields than the header; a delimiter stands in an unquoted text and moves the cells behind it"


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetExtract:
    """One sheet that was read: where its columns stand and which of its rows are records."""

    container: str
    sheet: Sheet
    header: Header
    columns: Mapping[str, PlacedColumn]
    table: Table
    location: str

    @property
    def prefix(self) -> str:
        """``workbook.xlsx!Sheet!``, which a cell's address completes."""
        return f"{self.location}!"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """What one reading of the file gave. ``unreadable_keys`` are cells that hide which row theirs is."""

    path: FilePath
    """The file that was read, where the settings name a pattern."""
    sheets: Sequence[SheetExtract]
    records: Sequence[Record]
    set_aside: Sequence[SetAside]
    ids_by_container: Mapping[str, Sequence[str]]
    """The ids of every row that is there, those that were set aside included: they are not deleted."""
    unreadable_keys: Sequence[str]
    problems: Sequence[Problem]
    lost: Mapping[str, Problem]
    """Sheets that the settings name and that the workbook has not."""

    @property
    def content_hash(self) -> str:
        """A hash of what was extracted, addresses included, not of the file: SharePoint rewrites files (X27)."""
        return hashlib.sha256(repr((self.records, self.set_aside)).encode()).hexdigest()

    @property
    def native_ids(self) -> Sequence[str]:
        """The id of every row that is there, on whichever sheet."""
        return list(dict.fromkeys(native_id for ids in self.ids_by_container.values() for native_id in ids))

    @property
    def columns(self) -> Mapping[str, PlacedColumn]:
        """Each mapped column where it stands on the first sheet that has it."""
        return {path: placed for part in reversed(self.sheets) for path, placed in part.columns.items()}

    @property
    def sheet(self) -> Sheet:
        """The first sheet that was read."""
        return self.sheets[0].sheet

    @property
    def header(self) -> Header:
        """The header of the first sheet."""
        return self.sheets[0].header

    @property
    def table(self) -> Table:
        """The rows of the first sheet."""
        return self.sheets[0].table


def extract_sheet(source: str, options: SpreadsheetOptions, context: ReadContext | None = None) -> Extract:
    """Read the file once and turn its sheets into records; raise SourceError when that cannot be done whole.

    The file is one moment: when one of several sheets cannot be read, none is taken.
    """
    place = options.path
    store = open_store(source, place, options, context) if isinstance(place, RemotePath) and context else None
    picked = pick_file(place, options.pick, store.beside if store else None)
    options = options.model_copy(update={"path": picked})
    opened = open_file(options, store)
    parts = [_sheet_extract(sheet, options) for sheet in opened]
    naming = [_name(group, options) for group in _groups(parts, options)]
    by_part = {
        part.container: [row for named in naming for row in named.named if row.container == part.container]
        for part in parts
    }
    set_aside = [aside for named in naming for aside in named.set_aside]
    records: list[Record] = []
    notes: list[Problem] = []
    for part in parts:
        notes += _doubts(part)
        built, refused = _build(source, part, by_part[part.container], options, notes)
        records += built
        set_aside += refused
    shifted = [part.prefix + _address(row.cells) for part in parts for row in part.table.shifted]
    return Extract(
        path=options.path,
        sheets=parts,
        records=records,
        set_aside=[aside for _, aside in set_aside],
        ids_by_container={
            part.container: _ids_on(part.container, _ids(part, options), records, set_aside) for part in parts
        },
        unreadable_keys=[*(address for named in naming for address in named.unreadable), *shifted],
        problems=notes,
        lost=lost_sheets(opened[0].listed, options.path, options.sheets),
    )


def _sheet_extract(sheet: Sheet, options: SpreadsheetOptions) -> SheetExtract:
    location = options.path.name if sheet.is_text else f"{options.path.name}!{sheet.title}"
    header = find_header(sheet, options, location)
    columns = place_columns(header, options, location)
    table = read_table(sheet, header, columns, options)
    check_unit_notes(sheet, header, columns, table, location)
    return SheetExtract(
        container=options.table or options.range or options.sheet or sheet.title,
        sheet=sheet,
        header=header,
        columns=columns,
        table=table,
        location=location,
    )


def _ids(part: SheetExtract, options: SpreadsheetOptions) -> str:
    """What stands in front of the keys: a row that moves from one of several sheets to another stays the same row."""
    return SEVERAL_SHEETS if options.sheets and not options.keys_per_sheet else part.container


def _groups(parts: Sequence[SheetExtract], options: SpreadsheetOptions) -> list[Sequence[SheetExtract]]:
    """The sheets among which a key names one row."""
    return [[part] for part in parts] if options.keys_per_sheet else [parts]


def _name(parts: Sequence[SheetExtract], options: SpreadsheetOptions) -> Naming:
    """The ids of all rows, those of rows that must not become records included."""
    ids = _ids(parts[0], options)
    rows = [SheetRows(part.container, part.prefix, part.table.rows, part.sheet.values_only) for part in parts]
    naming = name_rows(rows, options, ids)
    refused = [
        aside
        for part in parts
        for rows_there, reason in ((part.table.sums_inside, _COUNTED_TWICE), (part.table.shifted, _SHIFTED))
        for aside in _refused(part, rows_there, reason, options, ids)
    ]
    return Naming(naming.named, [*naming.set_aside, *refused], naming.unreadable)


def _build(
    source: str, part: SheetExtract, rows: Sequence[NamedRow], options: SpreadsheetOptions, notes: list[Problem]
) -> tuple[list[Record], list[tuple[str, SetAside]]]:
    """The records of one sheet, and the rows that cannot be read."""
    lights = LightReader(part.sheet, options)
    notes += lights.doubts(part.columns, part.location)
    ids = _ids(part, options)
    builder = RecordBuilder(source, options, part.columns, part.container, ids, part.prefix, notes, lights)
    records: list[Record] = []
    refused: list[tuple[str, SetAside]] = []
    for row in rows:
        try:
            records.append(builder.build(row))
        except RecordError as error:
            refused.append((part.container, _set_aside(row.native_id, error)))
    return records, refused


def _ids_on(
    container: str, ids: str, records: Sequence[Record], set_aside: Sequence[tuple[str, SetAside]]
) -> Sequence[str]:
    nameless = f"{ids}/?"
    aside = [row.native_id for where, row in set_aside if where == container and not row.native_id.startswith(nameless)]
    return list(dict.fromkeys([*(each.native_id for each in records if each.container == container), *aside]))


def _doubts(part: SheetExtract) -> list[Problem]:
    """What is doubtful about the sheet as a whole and does not stop the reading."""
    sheet, header, columns, table, location = part.sheet, part.header, part.columns, part.table, part.location
    return [
        *(Problem(note, location) for note in sheet.notes),
        *(Problem(f"no column {missing!r}, which is optional", location) for missing in header.missing),
        *_empty_columns(columns, table, f"{location}!"),
        *_merged_rows(sheet, header, columns, location),
        *check_totals(table, columns, f"{location}!"),
        *unseen_units(sheet, columns, location),
        *_rows_below(part),
    ]


def _rows_below(part: SheetExtract) -> list[Problem]:
    """Rows that were typed right below a named range, which does not grow by itself."""
    area = part.sheet.area
    below = area.area.bottom + 1 if area else 0
    filled = area and any(
        part.sheet.cell(below, placed.column).state is not CellState.BLANK for placed in part.columns.values()
    )
    if not area or not filled:
        return []
    return [
        Problem(
            f"row {below} is filled and lies below the named range {area.name}; it is not read",
            part.location,
            "let the name refer to the new rows too, or make it a table, which grows by itself",
        )
    ]


def _set_aside(native_id: str, error: RecordError) -> SetAside:
    """One line for the row: every cell that cannot be read with its address."""
    reasons = [f"{problem.location.rpartition('!')[2]}: {problem.message}" for problem in error.problems]
    return SetAside(native_id, "; ".join(reasons), error.problems[0].location)


def _refused(
    part: SheetExtract, rows: Sequence[Row], reason: str, options: SpreadsheetOptions, ids: str
) -> list[tuple[str, SetAside]]:
    """Rows that are there and must not become records, under the ids that they would have."""
    naming = name_rows([SheetRows(part.container, part.prefix, rows)], options, ids)
    return [
        *(
            (part.container, SetAside(row.native_id, reason, part.prefix + _address(row.row.cells)))
            for row in naming.named
        ),
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
