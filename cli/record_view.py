"""One record for people: its fields and where each came from, its links, and what changed between its revisions."""

import dataclasses
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from cli.moves_view import dates_json, print_moves
from cli.output import say
from cli.record_history import SERIES, FieldChange, history_of
from cli.table import print_pairs
from cli.wording import human, label, moment, money, month, number, origin, waiting
from cli.workspace import near
from model.findings import TrackedFinding
from model.keys import record_id
from model.links import Link, Need
from model.money import Month, MonthAmount
from model.records import Absence, Deal, Record, Saving, WorkItem

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from config.load import Configuration
    from model.reading import Observed
    from state.records import Revision
    from state.store import Store

HIDDEN = {
    *("source", "native_id", "key", "former_keys", "title", "url", "currency"),
    *("provenance", "custom", "moves", "changes"),
}
"""Shown in another place, or bookkeeping."""


@dataclasses.dataclass(frozen=True, slots=True)
class Dossier:
    """Everything that is stored about one record."""

    seen: "Observed"
    absence: "tuple[Absence, datetime] | None"
    revisions: "Sequence[Revision]"
    links: Sequence[Link]
    needs: Sequence[Need]
    findings: Sequence[TrackedFinding]
    names: dict[str, str]
    """What people call the records that this one refers to by their native ids."""


def called(record: Record) -> str:
    """Key and title, once where they are the same."""
    return record.key if record.title in ("", record.key) else f"{record.key} {record.title}"


def dossier(store: "Store", seen: "Observed") -> Dossier:
    """Collect what is stored about a record."""
    from pipeline.judge import gravest_first

    record = seen.record
    return Dossier(
        seen,
        store.absence(record.id),
        store.revisions(record.id),
        store.links_of(record.id),
        store.needs_of(record.id),
        gravest_first(each for each in store.tracked().values() if each.standing and _concerns(each, record.id)),
        {native: _called(store, record.source, native) for native in _references(record)},
    )


def _concerns(tracked: TrackedFinding, id_: str) -> bool:
    finding = tracked.finding
    return id_ in finding.subjects or any(proof.record_id == id_ for proof in finding.evidence)


def _references(record: Record) -> set[str]:
    if not isinstance(record, WorkItem):
        return set()
    return {*record.releases, *(native for native in (record.parent, record.sprint) if native)}


def _called(store: "Store", source: str, native_id: str) -> str:
    found = store.find(record_id(source, native_id))
    return called(found[0].record) if found else native_id


def as_json(shown: Dossier) -> dict[str, object]:
    """The documented fields of one record."""
    return {
        "kind": shown.seen.record.kind,
        "record": shown.seen.record,
        "first_seen": shown.seen.first_seen,
        "last_seen": shown.seen.last_seen,
        "absence": {"why": shown.absence[0], "since": shown.absence[1]} if shown.absence else None,
        "revisions": shown.revisions,
        "history": history_of(shown.revisions),
        "dates": dates_json(shown.seen.record, shown.revisions),
        "links": shown.links,
        "needs": shown.needs,
        "findings": [each.fingerprint for each in shown.findings],
    }


def print_record(shown: Dossier, configuration: "Configuration") -> None:
    """A record as a person reads it."""
    record, zone = shown.seen.record, configuration.settings.business.zone
    say(called(record), bold=True)
    say(f"{label(record.kind.value)} in {record.source}" + (f", {record.container}" if record.container else ""))
    if record.url:
        say(record.url)
    if record.former_keys:
        say(f"formerly {', '.join(record.former_keys)}")
    if shown.absence:
        say(f"no longer there: {label(shown.absence[0].value)}, since {moment(shown.absence[1], zone)}")
    say()
    rows = [(label(name), text, record.provenance.get(place, "")) for name, text, place in _fields(shown, zone)]
    print_pairs(rows)
    _print_links(shown, configuration)
    if shown.findings:
        say()
        say("findings", bold=True)
        print_pairs(
            [(each.fingerprint[:8], each.finding.severity.label, each.finding.title) for each in shown.findings],
            indent=2,
        )
    print_moves(record, shown.revisions, configuration)
    say()
    say("revisions", bold=True)
    print_pairs(list(_steps(shown, zone)), indent=2)


def _fields(shown: Dossier, zone: "ZoneInfo") -> Iterator[tuple[str, str, str]]:
    """The fields that say something, in the order of the record: name, text, and the name its provenance goes by."""
    record = shown.seen.record
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if field.name in HIDDEN or field.name == "container" or value in (None, "", (), False):
            continue
        if field.name in SERIES:
            yield from _months(record, field.name, value)
        else:
            yield field.name, _text(shown, field.name, value, zone), field.name
    for name, value in record.custom.items():
        yield name, human(value, zone), f"custom.{name}" if f"custom.{name}" in record.provenance else name


def _months(record: Record, name: str, amounts: Sequence[MonthAmount]) -> Iterator[tuple[str, str, str]]:
    currency = record.currency if isinstance(record, Saving) else ""
    for index, each in enumerate(amounts):
        text = f"{month(each.month)}  {money(each.amount, currency)}"
        yield name if index == 0 else "", text, f"{name}.{each.month}"


def _text(shown: Dossier, name: str, value: Any, zone: "ZoneInfo") -> str:
    """One field in words; what refers to another record says what people call it."""
    record = shown.seen.record
    if name in ("parent", "sprint"):
        return shown.names.get(str(value), str(value))
    if name == "releases":
        return ", ".join(shown.names.get(native, native) for native in value)
    if name == "probability" and isinstance(record, Deal):
        return f"{number(value * 100)} %"
    if name in ("baseline", "one_time_cost") and isinstance(record, Saving):
        return money(value, record.currency)
    return human(value, zone)


def _print_links(shown: Dossier, configuration: "Configuration") -> None:
    tree = configuration.mapping.tree
    say()
    say("linked to", bold=True)
    rows = []
    for link in shown.links:
        objective = tree.get(link.objective_id)
        called = f"{objective.name}, {link.role.value}" if objective else link.role.value
        rows.append((link.objective_id, called, f"by rule {link.rule} ({near(configuration, link.location)})"))
    print_pairs(rows or [("nothing: driftline explain tells which rules were tried",)], indent=2)
    if shown.needs:
        say()
        say("waits for", bold=True)
        print_pairs(
            [(waiting(need.wanted, need.lag_days, need.calendar), origin(need)) for need in shown.needs], indent=2
        )


def _steps(shown: Dossier, zone: "ZoneInfo") -> Iterator[tuple[str, str, str]]:
    """What each revision changed, field by field, with the cell or field that said so then."""
    for step in history_of(shown.revisions):
        at = moment(step.seen_at, zone)
        if step.what == "absent":
            yield at, f"no longer there: {label(step.absence.value) if step.absence else 'gone'}", ""
            continue
        lines = [
            (_changed(shown.seen.record, change, zone), _short_place(shown.seen.record, change.place))
            for change in step.changes
        ]
        if step.what != "changed":
            lines = [(label(step.what), ""), *lines]
        elif not lines:
            lines = [("the same facts from another place", "")]
        for line, (text, place) in enumerate(lines):
            yield at if line == 0 else "", text, place


def _short_place(record: Record, place: str) -> str:
    """``F6`` where the record still stands on that sheet of that workbook, as its fields above show; else all of it."""
    sheet, parted, cell = place.rpartition("!")
    here = {known.rpartition("!")[0] for known in record.provenance.values()}
    return cell if parted and sheet in here else place


def _changed(record: Record, change: FieldChange, zone: "ZoneInfo") -> str:
    series, _, rest = change.field.partition(".")
    name = f"{series} {month(Month.parse(rest))}" if series in SERIES and rest else label(change.field)
    old, new = (_value(record, change.field, value, zone) for value in (change.old, change.new))
    return f"{name}: {old} → {new}{', as before' if change.again else ''}"


def _value(record: Record, field: str, value: Any, zone: "ZoneInfo") -> str:
    """A value in words; amounts of a saving with its currency."""
    is_amount = field.partition(".")[0] in (*SERIES, "baseline", "one_time_cost") and isinstance(value, Decimal)
    return money(value, record.currency) if is_amount and isinstance(record, Saving) else human(value, zone)
