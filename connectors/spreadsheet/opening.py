"""From the configured path to one sheet: which file, what kind it is, and which reader takes it."""

from pathlib import Path

from connectors.spreadsheet.calamine import READER, open_values
from connectors.spreadsheet.cells import Sheet
from connectors.spreadsheet.delimited import open_delimited
from connectors.spreadsheet.file import read_workbook_file
from connectors.spreadsheet.guard import WorkbookFacts, check_workbook
from connectors.spreadsheet.kinds import FileKind, classify
from connectors.spreadsheet.large import is_large, open_large_sheets
from connectors.spreadsheet.options import SpreadsheetOptions
from connectors.spreadsheet.overlay import NotPlainError
from connectors.spreadsheet.place import FilePath
from connectors.spreadsheet.remote import Store
from connectors.spreadsheet.sheet_choice import Wanted
from connectors.spreadsheet.workbook import UnloadableWorkbookError, open_sheets
from model.errors import ConfigurationError, Problem, SourceContentError

MOST_OPENPYXL_CELLS = 250_000


def open_file(options: SpreadsheetOptions, store: Store | None = None, *, every: bool = False) -> list[Sheet]:
    """Read the file once and open its sheets; ``options.path`` names one file. Raise SourceError when it cannot be.

    ``store`` is where a file on a server lies. ``every`` opens all sheets, hidden ones too, whichever are named.
    """
    wanted = Wanted(every=True) if every else options.wanted
    path = options.path
    content = _content(options, store)
    kind = classify(content, path)
    if kind is FileKind.TEXT:
        return [open_delimited(content, path, options)]
    facts = WorkbookFacts()
    if kind is not FileKind.LEGACY:
        facts = check_workbook(
            content,
            path,
            most_unpacked_bytes=options.largest_unpacked_megabytes * 1_000_000,
            most_cells=options.most_cells,
        )
    if kind is not FileKind.OPEN_XML:
        return _open_values(content, kind, facts, options, wanted, f"openpyxl reads no {kind}")
    if options.reader == READER:
        return _open_values(content, kind, facts, options, wanted, "as configured")
    try:
        if options.reader == "auto" and is_large(facts):
            return _open_large(content, facts, options, wanted)
        _require_affordable(facts, path)
        return open_sheets(content, path, wanted, facts=facts, with_fills=options.lights_from != "text")
    except UnloadableWorkbookError as error:
        if options.reader == "openpyxl":
            raise
        try:
            return _open_values(
                content, kind, facts, options, wanted, f"openpyxl said: {error.summary.splitlines()[0]}"
            )
        except SourceContentError as other:
            raise SourceContentError(*error.problems, *other.problems) from error


def _content(options: SpreadsheetOptions, store: Store | None) -> bytes:
    path, most_bytes = options.path, options.largest_file_megabytes * 1_000_000
    if isinstance(path, Path):
        return read_workbook_file(path, options.root, most_bytes)
    if store is None:
        raise ConfigurationError(f"{path} lies on a server", location=str(path), hint="read it as a source")
    return store.read(path, most_bytes)


def _open_large(content: bytes, facts: WorkbookFacts, options: SpreadsheetOptions, wanted: Wanted) -> list[Sheet]:
    """Take the fast way; a form of XML that it does not know is left to openpyxl, where that can bear the size."""
    path, with_fills = options.path, options.lights_from != "text"
    try:
        return open_large_sheets(
            content, path, wanted, facts=facts, most_cells=options.most_cells, with_fills=with_fills
        )
    except NotPlainError:
        _require_affordable(facts, path)
        return open_sheets(content, path, wanted, facts=facts, with_fills=with_fills)


def _require_affordable(facts: WorkbookFacts, path: FilePath) -> None:
    """openpyxl makes an object of every cell, and of every text that they share."""
    if facts.cells > MOST_OPENPYXL_CELLS or facts.strings > MOST_OPENPYXL_CELLS:
        raise UnloadableWorkbookError(
            f"{path.name} has more than {MOST_OPENPYXL_CELLS:,} cells, which openpyxl takes too long over",
            location=str(path),
            hint="save it in Excel, or remove the rows that are not needed",
        )


def _open_values(
    content: bytes, kind: FileKind, facts: WorkbookFacts, options: SpreadsheetOptions, wanted: Wanted, why: str
) -> list[Sheet]:
    """Take the second reader (X21, X25, X26), unless the settings ask for what it cannot tell."""
    asked = [
        ("range", f"{READER} tells no named ranges", "name the sheet instead"),
        ("table", f"{READER} cannot tell the totals row of a table", "name the sheet instead"),
        ("lights_from", f"{READER} sees no colours", "set lights_from: text"),
    ]
    problems = [
        Problem(f"{name}: {message} ({why})", str(options.path), f"{hint}, or save the file as .xlsx from Excel")
        for name, message, hint in asked
        if getattr(options, name) not in (None, "text") and not wanted.every
    ]
    if problems:
        raise SourceContentError(*problems)
    return open_values(content, options.path, wanted, kind=kind, facts=facts, most_cells=options.most_cells, why=why)
