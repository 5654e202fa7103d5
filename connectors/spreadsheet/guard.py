"""What is checked before a workbook is opened, so that no file can cost more than it is worth (X12, X24, F4, F5)."""

import html
import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from connectors.spreadsheet.file import being_written
from connectors.spreadsheet.frames import Frame
from connectors.spreadsheet.place import FilePath
from model.errors import SourceContentError

MOST_MEMBERS = 2_000
LARGE_MEMBER = 4_000_000
MOST_RATIO = 150
MOST_MERGED_CELLS = 200_000

PIECE_BYTES = 1 << 20

_SHEETS = ("xl/worksheets/", "xl/chartsheets/")
_CELLS_GO_ON = (b"<c ", b"<row ", b"<v>")
"""How a piece from the midst of a sheet begins."""
_PREFIXED_CELL = re.compile(rb"<\w+:(?:c|row)[\s/>]")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_CALCULATES = re.compile(rb"calcPr\s[^>]*?\bfullCalcOnLoad\s*=\s*[\"'](?:1|true)[\"']")
_COUNTS_FROM_1904 = re.compile(rb"workbookPr\s[^>]*?\bdate1904\s*=\s*[\"'](?:1|true)[\"']")
_FORMAT = re.compile(rb"numFmt\s[^>]*?\bformatCode\s*=\s*[\"']([^\"']*)[\"']")
_RANGE = re.compile(rb"<(?:\w+:)?(?:mergeCell|hyperlink)\s[^>]*?\bref\s*=\s*[\"']([^\"']*)[\"']")
_REF = re.compile(rb"\$?([A-Za-z]{1,3})\$?(\d{1,7})(?::\$?([A-Za-z]{1,3})\$?(\d{1,7}))?")


@dataclass(frozen=True, slots=True)
class WorkbookFacts:
    """What the XML says before it is opened.

    ``calculates_on_load`` is the mark of writers that store no results, or a made-up zero (X2). openpyxl cannot tell:
    it takes a workbook without the mark for one with it.
    """

    cells: int = 0
    """How many cells and rows all sheets have, or a few more."""
    strings: int = 0
    """How many texts the cells share."""
    has_formulas: bool = False
    calculates_on_load: bool = False
    counts_from_1904: bool = False
    formats: tuple[str, ...] = ()
    """The number formats that the workbook defines, for a reader that sees none (X10)."""
    frames: Mapping[str, bytes] = field(default_factory=dict)
    """What stands around the cells of each sheet, by its part of the archive; where it is written in a form that can
    be searched."""


@dataclass(slots=True)
class _Part:
    """What was found in one part so far."""

    member: zipfile.ZipInfo
    path: FilePath
    cells: int = 0
    strings: int = 0
    ranges: int = 0
    has_formulas: bool = False
    calculates_on_load: bool = False
    counts_from_1904: bool = False
    has_comments: bool = False
    formats: list[str] = field(default_factory=list)
    frame: Frame = field(default_factory=Frame)


def check_workbook(content: bytes, path: FilePath, *, most_unpacked_bytes: int, most_cells: int) -> WorkbookFacts:
    """Refuse a zip or XML bomb and a workbook that is too large; tell what the XML says of the rest.

    The parts are unpacked piece by piece and never held whole. Python's zip reader never gives more than a member's
    declared size, so the declared sum bounds what is unpacked. Raise SourceContentError, or SourceUnavailableError when
    the archive is cut off.
    """
    parts: list[_Part] = []
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_sizes(archive.infolist(), path, most_unpacked_bytes)
            for member in archive.infolist():
                parts.append(_check_member(archive, member, path))
                if sum(part.cells for part in parts) > most_cells:
                    raise _refused(
                        path,
                        f"it has more than {most_cells:,} cells and rows",
                        "delete the empty rows below, or raise most_cells",
                    )
    except (zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise being_written(path) from error
    except (NotImplementedError, RuntimeError, zipfile.LargeZipFile, OSError, ValueError, OverflowError) as error:
        raise _refused(path, "it is packed in a way that Excel does not use") from error
    return WorkbookFacts(
        cells=sum(part.cells for part in parts),
        strings=sum(part.strings for part in parts),
        has_formulas=any(part.has_formulas for part in parts),
        calculates_on_load=any(part.calculates_on_load for part in parts),
        counts_from_1904=any(part.counts_from_1904 for part in parts),
        formats=tuple(code for part in parts for code in part.formats),
        frames={
            part.member.filename: frame
            for part in parts
            if part.member.filename.startswith(_SHEETS) and not part.has_comments and (frame := part.frame.text)
        },
    )


def _check_sizes(members: list[zipfile.ZipInfo], path: FilePath, most_bytes: int) -> None:
    if len(members) > MOST_MEMBERS:
        raise _refused(path, f"it has {len(members):,} parts")
    unpacked = sum(member.file_size for member in members)
    if unpacked > most_bytes:
        raise _refused(path, f"it unpacks to {unpacked / 1e6:,.0f} MB", "remove what is not needed from the workbook")
    for member in members:
        if member.file_size > LARGE_MEMBER and member.file_size > MOST_RATIO * max(member.compress_size, 1):
            raise _refused(path, f"its part {member.filename} unpacks to more than {MOST_RATIO} times its size")


def _check_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: FilePath) -> _Part:
    """Look at one part, whose checksum the reading proves at its end."""
    part = _Part(member, path)
    is_xml = member.filename.casefold().endswith((".xml", ".rels", ".vml"))
    with archive.open(member) as unpacked:
        rest, first = b"", True
        for piece in iter(lambda: unpacked.read(PIECE_BYTES), b""):
            if not is_xml:
                continue
            whole = rest + piece
            if first and whole.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] not in (b"<", b""):
                raise _refused(path, f"its part {member.filename} is not UTF-8 XML")
            first = False
            # An element that is torn at the end of a piece is looked at with the next one.
            cut = whole.rfind(b"<")
            if cut < 0 or len(whole) - cut > PIECE_BYTES:
                cut = len(whole)
            _look(part, whole[:cut])
            rest = whole[cut:]
        if is_xml:
            _look(part, rest)
    return part


def _look(part: _Part, piece: bytes) -> None:
    """Count and search one piece. Bare searches for two letters are many times as fast as an expression."""
    if b"<!" in piece:
        part.has_comments = True
        if b"<!DOCTYPE" in piece or b"<!ENTITY" in piece:
            raise _refused(part.path, f"its part {part.member.filename} declares XML entities")
    if part.member.filename.startswith(_SHEETS):
        part.frame.feed(piece)
    part.cells += piece.count(b"<c") + piece.count(b"<row")
    if b":c" in piece or b":row" in piece:
        part.cells += sum(1 for _ in _PREFIXED_CELL.finditer(piece))
    if not part.has_formulas and (b"<f" in piece or b":f" in piece):
        part.has_formulas = _FORMULA.search(piece) is not None
    if b"ergeCell" in piece or b"yperlink" in piece:
        part.ranges += sum(_area(reference) for reference in _RANGE.findall(piece))
        if part.ranges > MOST_MERGED_CELLS:
            name = part.member.filename
            raise _refused(part.path, f"its part {name} merges or links too many cells", "undo merges of whole rows")
    if not piece.startswith(_CELLS_GO_ON):
        _look_for_settings(part, piece)


def _look_for_settings(part: _Part, piece: bytes) -> None:
    part.strings += piece.count(b"<si") + piece.count(b":si")
    part.calculates_on_load |= _CALCULATES.search(piece) is not None
    part.counts_from_1904 |= _COUNTS_FROM_1904.search(piece) is not None
    if b"numFmt" in piece:
        part.formats += (html.unescape(code.decode("utf-8", "replace")) for code in _FORMAT.findall(piece))


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


def _refused(path: FilePath, why: str, hint: str = "save it as .xlsx from Excel") -> SourceContentError:
    return SourceContentError(f"{path.name} was not opened: {why}", location=str(path), hint=hint)
