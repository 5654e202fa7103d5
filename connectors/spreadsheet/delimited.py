"""Text files (.csv, .tsv) as a sheet: the delimiter is told by the configured headers, the encoding is never guessed.

Rows count as Excel shows them when it opens the file, so ``F12`` names the same cell there.
"""

import csv
import re
from collections.abc import Iterator
from typing import Literal, TypeAlias

from connectors.spreadsheet.cells import Sheet
from connectors.spreadsheet.file import being_written
from connectors.spreadsheet.grid import Grid, Packer
from connectors.spreadsheet.header_texts import header_name
from connectors.spreadsheet.headers import LAST_COLUMN, SEARCHED_ROWS
from connectors.spreadsheet.options import SpreadsheetOptions
from connectors.spreadsheet.place import FilePath
from model.errors import SourceContentError

DELIMITERS = (";", ",", "\t", "|")
CONTAINER = "rows"
"""A text file has no sheets. The id of its rows does not depend on the file's name, which may carry a date."""

Rows: TypeAlias = list[list[str]]
Bom: TypeAlias = Literal["utf-8-sig", "utf-16"]

_BOMS: tuple[tuple[bytes, Bom], ...] = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_SEARCHED_CHARACTERS = 500_000
_DECLARED = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)


def open_delimited(content: bytes, path: FilePath, options: SpreadsheetOptions) -> Sheet:
    """Read the whole text.

    Raise SourceUnavailableError when its last line is not ended (S11), and SourceContentError, with the row, when it
    is not in the encoding, is quoted wrongly or its delimiter cannot be told.
    """
    text = _decode(content, path, options)
    if options.final_line_break and not text.endswith(("\n", "\r")):
        raise being_written(path, "if this lasts, end its last line, or set final_line_break: false")
    delimiter, text = _delimiter(text, path, options)
    packer, widths = _parse(text, delimiter, path, options.most_cells)
    grid = Grid(packer.blocks(), 1, max(widths.values(), default=0), None)
    return Sheet(
        title=CONTAINER,
        visible=True,
        cells=grid,
        used_rows=list(widths),
        used_columns=grid.used_columns(),
        reader=f"text, delimiter {delimiter!r}",
        is_text=True,
        tells_merges=False,
        widths=widths,
    )


def _decode(content: bytes, path: FilePath, options: SpreadsheetOptions) -> str:
    """A byte order mark says what the text is; without one it is UTF-8 or in the configured fallback."""
    marked = next((encoding for mark, encoding in _BOMS if content.startswith(mark)), None)
    encodings = [marked] if marked else ["utf-8", *([options.fallback_encoding] if options.fallback_encoding else [])]
    refused: UnicodeDecodeError | None = None
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError as error:
            refused = error
    if refused is None or refused.reason in ("unexpected end of data", "truncated data"):
        raise being_written(path) from refused
    line = content.count(b"\n", 0, refused.start) + 1
    raise SourceContentError(
        f"{path.name} is not {' or '.join(encodings)}: line {line} holds the byte 0x{content[refused.start]:02x}",
        location=f"{path}:{line}",
        hint="save it as 'CSV UTF-8', or set fallback_encoding: cp1252 when Excel on Windows writes it",
    ) from refused


def _delimiter(text: str, path: FilePath, options: SpreadsheetOptions) -> tuple[str, str]:
    """The delimiter and the rest of the text; Excel's first line ``sep=;`` is no row."""
    declared = _DECLARED.match(text)
    rest = text[declared.end() :] if declared else text
    if options.delimiter:
        return options.delimiter, rest
    if declared:
        return declared[1], rest
    if path.suffix.casefold() == ".tsv":
        return "\t", rest
    return _told_by_headers(rest, path, options), rest


def _told_by_headers(text: str, path: FilePath, options: SpreadsheetOptions) -> str:
    """The delimiter under which most configured headers are there; counting characters would take decimal commas."""
    columns = (*options.columns.values(), *options.custom.values())
    wanted = {header_name(spelling) for column in columns for spelling in (column.header, *column.aliases)}
    first = {delimiter: _first_rows(text[:_SEARCHED_CHARACTERS], delimiter) for delimiter in DELIMITERS}
    scores = {
        delimiter: max((len(wanted & {header_name(field) for field in row}) for row in rows), default=0)
        for delimiter, rows in first.items()
    }
    best = [delimiter for delimiter in DELIMITERS if scores[delimiter] == max(scores.values())]
    if not any(scores.values()):
        # No header is there: the widest reading shows best which ones are.
        return max(DELIMITERS, key=lambda delimiter: len(first[delimiter][0]) if first[delimiter] else 0)
    if len(best) == 1 or all(first[delimiter] == first[best[0]] for delimiter in best):
        return best[0]
    raise SourceContentError(
        f"the delimiter of {path.name} cannot be told: {' and '.join(map(repr, best))} fit its headers",
        location=str(path),
        hint="set delimiter: in the source's settings",
    )


def _first_rows(text: str, delimiter: str) -> Rows:
    rows: Rows = []
    try:
        for row in csv.reader(_lines(text), delimiter=delimiter, strict=True):
            rows.append(row)
            if len(rows) == SEARCHED_ROWS:
                break
    except csv.Error:
        # Quotes that make no sense under this delimiter speak against it; the rows before them are kept.
        return rows
    return rows


def _parse(text: str, delimiter: str, path: FilePath, most_cells: int) -> tuple[Packer, dict[int, int]]:
    """The rows that hold something, and how many fields each of them has."""
    packer = Packer()
    widths: dict[int, int] = {}
    number, count, began = 0, 0, 1
    reader = csv.reader(_lines(text), delimiter=delimiter, strict=True)
    try:
        for number, row in enumerate(reader, start=1):
            count += len(row) + 1
            began = reader.line_num + 1
            if count > most_cells:
                raise SourceContentError(
                    f"{path.name} was not read: it has more than {most_cells:,} cells and rows",
                    location=str(path),
                    hint="export fewer rows, or raise most_cells",
                )
            if len(row) > LAST_COLUMN:
                raise SourceContentError(
                    f"row {number} of {path.name} has {len(row):,} fields, more than a sheet has columns",
                    location=f"{path}:{began}",
                    hint="check that its lines are ended, and delimiter: in the source's settings",
                )
            if any(field and not field.isspace() for field in row):
                packer.add(number, row)
                widths[number] = len(row)
    except csv.Error as error:
        raise SourceContentError(
            f"row {number + 1} of {path.name} is not quoted as CSV: {error}",
            location=f"{path}:{began}",
            hint="double the quotes inside a quoted field, close it, and export the file again",
        ) from error
    return packer, widths


def _lines(text: str) -> Iterator[str]:
    """The lines with their ends: a form feed or a Unicode line separator inside a cell ends none."""
    for line in re.finditer(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text):
        yield line.group()
