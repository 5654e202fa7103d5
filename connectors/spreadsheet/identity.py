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
class SheetRows:
    """The rows of one sheet. ``prefix`` is ``workbook.xlsx!Sheet!``, which a cell's address completes; ``blank_hides``
    says that an empty cell may be a broken one (X5)."""

    container: str
    prefix: str
    rows: Sequence[Row]
    blank_hides: bool = False


@dataclass(frozen=True, slots=True)
class NamedRow:
    """A row with its stable id, and the sheet it stands on."""

    native_id: str
    key: str
    row: Row
    container: str


@dataclass(frozen=True, slots=True)
class Naming:
    """The rows that have a name of their own, those that have none, and keys that cannot be read at all.

    Each row that is set aside comes with its sheet. ``unreadable`` are cells that hide which row it is: as long as
    there are any, no absence can be proved.
    """

    named: Sequence[NamedRow]
    set_aside: Sequence[tuple[str, SetAside]]
    unreadable: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Keyed:
    key: str
    row: Row
    sheet: SheetRows


def name_rows(sheets: Sequence[SheetRows], options: SpreadsheetOptions, ids: str) -> Naming:
    """Give each row its id, ``ids`` in front. Rows that share a key, on whichever sheets, are all set aside, with both
    cells named.
    """
    paths = identifying_paths(options)
    by_key: dict[str, list[_Keyed]] = defaultdict(list)
    set_aside: list[tuple[str, SetAside]] = []
    unreadable: list[str] = []
    for sheet, row in ((each, row) for each in sheets for row in each.rows):
        cell = _first_cell(row, paths)
        place = sheet.prefix + cell.address
        try:
            key = _key(row, paths, options)
        except ValueError as error:
            # The row keeps an id that no key can have, so that the report can name it.
            nameless = f"{ids}/?{_address(sheet, cell, sheets)}"
            set_aside.append((sheet.container, SetAside(nameless, str(error), place)))
            unreadable += [place] if _hides(cell, sheet) else []
            continue
        if len(row.filled) == len(paths) < len(row.cells):
            aside = SetAside(f"{ids}/{key}", "the row holds nothing but its key", place)
            set_aside.append((sheet.container, aside))
        else:
            by_key[normalise_key(key)].append(_Keyed(key, row, sheet))
    named: list[NamedRow] = []
    for same in by_key.values():
        if len(same) > 1 and (options.identity or "key" in options.columns):
            set_aside += _conflict(same, paths, ids, sheets)
        else:
            named += _named(same, options, ids)
    order = {sheet.container: number for number, sheet in enumerate(sheets)}
    named.sort(key=lambda found: (order[found.container], found.row.number))
    return Naming(named, set_aside, unreadable)


def _hides(cell: Cell, sheet: SheetRows) -> bool:
    """Whether a cell that gives no key may have held one, so that it is not known which row it is."""
    broken = cell.state in (CellState.ERROR, CellState.NOT_CALCULATED)
    return broken or (sheet.blank_hides and cell.state is CellState.BLANK)


def _named(same: Sequence[_Keyed], options: SpreadsheetOptions, ids: str) -> list[NamedRow]:
    if options.identity or "key" in options.columns:
        return [NamedRow(f"{ids}/{each.key}", each.key, each.row, each.sheet.container) for each in same]
    # Twins are counted in the order of what else they say: sorting the sheet must not swap them.
    return [
        NamedRow(f"{ids}/{_fingerprint(each.key)}-{number}", each.key, each.row, each.sheet.container)
        for number, each in enumerate(sorted(same, key=_content), start=1)
    ]


def _content(each: _Keyed) -> list[tuple[bool, str, str]]:
    """What a row says, its months last: amounts change more often than names."""
    cells = each.row.cells.items()
    said = [(path.startswith(("plan.", "forecast.", "actual.")), path, repr(cell.value)) for path, cell in cells]
    return sorted(said)


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


def _conflict(
    same: Sequence[_Keyed], paths: Sequence[str], ids: str, sheets: Sequence[SheetRows]
) -> list[tuple[str, SetAside]]:
    cells = [_first_cell(each.row, paths) for each in same]
    places = [_address(each.sheet, cell, sheets) for each, cell in zip(same, cells, strict=True)]
    stands_in = f"{same[0].key!r} stands in {', '.join(places[:-1])} and {places[-1]}; which row is meant?"
    return [
        (each.sheet.container, SetAside(f"{ids}/{each.key}", stands_in, each.sheet.prefix + cell.address))
        for each, cell in zip(same, cells, strict=True)
    ]


def _address(sheet: SheetRows, cell: Cell, sheets: Sequence[SheetRows]) -> str:
    """The cell's address, with its sheet where there are several."""
    return f"{sheet.container}!{cell.address}" if len(sheets) > 1 else cell.address


def _fingerprint(key: str) -> str:
    return hashlib.sha256(normalise_key(key).encode()).hexdigest()[:12]
