"""From the configured path to one sheet: which file, what kind it is, and which reader takes it."""

from connectors.spreadsheet.calamine import READER, open_values
from connectors.spreadsheet.cells import Sheet
from connectors.spreadsheet.delimited import open_delimited
from connectors.spreadsheet.file import read_workbook_file
from connectors.spreadsheet.guard import WorkbookFacts, check_workbook
from connectors.spreadsheet.kinds import FileKind, classify
from connectors.spreadsheet.options import SpreadsheetOptions
from connectors.spreadsheet.workbook import UnloadableWorkbookError, open_sheet
from model.errors import Problem, SourceContentError


def open_file(options: SpreadsheetOptions) -> Sheet:
    """Read the file once and open its sheet; ``options.path`` names one file. Raise SourceError when it cannot be."""
    path = options.path
    content = read_workbook_file(path, options.root, options.largest_file_megabytes * 1_000_000)
    kind = classify(content, path)
    if kind is FileKind.TEXT:
        return open_delimited(content, path, options)
    facts = WorkbookFacts()
    if kind is not FileKind.LEGACY:
        facts = check_workbook(
            content,
            path,
            most_unpacked_bytes=options.largest_unpacked_megabytes * 1_000_000,
            most_cells=options.most_cells,
        )
    if kind is not FileKind.OPEN_XML:
        return _open_values(content, kind, facts, options, f"openpyxl reads no {kind}")
    if options.reader == READER:
        return _open_values(content, kind, facts, options, "as configured")
    try:
        return open_sheet(
            content,
            path,
            sheet=options.sheet,
            table=options.table,
            facts=facts,
            with_fills=options.lights_from != "text",
        )
    except UnloadableWorkbookError as error:
        if options.reader == "openpyxl":
            raise
        try:
            return _open_values(content, kind, facts, options, f"openpyxl said: {error.summary.splitlines()[0]}")
        except SourceContentError as other:
            raise SourceContentError(*error.problems, *other.problems) from error


def _open_values(content: bytes, kind: FileKind, facts: WorkbookFacts, options: SpreadsheetOptions, why: str) -> Sheet:
    """Take the second reader (X21, X25, X26), unless the settings ask for what it cannot tell."""
    asked = [
        ("table", f"{READER} cannot tell the totals row of a table", "name the sheet instead"),
        ("lights_from", f"{READER} sees no colours", "set lights_from: text"),
    ]
    problems = [
        Problem(f"{name}: {message} ({why})", str(options.path), f"{hint}, or save the file as .xlsx from Excel")
        for name, message, hint in asked
        if getattr(options, name) not in (None, "text")
    ]
    if problems:
        raise SourceContentError(*problems)
    return open_values(
        content, options.path, sheet=options.sheet, kind=kind, facts=facts, most_cells=options.most_cells, why=why
    )
