"""Workbooks for tests: written by openpyxl, then finished in the XML the way Excel would."""

import re
import shutil
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from connectors.spreadsheet import SpreadsheetConnector, SpreadsheetOptions
from connectors.spreadsheet.extract import Extract, extract_sheet
from model.records import Record
from tests.connectors.contract import context_at

HEADER = ("No.", "Name", "Start", "Amount")
COLUMNS: Mapping[str, Any] = {"key": "No.", "title": "Name", "planned_start": "Start", "baseline": "Amount"}


def write(path: Path, rows: Iterable[Sequence[Any]], *, title: str = "Savings") -> Worksheet:
    """Write rows from A1 on and give the sheet, to be changed and saved again by ``save``."""
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    workbook.save(path)
    return sheet


def save(sheet: Worksheet, path: Path) -> None:
    assert sheet.parent is not None
    sheet.parent.save(path)


def options(path: Path, **changes: Any) -> SpreadsheetOptions:
    values: dict[str, Any] = {"path": path, "columns": COLUMNS, "currency": "EUR", "locale": "de"}
    return SpreadsheetOptions.model_validate(values | changes)


def extract(path: Path, **changes: Any) -> Extract:
    return extract_sheet("tracker", options(path, **changes))


def read(path: Path, **changes: Any) -> dict[str, Record]:
    """The records by key."""
    return {record.key: record for record in extract(path, **changes).records}


def reasons(path: Path, **changes: Any) -> dict[str, str]:
    """Why rows were set aside, by id."""
    return {row.native_id: row.reason for row in extract(path, **changes).set_aside}


def connector(path: Path, **changes: Any) -> SpreadsheetConnector:
    return SpreadsheetConnector("tracker", options(path, **changes), context_at())


def rewrite_part(path: Path, part: str, change: Any) -> None:
    """Change one part of the zip archive as text."""
    other = path.with_suffix(".rewritten")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as target:
        for member in source.infolist():
            content = source.read(member)
            if member.filename == part:
                content = change(content.decode()).encode()
            target.writestr(member, content)
    shutil.move(other, path)


def calculate(path: Path, values: Mapping[str, str]) -> None:
    """Store the result of formulas as Excel does when it saves: cell to value, and no wish to calculate on load.

    A value that is not a number is stored as text; one that begins with # as an error.
    """

    def with_results(text: str) -> str:
        for address, value in values.items():
            kind = "" if re.fullmatch(r"-?[\d.]+", value) else ' t="e"' if value.startswith("#") else ' t="str"'
            pattern = rf'(<c r="{address}"[^>]*?)(?: t="\w+")?>(<f>.*?</f>)<v\s*/?>(?:</v>)?'
            text, count = re.subn(pattern, rf"\g<1>{kind}>\g<2><v>{value}</v>", text)
            assert count == 1, f"{address} holds no formula"
        return text

    rewrite_part(path, "xl/worksheets/sheet1.xml", with_results)
    rewrite_part(path, "xl/workbook.xml", lambda text: text.replace('fullCalcOnLoad="1"', ""))
