"""A light that went from green to red at once, shortly before its day (I44): nobody could act in between."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated

from pydantic import Field

from model.findings import Claim, Evidence, Finding, Impact
from model.links import Link, Role
from model.records import Light, Record, Revision, Saving, StatusCategory, WorkItem
from reconcile.above import called, called_in_full
from reconcile.check import Asked, Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.decisions import decide_by, decider, owner
from reconcile.impact import planned_start, severity
from reconcile.promises import gone_reason
from reconcile.reporting import AT_REST, in_memory, light_of, lights_seen, out_of_sight, still_reports
from reconcile.wording import day_text, days_text
from reconcile.world import World

_ENDED = frozenset({StatusCategory.DONE, StatusCategory.DROPPED})
_ROLES = frozenset({Role.DELIVERS, Role.SAVES, Role.REPORTS})


class SuddenRedOptions(CheckOptions):
    """Options of the check sudden-red."""

    warning_days: Annotated[int, Field(ge=1)] = 14
    """Red that is told so many days before the day in question, or earlier, left time to act and is not told."""
    told_for_days: Annotated[int, Field(ge=1)] = 30
    """For how many days after the light has changed it is told; later it is history."""


@dataclass(frozen=True, slots=True)
class _Jump:
    """A record that is red, was green before and was never seen yellow in between. ``day`` is its due day or start."""

    record: Record
    day: date
    green_since: datetime
    seen: datetime

    @property
    def warning(self) -> int:
        """So many days were left; negative where the day had passed."""
        return (self.day - self.seen.date()).days


class SuddenRed(Check[SuddenRedOptions]):
    """A light went from green to red without yellow, less than two weeks before the day in question.

    What it finds
        Linked work that is open and due, or a saving that is planned to start, whose reported light is red, was green
        before, and was never seen yellow in between, where less than 14 days were left when it was first seen red. Grey
        and blank in between count as nothing. It is told for 30 days after the change and while the light is red. What
        was red when it was first seen was never seen to jump.

    Why it matters
        Yellow is the time in which something can still be done; where it was left out, everybody learnt of it too late.

    What to do
        Ask what was known and when, decide on what is left, and agree from which sign on yellow is due.

    Example
        TRN-3 Training in Iberia was green since 1 Jul 2026 and is red since 10 Sep 2026, 8 days before it is due.
    """

    name = "sudden-red"
    title = "A light went from green to red without yellow"
    family = "truth"
    patterns = ("I44",)
    formula = "Days of warning = due day - first seen red < warning_days, with green before and no yellow between."
    options_type = SuddenRedOptions
    reads = frozenset({"light", "due", "status", "planned_start", "plan"})
    roles = _ROLES

    def asks(self, world: World, options: SuddenRedOptions) -> Asked:
        """What was seen of the few that are red now and whose day is near."""
        return Asked(histories=frozenset(each.id for each, _ in _red(world, options)))

    def find(self, world: World, options: SuddenRedOptions) -> Iterator[Verdict]:
        """Yield one finding per record."""
        for record, day in _red(world, options):
            jump = _jump(world, record, day)
            if out_of_sight(world, record):
                yield Unjudged((record.id,), f"{record.key} was not seen in the last reading")
            elif jump is not None and _tells(world, options, jump):
                yield self._finding(world, jump)
        yield from _blind(world)

    def _finding(self, world: World, jump: _Jump) -> Finding:
        record = jump.record
        ids = _objectives(world, record.id)
        where, field = world.where(record.id, "light"), world.field_name(record.id, "light")
        name = called_in_full(record)
        last_day = decide_by(jump.day, 0, world.today)
        red = f"is red since {day_text(jump.seen.date())}, {_left(jump)}"
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(record.id,),
            title=f"{name} was green since {day_text(jump.green_since.date())} and {red}",
            objective_ids=ids,
            commitment=Claim(record.source, called(record), "was reported green", jump.day, where),
            forecast=Claim(record.source, called(record), red, where=where),
            cause=record.id,
            evidence=(
                Evidence(record.id, record.key, field, "red", where, old="green", at=jump.seen),
                _day_evidence(world, record, jump.day),
            ),
            severity=severity(Impact(), last_day, world.today, world.options.severity),
            owner=record.owner or owner(world.tree, ids),
            decider=decider(world.tree, ids, within_tolerance=False),
            decide_by=last_day,
            advice=f"Ask {record.owner or 'its owner'} what was known when, and decide what is left of "
            f"{called(record)}.",
            sources=(record.source,),
        )

    def why_resolved(self, finding: Finding, world: World, options: SuddenRedOptions) -> str:
        subject = finding.subjects[0]
        key = finding.commitment.key if finding.commitment else subject
        record = world.record(subject)
        if isinstance(record, WorkItem) and record.category in _ENDED:
            return f"{key} is {record.category.value}"
        if record is None or not still_reports(world, record):
            return gone_reason(subject, key, world)
        light = record.light if isinstance(record, (WorkItem, Saving)) else None
        if light is not Light.RED:
            return f"{key} is reported {light.value} now" if light is not None else f"nobody reports a light of {key}"
        return f"{key} is red for longer than {days_text(options.told_for_days)}, or its day has moved"


def _red(world: World, options: SuddenRedOptions) -> list[tuple[Record, date]]:
    """What reports red now, with its day, where that lies so near that the warning may have been short."""
    if "reported red" not in world.derived:
        latest = world.today + timedelta(options.warning_days)
        earliest = world.today - timedelta(options.told_for_days)
        world.derived["reported red"] = [
            *_red_work(world, earliest, latest),
            *_red_savings(world, earliest, latest),
        ]
    found: list[tuple[Record, date]] = world.derived["reported red"]
    return found


def _red_work(world: World, earliest: date, latest: date) -> Iterator[tuple[Record, date]]:
    """Of the work that the plan knows, and of what reports whether it is part of the plan or not."""
    near = [node for node, links in world.links.items() if _may_be_near(world, node, links, earliest, latest)]
    world.library.fetch(near)
    for node in near:
        record = world.record(node)
        if not isinstance(record, WorkItem) or record.due is None or light_of(record) is not Light.RED:
            continue
        if earliest <= record.due <= latest and still_reports(world, record) and _objectives(world, node):
            yield record, record.due


def _may_be_near(world: World, node: str, links: Sequence[Link], earliest: date, latest: date) -> bool:
    item = world.network.work.get(node)
    if item is None:
        return not in_memory(world, node) and any(each.role is Role.REPORTS for each in links)
    return item.due is not None and earliest <= item.due <= latest and item.category not in _ENDED


def _red_savings(world: World, earliest: date, latest: date) -> Iterator[tuple[Record, date]]:
    for saving in world.network.savings.values():
        start = planned_start(saving)
        if saving.light is not Light.RED or start is None or not earliest <= start <= latest:
            continue
        if _objectives(world, saving.id):
            yield saving, start


def _jump(world: World, record: Record, day: date) -> _Jump | None:
    """How it became red, if it was green just before; None where it was red or yellow as long as it was seen."""
    told: list[tuple[Revision, Light]] = []
    for revision, light in lights_seen(world.histories.get(record.id, ())):
        if light is not None and (not told or told[-1][1] is not light):
            told.append((revision, light))
    if [light for _, light in told[-2:]] != [Light.GREEN, Light.RED]:
        return None
    return _Jump(record, day, told[-2][0].seen, told[-1][0].seen)


def _tells(world: World, options: SuddenRedOptions, jump: _Jump) -> bool:
    """Whether little time was left, and it is not long ago."""
    recent = jump.seen.date() >= world.today - timedelta(options.told_for_days)
    return recent and jump.warning < options.warning_days


def _objectives(world: World, node: str) -> tuple[str, ...]:
    """The objectives that a record serves in a role in which it tells how they stand, unless they are at rest."""
    links = (each for each in world.links.get(node, ()) if each.role in _ROLES)
    objectives = (world.tree.get(each.objective_id) for each in links)
    return tuple(sorted({each.id for each in objectives if each is not None and each.stage_gate not in AT_REST}))


def _left(jump: _Jump) -> str:
    what = "it was to start" if isinstance(jump.record, Saving) else "it is due"
    if jump.warning < 0:
        return f"{days_text(-jump.warning)} after {what}"
    return f"{days_text(jump.warning)} before {what}" if jump.warning else f"on the day {what}"


def _day_evidence(world: World, record: Record, day: date) -> Evidence:
    field = "planned_start" if isinstance(record, Saving) else "due"
    where = world.where(record.id, field)
    return Evidence(record.id, record.key, world.field_name(record.id, field), day.isoformat(), where)


def _blind(world: World) -> Iterator[Blind]:
    """Sources of which no saving has a light."""
    told: dict[str, bool] = {}
    for saving in world.network.savings.values():
        told[saving.source] = told.get(saving.source, False) or saving.light is not None
    for source, lit in sorted(told.items()):
        if not lit:
            yield Blind(f"no saving of {source} has a light", (source,))
