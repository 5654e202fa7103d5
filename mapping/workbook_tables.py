"""Lookup tables in workbooks: what the loader is given of a sheet, and the table that its rows make."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from mapping.lookup_schema import WorkbookTable
from mapping.objectives import Ids
from model.errors import Problem
from model.keys import normalise_key

_SEPARATORS = re.compile(r"[,;\n]")


@dataclass(frozen=True, slots=True)
class Told:
    """The text of a cell, empty when it is blank, and where it stands: ``lists/regions.xlsx!Regions!B7``."""

    text: str
    where: str


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row that is not blank: the value that is looked up, and the objectives that it stands for."""

    value: Told
    objectives: Told


@dataclass(frozen=True, slots=True)
class SheetRows:
    """What a sheet says. ``problems`` are about cells that cannot be read; their rows are left out."""

    rows: tuple[SheetRow, ...]
    problems: tuple[Problem, ...] = ()


class NoSheetRowsError(Exception):
    """There is no such table. ``key`` is the key of the entry that is wrong: workbook, sheet, key or objective."""

    def __init__(self, key: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.key = key
        self.message = message
        self.hint = hint


ReadSheet: TypeAlias = Callable[[WorkbookTable], SheetRows]
"""Reads the rows of a table out of its workbook; raises NoSheetRowsError. Only whoever loads files can do so."""


def no_workbooks(table: WorkbookTable) -> SheetRows:
    """Refuse every workbook, for texts that are checked without their files."""
    raise NoSheetRowsError("workbook", f"{table.workbook} cannot be read here", "write the rows into the file")


@dataclass(slots=True)
class SheetTable:
    """The table that the rows of a sheet make, by folded value; what is wrong or doubtful about them is added."""

    ids: Ids
    problems: list[Problem]
    warnings: list[Problem]
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _places: dict[str, str] = field(default_factory=dict)

    def read(self, sheet: SheetRows) -> None:
        """Take every row; a value that stands there twice must stand for the same objectives."""
        self.problems += sheet.problems
        for row in sheet.rows:
            if not row.value.text:
                message = f"'{row.objectives.text}' stands beside an empty cell"
                self.problems.append(Problem(message, row.value.where, "write the value that it is looked up by"))
            elif not row.objectives.text:
                hint = "write the id of an objective beside it, or remove the row"
                self.warnings.append(Problem(f"'{row.value.text}' has no objective", row.objectives.where, hint))
            else:
                self._take(row, tuple(dict.fromkeys(self._found(row.objectives))))

    def _found(self, told: Told) -> Iterable[str]:
        for written in filter(None, (part.strip() for part in _SEPARATORS.split(told.text))):
            objective = self.ids.find(written)
            if objective is not None:
                yield objective.id
            else:
                hint = self.ids.hint(written)
                self.problems.append(Problem(f"there is no objective '{written}'", told.where, hint, told.text))

    def _take(self, row: SheetRow, found: tuple[str, ...]) -> None:
        value = normalise_key(row.value.text)
        if value in self.values and self.values[value] != found:
            message = f"'{row.value.text}' stands for other objectives than in {self._places[value]}"
            hint = "remove one of the rows; case and spaces do not count"
            self.problems.append(Problem(message, row.value.where, hint, row.value.text))
        self.values.setdefault(value, found)
        self._places.setdefault(value, row.value.where.rpartition("!")[2])


def content_of(sheet: SheetRows) -> str:
    """What a sheet says, without the places where it says it: moving rows apart changes nothing."""
    return json.dumps([[row.value.text, row.objectives.text] for row in sheet.rows], ensure_ascii=False)
