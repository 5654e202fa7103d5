"""Named ranges (X18): a name of a workbook or of one sheet, as far as it stands for one rectangle of cells."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.spreadsheet.cells import Range, TableRange, column_number
from connectors.spreadsheet.place import FilePath
from model.errors import SourceContentError, SourceGoneError
from model.keys import normalise_key

LAST_ROW, LAST_COLUMN = 1_048_576, 16_384

_SHEET = r"(?:'(?P<quoted>(?:[^']|'')+)'|(?P<bare>[^'!\[\]():,]+))!"
_CELLS = r"\$?(?P<left>[A-Z]{1,3})\$?(?P<top>\d{1,7})(?::\$?(?P<right>[A-Z]{1,3})\$?(?P<bottom>\d{1,7}))?"
_COLUMNS = r"\$?(?P<first>[A-Z]{1,3}):\$?(?P<last>[A-Z]{1,3})"
_AREA = re.compile(f"{_SHEET}(?:{_CELLS}|{_COLUMNS})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DefinedName:
    """A name as the workbook defines it; ``sheet`` is the one sheet that knows it, empty when all do."""

    name: str
    refers_to: str
    sheet: str = ""

    @property
    def called(self) -> str:
        """The name as Excel writes it from another sheet."""
        return f"{self.sheet}!{self.name}" if self.sheet else self.name


def find_range(
    wanted: str, names: Sequence[DefinedName], sheets: Mapping[str, bool], path: FilePath
) -> tuple[str, TableRange]:
    """Give the title of the sheet and the area that a name stands for; ``sheets`` maps titles to whether they show.

    Raise SourceGoneError when there is no such name or it points nowhere, and SourceContentError when it is no single
    rectangle, or lies on a hidden sheet: nobody sees what changes there (X17).
    """
    found = _named(wanted, names, path)
    title, area = area_of(found, sheets, path)
    if not sheets[title]:
        raise SourceContentError(
            f"the name {found.called} refers to the hidden sheet {title!r}",
            location=str(path),
            hint=f"show the sheet, or read it with sheet: {title}",
        )
    return title, TableRange(found.name, area, headers=0, totals=0, is_name=True)


def area_of(found: DefinedName, sheets: Mapping[str, bool], path: FilePath) -> tuple[str, Range]:
    """The sheet and the rectangle of a name; raise SourceError saying what it is instead."""
    reference = found.refers_to.strip().removeprefix("=")
    if "#REF!" in reference.upper():
        raise SourceGoneError(
            f"the name {found.called} refers to cells that were deleted: {reference}",
            location=str(path),
            hint="let the name refer to the savings again, in Excel under Formulas, Name Manager",
        )
    match = _AREA.fullmatch(reference)
    if match is None:
        several = len(_AREA.findall(reference)) > 1
        kind = "several areas" if several else "a formula or a constant"
        raise SourceContentError(
            f"the name {found.called} refers to {kind}, not to one area: {reference}",
            location=str(path),
            hint="let it refer to one rectangle of cells, or name a table under table:",
        )
    title = _title(match, sheets)
    if title is None:
        raise SourceGoneError(
            f"the name {found.called} refers to a sheet that is not there: {reference}",
            location=str(path),
            hint="let the name refer to the savings again, in Excel under Formulas, Name Manager",
        )
    return title, _rectangle(match)


def _named(wanted: str, names: Sequence[DefinedName], path: FilePath) -> DefinedName:
    """The definition that is meant: the workbook's before a sheet's; ``Sheet!Name`` means the sheet's."""
    folded = normalise_key(wanted).replace("'", "")
    found = [name for name in names if normalise_key(name.called) == folded]
    found = found or [name for name in names if normalise_key(name.name) == folded]
    if len(found) == 1:
        return found[0]
    if found:
        raise SourceContentError(
            f"{path.name} has {len(found)} names {wanted!r}: {', '.join(name.called for name in found)}",
            location=str(path),
            hint=f"write which one is meant: range: {found[0].called}",
        )
    there = [name.called for name in names]
    near = difflib.get_close_matches(wanted, there, n=1)
    raise SourceGoneError(
        f"{path.name} has no named range {wanted!r}: it has {', '.join(there) or 'none'}",
        location=str(path),
        hint=f"did you mean {near[0]}?" if near else "set range: to a name that is there",
    )


def _title(match: re.Match[str], sheets: Mapping[str, bool]) -> str | None:
    written = (match["quoted"] or match["bare"] or "").replace("''", "'")
    return next((title for title in sheets if normalise_key(title) == normalise_key(written)), None)


def _rectangle(match: re.Match[str]) -> Range:
    if match["first"]:
        columns = sorted((column_number(match["first"]), column_number(match["last"])))
        return Range(1, columns[0], LAST_ROW, columns[1])
    rows = sorted((int(match["top"]), int(match["bottom"] or match["top"])))
    columns = sorted((column_number(match["left"]), column_number(match["right"] or match["left"])))
    return Range(rows[0], columns[0], rows[1], columns[1])
