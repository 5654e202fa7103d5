"""What names a row (X19): its key column, else its natural key, else a fingerprint of its title. Never its position."""

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.spreadsheet.cells import Cell, CellState
from connectors.spreadsheet.columns import identifying_paths
from connectors.spreadsheet.options import SpreadsheetOptions
from connectors.spreadsheet.table import Row
from connectors.spreadsheet.values import read_text
from model.keys import normalise_key
from model.reading import SetAside


@dataclass(frozen=True, slots=True)
class NamedRow:
    """A row with its stable id."""

    native_id: str
    key: str
    row: Row


@dataclass(frozen=True, slots=True)
class Naming:
    """The rows that have a name of their own, those that have none, and keys that cannot be read at all.

    ``unreadable`` are cells that hide which row it is: as long as there are any, no absence can be proved.
    """

    named: Sequence[NamedRow]
    set_aside: Sequence[SetAside]
    unreadable: Sequence[str]


def name_rows(
    rows: Sequence[Row], options: SpreadsheetOptions, container: str, prefix: str, *, blank_hides: bool = False
) -> Naming:
    """Give each row its id. Rows that share a key are all set aside, with both cells named.

    ``prefix`` is ``workbook.xlsx!Sheet!``, which a cell's address completes; ``blank_hides`` says that an empty
    cell may be a broken one (X5).
    """
    paths = identifying_paths(options)
    by_key: dict[str, list[tuple[str, Row]]] = defaultdict(list)
    set_aside: list[SetAside] = []
    unreadable: list[str] = []
    hiding = {CellState.ERROR, CellState.NOT_CALCULATED} | ({CellState.BLANK} if blank_hides else set())
    for row in rows:
        cell = _first_cell(row, paths)
        try:
            key = _key(row, paths, options)
        except ValueError as error:
            # The row keeps an id that no key can have, so that the report can name it.
            set_aside.append(SetAside(f"{container}/?{cell.address}", str(error), prefix + cell.address))
            if cell.state in hiding:
                unreadable.append(prefix + cell.address)
            continue
        if len(row.filled) == len(paths) < len(row.cells):
            set_aside.append(SetAside(f"{container}/{key}", "the row holds nothing but its key", prefix + cell.address))
        else:
            by_key[normalise_key(key)].append((key, row))
    named: list[NamedRow] = []
    for same in by_key.values():
        if len(same) > 1 and (options.identity or "key" in options.columns):
            set_aside += _conflict(same, paths, container, prefix)
        elif options.identity or "key" in options.columns:
            named += [NamedRow(f"{container}/{key}", key, row) for key, row in same]
        else:
            named += [
                NamedRow(f"{container}/{_fingerprint(key)}-{number}", key, row)
                for number, (key, row) in enumerate(same, start=1)
            ]
    return Naming(sorted(named, key=lambda found: found.row.number), set_aside, unreadable)


def _key(row: Row, paths: Sequence[str], options: SpreadsheetOptions) -> str:
    """The key as people write it; raise ValueError with the reason when the row has none."""
    texts = []
    for path in paths:
        cell = row.cell(path)
        text = read_text(cell) if cell is not None else None
        if not text:
            raise ValueError(f"the row has no {path.removeprefix('custom.')}")
        texts.append(" ".join(unicodedata.normalize("NFKC", text).split()))
    key = " / ".join(texts)
    if options.key_pattern and not re.fullmatch(options.key_pattern, key):
        raise ValueError(f"{key!r} is not a key of the configured form")
    return key


def _first_cell(row: Row, paths: Sequence[str]) -> Cell:
    """The cell to point at: the first part of the key that is missing or broken, else its first part."""
    cells = [cell for path in paths if (cell := row.cell(path)) is not None]
    for cell in cells:
        if cell.state is not CellState.VALUE:
            return cell
    return cells[0] if cells else next(iter(row.cells.values()))


def _conflict(same: Sequence[tuple[str, Row]], paths: Sequence[str], container: str, prefix: str) -> list[SetAside]:
    addresses = [_first_cell(row, paths).address for _, row in same]
    stands_in = f"{same[0][0]!r} stands in {', '.join(addresses[:-1])} and {addresses[-1]}; which row is meant?"
    return [
        SetAside(f"{container}/{key}", stands_in, prefix + address)
        for (key, _), address in zip(same, addresses, strict=True)
    ]


def _fingerprint(key: str) -> str:
    return hashlib.sha256(normalise_key(key).encode()).hexdigest()[:12]
