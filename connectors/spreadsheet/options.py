"""What can be configured for a workbook: which sheet, what a row is, which header fills which field."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from connectors.base import SourceOptions
from connectors.spreadsheet.dates import DateOrder
from connectors.spreadsheet.fields import FIELDS, CellType, RowKind
from connectors.spreadsheet.kinds import SUFFIXES, TEXT, WITH_CELL_FEATURES
from connectors.spreadsheet.numbers import NumberLocale
from connectors.spreadsheet.pick import WILDCARDS, Pick
from connectors.spreadsheet.place import FilePath, RemotePath
from connectors.spreadsheet.sheet_choice import SHEET_WILDCARDS, Wanted
from connectors.spreadsheet.units import CODES, parse_unit
from model.options import Options
from model.records import Light, StatusCategory
from model.secret import Secret


def _check_unit(value: str) -> str:
    parse_unit(value)
    return value


def _check_currency(value: str) -> str:
    if value.upper() not in CODES:
        raise ValueError("a currency is an ISO code such as EUR or USD")
    return value.upper()


def _check_colour(value: str) -> str:
    bare = value.removeprefix("#").upper()
    if len(bare) != 6 or set(bare) - set("0123456789ABCDEF"):
        raise ValueError("a colour is six hexadecimal digits, as FFC000")
    return bare


def _as_place(value: Any) -> Any:
    return RemotePath.parse(value) if isinstance(value, str) and "://" in value else value


Colour = Annotated[str, AfterValidator(_check_colour)]
Unit = Annotated[str, AfterValidator(_check_unit)]
Currency = Annotated[str, AfterValidator(_check_currency)]


class Column(Options):
    """One column, found by its header. A plain text in its place is the header."""

    header: Annotated[str, Field(min_length=1)]
    """The header text; case, line breaks and spaces do not matter. Under a merged header ``Plan Start`` works too."""
    aliases: tuple[str, ...] = ()
    """Other spellings that the header has had."""
    optional: bool = False
    """Whether the column may be absent. A column that is not optional and is gone stops the reading of the sheet."""
    type: CellType | None = None
    """How its cells are read: text, date, money, number, percent, light or list. Fields know theirs; custom ones are
    text unless this says otherwise."""
    locale: NumberLocale | None = None
    """How numbers typed as text are written: de (1.234,56) or en (1,234.56). Without it the file's locale holds."""
    date_order: DateOrder | None = None
    """Which number comes first in a text such as 03/04/2026: dmy or mdy. ``locale: de`` implies dmy."""
    unit: Unit | None = None
    """What one in a cell stands for: EUR, kEUR, TEUR, MEUR, k or Mio. Without it, what the header names."""
    currency: Currency | None = None
    """The currency of the column, when it differs from the file's."""


def _as_column(value: Any) -> Any:
    return {"header": value} if isinstance(value, str) else value


def _as_names(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


SheetNames = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    BeforeValidator(_as_names, json_schema_input_type=str | tuple[str, ...]),
]
ColumnOption = Annotated[Column, BeforeValidator(_as_column, json_schema_input_type=str | Column)]


class Months(Options):
    """A block of month columns of one series. The months are read from the headers: Okt 26, Oct 2026, 2026-10."""

    series: Literal["plan", "forecast", "actual"]
    """What the amounts below these headers are."""
    group: str | None = None
    """The merged header above the months, as ``Plan`` or ``Plan 2026``; needed when two series have month columns."""
    header: Annotated[str, Field(pattern=r"\{month\}")] = "{month}"
    """How the month's own header is written, as ``Plan {month}``."""
    locale: NumberLocale | None = None
    """How numbers typed as text are written; without it the file's locale holds."""
    unit: Unit | None = None
    """What one in a cell stands for; without it, what the headers name."""
    optional: bool = False
    """Whether the block may be absent."""


class SpreadsheetOptions(SourceOptions):
    """One sheet or table of one Excel workbook (.xlsx or .xlsm), or the rows of one text file (.csv or .tsv).

    The formats .xls, .xlsb and .ods, and workbooks that openpyxl cannot load, are read for their values alone. There an
    empty cell may be a broken formula; in a column of amounts it is unknown and never zero.

    Hidden rows and columns are read like any other. A cell merged over several rows counts for the first of them.
    """

    counts_requests: ClassVar[bool] = False

    kind: Literal["spreadsheet"] = "spreadsheet"
    """Which connector reads it."""
    path: Annotated[Path | RemotePath, BeforeValidator(_as_place)]
    """The workbook or text file; a relative path starts at the settings file. Its name may be a pattern with * and ?,
    as Tracker*.xlsx. Also an address that begins with https://, sftp://, s3://, az:// or gs://, all but the first with
    an extra of the installation."""
    storage: Mapping[str, Secret] = {}
    """How to sign in where an address leads, each value a secret: token, user and password or query (of a signed link)
    for https; user with password or private_key for sftp; key and secret for s3; account_name and account_key for az;
    token for gs."""
    endpoint: str | None = None
    """The address of the storage service of s3:// and gs://, when it is not the vendor's own."""
    known_hosts: Path | None = None
    """The file with the keys of SSH servers that are trusted; without it the one of this user. Others are refused."""
    pick: Pick = "only"
    """Which file is read when several match the pattern: only (more than one is an error) or newest (the one changed
    last)."""
    reader: Literal["auto", "openpyxl", "python-calamine"] = "auto"
    """What reads .xlsx and .xlsm: auto tries openpyxl and falls back to python-calamine, which sees values alone."""
    delimiter: Annotated[str | None, Field(min_length=1, max_length=1)] = None
    """What parts the fields of a text file. Without it, the delimiter under which the configured headers are there."""
    fallback_encoding: Literal["cp1252", "cp1250", "iso-8859-15"] | None = None
    """How a text file is encoded that is not UTF-8; Excel's plain CSV is cp1252. Without it, such a file is refused."""
    final_line_break: bool = True
    """Whether a whole text file ends with a line break; one that does not is then taken as still being written. Set
    false for programs that leave it out, such as Google Sheets."""
    root: Path | None = None
    """A directory that the workbook must lie in, links resolved; none means anywhere."""
    sheet: str | None = None
    """The sheet's name. Without sheet, sheets, table and range, the only visible sheet is read. A hidden sheet is read
    if named."""
    sheets: SheetNames = ()
    """Several sheets that are built alike, by name or by a pattern with * and ?, as ``Plan *``. Hidden ones are read
    only by their exact name. A key names one row among all of them, so that a row may move from sheet to sheet."""
    keys_per_sheet: bool = False
    """Whether each of several sheets counts its keys for itself: No. 1 on one sheet is then another row than No. 1 on
    the next."""
    table: str | None = None
    """The name of an Excel table. It stays the same when the sheet is renamed or rows are put above it."""
    range: str | None = None
    """A named range (Formulas, Name Manager in Excel) that stands for one rectangle with its headers. ``Sheet!Name`` is
    one that only a sheet knows. A table is steadier: it grows by itself."""
    records: RowKind = RowKind.SAVING
    """What one row is: saving, work_item or measurement."""
    columns: Mapping[str, ColumnOption] = {}
    """Field name to column. A field without a column stays unknown."""
    custom: Mapping[str, ColumnOption] = {}
    """Further columns to keep with the record, each under one word of your choice."""
    months: tuple[Months, ...] = ()
    """Blocks of month columns of savings."""
    identity: tuple[str, ...] = ()
    """Fields that together name a row when no column is mapped to ``key``. Rows are never named by their position."""
    key_pattern: str | None = None
    """A regular expression that a whole key matches; a row with any other key is set aside."""
    header_row: Annotated[int | None, Field(ge=1)] = None
    """The number of the (lowest) header row. Without it, the first row that holds all required headers."""
    locale: NumberLocale | None = None
    """How numbers typed as text are written: de (1.234,56) or en (1,234.56). Without it only plain ones are read."""
    currency: Currency | None = None
    """The currency of amounts whose cell, column and row name none."""
    lights: Mapping[str, Light] = {}
    """What further words in a light column mean, besides green, yellow, amber, red, grey and the German ones."""
    lights_from: Literal["text", "colour", "both"] = "text"
    """What tells a light: the text of its cell, the colour of its fill, or both. Where both tell and differ, the
    light is unknown."""
    light_colours: Mapping[Colour, Light] = {}
    """What exact fill colours mean, as FFC000: yellow. Other colours are told by their hue; grey and white tell
    nothing."""
    formulas: bool = False
    """Whether to keep with each saving which of its figures the workbook calculates, as the extra field ``formulas``.
    Only workbooks tell it that openpyxl reads, which are those of fewer than 100,000 cells."""
    statuses: Mapping[str, StatusCategory] = {}
    """What further words in a status column mean: todo, doing, done or dropped. A row with any other word is kept, and
    the word is a finding."""
    blanks: tuple[str, ...] = ("-", "–", "—", "n/a", "k.A.", "tbd", "tba", "offen", "?")
    """Texts that stand for an empty cell in columns of dates, amounts and lights."""
    totals: tuple[str, ...] = (
        "total",
        "grand total",
        "subtotal",
        "sub-total",
        "sum",
        "summe",
        "zwischensumme",
        "gesamt",
        "gesamtsumme",
        "Σ",
    )
    """First words of rows that sum up others; such rows are left out and checked against the rows."""
    largest_file_megabytes: Annotated[int, Field(ge=1)] = 60
    """A larger file is refused."""
    largest_unpacked_megabytes: Annotated[int, Field(ge=1)] = 600
    """A workbook that unpacks to more is refused before it is opened."""
    most_cells: Annotated[int, Field(ge=1)] = 8_000_000
    """A file with more cells and rows is refused before it is opened: 8 million are 300,000 rows of 25 columns, and
    take about 1 GB while they are read."""

    @field_validator("path")
    @classmethod
    def _can_be_read(cls, path: FilePath) -> FilePath:
        if path.name.startswith("~$"):
            raise ValueError("this is the file by which Excel marks a workbook as open; name the workbook itself")
        if path.suffix.casefold() not in SUFFIXES:
            raise ValueError(f"{path.suffix or path.name} cannot be read; save the workbook as .xlsx")
        if WILDCARDS & set(str(path.parent)):
            raise ValueError("only the file's name may be a pattern, not its directory")
        return path

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        self._check_place()
        self._check_choice()
        self._check_format()
        if not self.columns:
            raise ValueError("columns: at least one field needs a column")
        if self.months and self.records is not RowKind.SAVING:
            raise ValueError("months: only savings have month columns")
        known = FIELDS[self.records]
        for name, column in self.columns.items():
            if name not in known:
                raise ValueError(f"columns: a {self.records} has no field {name!r}; {_nearest(name, known)}")
            if column.type not in (None, known[name]):
                raise ValueError(f"columns: {name} is always read as {known[name]}, not as {column.type}")
        for name in self.custom:
            if name in known or not name.isidentifier():
                raise ValueError(f"custom: {name!r} is the name of a field, or is not one word; choose another")
        self._check_identity()
        return self

    @property
    def wanted(self) -> Wanted:
        """Which part of the workbook is read."""
        return Wanted(self.sheet, self.table, self.range, self.sheets)

    def _check_choice(self) -> None:
        named = [name for name in ("sheet", "sheets", "table", "range") if getattr(self, name)]
        if len(named) > 1:
            raise ValueError(f"set only one of {', '.join(f'{name}:' for name in named)}")
        if self.sheet and SHEET_WILDCARDS & set(self.sheet):
            raise ValueError(f"sheet: no sheet can be called so; write sheets: {self.sheet!r} for a pattern")
        if self.keys_per_sheet and not self.sheets:
            raise ValueError("keys_per_sheet: only together with sheets:")

    def _check_place(self) -> None:
        """Refuse options that do not go with where the file lies."""
        scheme = self.path.scheme if isinstance(self.path, RemotePath) else ""
        if scheme and self.root:
            raise ValueError("root: only for files of this machine")
        if self.storage and not scheme:
            raise ValueError("storage: only for addresses such as s3://bucket/Tracker.xlsx")
        if self.endpoint and scheme not in ("s3", "gs"):
            raise ValueError("endpoint: only for s3:// and gs://")
        if self.known_hosts and scheme != "sftp":
            raise ValueError("known_hosts: only for sftp://")
        if scheme in ("http", "https") and WILDCARDS & set(self.path.name):
            raise ValueError("path: files cannot be listed over https; name one")

    def _check_format(self) -> None:
        """Refuse options that a file of this kind cannot fulfil."""
        suffix = self.path.suffix.casefold()
        for name in ("table", "range", "reader", "lights_from", "formulas"):
            if suffix not in WITH_CELL_FEATURES and getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(f"{name}: only for .xlsx and .xlsm, not for {suffix}")
        for name in ("delimiter", "fallback_encoding", "final_line_break"):
            if suffix not in TEXT and getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(f"{name}: only for .csv and .tsv, not for {suffix}")
        if (self.sheet or self.sheets) and suffix in TEXT:
            raise ValueError(f"sheet: a {suffix} file has no sheets")
        if self.delimiter is not None and self.delimiter in '"\r\n':
            raise ValueError("delimiter: a quote or line break parts no fields")
        if self.lights_from != "text" and "light" not in self.columns:
            raise ValueError("lights_from: no column is mapped to light")
        if self.lights_from != "text" and self.reader == "python-calamine":
            raise ValueError("lights_from: python-calamine sees no colours; choose another reader")
        if self.formulas and (self.reader == "python-calamine" or self.records is not RowKind.SAVING):
            raise ValueError("formulas: only for savings, and python-calamine sees none")
        if self.formulas and "formulas" in self.custom:
            raise ValueError("formulas: the extra field of this name cannot be a column as well")

    def _check_identity(self) -> None:
        if "key" in self.columns and self.identity:
            raise ValueError("identity: not used when a column is mapped to key")
        for name in self.identity:
            if name not in self.columns and name not in self.custom:
                raise ValueError(f"identity: no column is mapped to {name!r}")
        if not self.identity and not {"key", "title"} & set(self.columns):
            raise ValueError("columns: map key or title, or name the fields that make a row unique under identity")


def _nearest(name: str, known: Mapping[str, CellType]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    beside = "other columns go under custom:"
    return f"did you mean {near[0]}? {beside}" if near else f"it has {', '.join(known)}; {beside}"
