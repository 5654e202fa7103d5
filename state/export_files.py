"""Tables written to files for other programs: CSV with the standard library, Parquet with pyarrow.

A text that a spreadsheet would take for a formula begins with an apostrophe in CSV; Parquet keeps every text as it is.
"""

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from model.errors import StateError, UsageError

if TYPE_CHECKING:
    import pyarrow

RISKY = frozenset("=+-@#\t\r\uff1d\uff0b\uff0d\uff20")
"""How a text begins that a spreadsheet may take for a formula, as in the workbook of a digest (M13, X29)."""
PLACES = 10
"""How many decimal places a number has in Parquet."""

_BATCH = 5000


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    DAY = "day"
    TIME = "time"
    FLAG = "flag"


class Format(StrEnum):
    """The forms of files."""

    CSV = "csv"
    PARQUET = "parquet"


Value: TypeAlias = str | int | Decimal | date | datetime | bool | None
Row: TypeAlias = Sequence[Value]


@dataclass(frozen=True, slots=True)
class Table:
    """A table for other programs; its columns are a contract: they are only ever added."""

    name: str
    columns: tuple[tuple[str, Kind], ...]


def write_tables(folder: Path, form: Format, tables: Sequence[tuple[Table, Iterable[Row]]]) -> dict[str, int]:
    """Write one file per table and tell how many rows each has; readers see each file whole, the former or the new one.

    Raise UsageError for a folder that holds anything but a former export, or without pyarrow for Parquet.
    """
    write = _writers()[form]()
    wanted = {f"{table.name}.{form.value}" for table, _ in tables}
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        others = sorted({path.name for path in folder.iterdir()} - wanted - {f"{name}.part" for name in wanted})
        if others:
            raise UsageError(f"{folder} holds {others[0]}, which is no export", hint="name a folder of its own")
        return {
            table.name: _replaced(folder / f"{table.name}.{form.value}", table, rows, write) for table, rows in tables
        }
    except OSError as error:
        raise StateError(
            f"cannot write to {folder}: {error.strerror}", hint="check the folder and its space"
        ) from error


_Writer: TypeAlias = Callable[[Path, Table, Iterable[Row]], int]


def _writers() -> dict[Format, Callable[[], _Writer]]:
    return {Format.CSV: lambda: _write_csv, Format.PARQUET: _parquet_writer}


def _replaced(path: Path, table: Table, rows: Iterable[Row], write: _Writer) -> int:
    part = path.with_name(f"{path.name}.part")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        written = write(part, table, rows)
        os.replace(part, path)
        return written
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _write_csv(path: Path, table: Table, rows: Iterable[Row]) -> int:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([name for name, _ in table.columns])
        number = 0
        for row in rows:
            writer.writerow([_cell(value) for value in row])
            number += 1
    return number


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, str):
        return f"'{value}" if value.lstrip(" ")[:1] in RISKY else value
    return value.isoformat() if isinstance(value, date) else str(value)


def _parquet_writer() -> _Writer:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise UsageError(
            "Parquet needs pyarrow, which is not installed", hint="pip install 'driftline[export]', or use --format csv"
        ) from error
    types = {
        Kind.TEXT: pyarrow.string(),
        Kind.INTEGER: pyarrow.int64(),
        Kind.NUMBER: pyarrow.decimal128(38, PLACES),
        Kind.DAY: pyarrow.date32(),
        Kind.TIME: pyarrow.timestamp("us", tz="UTC"),
        Kind.FLAG: pyarrow.bool_(),
    }

    def write(path: Path, table: Table, rows: Iterable[Row]) -> int:
        schema = pyarrow.schema([(name, types[kind]) for name, kind in table.columns])
        number = 0
        with pyarrow.parquet.ParquetWriter(path, schema, compression="zstd") as writer:
            for batch in _batches(rows):
                writer.write_table(_arrow_table(table, schema, batch))
                number += len(batch)
        return number

    return write


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    source = iter(rows)
    while batch := list(islice(source, _BATCH)):
        yield batch


def _arrow_table(table: Table, schema: "pyarrow.Schema", batch: Sequence[Row]) -> Any:
    import pyarrow

    columns = [
        pyarrow.array(
            [_exact(row[place]) for row in batch] if kind is Kind.NUMBER else [row[place] for row in batch],
            schema.field(place).type,
        )
        for place, (_, kind) in enumerate(table.columns)
    ]
    return pyarrow.Table.from_arrays(columns, schema=schema)


def _exact(value: Any) -> Decimal | None:
    """A number with the places of its column; one too large for it is left out rather than written wrong."""
    if value is None:
        return None
    with localcontext(prec=60):
        number = Decimal(value).quantize(Decimal(1).scaleb(-PLACES), ROUND_HALF_EVEN)
    return number if number.adjusted() < 38 - PLACES else None
