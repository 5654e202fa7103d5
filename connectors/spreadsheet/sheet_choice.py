"""Which sheet of a workbook is read (X17, X18): the named one, the one with the table, or the only visible one."""

import difflib
from collections.abc import Mapping
from pathlib import Path

from model.errors import ConfigurationError, SourceGoneError
from model.keys import normalise_key


def choose_sheet(
    sheets: Mapping[str, tuple[bool, tuple[str, ...]]], path: Path, *, sheet: str | None, table: str | None
) -> str:
    """Give the title of the sheet to read. ``sheets`` maps a title to whether it is visible and to its tables.

    Raise SourceGoneError naming what is there, or ConfigurationError when nothing was named and several are visible.
    """
    if sheet is not None:
        found = [title for title in sheets if normalise_key(title) == normalise_key(sheet)]
        return found[0] if found else _raise_gone("sheet", sheet, list(sheets), path)
    if table is not None:
        holders = {normalise_key(name): title for title, (_, names) in sheets.items() for name in names}
        if normalise_key(table) in holders:
            return holders[normalise_key(table)]
        return _raise_gone("table", table, [name for _, names in sheets.values() for name in names], path)
    visible = [title for title, (is_visible, _) in sheets.items() if is_visible]
    if len(visible) == 1:
        return visible[0]
    raise ConfigurationError(
        f"{path.name} has {len(visible)} visible sheets and none is named",
        location=str(path),
        hint=f"set sheet: to one of {', '.join(visible or sheets)}",
    )


def _raise_gone(what: str, wanted: str, there: list[str], path: Path) -> str:
    near = difflib.get_close_matches(wanted, there, n=1)
    beside = f"it has {', '.join(there)}" if there else "it has none"
    raise SourceGoneError(
        f"{path.name} has no {what} {wanted!r}: {beside}",
        location=str(path),
        hint=f"did you mean {near[0]}?" if near else f"set {what}: to one that is there",
    )
