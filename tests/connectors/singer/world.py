"""Sources for the tests: files of dBase read by a real tap, and what a scripted tap tells."""

import json
import sys
from collections.abc import Mapping
from copy import deepcopy
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors.base import Connector, ReadContext
from connectors.singer import SingerConnector, SingerOptions
from model.reading import Cursor
from model.secret import Secret
from tests.connectors.contract import NOW, World, context_at
from tests.connectors.singer.dbf_file import Cell, Field, write_dbf

SCRIPTED_TAP = Path(__file__).with_name("scripted_tap.py")
REMEMBERING_TAP = Path(__file__).with_name("remembering_tap.py")
SECRET = "s3cr3t-t0ken-value/with+signs"
_STRING = {"type": ["null", "string"]}
TASKS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": ["null", "integer"]},
        "name": _STRING,
        "due_on": {"type": ["null", "string"], "format": "date-time"},
        "state": _STRING,
        "points": {"type": ["null", "number"]},
        "user": {"type": ["null", "object"], "properties": {"login": _STRING, "team": _STRING}},
        "labels": {"type": ["null", "array"], "items": {"type": "object", "properties": {"name": _STRING}}},
        "updated_at": {"type": ["null", "string"], "format": "date-time"},
        "_sdc_deleted_at": _STRING,
    },
}
TASK_FIELDS = {
    "title": "name",
    "due": "due_on",
    "status": "state",
    "estimate": "points",
    "owner": "user.login",
    "labels": "labels.name",
    "changed": "updated_at",
}
LONG_AGO = "2026-09-01T08:00:00Z"
MANY = 505
"""More records than fit on one page."""


def task(number: int, **given: Any) -> dict[str, Any]:
    return {
        "id": number,
        "name": f"Task {number}",
        "due_on": "2026-10-30T00:00:00Z",
        "state": "open",
        "points": 3,
        "user": {"login": "ana", "team": "web"},
        "labels": [{"name": "shop"}],
        "updated_at": LONG_AGO,
        **given,
    }


class ScriptedWorld(World):
    """A tap that reads on from its state."""

    secrets = (SECRET,)
    unknown_ids = ("tasks/999999999", "999999999")

    def __init__(self, folder: Path, records: int = MANY) -> None:
        self.file = folder / "world.json"
        self.content: dict[str, Any] = {
            "streams": {
                "tasks": {
                    "schema": deepcopy(TASKS_SCHEMA),
                    "key_properties": ["id"],
                    "replication_key": "updated_at",
                    "records": [task(number) for number in range(1, records + 1)],
                }
            }
        }
        self.write()

    @property
    def tasks(self) -> list[dict[str, Any]]:
        records: list[dict[str, Any]] = self.content["streams"]["tasks"]["records"]
        return records

    @property
    def runs(self) -> list[list[str]]:
        """The arguments of each run of the tap so far."""
        path = Path(f"{self.file}.runs")
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def write(self, **steps: Any) -> None:
        """Store what the tap tells; ``steps`` are how it misbehaves, see its own documentation."""
        self.file.write_text(json.dumps(self.content | steps))

    def options(self, **given: Any) -> SingerOptions:
        stream = {"kind": "work_item", "fields": TASK_FIELDS, **given.pop("stream", {})}
        written = {
            "tap": [sys.executable, "-S", "-E", str(SCRIPTED_TAP)],
            "config": {"world": str(self.file), "token": Secret("env:TAP_TOKEN", SECRET)},
            "streams": {"tasks": stream},
            **given,
        }
        return SingerOptions.model_validate(written)

    def connector(self, context: ReadContext | None = None, **given: Any) -> SingerConnector:
        return SingerConnector("tasks", self.options(**given), context or context_at())

    def expected_ids(self) -> set[str]:
        return {f"tasks/{record['id']}" for record in self.tasks}

    def change_one(self) -> str:
        self.tasks[2] |= {"name": "Renamed", "updated_at": NOW.isoformat().replace("+00:00", "Z")}
        self.write()
        return "tasks/3"

    def remove_one(self) -> str:
        removed = self.tasks.pop()
        self.write()
        return f"tasks/{removed['id']}"

    def break_access(self) -> None:
        refused = [{"err": f"CRITICAL 401 Unauthorized: token {SECRET} has expired"}, {"exit": 1}]
        self.write(instead=refused, discover=refused)

    def answer_html(self) -> None:
        page = [{"out": "<!doctype html><title>Sign in</title>"}]
        self.write(instead=page, discover=page)

    def idle_cursor(self, connector: Connector) -> Cursor:
        return connector.next_cursor()


FIELDS: tuple[Field, ...] = (
    ("NUMBER", "C", 8, 0),
    ("NAME", "C", 40, 0),
    ("DUE", "D", 8, 0),
    ("POINTS", "N", 12, 2),
    ("DONE", "L", 1, 0),
    ("STAMP", "C", 20, 0),
)


class DbfWorld(World):
    """A folder with a dBase file, read by tap-dbf."""

    secrets = ()
    unknown_ids = ("work/W-999999", "999999999")
    answers_html = False

    def __init__(self, folder: Path, tap: Path, *, memory: Path | None = None) -> None:
        """With a ``memory`` the tap runs once for each question that tests have in common."""
        self.folder = folder
        self.tap = [str(tap)]
        if memory is not None:
            self.tap = [sys.executable, "-S", "-E", str(REMEMBERING_TAP), str(memory), str(tap)]
        self.rows: dict[str, list[Cell]] = {
            f"W-{number}": [f"W-{number}", f"Paket {number}", date(2026, 10, 30), Decimal("2.5"), False, LONG_AGO]
            for number in range(1, MANY + 1)
        }
        self.write()

    def write(self) -> None:
        write_dbf(self.folder / "work.dbf", FIELDS, self.rows.values())

    def settings(self) -> Mapping[str, Any]:
        return {
            "kind": "singer",
            "tap": self.tap,
            # Two slashes: from one, this tap makes an address without a root in Python 3.13.
            "config": {"path": f"/{self.folder / '*.dbf'}"},
            "streams": {
                "work": {
                    "kind": "work_item",
                    "id": ["NUMBER"],
                    "fields": {
                        "title": "NAME",
                        "due": "DUE",
                        "estimate": "POINTS",
                        "status": "DONE",
                        "changed": "STAMP",
                    },
                    "statuses": {"true": "done", "false": "todo"},
                    "replication": "incremental",
                    "replication_key": "STAMP",
                }
            },
        }

    def connector(self, context: ReadContext | None = None) -> SingerConnector:
        return SingerConnector("plan", SingerOptions.model_validate(self.settings()), context or context_at())

    def expected_ids(self) -> set[str]:
        return {f"work/{number}" for number in self.rows}

    def change_one(self) -> str:
        self.rows["W-7"][2:3] = [date(2026, 12, 1)]
        self.rows["W-7"][5] = "2026-10-06T06:01:00Z"
        self.write()
        return "work/W-7"

    def remove_one(self) -> str:
        del self.rows["W-3"]
        self.write()
        return "work/W-3"

    def break_access(self) -> None:
        (self.folder / "work.dbf").unlink()

    def idle_cursor(self, connector: Connector) -> Cursor:
        return connector.next_cursor()
