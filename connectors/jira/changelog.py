"""What an issue's changelog tells: who moved its dates, who changed its status and releases, and its former keys."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from connectors.jira.fields import day, moment, plain, shown
from model.records import Change, Move

KEY_FIELD = "issuekey"
CHANGED = {"status": "status", "resolution": "resolution", "fixVersions": "releases"}
"""The fields that are no dates and whose history is read, and what we call them."""
_CHANGED_BY_NAME = {"status": "status", "resolution": "resolution", "Fix Version": "releases"}
"""As a Data Center's changelog names them; people cannot change these names."""

Json = Mapping[str, Any]


def moves(histories: Sequence[Json], names: Mapping[str, str]) -> tuple[Move, ...]:
    """Date moves with who and when, oldest first; ``names`` tells what we call a field by its id or name."""
    found = []
    for entry in histories:
        at = moment(entry["created"])
        for change in entry["items"]:
            name = names.get(change.get("fieldId") or change.get("field"))
            dates = _changed_days(change) if name else None
            if name and at and dates:
                found.append(Move(name, *dates, at, person(entry.get("author"))))
    return tuple(sorted(found, key=lambda move: move.at))


def changes(histories: Sequence[Json]) -> tuple[Change, ...]:
    """Every release that the issue joined or left, and the last change of its status and resolution; oldest first."""
    found: list[Change] = []
    for entry in histories:
        at = moment(entry["created"])
        for raw in entry["items"]:
            name = _changed_field(raw)
            if name is not None and at is not None:
                old, new = (_changed_text(name, raw, side) for side in ("from", "to"))
                found.append(Change(name, old, new, at, person(entry.get("author"))))
    found.sort(key=lambda change: change.at)
    last = {change.field: change for change in found}
    return tuple(change for change in found if change.field == "releases" or change is last[change.field])


def _changed_field(raw: Json) -> str | None:
    if raw.get("fieldId"):
        return CHANGED.get(raw["fieldId"])
    # People may call a field of their own by the same name.
    return None if raw.get("fieldtype") == "custom" else _CHANGED_BY_NAME.get(raw.get("field") or "")


def _changed_text(name: str, raw: Json, side: str) -> str | None:
    if name == "releases":
        return f"version:{raw[side]}" if raw.get(side) else None
    return plain(raw.get(f"{side}String") or "") or None


def _changed_days(change: Json) -> tuple[date | None, date | None] | None:
    """Old and new date of a change; None when they are written in a language of people and cannot be known."""
    try:
        return _changed_day(change, "from"), _changed_day(change, "to")
    except ValueError:
        return None


def _changed_day(change: Json, side: str) -> date | None:
    return day(change.get(side) or change.get(f"{side}String"))


def former_keys(key: str, histories: Sequence[Json]) -> tuple[str, ...]:
    """Keys that the issue had before it was moved (J21)."""
    former = [
        str(change["fromString"])
        for entry in histories
        for change in entry["items"]
        if KEY_FIELD in (change.get("fieldId"), f"issue{change.get('field', '')}".lower()) and change.get("fromString")
    ]
    return tuple(one for one in dict.fromkeys(former) if one != key)


def person(raw: Json | None) -> str | None:
    """The e-mail address where the site shows it, else the name."""
    return shown(raw) or None if raw else None
