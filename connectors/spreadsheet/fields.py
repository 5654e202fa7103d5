"""Which fields each kind of row has, and what type of cell each of them is."""

from collections.abc import Mapping
from enum import StrEnum


class CellType(StrEnum):
    """How a cell is read. The type that the configuration names wins over what the workbook's format suggests (X9)."""

    TEXT = "text"
    DATE = "date"
    MONEY = "money"
    NUMBER = "number"
    PERCENT = "percent"
    LIGHT = "light"
    LIST = "list"


class RowKind(StrEnum):
    """What one row of the sheet is."""

    SAVING = "saving"
    WORK_ITEM = "work_item"
    MEASUREMENT = "measurement"


_EVERY_ROW = {"key": CellType.TEXT, "title": CellType.TEXT, "owner": CellType.TEXT, "url": CellType.TEXT}

FIELDS: Mapping[RowKind, Mapping[str, CellType]] = {
    RowKind.SAVING: _EVERY_ROW
    | {
        "currency": CellType.TEXT,
        "planned_start": CellType.DATE,
        "run_rate": CellType.MONEY,
        "baseline": CellType.MONEY,
        "one_time_cost": CellType.MONEY,
        "light": CellType.LIGHT,
        "stage_gate": CellType.TEXT,
        "controller": CellType.TEXT,
        "enabler": CellType.TEXT,
    },
    RowKind.WORK_ITEM: _EVERY_ROW
    | {
        "type": CellType.TEXT,
        "status": CellType.TEXT,
        "resolution": CellType.TEXT,
        "start": CellType.DATE,
        "due": CellType.DATE,
        "finished": CellType.DATE,
        "parent": CellType.TEXT,
        "needs": CellType.LIST,
        "labels": CellType.LIST,
        "estimate": CellType.NUMBER,
        "remaining": CellType.NUMBER,
        "priority": CellType.TEXT,
        "blocked_since": CellType.DATE,
        "blocked_reason": CellType.TEXT,
        "light": CellType.LIGHT,
    },
    RowKind.MEASUREMENT: _EVERY_ROW
    | {
        "metric": CellType.TEXT,
        "value": CellType.NUMBER,
        "target": CellType.NUMBER,
        "unit": CellType.TEXT,
        "period": CellType.TEXT,
        "reporter": CellType.TEXT,
    },
}
"""Field name to cell type, for each kind of row; ``custom:`` takes whatever else a sheet holds."""
