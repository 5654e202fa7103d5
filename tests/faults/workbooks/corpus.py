"""Hostile and odd files, each made in a second or less, with what must come of it.

``bulk`` multiplies the sizes of those that are only large; the suite uses one, the long proof more.
"""

import io
import os
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from openpyxl import Workbook

from tests.connectors.spreadsheet.odd_formats import make_strict, write_ods, write_ods_body, write_xls, write_xlsb

SHEET = "xl/worksheets/sheet1.xml"
HEADER = ("No.", "Name", "Start", "Amount")
ROWS: list[list[Any]] = [list(HEADER), ["M-1", "Press", "01.10.2026", 5.0], ["M-2", "Belt", None, 1250.5]]
READS = "reads"
"""The rows M-1 and M-2, or more, come out right."""

Writer: TypeAlias = Callable[[Path, int], None]


@dataclass(frozen=True, slots=True)
class Case:
    """One file: what it is called, who writes it, and which words its error has when it does not read."""

    name: str
    file: str
    write: Writer
    said: str


def plain(path: Path) -> None:
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    for row in ROWS:
        sheet.append(row)
    workbook.save(path)


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(path: Path, parts: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def replaced(part: str, old: str, new: str) -> Writer:
    """The plain workbook with one text replaced in one part."""

    def write(path: Path, _bulk: int) -> None:
        plain(path)
        parts = members(path)
        assert old.encode() in parts[part], f"{part} holds no {old}"
        packed(path, parts | {part: parts[part].replace(old.encode(), new.encode(), 1)})

    return write


def with_rows(made: Callable[[int], Iterator[str]]) -> Writer:
    """The plain workbook with more rows below, compressed as a program would."""

    def write(path: Path, bulk: int) -> None:
        plain(path)
        parts = members(path)
        below = "".join(made(bulk)).encode()
        packed(path, parts | {SHEET: parts[SHEET].replace(b"</sheetData>", below + b"</sheetData>")})

    return write


def with_part(name: str, made: Callable[[int], bytes]) -> Writer:
    def write(path: Path, bulk: int) -> None:
        plain(path)
        packed(path, members(path) | {name: made(bulk)})

    return write


def raw(content: Callable[[int], bytes]) -> Writer:
    return lambda path, bulk: _written(path, content(bulk))


def _written(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def whole() -> bytes:
    buffer = io.BytesIO()
    workbook = Workbook()
    for row in ROWS:
        workbook.worksheets[0].append(row)
    workbook.save(buffer)
    return buffer.getvalue()


def _cut(share: float) -> Writer:
    return raw(lambda _: (content := whole())[: int(len(content) * share)])


def _many_parts(path: Path, bulk: int) -> None:
    plain(path)
    packed(path, members(path) | {f"xl/media/{number}.bin": b"" for number in range(3_000 * bulk)})


def _nested(_bulk: int) -> bytes:
    inner = b"\0" * 20_000_000
    for _ in range(4):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inner.xlsx", inner)
        inner = buffer.getvalue()
    return inner


def _lying_size(path: Path, _bulk: int) -> None:
    """The directory says ten bytes, the member holds two megabytes."""
    plain(path)
    parts = members(path)
    packed(path, parts | {SHEET: parts[SHEET].replace(b"</sheetData>", b" " * 2_000_000 + b"</sheetData>")})
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        size = struct.pack("<I", archive.getinfo(SHEET).file_size)
    directory = content.index(b"PK\x01\x02")
    place = content.index(size, directory)
    content[place : place + 4] = struct.pack("<I", 10)
    path.write_bytes(bytes(content))


def _twice(path: Path, _bulk: int) -> None:
    plain(path)
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read(SHEET)
    with zipfile.ZipFile(path, "a") as archive:
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            archive.writestr(SHEET, sheet.replace(b"Press", b"Other"))


def _many_sheets(path: Path, bulk: int) -> None:
    plain(path)
    parts = members(path)
    names = range(2, 500 * bulk)
    sheets = "".join(f'<sheet name="S{number}" sheetId="{number}" r:id="rId{1000 + number}"/>' for number in names)
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
    links = "".join(
        f'<Relationship Id="rId{1000 + number}" Type="{kind}" Target="worksheets/s{number}.xml"/>' for number in names
    )
    workbook = parts["xl/workbook.xml"].replace(b"</sheets>", sheets.encode() + b"</sheets>")
    if b"xmlns:r=" not in workbook:
        namespace = b' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
        workbook = workbook.replace(b"<workbook", b"<workbook" + namespace, 1)
    relations = parts["xl/_rels/workbook.xml.rels"].replace(b"</Relationships>", links.encode() + b"</Relationships>")
    empty = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData/></worksheet>'
    packed(
        path,
        parts
        | {"xl/workbook.xml": workbook, "xl/_rels/workbook.xml.rels": relations}
        | {f"xl/worksheets/s{number}.xml": empty for number in names},
    )


def _with_strings(path: Path, strings: bytes, rows: str = "") -> None:
    """The plain workbook with a table of shared texts, which openpyxl does not write."""
    plain(path)
    parts = members(path)
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
    link = f'<Relationship Id="rId999" Type="{kind}" Target="sharedStrings.xml"/></Relationships>'.encode()
    content = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    entry = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{content}"/></Types>'.encode()
    changed = {
        "xl/sharedStrings.xml": b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        + strings
        + b"</sst>",
        SHEET: parts[SHEET].replace(b"</sheetData>", rows.encode() + b"</sheetData>"),
        "xl/_rels/workbook.xml.rels": parts["xl/_rels/workbook.xml.rels"].replace(b"</Relationships>", link),
        "[Content_Types].xml": parts["[Content_Types].xml"].replace(b"</Types>", entry),
    }
    packed(path, parts | changed)


def _shared_text(path: Path, bulk: int) -> None:
    """One text of 32,000 characters that very many cells share: little to unpack, much to hold."""
    cells = (f'<row r="{row}"><c r="B{row}" t="s"><v>0</v></c></row>' for row in range(10, 120_000 * bulk))
    _with_strings(path, b"<si><t>" + b"x" * 32_000 + b"</t></si>", "".join(cells))


def _strings(path: Path, bulk: int) -> None:
    _with_strings(path, "".join(f"<si><t>text {number}</t></si>" for number in range(250_000 * bulk)).encode())


def _plain_then(change: Callable[[Path], None]) -> Writer:
    def write(path: Path, _bulk: int) -> None:
        plain(path)
        change(path)

    return write


def _link(path: Path, _bulk: int) -> None:
    plain(path.with_name("Target.xlsx"))
    path.symlink_to(path.with_name("Target.xlsx"))


def _sparse(path: Path, _bulk: int) -> None:
    plain(path)
    with path.open("r+b") as file:
        file.truncate(5_000_000_000)


def _device(path: Path, _bulk: int) -> None:
    path.symlink_to("/dev/zero")


def _environment(path: Path, _bulk: int) -> None:
    path.symlink_to("/proc/self/environ")


def _encrypted(_bulk: int) -> bytes:
    return bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(2_000)


def _cells(count: int, made: str) -> Callable[[int], Iterator[str]]:
    """Rows of one cell each; ``{}`` is the row's number."""
    return lambda bulk: (
        f'<row r="{row}">' + made.replace("{}", str(row)) + "</row>" for row in range(10, count * bulk)
    )


LAUGHS = '<!DOCTYPE w [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)

OOXML: tuple[tuple[str, Writer, str], ...] = (
    ("as it should be", _plain_then(lambda _: None), READS),
    ("a bomb by its ratio", with_part("xl/media/a.bin", lambda bulk: bytes(20_000_000 * bulk)), "times its size"),
    ("a bomb by its sum", with_part(SHEET + ".bin", lambda bulk: os.urandom(400_000) * 120 * bulk), "unpacks to"),
    ("a bomb by its parts", _many_parts, "parts"),
    ("a workbook within workbooks", raw(_nested), "cannot be read|unpacks to"),
    ("a part with a false size", _lying_size, "incomplete or being written|packed in a way"),
    ("billion laughs", replaced(SHEET, "<worksheet", LAUGHS + "]><worksheet"), "declares XML entities"),
    (
        "an outside entity",
        replaced("xl/workbook.xml", "<workbook", '<!DOCTYPE w [<!ENTITY a SYSTEM "file:///etc/passwd">]><workbook'),
        "declares XML entities",
    ),
    (
        "an entity in the settings",
        replaced("docProps/core.xml", "<cp:", '<!DOCTYPE w [<!ENTITY a "a">]><cp:'),
        "declares XML entities",
    ),
    (
        "a cell in the far corner",
        with_rows(lambda _: iter(['<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'])),
        READS,
    ),
    (
        "very many cells and one in the far corner",
        with_rows(
            lambda bulk: (
                *_cells(60_000, '<c r="D{}"><v>1</v></c>')(bulk),
                '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
            ).__iter__()
        ),
        "stray cell|takes more than|too much memory",
    ),
    (
        "many empty rows",
        with_rows(lambda bulk: (f'<row r="{row}" s="1"/>' for row in range(10, 500_000 * bulk))),
        READS,
    ),
    ("many styled cells", with_rows(_cells(300_000, '<c r="A{}" s="0"/>')), READS),
    ("many texts that nobody uses", _strings, READS),
    ("one long text in many cells", _shared_text, "too long together|takes more than|too much memory"),
    ("a false dimension", replaced(SHEET, 'ref="A1:D3"', 'ref="A1:XFD1048576"'), READS),
    ("a dimension that is too small", replaced(SHEET, 'ref="A1:D3"', 'ref="A1:A1"'), READS),
    ("Strict Open XML", _plain_then(make_strict), READS),
    ("no sheet", replaced("xl/workbook.xml", "<sheet ", "<xsheet "), "."),
    ("very many sheets", _many_sheets, "visible sheets"),
    (
        "names that refer to themselves",
        replaced(
            "xl/workbook.xml",
            "<calcPr",
            '<definedNames><definedName name="A">B</definedName><definedName name="B">A</definedName></definedNames>'
            "<calcPr",
        ),
        READS,
    ),
    ("a column with a huge name", with_rows(lambda _: iter(['<row r="9"><c r="ZZZZZZZ9"><v>1</v></c></row>'])), "."),
    (
        "a row beyond all rows",
        with_rows(lambda _: iter(['<row r="99999999"><c r="A99999999"><v>1</v></c></row>'])),
        ".",
    ),
    (
        "a number of a million digits",
        with_rows(lambda _: iter([f'<row r="9"><c r="D9"><v>{"9" * 1_000_000}</v></c></row>'])),
        ".",
    ),
    (
        "an endless number",
        with_rows(
            lambda _: iter(
                ['<row r="9"><c r="A9" t="inlineStr"><is><t>M-9</t></is></c><c r="D9"><v>1E999</v></c></row>']
            )
        ),
        READS,
    ),
    ("an absurd date", with_rows(lambda _: iter(['<row r="9"><c r="C9" t="d"><v>99999-99-99</v></c></row>'])), "."),
    (
        "a control character",
        with_rows(lambda _: iter(['<row r="9"><c r="A9" t="inlineStr"><is><t>\x00\x01</t></is></c></row>'])),
        ".",
    ),
    ("no end of its XML", replaced(SHEET, "</worksheet>", ""), "."),
    (
        "a merge of everything",
        replaced(SHEET, "<pageMargins", '<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells><pageMargins'),
        "merges or links too many",
    ),
    ("very deep XML", replaced(SHEET, "</sheetData>", "</sheetData>" + "<a>" * 200_000), "."),
    (
        "XML in another encoding",
        _plain_then(
            lambda path: packed(path, (parts := members(path)) | {SHEET: parts[SHEET].decode().encode("utf-16")})
        ),
        "is not UTF-8 XML",
    ),
    ("the same part twice", _twice, READS),
    ("a part whose name leads out", with_part("../../../../tmp/evil.xml", lambda _: b"<a/>"), READS),
    ("a part with an absolute name", with_part("/etc/cron.d/evil", lambda _: b"x"), READS),
    (
        "a sheet that lies elsewhere",
        replaced("xl/_rels/workbook.xml.rels", "/xl/worksheets/sheet1.xml", "/../../etc/passwd"),
        ".",
    ),
    ("a style that nobody knows", replaced("xl/styles.xml", 'patternType="gray125"', 'patternType="unheard"'), READS),
    ("an encrypted workbook", raw(_encrypted), "protected by a password"),
    ("a web page", raw(lambda _: b"<!doctype html><title>Sign in</title>" * 1_000), "is a web page"),
    ("an old workbook under a new name", lambda path, _: write_xls(path, ROWS), READS),
    ("an empty file", raw(lambda _: b""), "incomplete or being written"),
    ("reserved room", raw(lambda bulk: bytes(5_000_000 * bulk)), "incomplete or being written"),
    ("plain noise", raw(lambda bulk: b"\x01" + os.urandom(1_000_000 * bulk)), "is not an Excel workbook"),
    ("noise that begins as a zip", raw(lambda _: b"PK\x03\x04" + os.urandom(1_000_000)), "."),
    *((f"cut at {share:.0%}", _cut(share), "incomplete or being written") for share in (0.01, 0.2, 0.5, 0.8, 0.99)),
    ("a link", _link, "is a symbolic link"),
    ("a link to a device", _device, "is a symbolic link"),
    ("a link to the environment", _environment, "is a symbolic link"),
    ("a pipe", lambda path, _: os.mkfifo(path), "is not a regular file"),
    ("a folder", lambda path, _: path.mkdir(), "is not a regular file"),
    ("a sparse file of five gigabytes", _sparse, "is larger than the limit"),
)

REPEATED = (
    '<table:table table:name="Savings"><table:table-row table:number-rows-repeated="1048560"><table:table-cell'
    ' office:value-type="float" office:value="1" table:number-columns-repeated="16384"/></table:table-row>'
    "</table:table>"
)
OTHERS: tuple[tuple[str, str, Writer, str], ...] = (
    ("an .xls", "T.xls", lambda path, _: write_xls(path, ROWS), READS),
    ("an .xlsb", "T.xlsb", lambda path, _: write_xlsb(path, ROWS), READS),
    ("an .ods", "T.ods", lambda path, _: write_ods(path, ROWS), READS),
    (
        "an .ods of 17 billion cells",
        "T.ods",
        lambda path, _: write_ods_body(path, REPEATED),
        "cannot be read by python",
    ),
    ("an .xls that is cut", "T.xls", lambda path, _: (write_xls(path, ROWS), os.truncate(path, 2_000))[0], "."),
    ("a text", "T.csv", raw(lambda _: b"No.;Name;Start;Amount\nM-1;Press;01.10.2026;5\nM-2;Belt;;1250,5\n"), READS),
    ("a text of one long line", "T.csv", raw(lambda bulk: b"a;" * (5_000_000 * bulk) + b"\n"), "."),
    (
        "a text of one long field",
        "T.csv",
        raw(lambda bulk: b"No.;Name\nM-1;" + b"x" * (10_000_000 * bulk) + b"\n"),
        ".",
    ),
    ("a quote that never ends", "T.csv", raw(lambda bulk: b'No.;Name\nM-1;"' + b"x\n" * (2_000_000 * bulk)), "."),
    ("a text with NUL", "T.csv", raw(lambda _: b"No.;Name\nM-1;Pr\0ess\nM-2;b\n"), "is not a text file"),
    ("a text of line breaks", "T.csv", raw(lambda bulk: b"\n" * (5_000_000 * bulk)), "."),
    ("a workbook that is called a text", "T.csv", lambda path, _: plain(path), "is a workbook"),
)

CASES = (
    *(Case(name, "T.xlsx", write, said) for name, write, said in OOXML),
    *(Case(name, file, write, said) for name, file, write, said in OTHERS),
)
