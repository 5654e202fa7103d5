"""Trackers as people make them: the same savings in layouts that a seed chooses, with the settings that read them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from model.records import Record, Saving

MONTHS = ("2026-10", "2026-11", "2026-12", "2027-01", "2027-02")
GERMAN = dict(zip(MONTHS, ("Okt", "Nov", "Dez", "Jan", "Feb"), strict=True))
LIGHTS = ("Grün", "Gelb", "Rot")

Facts = tuple[str, str | None, date | None, str | None, Decimal | None, dict[str, Decimal], dict[str, Decimal]]


@dataclass(frozen=True)
class Tracked:
    """What each tracker says of one saving; amounts in euros."""

    key: str
    title: str
    owner: str
    start: date
    light: str
    one_time_cost: int
    plan: dict[str, int]
    forecast: dict[str, int]


SAVINGS = [
    Tracked(
        f"M-{100 + number}",
        f"Maßnahme {number}: " + ("Gesamtkosten senken" if number % 3 else "Summe der Frachten"),
        f"owner{number}@example.com",
        date(2026, 10, 1) + timedelta(days=number),
        LIGHTS[number % 3],
        1000 * number,
        {month: 1000 * (number + place) for place, month in enumerate(MONTHS)},
        {month: 500 * (number + 2 * place) for place, month in enumerate(MONTHS)},
    )
    for number in range(1, 21)
]


def facts_of(record: Record) -> Facts:
    assert isinstance(record, Saving)
    assert record.currency == "EUR"
    return (
        record.title,
        record.owner,
        record.planned_start,
        record.light.value if record.light else None,
        record.one_time_cost,
        {str(each.month): each.amount for each in record.plan},
        {str(each.month): each.amount for each in record.forecast},
    )


EXPECTED: dict[str, Facts] = {
    each.key: (
        each.title,
        each.owner,
        each.start,
        {"Grün": "green", "Gelb": "yellow", "Rot": "red"}[each.light],
        Decimal(each.one_time_cost),
        {month: Decimal(amount) for month, amount in each.plan.items()},
        {month: Decimal(amount) for month, amount in each.forecast.items()},
    )
    for each in SAVINGS
}

HEADERS = {
    "key": ("Maßnahme-Nr.", "Nr.", "ID"),
    "title": ("Maßnahme", "Titel der Maßnahme"),
    "owner": ("Verantwortlich", "Verantw."),
    "planned_start": ("Geplanter Start", "Start"),
    "light": ("Ampel", "Status-Ampel"),
    "one_time_cost": ("Einmalkosten", "Einmalaufwand"),
}


@dataclass
class UglyTracker:
    """One tracker. The columns stand in ``plan_order``; the month columns of a series are never torn apart."""

    seed: int
    path: Path
    settings: dict[str, Any] = field(default_factory=dict)
    chosen: list[str] = field(default_factory=list)
    """What this one has of all that a tracker may have, for the message of a test that fails."""

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.thousands = self.flip("thousands")
        self.layout = self.choose("layout", ["group and month", "group, year, month", "month, series", "one row"])
        self.unit_place = self.choose("unit", ["header", "settings", "row below"] if self.thousands else ["none"])
        self.merges = self.flip("merges")
        self.typed = self.flip("typed amounts")

    def flip(self, what: str) -> bool:
        chosen = self.dice.random() < 0.5
        self.chosen += [what] if chosen else []
        return chosen

    def choose(self, what: str, among: Sequence[str]) -> str:
        chosen = self.dice.choice(list(among))
        self.chosen.append(f"{what}: {chosen}")
        return chosen

    def write(self) -> None:
        workbook = Workbook()
        sheet = workbook.worksheets[0]
        sheet.title = "Tracker"
        top = self._titles(sheet) + 1
        left = self.dice.choice([1, 1, 2, 3])
        blocks = self._blocks()
        depth = {"group and month": 2, "group, year, month": 3, "month, series": 2, "one row": 1}[self.layout]
        places: dict[str, int] = {}
        column = left
        for block in blocks:
            if block in ("plan", "forecast", "months"):
                column = self._months(sheet, top, column, block, places)
                continue
            self._header(sheet, top, depth, column, block)
            places[block] = column
            column += 1 + self.dice.choice([0, 0, 0, 1])
        last = top + depth - 1
        if self.unit_place == "row below":
            last += 1
            for name, place in places.items():
                if name == "one_time_cost" or "." in name:
                    sheet.cell(last, place, self.dice.choice(["[TEUR]", "T€", "in k€", "(k€)"]))
        self._rows(sheet, last + 1 + self.dice.choice([0, 0, 1]), places)
        for name in self.dice.sample(list(places.values()), 2):
            sheet.column_dimensions[get_column_letter(name)].hidden = self.flip("hidden column")
        workbook.save(self.path)
        self._configure()

    def _titles(self, sheet: Worksheet) -> int:
        """Rows above the header: title, date, a legend; with blank rows between. Gives the last of them."""
        lines = [
            "Maßnahmentracker Kostenprogramm 2025/26",
            "Stand: 14.09.2025",
            "Vertraulich",
            "Legende: Grün = im Plan",
        ]
        row = 0
        for line in lines[: self.dice.randint(0, 4)]:
            row += self.dice.randint(1, 2)
            sheet.cell(row, self.dice.choice([1, 1, 1, 4]), line)
        if row and self.flip("wide title"):
            sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=20)
            sheet.cell(row, 1, "Maßnahmentracker")
        return row + self.dice.choice([0, 1, 2]) if row else 0

    def _blocks(self) -> list[str]:
        single = [*HEADERS, "Bemerkung", "Bereich"]
        self.dice.shuffle(single)
        series = ["months"] if self.layout == "month, series" else ["plan", "forecast"]
        self.dice.shuffle(series)
        cut = self.dice.randint(0, len(single))
        return [*single[:cut], *series, *single[cut:]]

    def _header(self, sheet: Worksheet, top: int, depth: int, column: int, name: str) -> None:
        """One header, merged over all rows, or in the lowest of them, or with a line break or odd blanks in it."""
        text = self.dice.choice(HEADERS.get(name, (name,)))
        if name == "one_time_cost" and self.unit_place == "header":
            text += self.dice.choice([" [TEUR]", " in k€", "\n(T€)", " in Tsd. EUR", " (k EUR)"])
        ways = [
            lambda: text.replace(" ", "\N{NO-BREAK SPACE}"),
            lambda: text.replace(" ", "\n"),
            lambda: f"  {text} ",
            text.upper,
            lambda: f"{text}*",
            lambda: text,
        ]
        text = self.dice.choice(ways[:5] if name in HEADERS and "ß" not in text else ways[5:])()
        row = top + depth - 1
        if self.merges and depth > 1:
            row = top
            sheet.merge_cells(start_row=top, end_row=top + depth - 1, start_column=column, end_column=column)
        sheet.cell(row, column, text)

    def _months(self, sheet: Worksheet, top: int, column: int, block: str, places: dict[str, int]) -> int:
        writers = {
            "group and month": self._under_group,
            "group, year, month": self._under_years,
            "month, series": self._pairs,
            "one row": self._single,
        }
        return writers[self.layout](sheet, top, column, block, places)

    def _group(self, sheet: Worksheet, row: int, first: int, last: int, text: str) -> None:
        """A header over several columns: merged, or written once over the first of them."""
        sheet.cell(row, first, text)
        if self.merges and last > first:
            sheet.merge_cells(start_row=row, end_row=row, start_column=first, end_column=last)

    def _month(self, month: str) -> Any:
        """A month with its year: as a text, or as a date that is formatted."""
        year, number = month.split("-")
        how = self.dice.randrange(6)
        end = date(int(year) + int(number) // 12, int(number) % 12 + 1, 1) - timedelta(days=1)
        return [
            f"{GERMAN[month]} {year[2:]}",
            f"{GERMAN[month]}\n{year}",
            f"{number}/{year}",
            month,
            date(int(year), int(number), 1),
            end,
        ][how]

    def _under_group(self, sheet: Worksheet, top: int, column: int, block: str, places: dict[str, int]) -> int:
        unit = " (T€)" if self.unit_place == "header" else ""
        self._group(sheet, top, column, column + len(MONTHS) - 1, block.capitalize() + unit)
        for offset, month in enumerate(MONTHS):
            sheet.cell(top + 1, column + offset, self._month(month))
            places[f"{block}.{month}"] = column + offset
        return column + len(MONTHS)

    def _under_years(self, sheet: Worksheet, top: int, column: int, block: str, places: dict[str, int]) -> int:
        unit = " in k€" if self.unit_place == "header" else ""
        self._group(sheet, top, column, column + len(MONTHS) - 1, block.capitalize() + unit)
        for year in ("2026", "2027"):
            there = [offset for offset, month in enumerate(MONTHS) if month.startswith(year)]
            self._group(sheet, top + 1, column + there[0], column + there[-1], year)
        for offset, month in enumerate(MONTHS):
            sheet.cell(top + 2, column + offset, GERMAN[month])
            places[f"{block}.{month}"] = column + offset
        return column + len(MONTHS)

    def _pairs(self, sheet: Worksheet, top: int, column: int, block: str, places: dict[str, int]) -> int:
        unit = " [T€]" if self.unit_place == "header" else ""
        for offset, month in enumerate(MONTHS):
            first = column + 2 * offset
            self._group(sheet, top, first, first + 1, f"{GERMAN[month]} {month[2:4]}")
            for place, series in enumerate(("plan", "forecast")):
                sheet.cell(top + 1, first + place, series.capitalize() + unit)
                places[f"{series}.{month}"] = first + place
        return column + 2 * len(MONTHS)

    def _single(self, sheet: Worksheet, top: int, column: int, block: str, places: dict[str, int]) -> int:
        unit = " [T€]" if self.unit_place == "header" else ""
        for offset, month in enumerate(MONTHS):
            sheet.cell(top, column + offset, f"{block.capitalize()} {GERMAN[month]} {month[:4]}{unit}")
            places[f"{block}.{month}"] = column + offset
        return column + len(MONTHS)

    def _rows(self, sheet: Worksheet, row: int, places: dict[str, int]) -> None:
        """The savings with section headings, subtotals, a totals row and a footnote; some rows hidden or left blank."""
        amounts = [name for name in places if name == "one_time_cost" or "." in name]
        savings = list(SAVINGS)
        self.dice.shuffle(savings)
        parts, subtotals = [savings[:8], savings[8:]], self.flip("subtotals")
        for part in parts:
            if self.flip("section heading"):
                sheet.cell(row, places["title"], "Einkauf")
                row += 1
            first = row
            for saving in part:
                self._saving(sheet, row, saving, places)
                sheet.row_dimensions[row].hidden = self.dice.random() < 0.1
                row += 1
            if subtotals:
                sheet.cell(row, places["key"], "Zwischensumme")
                for name in amounts:
                    letter = get_column_letter(places[name])
                    sheet.cell(row, places[name], f"=SUBTOTAL(9,{letter}{first}:{letter}{row - 1})")
                row += 1
            row += self.dice.choice([0, 1])
        if self.flip("total"):
            sheet.cell(row, places["title"], "Summe")
            for name in amounts:
                sheet.cell(row, places[name], sum(self._amount(saving, name) for saving in SAVINGS))
        if self.flip("footnote"):
            sheet.cell(row + 2, places["title"], "Beträge vor Steuern")

    def _saving(self, sheet: Worksheet, row: int, saving: Tracked, places: dict[str, int]) -> None:
        contents: dict[str, Any] = {
            "key": saving.key,
            "title": saving.title,
            "owner": saving.owner,
            "planned_start": saving.start,
            "light": saving.light,
        }
        for name, column in places.items():
            if name == "one_time_cost" or "." in name:
                amount = self._amount(saving, name)
                contents[name] = f"{amount:.2f}".replace(".", ",") if self.typed else amount
            if name in contents:
                sheet.cell(row, column, contents[name])

    def _amount(self, saving: Tracked, name: str) -> float:
        series, _, month = name.partition(".")
        euros = saving.one_time_cost if not month else getattr(saving, series)[month]
        return euros / 1000 if self.thousands else float(euros)

    def _configure(self) -> None:
        unit = {"unit": "kEUR"} if self.unit_place == "settings" else {}
        columns: dict[str, Any] = {
            name: {"header": spellings[0], "aliases": list(spellings[1:])} for name, spellings in HEADERS.items()
        }
        columns["one_time_cost"] |= unit
        pattern = {
            "group and month": {},
            "group, year, month": {},
            "month, series": {"header": "{month} %s"},
            "one row": {"header": "%s {month}"},
        }[self.layout]
        months = []
        for series in ("plan", "forecast"):
            block: dict[str, Any] = {"series": series} | unit
            block |= {name: text % series.capitalize() for name, text in pattern.items()}
            block |= {} if pattern else {"group": series.capitalize()}
            months.append(block)
        self.settings = {"columns": columns, "months": months}
