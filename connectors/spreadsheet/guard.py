"""What is checked before a workbook is opened, so that no file can cost more than it is worth (X12, X24, F4, F5)."""

import html
import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from connectors.spreadsheet.file import being_written
from model.errors import SourceContentError

MOST_MEMBERS = 2_000
LARGE_MEMBER = 4_000_000
MOST_RATIO = 150
MOST_MERGED_CELLS = 200_000

_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
_ROW = re.compile(rb"<(?:\w+:)?row[\s/>]")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_CALCULATES = re.compile(rb"<(?:\w+:)?calcPr\s[^>]*?\bfullCalcOnLoad\s*=\s*[\"'](?:1|true)[\"']")
_COUNTS_FROM_1904 = re.compile(rb"<(?:\w+:)?workbookPr\s[^>]*?\bdate1904\s*=\s*[\"'](?:1|true)[\"']")
_FORMAT = re.compile(rb"<(?:\w+:)?numFmt\s[^>]*?\bformatCode\s*=\s*[\"']([^\"']*)[\"']")
_RANGE = re.compile(rb"<(?:\w+:)?(?:mergeCell|hyperlink)\s[^>]*?\bref\s*=\s*[\"']([^\"']*)[\"']")
_REF = re.compile(rb"\$?([A-Za-z]{1,3})\$?(\d{1,7})(?::\$?([A-Za-z]{1,3})\$?(\d{1,7}))?")


@dataclass(frozen=True, slots=True)
class WorkbookFacts:
    """What the XML says before it is opened.

    ``calculates_on_load`` is the mark of writers that store no results, or a made-up zero (X2). openpyxl cannot tell:
    it takes a workbook without the mark for one with it.
    """

    cells: int = 0
    has_formulas: bool = False
    calculates_on_load: bool = False
    counts_from_1904: bool = False
    formats: tuple[str, ...] = ()
    """The number formats that the workbook defines, for a reader that sees none (X10)."""


def check_workbook(content: bytes, path: Path, *, most_unpacked_bytes: int, most_cells: int) -> WorkbookFacts:
    """Refuse a zip or XML bomb and a workbook that is too large; tell what the XML says of the rest.

    Python's zip reader never gives more than a member's declared size, so the declared sum bounds what is unpacked.
    Raise SourceContentError, or SourceUnavailableError when the archive is cut off.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_sizes(archive.infolist(), path, most_unpacked_bytes)
            parts = [_check_member(archive.read(member), member, path) for member in archive.infolist()]
    except (zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise being_written(path) from error
    except (NotImplementedError, RuntimeError, zipfile.LargeZipFile, OSError, ValueError, OverflowError) as error:
        raise _refused(path, "it is packed in a way that Excel does not use") from error
    cells = sum(part.cells for part in parts)
    if cells > most_cells:
        raise _refused(
            path, f"it has {cells:,} cells and rows, more than {most_cells:,}", "delete the empty rows below"
        )
    return WorkbookFacts(
        cells,
        any(part.has_formulas for part in parts),
        any(part.calculates_on_load for part in parts),
        any(part.counts_from_1904 for part in parts),
        tuple(code for part in parts for code in part.formats),
    )


def _check_sizes(members: list[zipfile.ZipInfo], path: Path, most_bytes: int) -> None:
    if len(members) > MOST_MEMBERS:
        raise _refused(path, f"it has {len(members):,} parts")
    unpacked = sum(member.file_size for member in members)
    if unpacked > most_bytes:
        raise _refused(path, f"it unpacks to {unpacked / 1e6:,.0f} MB", "remove what is not needed from the workbook")
    for member in members:
        if member.file_size > LARGE_MEMBER and member.file_size > MOST_RATIO * max(member.compress_size, 1):
            raise _refused(path, f"its part {member.filename} unpacks to more than {MOST_RATIO} times its size")


def _check_member(content: bytes, member: zipfile.ZipInfo, path: Path) -> WorkbookFacts:
    """Look at one part, whose checksum the reading has proved."""
    if not member.filename.casefold().endswith((".xml", ".rels", ".vml")):
        return WorkbookFacts()
    if content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] not in (b"<", b""):
        raise _refused(path, f"its part {member.filename} is not UTF-8 XML")
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise _refused(path, f"its part {member.filename} declares XML entities")
    if sum(_area(reference) for reference in _RANGE.findall(content)) > MOST_MERGED_CELLS:
        raise _refused(path, f"its part {member.filename} merges or links too many cells", "undo merges of whole rows")
    if b"sheetData" not in content:
        return WorkbookFacts(
            calculates_on_load=_CALCULATES.search(content) is not None,
            counts_from_1904=_COUNTS_FROM_1904.search(content) is not None,
            formats=tuple(html.unescape(code.decode("utf-8", "replace")) for code in _FORMAT.findall(content)),
        )
    cells = sum(1 for _ in _CELL.finditer(content)) + sum(1 for _ in _ROW.finditer(content))
    return WorkbookFacts(cells, _FORMULA.search(content) is not None)


def _area(reference: bytes) -> int:
    """How many cells a range covers; an unreadable one counts as too many."""
    match = _REF.fullmatch(reference)
    if match is None:
        return MOST_MERGED_CELLS + 1
    left, top, right, bottom = match.groups()
    if right is None:
        return 1
    return (abs(_column(right) - _column(left)) + 1) * (abs(int(bottom) - int(top)) + 1)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _refused(path: Path, why: str, hint: str = "save it as .xlsx from Excel") -> SourceContentError:
    return SourceContentError(f"{path.name} was not opened: {why}", location=str(path), hint=hint)
