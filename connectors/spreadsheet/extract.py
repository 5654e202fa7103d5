"""One reading of the configured sheets: where their rows are, which of them are records, and the records page by page.

The cells stay packed and records are built as they are asked for: a sheet of 300,000 rows is never held as records.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from connectors.base import ReadContext
from connectors.spreadsheet.cells import Sheet
from connectors.spreadsheet.columns import PlacedColumn, place_columns
from connectors.spreadsheet.content import content_hash
from connectors.spreadsheet.doubts import Survey, empty_columns, merged_rows, rows_below, survey
from connectors.spreadsheet.grid import Grid
from connectors.spreadsheet.headers import Header, find_header
from connectors.spreadsheet.identity import NamedRows, Naming, SheetRows, name_rows
from connectors.spreadsheet.lights import LightReader
from connectors.spreadsheet.opening import open_file
from connectors.spreadsheet.options import SpreadsheetOptions
from connectors.spreadsheet.pick import pick_file
from connectors.spreadsheet.place import FilePath, RemotePath
from connectors.spreadsheet.records import RecordBuilder
from connectors.spreadsheet.remote import open_store
from connectors.spreadsheet.sheet_choice import lost_sheets
from connectors.spreadsheet.sheet_records import SheetRecords
from connectors.spreadsheet.table import Rows, Table, read_table
from connectors.spreadsheet.totals import check_totals
from connectors.spreadsheet.unit_notes import check_unit_notes
from connectors.spreadsheet.unseen import unseen_units
from model.errors import Problem
from model.reading import SetAside
from model.records import Record

SEVERAL_SHEETS = "rows"
"""What stands in front of the keys where several sheets are read."""
_COUNTED_TWICE = "its amounts add up other rows, which would be counted twice"
_SHIFTED = "it has more fields than the header; a delimiter stands in an unquoted text and moves the cells behind it"
_PAGE_ROWS = 500
_MOST_DOUBTS = 200
"""How many doubts about single rows are told."""


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

    def survey(self) -> Survey:
        """Walk its rows once to count what they hold."""
        return survey(self.sheet, self.table, self.columns)


class Extract:
    """What one reading of the file gave. ``unreadable_keys`` are cells that hide which row theirs is."""

    def __init__(
        self,
        source: str,
        options: SpreadsheetOptions,
        sheets: Sequence[SheetExtract],
        naming: Sequence[Naming],
        lost: Mapping[str, Problem],
    ) -> None:
        self.path: FilePath = options.path
        """The file that was read, where the settings name a pattern."""
        self.sheets = sheets
        self.lost = lost
        """Sheets that the settings name and that the workbook has not."""
        shifted = [
            part.prefix + _first_address(part, number) for part in sheets for number in part.table.shifted.numbers
        ]
        self.unreadable_keys = [*(address for named in naming for address in named.unreadable), *shifted]
        self._source = source
        self._options = options
        self._named: Sequence[NamedRows] = [rows for named in naming for rows in named.named]
        self._nameless = [aside for named in naming for aside in named.set_aside]

    def pages(self, most_rows: int = _PAGE_ROWS) -> Iterator[tuple[list[Record], list[SetAside]]]:
        """Build the records, so many rows at a time, with the rows that cannot be read; in the order of the sheets.

        What has no name of its own comes first.
        """
        waiting = [aside for _, aside in self._nameless]
        for part, rows in zip(self.sheets, self._named, strict=True):
            for records, refused in self._records_of(part, rows, _say_nothing).pages(most_rows):
                yield records, [*waiting[:most_rows], *refused]
                del waiting[:most_rows]
        for start in range(0, len(waiting), most_rows):
            yield [], waiting[start : start + most_rows]

    @property
    def records(self) -> list[Record]:
        """All records at once; for a small file."""
        return [record for records, _ in self.pages() for record in records]

    @property
    def set_aside(self) -> list[SetAside]:
        """All rows at once that are no records."""
        return [aside for _, asides in self.pages() for aside in asides]

    def find(self, native_id: str) -> Record | SetAside | None:
        """The record of that id, or why it cannot be told; None for a row that is not there."""
        if native_id not in self._places:
            return next((aside for _, aside in self._nameless if aside.native_id == native_id), None)
        number, place = self._places[native_id]
        part, rows = self.sheets[number], self._named[number]
        return self._records_of(part, rows, _say_nothing).record(place)

    @cached_property
    def content_hash(self) -> str:
        """A hash of what was extracted, where it stands included, not of the file: SharePoint rewrites files (X27)."""
        return content_hash(
            self._options,
            [
                (part.prefix, part.sheet, part.columns, rows)
                for part, rows in zip(self.sheets, self._named, strict=True)
            ],
            self._nameless,
        )

    @property
    def ids_by_container(self) -> Mapping[str, Sequence[str]]:
        """The ids of every row that is there, those that were set aside included: they are not deleted."""
        return {part.container: self.ids_on(part.container) for part in self.sheets}

    def ids_on(self, container: str) -> Sequence[str]:
        """The ids of every row of one sheet."""
        for part, rows in zip(self.sheets, self._named, strict=True):
            if part.container == container:
                nameless = f"{rows.ids}/?"
                ids = dict.fromkeys(rows.native_id(place) for place in rows.places())
                ids |= dict.fromkeys(
                    aside.native_id
                    for where, aside in self._nameless
                    if where == container and not aside.native_id.startswith(nameless)
                )
                return list(ids)
        raise KeyError(container)

    @property
    def native_ids(self) -> Sequence[str]:
        """The id of every row that is there, on whichever sheet."""
        return list(dict.fromkeys(native_id for ids in self.ids_by_container.values() for native_id in ids))

    @property
    def problems(self) -> list[Problem]:
        """What is doubtful and does not stop the reading. All rows are walked for it."""
        found: list[Problem] = []
        for part, rows in zip(self.sheets, self._named, strict=True):
            found += self._doubts(part)
            in_rows = _Doubts()
            for _ in self._records_of(part, rows, in_rows.add).pages(_PAGE_ROWS):
                pass
            found += in_rows.told(part.location)
        return found

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

    @cached_property
    def _places(self) -> Mapping[str, tuple[int, int]]:
        return {
            rows.native_id(place): (number, place) for number, rows in enumerate(self._named) for place in rows.places()
        }

    def _records_of(self, part: SheetExtract, rows: NamedRows, notes: Callable[[Problem], object]) -> SheetRecords:
        lights = LightReader(part.sheet, self._options)
        builder = RecordBuilder(
            self._source,
            self._options,
            part.columns,
            container=part.container,
            ids=rows.ids,
            prefix=part.prefix,
            notes=notes,
            lights=lights,
            tells_formulas=not (isinstance(part.sheet.cells, Grid) or part.sheet.values_only),
        )
        return SheetRecords(part.sheet, rows, builder)

    def _doubts(self, part: SheetExtract) -> list[Problem]:
        """What is doubtful about the sheet as a whole."""
        sheet, header, columns, table, location = part.sheet, part.header, part.columns, part.table, part.location
        return [
            *(Problem(note, location) for note in sheet.notes),
            *(Problem(f"no column {missing!r}, which is optional", location) for missing in header.missing),
            *empty_columns(columns, part.survey(), part.prefix),
            *merged_rows(sheet, header, columns, location),
            *check_totals(table, columns, part.prefix),
            *unseen_units(sheet, columns, location),
            *rows_below(sheet, columns, location),
            *LightReader(sheet, self._options).doubts(columns, location),
        ]


def _say_nothing(_problem: Problem) -> None:
    """Doubts about single rows are asked for apart."""


class _Doubts:
    """Doubts about single rows: the first of them, and how many more there are."""

    def __init__(self) -> None:
        self._first: list[Problem] = []
        self._more = 0

    def add(self, problem: Problem) -> None:
        if len(self._first) < _MOST_DOUBTS:
            self._first.append(problem)
        else:
            self._more += 1

    def told(self, location: str) -> list[Problem]:
        more = [Problem(f"{self._more:,} more cells are doubtful in the same ways", location)] if self._more else []
        return [*self._first, *more]


def extract_sheet(source: str, options: SpreadsheetOptions, context: ReadContext | None = None) -> Extract:
    """Read the file once and find the rows of its sheets; raise SourceError when that cannot be done whole.

    The file is one moment: when one of several sheets cannot be read, none is taken.
    """
    place = options.path
    store = open_store(source, place, options, context) if isinstance(place, RemotePath) and context else None
    picked = pick_file(place, options.pick, store.beside if store else None)
    options = options.model_copy(update={"path": picked})
    opened = open_file(options, store)
    parts = [_sheet_extract(sheet, options) for sheet in opened]
    naming = [_name(group, options) for group in _groups(parts, options)]
    return Extract(source, options, parts, naming, lost_sheets(opened[0].listed, options.path, options.sheets))


def _sheet_extract(sheet: Sheet, options: SpreadsheetOptions) -> SheetExtract:
    location = options.path.name if sheet.is_text else f"{options.path.name}!{sheet.title}"
    header = find_header(sheet, options, location)
    columns = place_columns(header, options, location)
    table = read_table(sheet, header, columns, options)
    check_unit_notes(sheet, header, columns, table, location)
    unseen_units(sheet, columns, location)
    if isinstance(sheet.cells, Grid):
        sheet.cells.forget_other_columns({placed.column for placed in columns.values()})
    return SheetExtract(
        container=options.table or options.range or options.sheet or sheet.title,
        sheet=sheet,
        header=header,
        columns=columns,
        table=table,
        location=location,
    )


def _groups(parts: Sequence[SheetExtract], options: SpreadsheetOptions) -> list[Sequence[SheetExtract]]:
    """The sheets among which a key names one row."""
    return [[part] for part in parts] if options.keys_per_sheet else [parts]


def _name(parts: Sequence[SheetExtract], options: SpreadsheetOptions) -> Naming:
    """The ids of all rows, those of rows that must not become records included.

    A row that moves from one of several sheets to another stays the same row.
    """
    ids = SEVERAL_SHEETS if options.sheets and not options.keys_per_sheet else parts[0].container
    rows = [
        SheetRows(part.container, part.prefix, part.table.rows, part.table.keys, part.sheet.values_only)
        for part in parts
    ]
    naming = name_rows(rows, options, ids)
    refused = [
        aside
        for part in parts
        for rows_there, reason in ((part.table.sums_inside, _COUNTED_TWICE), (part.table.shifted, _SHIFTED))
        for aside in _refused(part, rows_there, reason, options, ids)
    ]
    return Naming(naming.named, [*naming.set_aside, *refused], naming.unreadable)


def _refused(
    part: SheetExtract, rows: Rows, reason: str, options: SpreadsheetOptions, ids: str
) -> list[tuple[str, SetAside]]:
    """Rows that are there and must not become records, under the ids that they would have."""
    naming = name_rows([SheetRows(part.container, part.prefix, rows)], options, ids)
    (named,) = naming.named
    return [
        *(
            (
                part.container,
                SetAside(named.native_id(at), reason, part.prefix + _first_address(part, rows.numbers[at])),
            )
            for at in named.places()
        ),
        *naming.set_aside,
    ]


def _first_address(part: SheetExtract, number: int) -> str:
    """Where a row's first mapped cell stands."""
    return part.sheet.cell(number, next(iter(part.columns.values())).column).address
