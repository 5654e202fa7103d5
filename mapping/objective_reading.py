"""The ``objective:`` of a rule and the ``lookups:`` of rule files, checked against what there is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mapping.condition_reading import ConditionReader
from mapping.document import Document, Loc, problems_of
from mapping.facts import CONDITIONS, FIELD, WORK_ITEM_CONDITIONS
from mapping.lookup_schema import WorkbookTable
from mapping.objectives import Ids
from mapping.schema import ObjectiveFrom, RuleEntry
from mapping.serving import FromField, FromLookup, FromParent, ObjectiveSource
from mapping.wording import did_you_mean
from mapping.workbook_tables import NoSheetRowsError, ReadSheet, SheetTable, content_of, no_workbooks
from model.errors import Problem
from model.keys import normalise_key
from model.records import RecordKind

_WITHOUT_SENSE = frozenset({"source", "kind", "title"})


@dataclass(slots=True)
class _Table:
    name: str
    document: Document
    loc: Loc
    values: dict[str, tuple[str, ...]]
    used: bool = False


@dataclass(slots=True)
class ObjectiveReader:
    """Reads where the objectives of rules come from. Problems and warnings are added to the given lists."""

    ids: Ids
    problems: list[Problem]
    warnings: list[Problem]
    read_sheet: ReadSheet = no_workbooks
    contents: list[str] = field(default_factory=list)
    """What the tables in workbooks say."""
    _tables: dict[str, _Table] = field(default_factory=dict)
    _spellings: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self._spellings = self.ids.by_spelling()

    def read_tables(self, document: Document) -> None:
        """Gather the tables of one file; a rule may use those of every file."""
        tables = document.get(("lookups",))
        for name, rows in tables.items() if isinstance(tables, dict) else ():
            loc: Loc = ("lookups", name)
            table = _Table(name, document, loc, {})
            first = self._tables.setdefault(normalise_key(name), table)
            if first is not table:
                where = first.document.place(first.loc, at_key=True)
                message = f"the table '{name}' exists a second time; the first is at {where}"
                self.problems.append(document.problem(loc, message, "give one of them another name", at_key=True))
            if isinstance(rows, dict) and "workbook" in rows:
                self._read_sheet(table)
                continue
            for value in rows if isinstance(rows, dict) else ():
                self._read_row(table, value)

    def _read_sheet(self, table: _Table) -> None:
        entry, _ = problems_of(table.document, WorkbookTable, table.loc)
        if entry is None:
            return  # its mistakes are told with those of the whole file
        try:
            sheet = self.read_sheet(entry)
        except NoSheetRowsError as error:
            place = (*table.loc, error.key)
            self.problems.append(table.document.problem(place, error.message, error.hint))
            return
        rows = SheetTable(self.ids, self.problems, self.warnings)
        rows.read(sheet)
        table.values = rows.values
        self.contents.append(content_of(sheet))

    def _read_row(self, table: _Table, value: str) -> None:
        loc = (*table.loc, value)
        found: list[str] = []
        for place, written in written_at(table.document, loc):
            objective = self.ids.find(written)
            if objective is not None:
                found.append(objective.id)
            else:
                message = f"there is no objective '{written}'"
                self.problems.append(table.document.problem(place, message, self.ids.hint(written)))
        if normalise_key(value) in table.values:
            message = f"'{value}' stands in the table '{table.name}' a second time"
            hint = "remove one of them; case and spaces do not count"
            self.problems.append(table.document.problem(loc, message, hint, at_key=True))
        table.values[normalise_key(value)] = tuple(dict.fromkeys(found))

    def warn_of_unused_tables(self) -> None:
        """Warn of tables that no rule asks."""
        for table in self._tables.values():
            if not table.used:
                message = f"no rule uses the table '{table.name}'"
                hint = f"use it: objective: {{lookup: {table.name}, by: …}}"
                self.warnings.append(table.document.problem(table.loc, message, hint, at_key=True))

    def read(
        self, reader: ConditionReader, entry: RuleEntry, loc: Loc
    ) -> tuple[tuple[str, ...], ObjectiveSource | None]:
        """The objectives that the rule can be seen to serve, and where they come from when it does not name them."""
        written = entry.objective
        if not isinstance(written, ObjectiveFrom):
            found = [self.ids.find(each) for each in written]
            return tuple(dict.fromkeys(each.id for each in found if each)), None
        place = (*loc, "objective")
        kinds = reader.kinds_of(entry.match)
        if not _is_one_form(written):
            message = "an objective comes from one of field, lookup with by, or parent"
            hint = "objective: {field: NAME}, {lookup: TABLE, by: FIELD} or {parent: true}"
            self.problems.append(reader.document.problem(place, message, hint, at_key=True))
            return (), None
        if written.field is not None:
            reader.check_field(written.field, (*place, "field"), kinds, at_key=False)
            return (), FromField(FIELD + written.field, self._spellings)
        if written.lookup is not None and written.by is not None:
            values = self._table(reader.document, (*place, "lookup"), written.lookup)
            name = _asked(reader, written.by, (*place, "by"), kinds)
            ids = dict.fromkeys(id_ for each in values.values() for id_ in each)
            return tuple(ids), FromLookup(written.lookup, name, values)
        if RecordKind.WORK_ITEM not in kinds:
            message = "only a work item has a work item above it"
            self.problems.append(
                reader.document.problem((*place, "parent"), message, "name the objective", at_key=True)
            )
        return (), FromParent()

    def _table(self, document: Document, loc: Loc, name: str) -> Mapping[str, tuple[str, ...]]:
        table = self._tables.get(normalise_key(name))
        if table is None:
            known = [each.name for each in self._tables.values()]
            hint = did_you_mean(name, known, "the tables are") or "write the table under lookups:"
            self.problems.append(document.problem(loc, f"there is no table '{name}' under lookups", hint))
            return {}
        table.used = True
        return table.values


def written_at(document: Document, loc: Loc) -> Iterator[tuple[Loc, str]]:
    """The texts of a place that holds one value or a list, each with its place."""
    value = document.get(loc)
    places = [((*loc, index), each) for index, each in enumerate(value)] if isinstance(value, list) else [(loc, value)]
    for place, each in places:
        if isinstance(each, (str, int)) and not isinstance(each, bool) and str(each).strip():
            yield place, str(each).strip()


def _is_one_form(written: ObjectiveFrom) -> bool:
    forms = [written.field is not None, written.lookup is not None, written.parent is not None]
    return sum(forms) == 1 and (written.by is not None) == (written.lookup is not None)


def _asked(reader: ConditionReader, by: str, loc: Loc, kinds: tuple[RecordKind, ...]) -> str:
    """The name under which a record answers to ``by``: a condition, otherwise a field."""
    name = normalise_key(by)
    if name not in CONDITIONS - _WITHOUT_SENSE:
        reader.check_field(by, loc, kinds, at_key=False)
        return FIELD + by
    if name in WORK_ITEM_CONDITIONS and RecordKind.WORK_ITEM not in kinds:
        message = f"a {kinds[0].value.replace('_', ' ')} has no {name}"
        reader.problems.append(reader.document.problem(loc, message, f"{name} is a condition on work items"))
    return name
