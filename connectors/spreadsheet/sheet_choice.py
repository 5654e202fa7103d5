"""Which sheets of a workbook are read (X17, X18): the named ones, those of a pattern, or the only visible one."""

import difflib
import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.spreadsheet.cells import TableRange
from connectors.spreadsheet.named_ranges import DefinedName, find_range
from connectors.spreadsheet.place import FilePath
from model.errors import ConfigurationError, Problem, SourceGoneError
from model.keys import normalise_key

SHEET_WILDCARDS = frozenset("*?")
"""Excel allows neither of them in the title of a sheet."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the settings ask for; ``every`` is all sheets, hidden ones too, to show what there is."""

    sheet: str | None = None
    table: str | None = None
    range: str | None = None
    sheets: tuple[str, ...] = ()
    every: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """One sheet of a workbook before its cells are looked at."""

    title: str
    visible: bool = True
    tables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chosen:
    """A sheet to read, and the named range on it that is meant."""

    title: str
    area: TableRange | None = None


def choose_sheets(
    there: Sequence[Listed], path: FilePath, wanted: Wanted, names: Sequence[DefinedName] = ()
) -> Sequence[Chosen]:
    """Give the sheets to read in the workbook's order.

    Raise SourceGoneError naming what is there, or ConfigurationError when nothing was named and several are visible.
    """
    if wanted.every:
        return [Chosen(sheet.title) for sheet in there]
    if wanted.sheets:
        return _matching(there, path, wanted.sheets)
    if wanted.range is not None:
        title, area = find_range(wanted.range, names, {sheet.title: sheet.visible for sheet in there}, path)
        return [Chosen(title, area)]
    return [Chosen(_one_title(there, path, wanted))]


def _one_title(there: Sequence[Listed], path: FilePath, wanted: Wanted) -> str:
    if wanted.sheet is not None:
        return _named(there, path, wanted.sheet)
    if wanted.table is not None:
        holders = {normalise_key(name): sheet.title for sheet in there for name in sheet.tables}
        if normalise_key(wanted.table) in holders:
            return holders[normalise_key(wanted.table)]
        raise _gone("table", wanted.table, [name for sheet in there for name in sheet.tables], path)
    visible = [sheet.title for sheet in there if sheet.visible]
    if len(visible) == 1:
        return visible[0]
    raise ConfigurationError(
        f"{path.name} has {len(visible)} visible sheets and none is named",
        location=str(path),
        hint=f"set sheet: to one of {', '.join(visible or [sheet.title for sheet in there])}",
    )


def _named(there: Sequence[Listed], path: FilePath, wanted: str) -> str:
    found = [sheet.title for sheet in there if normalise_key(sheet.title) == normalise_key(wanted)]
    if not found:
        raise _gone("sheet", wanted, [sheet.title for sheet in there], path)
    return found[0]


def _matching(there: Sequence[Listed], path: FilePath, wanted: Sequence[str]) -> Sequence[Chosen]:
    """The sheets of all patterns and names; a hidden one only by its exact name. Each pattern must match.

    A named sheet that is not there is left out beside others that are: the roster tells it as lost.
    """
    titles: set[str] = set()
    lost: list[Problem] = []
    for pattern in wanted:
        found = {sheet.title for sheet in there if matches(sheet.title, pattern) and (sheet.visible or _exact(pattern))}
        titles |= found
        if not found and _exact(pattern):
            lost += _gone("sheet", pattern, [sheet.title for sheet in there], path).problems
        elif not found:
            raise _no_match(there, path, pattern)
    if not titles:
        raise SourceGoneError(*lost)
    return [Chosen(sheet.title) for sheet in there if sheet.title in titles]


def lost_sheets(titles: Sequence[str], path: FilePath, wanted: Sequence[str]) -> dict[str, Problem]:
    """The sheets that the settings name and that the workbook has not, each with what to do about it."""
    return {
        name: _gone("sheet", name, list(titles), path).problems[0]
        for name in wanted
        if _exact(name) and not any(matches(title, name) for title in titles)
    }


def matches(title: str, pattern: str) -> bool:
    """Whether a sheet is meant; spelling does not matter, and square brackets are plain characters."""
    return fnmatch.fnmatchcase(normalise_key(title), normalise_key(pattern).replace("[", "[[]"))


def _exact(pattern: str) -> bool:
    return not SHEET_WILDCARDS & set(pattern)


def _no_match(there: Sequence[Listed], path: FilePath, pattern: str) -> SourceGoneError:
    visible = [sheet.title for sheet in there if sheet.visible]
    hidden = [sheet.title for sheet in there if not sheet.visible and matches(sheet.title, pattern)]
    also = f"; {', '.join(hidden)} would match and is hidden" if hidden else ""
    return SourceGoneError(
        f"no visible sheet of {path.name} matches {pattern!r}: it has {', '.join(visible) or 'none'}{also}",
        location=str(path),
        hint="correct sheets: in the source's settings; a hidden sheet is read only by its exact name",
    )


def _gone(what: str, wanted: str, there: Sequence[str], path: FilePath) -> SourceGoneError:
    near = difflib.get_close_matches(wanted, there, n=1)
    beside = f"it has {', '.join(there)}" if there else "it has none"
    return SourceGoneError(
        f"{path.name} has no {what} {wanted!r}: {beside}",
        location=str(path),
        hint=f"did you mean {near[0]}?" if near else f"set {what}: to one that is there",
    )
