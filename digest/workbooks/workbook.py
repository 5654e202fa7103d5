"""The full list as an .xlsx workbook: every finding, and every record that its money comes from.

A text is always written as a text, so that none of them can become a formula (M13, X29). The same brief gives the same
bytes.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from digest.base import Attachment
from digest.brief import Brief
from digest.hostile import clean, safe_url
from digest.workbooks.about import about_rows
from digest.workbooks.rows import (
    Heads,
    LinkTo,
    Value,
    finding_heads,
    finding_rows,
    record_heads,
    record_rows,
    total_rows,
)
from model.causes import rank
from model.findings import TrackedFinding

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_BYTES = 2_000_000
"""What a mail carries without trouble; beyond it the weightiest findings are listed."""
MOST_LINKS = 60_000
"""Excel takes a few more on a sheet, and calls the file broken beyond that."""
_LONGEST_CELL = 32_767
_LONGEST_LINK = 2_000
_FIRST_EXCEL_DAY = date(1900, 3, 1)
_RISKY = frozenset("=+-@#\uff1d\uff0b\uff0d\uff20")
"""How a text begins that a spreadsheet may take for a formula or an error, now or when somebody edits the cell."""
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True, eq=False)
class _Listed:
    """A brief as far as the workbook tells it: what else differs between readers makes no other workbook."""

    brief: Brief

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Listed) and self._told() == other._told()

    def __hash__(self) -> int:
        return hash((self.brief.words, self.brief.edition.audience, self.brief.edition.now))

    def _told(self) -> tuple[object, ...]:
        brief, edition = self.brief, self.brief.edition
        rows = (brief.at_risk, brief.accepted, brief.silenced, edition.named)
        return (brief.words, edition.audience, edition.now, edition.coverage, edition.currency, rows)


def workbook_of(brief: Brief) -> Attachment:
    """All findings of the audience, or the weightiest where all would be too large for a mail."""
    return _made(_Listed(brief))


@lru_cache(maxsize=2)
def _made(listed: _Listed) -> Attachment:
    brief = listed.brief
    every = {tracked.fingerprint: tracked for tracked in (*brief.at_risk, *brief.accepted, *brief.silenced)}
    ranked = sorted(every.values(), key=lambda tracked: rank(tracked.finding))
    shown = len(ranked)
    content = _bytes(brief, ranked, shown)
    while len(content) > MOST_BYTES and shown > 1:
        shown = max(1, int(shown * 0.9 * MOST_BYTES / len(content)))
        content = _bytes(brief, ranked, shown)
    return Attachment(f"driftline-findings-{brief.today.isoformat()}.xlsx", MEDIA_TYPE, content)


def _bytes(brief: Brief, ranked: Sequence[TrackedFinding], shown: int) -> bytes:
    from openpyxl import Workbook

    words = brief.words
    findings = ranked[:shown]
    workbook = Workbook(write_only=True)
    _fill(workbook, words.say("Findings"), finding_heads(brief, findings), finding_rows(brief, findings))
    listed = record_rows(brief, findings)
    rows = [*(row.values(words) for row in listed), *total_rows(brief, listed)]
    _fill(workbook, words.say("Records"), record_heads(words), rows, filtered=len(listed))
    _fill(workbook, words.say("About"), (("", 34), ("", 110)), about_rows(brief, len(ranked), shown), bare=True)
    moment = brief.edition.now.astimezone(UTC).replace(tzinfo=None)
    workbook.properties.creator = "Driftline"
    workbook.properties.created = workbook.properties.modified = moment
    content = io.BytesIO()
    workbook.save(content)
    return _settled(content.getvalue(), moment)


def _fill(
    workbook: "Workbook",
    name: str,
    heads: Heads,
    rows: Iterable[Sequence[Value]],
    *,
    filtered: int | None = None,
    bare: bool = False,
) -> None:
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.properties import PageSetupProperties

    sheet = workbook.create_sheet(clean(name, 31))
    for column, (_, width) in enumerate(heads, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    pen = _Pen(sheet)
    if not bare:
        sheet.freeze_panes = "B2"
        sheet.print_title_rows = "1:1"
        pen.head([head for head, _ in heads])
    for row in rows:
        pen.row(row)
    if not bare:
        last = pen.written if filtered is None else filtered + 1
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(heads))}{max(1, last)}"


class _Pen:
    """Writes the rows of one sheet; what is no number and no day is a text, whatever it looks like.

    A row is written at once, so the next one takes the same cells again: their styles are made only once.
    """

    def __init__(self, sheet: "WriteOnlyWorksheet") -> None:
        from openpyxl.styles import Alignment, Font

        self._sheet = sheet
        self._cells: dict[tuple[int, str], Any] = {}
        self._bold, self._blue = Font(bold=True), Font(color="1A4F8F", underline="single")
        self._wrapped = Alignment(wrap_text=True, vertical="top")
        self._links = 0
        self.written = 0

    def head(self, heads: Sequence[str]) -> None:
        cells = [self._text(head, -column) for column, head in enumerate(heads, start=1)]
        for cell in cells:
            cell.font, cell.alignment = self._bold, self._wrapped
        self._append(cells)

    def row(self, values: Sequence[Value]) -> None:
        self._append([self._written(value, column) for column, value in enumerate(values, start=1)])

    def _append(self, cells: Sequence[Any]) -> None:
        self._sheet.append(cells)
        self.written += 1

    def _written(self, value: Value, column: int) -> Any:
        match value:
            case None | "":
                return None
            case LinkTo():
                return self._link(value, column)
            case str():
                said = clean(value, _LONGEST_CELL)
                return self._text(said, column) if said[:1] in _RISKY else said
            case datetime():
                return self._formatted(value.replace(tzinfo=None), "yyyy-mm-dd hh:mm", column)
            case date() if value >= _FIRST_EXCEL_DAY:
                return self._formatted(value, "yyyy-mm-dd", column)
            case date():
                return self._text(value.isoformat(), column)
            case Decimal():
                return self._formatted(value, "#,##0.00" if value % 1 else "#,##0", column)
        return value

    def _formatted(self, value: Decimal | date, form: str, column: int) -> Any:
        cell = self._cell(column, form)
        fresh = cell.value is None
        cell.value = value
        if fresh:
            cell.number_format = form
        return cell

    def _text(self, text: str, column: int, kind: str = "text") -> Any:
        """A text of which the library must make neither a formula nor an error."""
        cell = self._cell(column, kind)
        cell.value = clean(text, _LONGEST_CELL)
        cell.data_type = "s"
        # Excel keeps it a text also when somebody edits the cell or saves the sheet as CSV.
        cell.quotePrefix = True
        return cell

    def _link(self, link: LinkTo, column: int) -> Any:
        from openpyxl.worksheet.hyperlink import Hyperlink

        where = safe_url(link.where)
        if where is None or len(where) > _LONGEST_LINK or self._links >= MOST_LINKS:
            return self._written(link.text, column)
        self._links += 1
        cell = self._text(link.text, column, "link")
        if cell.hyperlink is None:
            cell.font = self._blue
        cell._hyperlink = Hyperlink(ref="", target=where)
        return cell

    def _cell(self, column: int, kind: str) -> Any:
        from openpyxl.cell import WriteOnlyCell

        kept = self._cells.get((column, kind))
        if kept is None:
            kept = self._cells[column, kind] = WriteOnlyCell(self._sheet)
        return kept


def _settled(content: bytes, moment: datetime) -> bytes:
    """The same workbook without the time at which it was written: the library notes the present one."""
    settled = io.BytesIO()
    stamp = f"{moment:%Y-%m-%dT%H:%M:%SZ}".encode()
    with zipfile.ZipFile(io.BytesIO(content)) as given, zipfile.ZipFile(settled, "w") as kept:
        for name in given.namelist():
            part = given.read(name)
            if name == "docProps/core.xml":
                part = _MODIFIED.sub(rb"\g<1>" + stamp, part)
            kept.writestr(zipfile.ZipInfo(name, _ZIP_TIME), part, zipfile.ZIP_DEFLATED, 6)
    return settled.getvalue()
