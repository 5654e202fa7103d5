"""What names a row (X19): its key column, else its natural key, else a fingerprint of its title. Never its position."""

import hashlib
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connectors.spreadsheet.cells import Cell, CellState
from connectors.spreadsheet.columns import identifying_paths
from connectors.spreadsheet.options import SpreadsheetOptions
from connectors.spreadsheet.table import Row, Rows
from connectors.spreadsheet.values import read_text
from model.keys import normalise_key
from model.reading import SetAside

_SHOWN = 20
"""How many of the cells that share one key are named."""


@dataclass(frozen=True, slots=True)
class SheetRows:
    """The rows of one sheet. ``prefix`` is ``workbook.xlsx!Sheet!``, which a cell's address completes; ``keys`` are
    those that are known, ``blank_hides`` says that an empty cell may be a broken one (X5)."""

    container: str
    prefix: str
    rows: Rows
    keys: Sequence[str | None] = ()
    blank_hides: bool = False


@dataclass(frozen=True, slots=True)
class NamedRow:
    """A row with its stable id."""

    native_id: str
    key: str
    row: Row


@dataclass(frozen=True, slots=True)
class NamedRows:
    """The rows of one sheet with their keys and with what stands behind ``ids/`` in their native ids.

    Both are None for a row that has no name of its own.
    """

    ids: str
    rows: Rows
    keys: Sequence[str | None]
    ends: Sequence[str | None]

    def native_id(self, place: int) -> str:
        return f"{self.ids}/{self.ends[place]}"

    def places(self) -> Iterator[int]:
        """Where the rows that have a name stand among all of them."""
        return (place for place, end in enumerate(self.ends) if end is not None)

    def row(self, place: int) -> NamedRow:
        return NamedRow(self.native_id(place), self.keys[place] or "", self.rows[place])


@dataclass(frozen=True, slots=True)
class Naming:
    """The rows of each sheet with their names, those that have none, and keys that cannot be read at all.

    Each row that is set aside comes with its sheet. ``unreadable`` are cells that hide which row it is: as long as
    there are any, no absence can be proved.
    """

    named: Sequence[NamedRows]
    set_aside: Sequence[tuple[str, SetAside]]
    unreadable: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Place:
    """A row that shares its key with others."""

    sheet: SheetRows
    number: int
    place: int


def name_rows(sheets: Sequence[SheetRows], options: SpreadsheetOptions, ids: str) -> Naming:
    """Give each row its id, ``ids`` in front. Rows that share a key, on whichever sheets, are all set aside, with both
    cells named.
    """
    paths = identifying_paths(options)
    keys = [list(sheet.keys or [None] * len(sheet.rows)) for sheet in sheets]
    set_aside: list[tuple[str, SetAside]] = []
    unreadable: list[str] = []
    for sheet, found in zip(sheets, keys, strict=True):
        for place in (place for place, key in enumerate(found) if key is None):
            row = sheet.rows[place]
            cell = _first_cell(row, paths)
            where = sheet.prefix + cell.address
            try:
                key = _key(row, paths, options)
            except ValueError as error:
                # The row keeps an id that no key can have, so that the report can name it.
                nameless = f"{ids}/?{_address(sheet, cell, sheets)}"
                set_aside.append((sheet.container, SetAside(nameless, str(error), where)))
                unreadable += [where] if _hides(cell, sheet) else []
                continue
            if len(row.filled) == len(paths) < len(row.cells):
                aside = SetAside(f"{ids}/{key}", "the row holds nothing but its key", where)
                set_aside.append((sheet.container, aside))
            else:
                found[place] = key
    ends = keys if options.identity or "key" in options.columns else [_fingerprints(found) for found in keys]
    for same in _shared(sheets, keys):
        if ends is keys:
            set_aside += _conflict(same, keys, paths, ids, sheets)
            for each in same:
                keys[each.number][each.place] = None
        else:
            # Twins are counted in the order of what else they say: sorting the sheet must not swap them.
            for number, each in enumerate(sorted(same, key=_content), start=1):
                ends[each.number][each.place] = f"{_fingerprint(keys[each.number][each.place] or '')}-{number}"
    return Naming(
        [NamedRows(ids, sheet.rows, keys[at], ends[at]) for at, sheet in enumerate(sheets)], set_aside, unreadable
    )


def _hides(cell: Cell, sheet: SheetRows) -> bool:
    """Whether a cell that gives no key may have held one, so that it is not known which row it is."""
    broken = cell.state in (CellState.ERROR, CellState.NOT_CALCULATED)
    return broken or (sheet.blank_hides and cell.state is CellState.BLANK)


def _fingerprints(keys: Sequence[str | None]) -> list[str | None]:
    return [None if key is None else f"{_fingerprint(key)}-1" for key in keys]


def _shared(sheets: Sequence[SheetRows], keys: Sequence[Sequence[str | None]]) -> list[list[_Place]]:
    """The rows that share a key, those of each key together."""
    seen: dict[str, int] = {}
    several: dict[str, list[_Place]] = {}
    starts = [0]
    for found in keys:
        starts.append(starts[-1] + len(found))

    def place_of(count: int) -> _Place:
        number = bisect_right(starts, count) - 1
        return _Place(sheets[number], number, count - starts[number])

    count = -1
    for found in keys:
        for key in found:
            count += 1
            if key is None:
                continue
            folded = key.lower() if key.isascii() else normalise_key(key)
            first = seen.setdefault(folded, count)
            if first != count:
                several.setdefault(folded, [place_of(first)]).append(place_of(count))
    return [several[folded] for folded in sorted(several, key=seen.__getitem__)]


def _content(each: _Place) -> str:
    """What a row says, its months last: amounts change more often than names. In one text, as there may be many."""
    cells = each.sheet.rows[each.place].cells.items()
    said = [(path.startswith(("plan.", "forecast.", "actual.")), path, repr(cell.value)) for path, cell in cells]
    return "\0".join(f"{is_month:d}\0{path}\0{value}" for is_month, path, value in sorted(said))


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
    same: Sequence[_Place],
    keys: Sequence[Sequence[str | None]],
    paths: Sequence[str],
    ids: str,
    sheets: Sequence[SheetRows],
) -> Iterator[tuple[str, SetAside]]:
    """Set all rows of one key aside."""
    first = keys[same[0].number][same[0].place]
    shown = [_address(each.sheet, _first_cell(each.sheet.rows[each.place], paths), sheets) for each in same[:_SHOWN]]
    last = shown.pop() if len(same) <= _SHOWN else f"{len(same) - _SHOWN:,} more cells"
    stands_in = f"{first!r} stands in {', '.join(shown)} and {last}; which row is meant?"
    for each in same:
        cell = _first_cell(each.sheet.rows[each.place], paths)
        native_id = f"{ids}/{keys[each.number][each.place]}"
        yield each.sheet.container, SetAside(native_id, stands_in, each.sheet.prefix + cell.address)


def _address(sheet: SheetRows, cell: Cell, sheets: Sequence[SheetRows]) -> str:
    """The cell's address, with its sheet where there are several."""
    return f"{sheet.container}!{cell.address}" if len(sheets) > 1 else cell.address


def _fingerprint(key: str) -> str:
    return hashlib.sha256(normalise_key(key).encode()).hexdigest()[:12]
