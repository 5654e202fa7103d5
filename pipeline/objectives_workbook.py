"""A workbook of objectives read into a YAML file: sheets and columns by their headers, mistakes at their cells."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from connectors.spreadsheet.cells import Sheet, column_letters
from connectors.spreadsheet.numbers import NumberLocale
from connectors.spreadsheet.opening import open_file
from connectors.spreadsheet.options import Column, SpreadsheetOptions
from mapping.wording import did_you_mean
from model.errors import Problem, SourceError, UsageError, UserError
from model.keys import normalise_key
from model.objectives import Level, Objective
from pipeline.objectives_cells import CellError, month_of, plan_amount, read_cell
from pipeline.objectives_columns import COLUMNS_OF, HEADERS, HEADERS_OF, MAIN, SHEET_OF
from pipeline.objectives_text import Entry, MoneyPlan, Told, Written, checked, objectives_text

SEARCHED_ROWS = 30
SUFFIXES = (".xlsx", ".xlsm")
_LEADING = ("id", "account", "currency", "validated_by")


@dataclass(frozen=True, slots=True)
class Imported:
    """What a workbook gave: the objectives, the YAML text that says the same, and what was not read of it."""

    objectives: tuple[Objective, ...]
    text: str
    sheet: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Table:
    """A sheet with its header: which column holds what, and which month."""

    sheet: Sheet
    row: int
    columns: Mapping[str, int]
    months: Mapping[str, int]
    unread: Sequence[str]

    def rows(self) -> Iterator[int]:
        return (row for row in self.sheet.used_rows if row > self.row)


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds where the workbook says nothing: the level and the money of rows, and how numbers are written."""

    level: Level | None = None
    account: str | None = None
    currency: str | None = None
    locale: NumberLocale | None = None


@dataclass(slots=True)
class _Reading:
    """What is read so far, and what is wrong with it."""

    path: str
    defaults: "Defaults"
    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    lacking: set[tuple[str, int, str]] = field(default_factory=set)
    """What will be said to be missing of rows because the cell that should tell it is wrong."""

    def value(self, table: _Table, name: str, row: int, currency: str | None = None) -> Told | None:
        """One cell as the YAML file says it; None when it is blank, not there or wrong."""
        column = table.columns.get(name)
        if column is None:
            return None
        try:
            return read_cell(
                name, table.sheet.cell(row, column), _address(table, row, column), self.defaults.locale, currency
            )
        except CellError as error:
            self._wrong(table, row, column, error)
            self.lacking.add((f"{self.path}!{table.sheet.title}", row, f"'{name}' is missing"))
            return None

    def plan(self, table: _Table, row: int) -> dict[str, Told]:
        """The amounts of a row by month."""
        found: dict[str, Told] = {}
        for month, column in table.months.items():
            try:
                told = plan_amount(table.sheet.cell(row, column), _address(table, row, column), self.defaults.locale)
            except CellError as error:
                self._wrong(table, row, column, error)
                continue
            if told is not None:
                found[month] = told
        return found

    def _wrong(self, table: _Table, row: int, column: int, error: CellError) -> None:
        shown = table.sheet.cell(row, column).value
        where = f"{self.path}!{_address(table, row, column)}"
        self.problems.append(Problem(str(error), where, error.hint, "" if shown is None else str(shown)))


def import_objectives(
    path: Path,
    *,
    sheet: str | None = None,
    defaults: Defaults = Defaults(),
    known: Sequence[Objective] = (),
) -> Imported:
    """Read the objectives of a workbook; raise UserError with every mistake at its cell.

    ``sheet`` names the sheet of the objectives, otherwise the first visible one with their headers is taken. ``known``
    are objectives of other files that rows may stand below.
    """
    sheets = _opened(path)
    main = _main_table(sheets, sheet, str(path))
    reading = _Reading(str(path), defaults)
    for row in main.rows():
        _read_row(reading, main, row)
    notes = [f"column {header} of {main.sheet.title} was not read" for header in main.unread]
    for table, kind in _side_tables(sheets, main):
        _read_side(reading, table, kind)
    if not reading.entries and not reading.problems:
        raise UserError("there are no objectives below the headers", location=f"{path}!{main.sheet.title}")
    written = objectives_text(reading.entries, f"{path.name}, sheet {main.sheet.title}")
    return Imported(_checked(reading, written, known), written.text, main.sheet.title, tuple(notes))


def _checked(reading: _Reading, written: Written, known: Sequence[Objective]) -> tuple[Objective, ...]:
    """The objectives, unless cells or what they say together are wrong; then all of it at once."""
    own = {normalise_key(entry.id.text) for entry in reading.entries}
    wanted = {normalise_key(entry.values["parent"].text) for entry in reading.entries if "parent" in entry.values}
    above = [each for each in known if normalise_key(each.id) in wanted - own]
    try:
        found = checked(written, reading.path, above)
    except UserError as error:
        # What a row lacks because its cell is wrong was told with the cell.
        others = [each for each in error.problems if (*_row_of(each), each.message) not in reading.lacking]
        raise UserError(*_by_cell([*reading.problems, *others])) from error
    if reading.problems:
        raise UserError(*_by_cell(reading.problems))
    return found


def _by_cell(problems: Sequence[Problem]) -> list[Problem]:
    """Each problem once, sheet by sheet, from the top row down."""
    sheets = list(dict.fromkeys(_row_of(each)[0] for each in problems))
    return sorted(dict.fromkeys(problems), key=lambda each: (sheets.index(_row_of(each)[0]), _row_of(each)[1]))


def _row_of(problem: Problem) -> tuple[str, int]:
    """The sheet and row of a problem's cell."""
    sheet, _, address = problem.location.rpartition("!")
    digits = address.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return sheet, int(digits) if digits.isdigit() else 0


def _opened(path: Path) -> list[Sheet]:
    """All sheets of the workbook, opened with the guards of the connector."""
    if path.suffix.casefold() not in SUFFIXES:
        raise UsageError(f"{path.name} is not an .xlsx or .xlsm file", hint="save it as .xlsx in Excel")
    # Every sheet is opened whole, so it does not matter which columns are named.
    options = SpreadsheetOptions(path=path, columns={"key": Column(header="ID"), "title": Column(header="Name")})
    try:
        return open_file(options, every=True)
    except SourceError as error:
        raise UsageError(*error.problems) from error


def _main_table(sheets: Sequence[Sheet], wanted: str | None, path: str) -> _Table:
    if wanted is not None:
        chosen = [each for each in sheets if normalise_key(each.title) == normalise_key(wanted)]
        if not chosen:
            hint = did_you_mean(wanted, [each.title for each in sheets], "the sheets are")
            raise UsageError(f"there is no sheet {wanted}", location=path, hint=hint)
    else:
        chosen = [each for each in sheets if each.visible and normalise_key(each.title) not in SHEET_OF]
    for each in chosen:
        if (found := _header(each, HEADERS, {"id", "name"})) is not None:
            return found
    raise UsageError(
        f"no sheet has a column for the id and one for the name in its first {SEARCHED_ROWS} rows",
        location=path,
        hint="call them ID and Name (or Nr. and Maßnahme); driftline objectives export writes a workbook to start from",
    )


def _side_tables(sheets: Sequence[Sheet], main: _Table) -> Iterator[tuple[_Table, str]]:
    for each in sheets:
        kind = SHEET_OF.get(normalise_key(each.title))
        if kind is not None and each is not main.sheet:
            table = _header(each, HEADERS_OF[kind], {"id"})
            if table is not None:
                yield table, kind


def _header(sheet: Sheet, headers: Mapping[str, str], required: set[str]) -> _Table | None:
    """The first row that names all required columns; the leftmost of two columns of one name counts."""
    for row in sheet.used_rows[:SEARCHED_ROWS]:
        columns: dict[str, int] = {}
        months: dict[str, int] = {}
        unread: list[str] = []
        for column in sheet.used_columns:
            cell = sheet.cell(row, column)
            text = normalise_key(str(cell.value)) if cell.value is not None else ""
            month = month_of(cell) if text and text not in headers else None
            name = headers.get(text)
            if name is not None and name not in columns:
                columns[name] = column
            elif month is not None and str(month) not in months:
                months[str(month)] = column
            elif text:
                unread.append(f"{cell.address} ({str(cell.value).strip()[:40]})")
        if required <= set(columns):
            return _Table(sheet, row, columns, dict(sorted(months.items())), unread)
    return None


def _read_row(reading: _Reading, table: _Table, row: int) -> None:
    """One objective; rows without id and name are blank or a remark."""
    identity, name = reading.value(table, "id", row), reading.value(table, "name", row)
    if identity is None:
        if name is not None:
            where = f"{reading.path}!{_address(table, row, table.columns['id'])}"
            reading.problems.append(Problem(f"'{name.text}' has no id", where, "give it one that never changes"))
        return
    entry = Entry(identity)
    currency = reading.value(table, "currency", row)
    money_in = currency.text if currency else reading.defaults.currency
    for key in MAIN:
        if key in _LEADING or key not in table.columns:
            continue
        told = reading.value(table, key, row, money_in)
        block, _, part = key.partition(".")
        if told is not None and part:
            getattr(entry, block)[part] = told
        elif told is not None:
            entry.values[key] = told
    if "level" not in entry.values and reading.defaults.level is not None:
        entry.values = {"level": Told(reading.defaults.level.value, identity.cell), **entry.values}
    _read_money(reading, table, row, entry)
    reading.entries.append(entry)


def _read_money(reading: _Reading, table: _Table, row: int, entry: Entry) -> None:
    """The values of a row: its account, currency and months. Without an account and amounts there are none."""
    keys = {name: reading.value(table, name, row) for name in ("account", "currency", "validated_by")}
    plan = reading.plan(table, row)
    if keys["account"] is None and not plan:
        return
    first = next(iter(plan.values()), entry.id).cell
    for name, default in (("account", reading.defaults.account), ("currency", reading.defaults.currency)):
        if keys[name] is None and default is not None:
            keys[name] = Told(default, first)
    if keys["account"] is None:
        hint = "add a column Account, or name what the months count with --account"
        reading.problems.append(Problem("the amounts have no account", f"{reading.path}!{first}", hint))
        return
    entry.money.append(MoneyPlan({name: each for name, each in keys.items() if each is not None}, plan))


def _read_side(reading: _Reading, table: _Table, kind: str) -> None:
    """Rows of a sheet beside the objectives: each belongs to the objective that its id names."""
    by_id = {normalise_key(entry.id.text): entry for entry in reversed(reading.entries)}
    for row in table.rows():
        identity = reading.value(table, "id", row)
        if identity is None:
            continue
        entry = by_id.get(normalise_key(identity.text))
        if entry is None:
            hint = did_you_mean(identity.text, [each.id.text for each in reading.entries])
            where = f"{reading.path}!{identity.cell}"
            reading.problems.append(Problem(f"there is no objective '{identity.text}'", where, hint))
        elif kind == "values":
            _read_money(reading, table, row, entry)
        else:
            told = {name: reading.value(table, name, row) for name in COLUMNS_OF[kind] if name != "id"}
            if said := {name: each for name, each in told.items() if each is not None}:
                getattr(entry, kind).append(said)


def _address(table: _Table, row: int, column: int) -> str:
    return f"{table.sheet.title}!{column_letters(column)}{row}"
