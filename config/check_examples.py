"""The examples of custom checks: built from what the file says, and run through the check that they belong to."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from config.check_schema import (
    AnyRecord,
    ExampleDeal,
    ExampleEntry,
    ExampleMeasurement,
    ExampleRelease,
    ExampleSaving,
    ExtraField,
)
from config.settings import Settings
from mapping.document import Document, Loc
from mapping.objectives import Declared, Ids, needs_of, objective_of, tree_problems
from model.errors import Problem
from model.keys import normalise_key
from model.links import Link, Need, Role
from model.money import Month, MonthAmount
from model.objectives import Objective, ObjectiveTree
from model.records import Deal, FieldValue, Measurement, Record, Release, Saving, WorkItem
from reconcile.custom.check import CustomCheck
from reconcile.custom.rehearsal import Heard, Rehearsal, rehearse

FIRST_DAY = date(2026, 1, 1)
"""The day of an example that does not say one."""

_ROLES: Mapping[str, Role] = {
    "deal": Role.PROMISES,
    "saving": Role.SAVES,
    "measurement": Role.MEASURES,
    "release": Role.DELIVERS,
    "work_item": Role.DELIVERS,
}
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOST_SAID = 3


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One example of a custom check, sound in itself; ``at`` is where it stands in its file."""

    check: str
    entry: ExampleEntry
    document: Document
    at: Loc
    rehearsal: Rehearsal

    def problem(self, key: str, message: str, hint: str) -> Problem:
        return self.document.problem((*self.at, key), message, hint)


def example_of(
    check: str, entry: ExampleEntry, document: Document, at: Loc, zone: ZoneInfo
) -> tuple[Example | None, list[Problem]]:
    """The example, or None with everything that is wrong with it."""
    problems: list[Problem] = []
    if entry.text is not None and not entry.finds:
        problems.append(document.problem((*at, "text"), "nothing is found here, so nothing is told", "remove the text"))
    objectives, ids = _objectives(entry, document, at, problems)
    records: list[Record] = []
    needs: list[Need] = []
    links: list[Link] = []
    keys: dict[str, str] = {}
    for index, each in enumerate(entry.records):
        here: Loc = (*at, "records", index)
        if normalise_key(each.key) in keys:
            problems.append(document.problem((*here, "key"), f"the example has two records '{each.key}'", "rename one"))
        keys[normalise_key(each.key)] = each.key
        record = _record(each, document.location(here))
        records.append(record)
        needs += _needs(each, record.id)
        links += _links(each, record.id, ids, document, here, problems)
    if problems:
        return None, problems
    known = (need for each in objectives for need in needs_of(each))
    tree = ObjectiveTree(objectives)
    today = entry.today or FIRST_DAY
    rehearsal = Rehearsal(
        today=today, zone=zone, records=tuple(records), links=tuple(links), needs=(*needs, *known), tree=tree
    )
    return Example(check, entry, document, at, rehearsal), []


def failures(examples: Iterable[Example], checks: Mapping[str, CustomCheck], settings: Settings) -> Iterator[Problem]:
    """Run examples; each that comes out otherwise is a problem at its place."""
    rates = settings.business.rate_table()
    for example in examples:
        heard = rehearse(checks[example.check], example.rehearsal, settings.reconcile, rates)
        yield from _otherwise(example, heard)


def _otherwise(example: Example, heard: Heard) -> Iterator[Problem]:
    entry, name = example.entry, f"the example '{example.entry.name}'"
    if entry.finds and not heard.texts:
        reasons = f"; it cannot be judged: {heard.not_judged[0]}" if heard.not_judged else ""
        said = "; ".join(heard.said[:_MOST_SAID]) or "there is nothing that the check looks at"
        yield example.problem("finds", f"{example.check} finds nothing in {name}{reasons}", said)
    elif heard.texts and not entry.finds:
        hint = "mend the example or the check, or write finds: true"
        yield example.problem("finds", f"{example.check} finds something in {name}: {heard.texts[0]}", hint)
    elif entry.text is not None and entry.text not in heard.texts:
        yield example.problem("text", f"{example.check} says something else in {name}", f"it says: {heard.texts[0]}")


# --- building ---------------------------------------------------------------------------------------------------


def _objectives(
    entry: ExampleEntry, document: Document, at: Loc, problems: list[Problem]
) -> tuple[tuple[Objective, ...], Ids]:
    declared = [_Declared(document, index, each.id, each, at) for index, each in enumerate(entry.objectives)]
    ids = Ids(declared)
    problems += tree_problems(declared, ids)
    return tuple(_objective(each, ids) for each in declared), ids


@dataclass(frozen=True, slots=True, eq=False)
class _Declared(Declared):
    """An objective that stands in an example."""

    at: Loc = ()

    def problem(self, key: str, message: str, hint: str = "") -> Problem:
        return self.document.problem((*self.at, "objectives", self.index, key), message, hint)

    @property
    def place(self) -> str:
        return self.document.place((*self.at, "objectives", self.index, "id"))

    @property
    def location(self) -> str:
        return self.document.location((*self.at, "objectives", self.index))


def _objective(declared: _Declared, ids: Ids) -> Objective:
    assert declared.entry is not None
    made = objective_of(declared, declared.entry, ids)
    return replace(made, name=made.id) if made.name == "-" else made


def _links(
    entry: AnyRecord, record_id: str, ids: Ids, document: Document, at: Loc, problems: list[Problem]
) -> Iterator[Link]:
    for index, wanted in enumerate(entry.serves):
        found = ids.find(wanted)
        if found is None:
            listed = isinstance(document.get((*at, "serves")), list)
            place: Loc = (*at, "serves", index) if listed else (*at, "serves")
            hint = ids.hint(wanted) or "add it under objectives: of the example"
            problems.append(document.problem(place, f"the example has no objective '{wanted}'", hint))
        else:
            yield Link(record_id, found.id, _ROLES[entry.kind], "example")


def _needs(entry: AnyRecord, record_id: str) -> Iterator[Need]:
    for wanted in entry.after:
        yield Need(record_id, wanted)
    if isinstance(entry, ExampleDeal) and entry.promised is not None:
        yield Need(record_id, entry.promised)
    if isinstance(entry, ExampleSaving) and entry.enabler is not None:
        yield Need(record_id, entry.enabler, entry.lag)


def _record(entry: AnyRecord, location: str) -> Record:
    """The record that an entry describes; its key is its native id, and every field says where it stands."""
    shared: dict[str, Any] = {
        "source": entry.source,
        "native_id": entry.key,
        "key": entry.key,
        "title": entry.title or entry.key,
        "owner": entry.owner,
        "container": _said(entry.container),
        "url": location,
        "custom": {name: _extra(value) for name, value in entry.fields.items()},
    }
    if isinstance(entry, ExampleDeal):
        names = ("outcome", "amount", "probability", "close_date", "promised_date", "promised", "account")
        return Deal(**shared, **_plain(entry, names), stage=_said(entry.stage))
    if isinstance(entry, ExampleSaving):
        names = ("currency", "planned_start", "run_rate", "baseline", "one_time_cost", "light", "stage_gate")
        series: dict[str, Any] = {name: _months(getattr(entry, name)) for name in ("plan", "forecast", "actual")}
        return Saving(**shared, **_plain(entry, names), **series, **_plain(entry, ("controller", "enabler")))
    if isinstance(entry, ExampleMeasurement):
        texts: dict[str, Any] = {name: _said(getattr(entry, name)) for name in ("metric", "unit", "period")}
        return Measurement(**shared, **texts, **_plain(entry, ("value", "target", "reporter")))
    if isinstance(entry, ExampleRelease):
        return Release(**shared, **_plain(entry, ("start", "release_date", "released")))
    return WorkItem(**shared, **_plain(entry, ("category", "start", "due", "finished", "parent", "releases")))


def _plain(entry: AnyRecord, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in names}


def _said(text: str) -> str:
    return "" if text == "-" else text


def _months(cells: Mapping[Month, Decimal]) -> tuple[MonthAmount, ...]:
    return tuple(MonthAmount(month, cells[month]) for month in sorted(cells))


def _extra(value: ExtraField) -> FieldValue:
    """A number is a decimal, a day a date; everything else is what it is written as."""
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return Decimal(str(value))
    return value
