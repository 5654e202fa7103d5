"""A workbook without its cells: what is left is small, and openpyxl tells of it all that it tells of the whole.

Titles, tables, merged cells, hidden columns, conditional formats, names, number formats and fills are read this way;
the cells of a large sheet are not (X12, X13).
"""

import html
import io
import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping

from connectors.spreadsheet.frames import Frame
from connectors.spreadsheet.guard import PIECE_BYTES
from connectors.spreadsheet.overlay import NotPlainError

MOST_AROUND_CELLS = 8_000_000

_SHEET = re.compile(rb"<sheet\s[^>]*>")
_NAME = re.compile(rb'\bname="([^"]*)"')
_RELATION_ID = re.compile(rb'\b\w+:id="([^"]*)"')
_RELATION = re.compile(r"<Relationship\s[^>]*>")
_LINKS = re.compile(rb"<hyperlinks>.*?</hyperlinks>", re.DOTALL)
_WORKBOOK, _WORKBOOK_RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
_STRINGS = "xl/sharedStrings.xml"
_NO_STRINGS = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>'
_KEPT = ("xl/styles.xml", "xl/theme/", "xl/tables/", "docProps/", "[Content_Types].xml", "_rels/", "xl/_rels/")
_LARGEST_KEPT = 16_000_000


def sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Each sheet's title and the part that holds it; raise NotPlainError when they cannot be told."""
    try:
        workbook, relations = archive.read(_WORKBOOK), archive.read(_WORKBOOK_RELATIONS).decode()
    except (KeyError, UnicodeDecodeError) as error:
        raise NotPlainError from error
    targets = {_attribute(found, "Id"): _attribute(found, "Target") for found in _RELATION.findall(relations)}
    parts = {}
    for sheet in _SHEET.findall(workbook):
        name, relation = _NAME.search(sheet), _RELATION_ID.search(sheet)
        target = targets.get(relation[1].decode()) if relation else None
        if name is None or target is None:
            raise NotPlainError
        part = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
        if archive.NameToInfo.get(part) is not None:
            parts[html.unescape(name[1].decode("utf-8", "replace"))] = part
    return parts


def without_cells(archive: zipfile.ZipFile, frames: Mapping[str, bytes]) -> bytes:
    """The workbook anew, with the frames of its sheets instead of the sheets."""
    bare = io.BytesIO()
    with zipfile.ZipFile(bare, "w") as skeleton:
        for member in archive.infolist():
            name = member.filename
            if name in frames:
                skeleton.writestr(name, _lean(frames[name]))
            elif name == _STRINGS:
                skeleton.writestr(name, _NO_STRINGS)
            elif name == _WORKBOOK or (name.startswith(_KEPT) and member.file_size <= _LARGEST_KEPT):
                skeleton.writestr(name, archive.read(name))
            elif name.startswith("xl/worksheets/_rels/"):
                skeleton.writestr(name, _only_tables(archive.read(name).decode("utf-8", "replace")))
    return bare.getvalue()


def cells_of(archive: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """The text between the start and the end of a sheet's cells, in pieces that tear no element."""
    frame, rest = Frame(), b""
    with archive.open(part) as unpacked:
        for piece in iter(lambda: unpacked.read(PIECE_BYTES), b""):
            whole = rest + piece
            cut = max(whole.rfind(b"<"), 0)
            rest = whole[cut:]
            yield frame.feed(whole[:cut])
            if frame.ended:
                return
    yield frame.feed(rest)


def _lean(frame: bytes) -> bytes:
    """Without the links of single cells, of which there can be as many as cells."""
    lean = _LINKS.sub(b"", frame)
    if len(lean) > MOST_AROUND_CELLS:
        raise NotPlainError
    return lean


def _only_tables(relations: str) -> str:
    """Pictures, comments, pivots and links are not needed, and what they name is not there."""

    def keep(found: re.Match[str]) -> str:
        return found.group() if _attribute(found.group(), "Type").endswith("/table") else ""

    return re.sub(r"<Relationship\s[^>]*>", keep, relations)


def _attribute(element: str, name: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', element)
    return found[1] if found else ""
