"""Small files of the kinds that openpyxl does not write: .ods, .xls, .xlsb and Strict Open XML."""

import struct
import zipfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from xml.sax.saxutils import escape

from tests.connectors.spreadsheet.books import rewrite_part

Rows = Sequence[Sequence[str | float | date | None]]

_ODS = """<?xml version="1.0" encoding="UTF-8"?><office:document-content
 xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>{}
 </office:spreadsheet></office:body></office:document-content>"""

_MANIFEST = """<?xml version="1.0" encoding="UTF-8"?><manifest:manifest
 xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry manifest:full-path="/"
 manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>"""


def write_ods(path: Path, rows: Rows, title: str = "Savings") -> None:
    body = "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows)
    write_ods_body(path, f'<table:table table:name="{title}">{body}</table:table>')


def write_ods_body(path: Path, tables: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", _MANIFEST)
        archive.writestr("content.xml", _ODS.format(tables))


def _ods_cell(value: str | float | date | None) -> str:
    if value is None:
        return "<table:table-cell/>"
    if isinstance(value, date):
        return f'<table:table-cell office:value-type="date" office:date-value="{value.isoformat()}"/>'
    if isinstance(value, str):
        return f'<table:table-cell office:value-type="string"><text:p>{escape(value)}</text:p></table:table-cell>'
    return f'<table:table-cell office:value-type="float" office:value="{value}"/>'


def write_xls(path: Path, rows: Rows, title: str = "Savings") -> None:
    """A compound file with one BIFF8 stream; blank cells are not written, dates are their serial numbers."""
    sheet = _biff(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0))
    for row, values in enumerate(rows):
        for column, value in enumerate(values):
            place = struct.pack("<HHH", row, column, 0)
            if isinstance(value, str):
                sheet += _biff(0x0204, place + struct.pack("<HB", len(value), 1) + value.encode("utf-16-le"))
            elif isinstance(value, int | float):
                sheet += _biff(0x0203, place + struct.pack("<d", value))
    sheet += _biff(0x000A, b"")
    start = _biff(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0))
    name = struct.pack("<BB", len(title), 1) + title.encode("utf-16-le")
    length = len(start) + 4 + 6 + len(name) + 4
    globals_ = start + _biff(0x0085, struct.pack("<IBB", length, 0, 0) + name) + _biff(0x000A, b"")
    path.write_bytes(_compound(globals_ + sheet))


def _biff(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def _compound(stream: bytes) -> bytes:
    """One stream named Workbook, long enough to stand in ordinary sectors: header, FAT, directory, content."""
    stream = stream.ljust(max(4096, -(-len(stream) // 512) * 512), b"\0")
    sectors = len(stream) // 512
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<I", 0) + b"\xff" * 4 * 108
    chain = [*range(3, 2 + sectors), 0xFFFFFFFE]
    table = [0xFFFFFFFD, 0xFFFFFFFE, *chain]
    fat = struct.pack(f"<{len(table)}I", *table).ljust(512, b"\xff")
    directory = _entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + _entry("Workbook", 2, 0xFFFFFFFF, 2, len(stream))
    return header + fat + directory.ljust(512, b"\0") + stream


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    encoded = name.encode("utf-16-le") + b"\0\0"
    links = struct.pack("<III", 0xFFFFFFFF, 0xFFFFFFFF, child)
    return (
        encoded.ljust(64, b"\0")
        + struct.pack("<HBB", len(encoded), kind, 1)
        + links
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )


def write_xlsb(path: Path, rows: Rows, title: str = "Savings") -> None:
    """A binary workbook with inline strings and numbers."""
    sheet = _brt(129, b"") + _brt(148, struct.pack("<IIII", 0, max(len(rows) - 1, 0), 0, 20)) + _brt(145, b"")
    for row, values in enumerate(rows):
        sheet += _brt(0, struct.pack("<II", row, 0) + bytes(9))
        for column, value in enumerate(values):
            place = struct.pack("<II", column, 0)
            if isinstance(value, str):
                sheet += _brt(6, place + _wide(value))
            elif isinstance(value, int | float):
                sheet += _brt(5, place + struct.pack("<d", value))
    sheet += _brt(146, b"") + _brt(130, b"")
    bundle = _brt(156, struct.pack("<II", 0, 1) + _wide("rId1") + _wide(title))
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.bin", _brt(131, b"") + _brt(143, b"") + bundle + _brt(144, b"") + _brt(132, b""))
        archive.writestr(
            "xl/_rels/workbook.bin.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="rId1" Type="{office}/worksheet" Target="worksheets/sheet1.bin"/></Relationships>',
        )
        archive.writestr("xl/worksheets/sheet1.bin", sheet)


def _brt(kind: int, content: bytes) -> bytes:
    number = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size, length = b"", len(content)
    while length > 127:
        size += bytes([length & 0x7F | 0x80])
        length >>= 7
    return number + size + bytes([length]) + content


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def make_strict(path: Path) -> None:
    """Turn a workbook into Strict Open XML (X21): the same parts under other namespaces."""
    strict = "http://purl.oclc.org/ooxml/"
    with zipfile.ZipFile(path) as archive:
        parts = [name for name in archive.namelist() if name.endswith((".xml", ".rels"))]
    for part in parts:
        rewrite_part(
            path,
            part,
            lambda text: text.replace(
                "http://schemas.openxmlformats.org/spreadsheetml/2006/", f"{strict}spreadsheetml/"
            ).replace("http://schemas.openxmlformats.org/officeDocument/2006/", f"{strict}officeDocument/"),
        )


def break_styles(path: Path) -> None:
    """A style that Excel forgives and openpyxl does not (X26)."""
    rewrite_part(path, "xl/styles.xml", lambda text: text.replace('patternType="gray125"', 'patternType="unheard"'))
