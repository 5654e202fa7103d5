"""From a row to a record: every cell read by its column's type, every value with the address of its cell."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from connectors.spreadsheet.columns import PlacedColumn
from connectors.spreadsheet.fields import RowKind
from connectors.spreadsheet.identity import NamedRow
from connectors.spreadsheet.lights import LightReader
from connectors.spreadsheet.options import SpreadsheetOptions
from connectors.spreadsheet.row_cells import ReadCells, RowCells
from connectors.spreadsheet.words import STATUSES, fold_words
from connectors.storable import require_storable
from model.errors import Problem, RecordError
from model.keys import normalise_key
from model.money import Money
from model.records import Light, Measurement, NeedClaim, Record, Saving, StatusCategory, WorkItem

_FORMULAS = "formulas"


class RecordBuilder:
    """Builds the records of one sheet.

    ``prefix`` is ``workbook.xlsx!Sheet!``, ``ids`` is what stands in front of the keys in native ids, and ``notes``
    takes what is doubtful. ``tells_formulas`` says that every formula of the sheet is known.
    """

    def __init__(
        self,
        source: str,
        options: SpreadsheetOptions,
        columns: Mapping[str, PlacedColumn],
        *,
        container: str,
        ids: str,
        prefix: str,
        notes: Callable[[Problem], object],
        lights: LightReader,
        tells_formulas: bool = False,
    ) -> None:
        self.source = source
        self.options = options
        self.columns = columns
        self.container = container
        self.ids = ids
        self.prefix = prefix
        self._notes = notes
        self._lights = lights
        self._tells_formulas = tells_formulas and options.formulas
        self._statuses = STATUSES | fold_words(options.statuses)
        self._make = {
            RowKind.SAVING: self._saving,
            RowKind.WORK_ITEM: self._work_item,
            RowKind.MEASUREMENT: self._measurement,
        }[options.records]

    def build(self, row: NamedRow) -> Record:
        """Give the record of a row, cell by cell; raise RecordError with all cells that cannot be read."""
        cells = ReadCells(row.row, self.columns, self.prefix, self.options.currency)
        record = self.record(row.native_id, row.key, cells)
        if cells.problems:
            raise RecordError(*(problem for _, problem in sorted(cells.problems, key=lambda found: found[0])))
        if self._tells_formulas:
            record = replace(record, custom={**record.custom, _FORMULAS: _calculated(row)})
        require_storable(record)
        return record

    def record(self, native_id: str, key: str, cells: RowCells) -> Record:
        """Give the record of cells that are read, whatever is refused of them."""
        return self._make(native_id, key, cells)

    def _saving(self, native_id: str, key: str, cells: RowCells) -> Saving:
        run_rate = cells.number_in("run_rate")
        baseline, one_time_cost = cells.number_in("baseline"), cells.number_in("one_time_cost")
        plan, forecast, actual = (cells.months(series) for series in ("plan", "forecast", "actual"))
        custom = cells.custom()
        currency = cells.currency()
        light = self._light(cells)
        return Saving(
            source=self.source,
            native_id=native_id,
            key=key,
            title=cells.text("title") or key,
            url=cells.text("url") or "",
            owner=_owner(cells),
            container=self.container,
            custom=custom,
            provenance=cells.provenance(),
            currency=currency,
            planned_start=cells.day("planned_start"),
            plan=plan,
            forecast=forecast,
            actual=actual,
            run_rate=Money(run_rate, currency) if run_rate is not None else None,
            baseline=baseline,
            one_time_cost=one_time_cost,
            light=light,
            stage_gate=cells.text("stage_gate"),
            controller=cells.text("controller"),
            enabler=cells.text("enabler"),
        )

    def _work_item(self, native_id: str, key: str, cells: RowCells) -> WorkItem:
        parent = cells.text("parent")
        status = cells.text("status") or ""
        light = self._light(cells)
        return WorkItem(
            source=self.source,
            native_id=native_id,
            key=key,
            title=cells.text("title") or key,
            url=cells.text("url") or "",
            owner=_owner(cells),
            container=self.container,
            custom=cells.custom(),
            provenance=cells.provenance(),
            type=cells.text("type") or "",
            status=status,
            category=self._category(status),
            resolution=cells.text("resolution"),
            start=cells.day("start"),
            due=cells.day("due"),
            finished=cells.day("finished"),
            parent=f"{self.ids}/{parent}" if parent else None,
            needs=tuple(NeedClaim(wanted) for wanted in cells.texts("needs")),
            labels=cells.texts("labels"),
            estimate=cells.number_in("estimate"),
            remaining=cells.number_in("remaining"),
            priority=cells.text("priority"),
            blocked_since=cells.day("blocked_since"),
            blocked_reason=cells.text("blocked_reason"),
            light=light,
        )

    def _measurement(self, native_id: str, key: str, cells: RowCells) -> Measurement:
        return Measurement(
            source=self.source,
            native_id=native_id,
            key=key,
            title=cells.text("title") or key,
            url=cells.text("url") or "",
            owner=_owner(cells),
            container=self.container,
            custom=cells.custom(),
            provenance=cells.provenance(),
            metric=cells.text("metric") or "",
            value=cells.number_in("value"),
            target=cells.number_in("target"),
            unit=cells.text("unit") or "",
            period=cells.text("period") or "",
            reporter=cells.text("reporter"),
        )

    def _light(self, cells: RowCells) -> Light | None:
        """The reported light. What is unclear leaves it unknown and is noted; the row is kept."""
        column = self.columns.get("light")
        if column is None:
            return None
        text = cells.text("light") if self._lights.reads_text else None
        if text is not None and normalise_key(text) in column.reading.blanks:
            text = None
        told = self._lights.read(text, cells.number, column.column)
        if told.by_colour:
            cells.tell_without_content("light")
        if told.doubt:
            self._notes(Problem(told.doubt, cells.address("light"), told.hint))
        return told.light

    def _category(self, status: str) -> StatusCategory | None:
        """What the status means; None for a word that nobody has told, which is then a finding."""
        return self._statuses.get(normalise_key(status)) if status else StatusCategory.TODO


def _owner(cells: RowCells) -> str | None:
    """A blank cell tells that nobody owns the row, which a sheet without owners does not."""
    owner = cells.text("owner")
    if not owner:
        cells.tell_without_content("owner")
    return owner


def _calculated(row: NamedRow) -> tuple[str, ...]:
    """The fields of a row whose cells hold a formula; further columns are left out."""
    return tuple(
        sorted(path for path, cell in row.row.cells.items() if cell.formula and not path.startswith("custom."))
    )
