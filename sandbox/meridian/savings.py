"""Meridian's two cost-saving workbooks: the CFO's tracker in German, and purchasing's in English."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

from sandbox.meridian.people import CFO, CONTROLLER, IT, OPERATIONS, address
from sandbox.workbooks import ProcurementRow, SavingsRow, write_procurement_tracker, write_savings_tracker

SAVINGS_FILE = "Einsparungen_2026.xlsx"
PROCUREMENT_FILE = "Procurement_savings_2026.xlsx"

_MONTHS = ("2026-07", "2026-08", "2026-09", "2026-10", "2026-11", "2026-12")


def _plan(*amounts: int) -> Mapping[str, Decimal]:
    """Monthly cells from July to December 2026; a zero leaves the cell blank."""
    return {month: Decimal(amount) for month, amount in zip(_MONTHS, amounts, strict=True) if amount}


def savings_rows() -> list[SavingsRow]:
    """EUR 20,000, 15,000 and 10,000 a day from 1 October in the first rows; 5,000 from 1 November in the fourth."""
    october = date(2026, 10, 1)
    return [
        _row(
            "M-201",
            "Einkaufsvolumen bündeln",
            OPERATIONS,
            october,
            "ERP-100",
            _plan(0, 0, 0, 620_000, 600_000, 620_000),
        ),
        _row(
            "M-202",
            "Rechnungen automatisch prüfen",
            IT,
            october,
            "ERP-100",
            _plan(0, 0, 0, 465_000, 450_000, 465_000),
            one_time_cost=180_000,
        ),
        _row("M-203", "Lagerbestand senken", OPERATIONS, october, "ERP-100", _plan(0, 0, 0, 310_000, 300_000, 310_000)),
        _row(
            "M-204",
            "Frachtrechnungen prüfen",
            OPERATIONS,
            date(2026, 11, 1),
            "ERP-100",
            _plan(0, 0, 0, 0, 150_000, 155_000),
        ),
        _row(
            "M-220",
            "Energieverträge neu verhandeln",
            CFO,
            date(2026, 7, 1),
            None,
            _plan(42_000, 42_000, 42_000, 42_000, 42_000, 42_000),
            stage="Umgesetzt",
        ),
        _row(
            "M-221",
            "Stammdaten bereinigen",
            IT,
            date(2026, 9, 1),
            "ERP-70",
            _plan(0, 0, 18_000, 18_500, 18_000, 18_500),
            stage="Umgesetzt",
        ),
    ]


def _row(
    number: str,
    name: str,
    owner: str,
    start: date,
    enabler: str | None,
    plan: Mapping[str, Decimal],
    *,
    stage: str = "Entschieden",
    one_time_cost: int | None = None,
) -> SavingsRow:
    return SavingsRow(
        number=number,
        name=name,
        owner=address(owner),
        controller=address(CONTROLLER),
        start=start,
        enabler=enabler,
        light="Grün",
        stage=stage,
        plan=plan,
        one_time_cost=None if one_time_cost is None else Decimal(one_time_cost),
        cost_centre="4711",
    )


def procurement_rows() -> list[ProcurementRow]:
    """P-11 books EUR 730,000 a year, that is EUR 2,000 a day, from 15 October."""
    rows = (
        ("P-11", "Catalogue buying in the new ERP", date(2026, 10, 15), "ERP-100", 730_000),
        ("P-12", "Pallet pool with two carriers", date(2026, 8, 1), None, 219_000),
        ("P-13", "One steel supplier", date(2027, 1, 4), None, 511_000),
        ("P-14", "Field service parts from stock", date(2026, 11, 16), "FLD-10", 146_000),
    )
    return [
        ProcurementRow(
            number=number,
            name=name,
            owner=address(OPERATIONS),
            controller=address(CONTROLLER),
            start=start,
            enabler=enabler,
            yearly_run_rate=Decimal(run_rate),
            light="Green",
            stage="Decided",
        )
        for number, name, start, enabler, run_rate in rows
    ]


def write_workbooks(folder: Path) -> None:
    """Write both workbooks as they stand on Monday, 14 September 2026."""
    folder.mkdir(parents=True, exist_ok=True)
    write_savings_tracker(folder / SAVINGS_FILE, savings_rows())
    write_procurement_tracker(folder / PROCUREMENT_FILE, procurement_rows())
