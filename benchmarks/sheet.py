"""A large savings tracker as Excel would save it: shared strings, dates, amounts; no formulas."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OPEN_XML = "application/vnd.openxmlformats-officedocument"

COLUMNS = 25
MONTHS = 12
TEXTS = ("Site", "Unit", "Category", "Supplier", "Phase", "Comment")
HEADER = (
    "No.",
    "Name",
    "Owner",
    "Controller",
    "Start",
    "Baseline",
    "One-time cost",
    *TEXTS,
    *(f"2026-{month:02d}" for month in range(1, MONTHS + 1)),
)
_LETTERS = [chr(65 + column) for column in range(COLUMNS)]
_PLACES = 400
"""How many different texts stand in each of the text columns; names and numbers differ in each row."""


def write_tracker(path: Path, rows: int, *, formatted: bool = False) -> None:
    """Write the workbook; ``formatted`` gives the amounts a currency format, as people do (X10)."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _small_parts(rows).items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{content}')
        with archive.open("xl/sharedStrings.xml", "w", force_zip64=True) as part:
            part.write(f'<sst xmlns="{MAIN}">'.encode())
            for text in _strings(rows):
                part.write(f"<si><t>{text}</t></si>".encode())
            part.write(b"</sst>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            part.write(f'<worksheet xmlns="{MAIN}"><dimension ref="A1:Y{rows + 1}"/><sheetData>'.encode())
            for line in _rows(rows, ' s="2"' if formatted else ""):
                part.write(line.encode())
            part.write(b"</sheetData></worksheet>")


def _strings(rows: int) -> Iterator[str]:
    yield from HEADER
    yield from (f"person{number}@example.com" for number in range(_PLACES))
    yield from (f"Text number {number} of a column" for number in range(_PLACES))
    yield from (f"M-{number}" for number in range(rows))
    yield from (f"Measure {number} at the press line" for number in range(rows))


def _rows(rows: int, amount_style: str) -> Iterator[str]:
    yield _row(1, [f' t="s"><v>{column}</v>' for column in range(COLUMNS)])
    people, texts = COLUMNS, COLUMNS + _PLACES
    keys, names = COLUMNS + 2 * _PLACES, COLUMNS + 2 * _PLACES + rows
    for number in range(rows):
        yield _row(
            number + 2,
            [
                f' t="s"><v>{keys + number}</v>',
                f' t="s"><v>{names + number}</v>',
                f' t="s"><v>{people + number % _PLACES}</v>',
                f' t="s"><v>{people + number * 7 % _PLACES}</v>',
                f' s="1"><v>{46_023 + number % 365}</v>',
                f"{amount_style}><v>{1_000 + number % 9_973}</v>",
                f"{amount_style}><v>{number % 977 + 0.5}</v>",
                *(f' t="s"><v>{texts + number * step % _PLACES}</v>' for step in range(1, len(TEXTS) + 1)),
                *(f"{amount_style}><v>{(number * month) % 99_991 / 4}</v>" for month in range(1, MONTHS + 1)),
            ],
        )


def _row(number: int, cells: list[str]) -> str:
    inner = "".join(f'<c r="{letter}{number}"{cell}</c>' for letter, cell in zip(_LETTERS, cells, strict=True))
    return f'<row r="{number}">{inner}</row>'


def _small_parts(rows: int) -> dict[str, str]:
    sheet = f"{OPEN_XML}.spreadsheetml"
    types = "".join(
        f'<Override PartName="/xl/{name}.xml" ContentType="{sheet}.{kind}+xml"/>'
        for name, kind in (
            ("workbook", "sheet.main"),
            ("worksheets/sheet1", "worksheet"),
            ("styles", "styles"),
            ("sharedStrings", "sharedStrings"),
        )
    )
    links = "".join(
        f'<Relationship Id="rId{number}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(
            (
                ("worksheet", "worksheets/sheet1.xml"),
                ("styles", "styles.xml"),
                ("sharedStrings", "sharedStrings.xml"),
            ),
            start=1,
        )
    )
    return {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels"'
        f' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>{types}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1"'
        f' Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
        '<sheet name="Savings" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{links}</Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><numFmts count="1"><numFmt numFmtId="164"'
        ' formatCode="#,##0.00&quot; €&quot;"/></numFmts><fonts count="1"><font/></fonts><fills count="2">'
        '<fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3">'
        '<xf/><xf numFmtId="14" applyNumberFormat="1"/><xf numFmtId="164" applyNumberFormat="1"/></cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
    }
