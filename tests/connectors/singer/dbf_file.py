"""Writes dBase III files, the least that a reader of them accepts."""

import struct
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

Field = tuple[str, str, int, int]
"""Name, type (C, N, D or L), length and decimals."""
Cell = str | Decimal | date | bool | None


def write_dbf(path: Path, fields: Sequence[Field], rows: Iterable[Sequence[Cell]]) -> None:
    """Write the rows to a file that replaces another one at once."""
    rows = list(rows)
    header_length, row_length = 32 * (len(fields) + 1) + 1, 1 + sum(length for _, _, length, _ in fields)
    content = bytearray(struct.pack("<4BIHH20x", 3, 126, 10, 1, len(rows), header_length, row_length))
    for name, kind, length, decimals in fields:
        content += struct.pack("<11sc4xBB14x", name.encode(), kind.encode(), length, decimals)
    content += b"\r"
    for row in rows:
        content += b" "
        for (_, kind, length, _), cell in zip(fields, row, strict=True):
            text = _text(cell).encode("cp1252")
            assert len(text) <= length, cell
            content += text.rjust(length) if kind == "N" else text.ljust(length)
    new = path.with_suffix(".new")
    new.write_bytes(bytes(content) + b"\x1a")
    new.replace(path)


def _text(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "T" if cell else "F"
    if isinstance(cell, date):
        return cell.strftime("%Y%m%d")
    return "" if cell is None else str(cell)
