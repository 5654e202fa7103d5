"""What a sheet's own XML tells that a reader of bare values does not: errors, formulas, number formats, fills.

It is found by searching the text in pieces of a megabyte, at a small part of the price of parsing it. That needs the
plain form in which every spreadsheet program writes; a sheet in any other form is left to another reader.
"""

import html
import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from connectors.spreadsheet.cells import Position

_ADDRESS = rb'<c r="([A-Z]{1,3})(\d{1,7})"'
_FORMULA_PART = rb"<f(?:\s[^>]*)?/>|<f(?:\s[^>]*)?>[^<]*</f>"
_ERROR = re.compile(_ADDRESS + rb'[^>]*? t="e"[^>]*>\s*(?:' + _FORMULA_PART + rb")?\s*<v>([^<]*)</v>")
_ERROR_MARK = re.compile(rb'<c r="[^>]*? t="e"')
_FORMULA = re.compile(_ADDRESS + rb"([^>]*)>\s*<f((?:\s[^>]*?)?)(?:/>|>([^<]*)</f>)\s*(<v>[^<]|<v\s[^>]*>[^<]|<is>)?")
_FORMULA_MARK = re.compile(rb"<f[\s/>]")
_HIDDEN_ROW = re.compile(rb'<row (?=[^>]*?\bhidden="(?:1|true)")[^>]*?\br="(\d{1,7})"')
_SHARED = re.compile(rb'\bsi="(\d+)"')
_TELLING = re.compile(r"\b(?:SUM|SUBTOTAL|AGGREGATE)\(", re.IGNORECASE)
_VOLATILE = re.compile(r"\b(?:TODAY|NOW|RAND|RANDBETWEEN|OFFSET|INDIRECT)\(|\[\d+\]", re.IGNORECASE)
_FIRST_DOUBTFUL = 5
_FEW = 30


class NotPlainError(Exception):
    """The sheet is written in a form that cannot be searched."""


def at(row: int, column: int) -> int:
    """A position as one number."""
    return row << 14 | column - 1


@dataclass(slots=True)
class Overlay:
    """What is known of the cells of one sheet beyond their values, each by its position.

    ``formulas`` holds only those that add up other cells; a shared one is the number of its first formula.
    """

    errors: dict[int, str] = field(default_factory=dict)
    uncalculated: set[int] = field(default_factory=set)
    formulas: dict[int, str | int] = field(default_factory=dict)
    shared: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Shared formulas by number: the text and the address that it is written for."""
    serials: dict[int, float] = field(default_factory=dict)
    """The bare numbers behind cells whose format looks like that of a date and is none (X9)."""
    styles: dict[int, tuple["array[int]", "array[int]"]] = field(default_factory=dict)
    """For each column the rows whose style tells something, and these styles."""
    formats: Mapping[int, str] = field(default_factory=dict)
    """The number formats that tell something, by style."""
    hidden_rows: set[int] = field(default_factory=set)
    volatile: list[str] = field(default_factory=list)
    """The first cells whose figures are as old as the last save (X4)."""

    def unseen(self) -> dict[int, list[int]]:
        """Rows and columns of the cells that look empty by their value and are not."""
        found: dict[int, list[int]] = {}
        for key in (*self.errors, *self.uncalculated):
            found.setdefault(key >> 14, []).append((key & 0x3FFF) + 1)
        return found

    def style(self, row: int, column: int) -> int | None:
        """The style of a cell, when it tells something."""
        if column not in self.styles:
            return None
        rows, styles = self.styles[column]
        place = bisect_left(rows, row)
        return styles[place] if place < len(rows) and rows[place] == row else None

    def styles_between(self, column: int, first: int, last: int) -> dict[int, int]:
        """The styles that tell something in some rows of a column, by row."""
        rows, styles = self.styles[column]
        start, end = bisect_left(rows, first), bisect_right(rows, last)
        return dict(zip(rows[start:end], styles[start:end], strict=True))

    def format(self, row: int, column: int) -> str:
        """The number format of a cell; what tells neither unit nor percent is General."""
        style = self.style(row, column) if self.styles else None
        return "General" if style is None else self.formats.get(style, "General")

    def formula(self, key: int, address: str) -> str:
        """The formula of a cell, when it adds up others."""
        found = self.formulas.get(key, "")
        if isinstance(found, str):
            return found
        from openpyxl.formula.translate import Translator

        text, origin = self.shared[found]
        return str(Translator(text, origin=origin).translate_formula(address))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for: the number formats and fills that tell something and those that only look like dates, by style.

    ``stale`` says that no formula has a result of its own (X2).
    """

    formats: Mapping[int, str]
    fills: Mapping[int, str]
    date_lookalikes: frozenset[int]
    stale: bool


class Fills(Mapping[Position, str]):
    """The colour of filled cells, told by their style."""

    def __init__(self, overlay: Overlay, colours: Mapping[int, str]) -> None:
        self._overlay, self._colours = overlay, colours

    def __getitem__(self, position: Position) -> str:
        style = self._overlay.style(*position)
        if style is None or style not in self._colours:
            raise KeyError(position)
        return self._colours[style]

    def __iter__(self) -> Iterator[Position]:
        for column, (rows, styles) in self._overlay.styles.items():
            yield from ((row, column) for row, style in zip(rows, styles, strict=True) if style in self._colours)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def search(pieces: Iterable[bytes], wanted: Wanted) -> Overlay:
    """Search the cells of one sheet, which come in pieces; raise NotPlainError when they cannot be searched."""
    overlay = Overlay(formats=wanted.formats)
    telling = {*wanted.formats, *wanted.fills}
    styles, lookalikes = _one_of(telling), _one_of(wanted.date_lookalikes)
    styled = re.compile(_ADDRESS + rb'[^>]*? s="(' + styles + rb')"') if styles else None
    raw = (
        re.compile(_ADDRESS + rb'[^>]*? s="(?:' + lookalikes + rb')"[^>]*>\s*(?:' + _FORMULA_PART + rb")?\s*<v>([^<]*)")
        if lookalikes
        else None
    )
    for piece in whole_cells(pieces):
        if piece.count(b"<c") != piece.count(b'<c r="'):
            raise NotPlainError
        if b' t="e"' in piece:
            _errors(piece, overlay)
        if b"<f" in piece and _FORMULA_MARK.search(piece):
            _formulas(piece, overlay, wanted.stale)
        if b"hidden=" in piece:
            overlay.hidden_rows.update(int(row) for row in _HIDDEN_ROW.findall(piece))
        if styled and _has_any(piece, telling):
            _styles(styled.findall(piece), overlay)
        if raw and _has_any(piece, wanted.date_lookalikes):
            _serials(raw.findall(piece), overlay)
    _require_order(overlay)
    return overlay


def whole_cells(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Cut the pieces anew so that no cell and no row's start is torn."""
    rest = b""
    for piece in pieces:
        whole = rest + piece
        cut = max(whole.rfind(b"<c "), whole.rfind(b"<row"))
        cut = cut if cut > 0 else max(0, whole.rfind(b"<"))
        rest = whole[cut:]
        yield whole[:cut]
    yield rest


def _has_any(piece: bytes, styles: Collection[int]) -> bool:
    """Whether a piece may use one of some styles; a bare search for each of a few is much faster than an expression."""
    return len(styles) > _FEW or any(b' s="%d"' % style in piece for style in styles)


def _one_of(numbers: Iterable[int]) -> bytes:
    return "|".join(str(number) for number in sorted(numbers)).encode()


class _Columns(dict[bytes, int]):
    """Column letters to numbers, each worked out once."""

    def __missing__(self, letters: bytes) -> int:
        number = 0
        for letter in letters:
            number = number * 26 + letter - 64
        self[letters] = number
        return number


_COLUMN = _Columns()


def _errors(piece: bytes, overlay: Overlay) -> None:
    found = _ERROR.findall(piece)
    if len(found) != sum(1 for _ in _ERROR_MARK.finditer(piece)):
        raise NotPlainError
    for letters, row, text in found:
        overlay.errors[at(int(row), _COLUMN[letters])] = _text(text)


def _formulas(piece: bytes, overlay: Overlay, stale: bool) -> None:
    found = _FORMULA.findall(piece)
    if len(found) != sum(1 for _ in _FORMULA_MARK.finditer(piece)):
        raise NotPlainError
    for letters, row, attributes, kind, formula, result in found:
        key = at(int(row), _COLUMN[letters])
        if stale or (not result and b' t="str"' not in attributes):
            overlay.uncalculated.add(key)
        _keep_formula(key, f"{letters.decode()}{row.decode()}", kind, formula, overlay)


def _keep_formula(key: int, address: str, kind: bytes, formula: bytes, overlay: Overlay) -> None:
    number = _SHARED.search(kind) if kind else None
    text = f"={_text(formula)}" if formula else ""
    telling = _TELLING.search(text) is not None
    if text and _VOLATILE.search(text) and len(overlay.volatile) < _FIRST_DOUBTFUL:
        overlay.volatile.append(address)
    if number and text and telling:
        overlay.shared[int(number[1])] = text, address
    if telling:
        overlay.formulas[key] = text
    elif number and not text and int(number[1]) in overlay.shared:
        overlay.formulas[key] = int(number[1])


def _styles(found: Iterable[tuple[bytes, bytes, bytes]], overlay: Overlay) -> None:
    columns = overlay.styles
    for letters, row, style in found:
        column = _COLUMN[letters]
        if column not in columns:
            columns[column] = array("I"), array("I")
        rows, styles = columns[column]
        rows.append(int(row))
        styles.append(int(style))


def _serials(found: Iterable[tuple[bytes, bytes, bytes]], overlay: Overlay) -> None:
    for letters, row, number in found:
        try:
            overlay.serials[at(int(row), _COLUMN[letters])] = float(number)
        except ValueError:
            continue  # a text in a cell with that format


def _require_order(overlay: Overlay) -> None:
    """Rows are looked up by halving; a sheet whose rows are not in order cannot be looked up so."""
    for rows, _ in overlay.styles.values():
        if any(rows[place] >= rows[place + 1] for place in range(len(rows) - 1)):
            raise NotPlainError


def _text(raw: bytes) -> str:
    return html.unescape(raw.decode("utf-8", "replace"))
