"""The rows of a large sheet at a glance: which have a key and nothing about them that needs a closer look."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from connectors.spreadsheet.cells import CellState, Sheet, value_state
from connectors.spreadsheet.columns import PlacedColumn
from connectors.spreadsheet.grid import Grid, plain_value
from connectors.spreadsheet.header_texts import header_name
from connectors.spreadsheet.numbers import exact
from model.keys import normalise_key


class PlainRows:
    """Reads the keys of rows from their bare values.

    ``labels`` are those of totals, ``doubtful`` are the numbers of rows that need a closer look for other reasons.
    Whatever is not certain at a glance is left to the reading of whole cells, which decides.
    """

    def __init__(
        self,
        sheet: Sheet,
        grid: Grid,
        columns: Mapping[str, PlacedColumn],
        identifying: Sequence[str],
        labels: re.Pattern[str] | None,
        key_pattern: str | None,
        doubtful: Set[int],
    ) -> None:
        self._sheet = sheet
        self._grid = grid
        self._blind = sheet.values_only or sheet.is_text
        self._labels = labels
        self._pattern = re.compile(key_pattern) if key_pattern else None
        self._names = [columns[path].column - grid.left for path in identifying]
        self._others = [placed.column - grid.left for path, placed in columns.items() if path not in identifying]
        self._headers = {placed.column - grid.left: header_name(placed.header) for placed in columns.values()}
        used = {placed.column for placed in columns.values()}
        overlay = grid.overlay
        self._closer = set(doubtful) | {
            key >> 14 for keys in (overlay.errors, overlay.uncalculated) for key in keys if (key & 0x3FFF) + 1 in used
        }

    def keys(self) -> Iterator[tuple[int, str | None]]:
        """Each filled row with its key, in order; None where it takes a closer look."""
        unseen = self._grid.overlay.unseen()
        rows = self._grid.rows()
        number, values = next(rows, (0, []))
        for wanted in self._sheet.used_rows:
            if unseen and wanted != number:
                yield wanted, None
                continue
            yield number, None if number in self._closer else self._key(values)
            number, values = next(rows, (0, []))

    def _key(self, values: Sequence[Any]) -> str | None:
        try:
            texts = [self._text(values[place]) for place in self._names]
        except IndexError:
            return None
        if None in texts or not self._says_more(values):
            return None
        if any(self._is_header(place, values[place]) for place in self._first_text(values)):
            return None
        key = " / ".join(text for text in texts if text)
        return key if self._pattern is None or self._pattern.fullmatch(key) else None

    def _text(self, raw: Any) -> str | None:
        """A part of the key as people write it; None for anything but a text or number that is nothing else."""
        if raw.__class__ is str:
            text = " ".join(raw.split())
            folded = text.lower()
            if not text.isascii():
                text = " ".join(unicodedata.normalize("NFKC", text).split())
                folded = normalise_key(raw)
            if not text or (self._labels is not None and self._labels.fullmatch(folded)):
                return None
            return None if self._blind and value_state(raw) is not CellState.VALUE else text
        if raw.__class__ is int or raw.__class__ is float:
            value = plain_value(raw)
            return f"{exact(value):f}" if isinstance(value, int | float) else None
        return None

    def _says_more(self, values: Sequence[Any]) -> bool:
        """Whether the row holds more than its key."""
        for place in self._others:
            if place < len(values):
                raw = values[place]
                if raw is not None and raw != "" and not (raw.__class__ is str and raw.isspace()):
                    return True
        return False

    def _first_text(self, values: Sequence[Any]) -> Iterator[int]:
        """Where the first text of the row stands: when that is no header, the row repeats none."""
        for place in (*self._names, *self._others):
            if place < len(values) and values[place].__class__ is str and values[place].strip():
                yield place
                return

    def _is_header(self, place: int, text: str) -> bool:
        name = self._headers[place]
        if text.isascii() and text.lstrip()[:1].casefold() != name[:1]:
            return False
        return header_name(text) == name
