"""Reporting fell silent before a milestone (F3.1, I64): evidence is missing, whatever the reason."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from model.calendars import DEFAULT_CALENDAR, Calendar
from model.findings import Claim, Evidence, Finding, Impact
from model.links import Role
from model.records import Record
from reconcile.above import called
from reconcile.check import FORECAST_READS, Asked, Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.decisions import decide_by, decider, owner
from reconcile.forecast import ForecastState
from reconcile.impact import severity
from reconcile.reporting import out_of_sight
from reconcile.silence import (
    Windows,
    days_back,
    finished_since,
    first_day,
    is_open,
    records_of,
    telling_ids,
    update_days,
    worked_between,
)
from reconcile.story import says_of
from reconcile.targets import Target, target_claim, target_evidence, target_of
from reconcile.wording import day_text
from reconcile.world import World

_MOST_SHOWN = 5


class MissingEvidenceOptions(CheckOptions):
    """Options of the check missing-evidence."""

    silent_days: Annotated[int, Field(ge=1)] = 20
    """After so many working days without any update evidence is missing."""
    milestone_days: Annotated[int, Field(ge=1)] = 42
    """How many days ahead a milestone counts as near."""
    answer_days: Annotated[int, Field(ge=0)] = 5
    """How many working days more the owner has to answer before leaders hear of it."""
    fallen_percent: Annotated[Decimal, Field(gt=0, le=100)] = Decimal(50)
    """By more than how many percent updates must have fallen below their own baseline where they have not ended."""
    baseline_days: Annotated[int, Field(ge=5)] = 40
    """The working days before the silence that are the baseline."""
    enough_updates: Annotated[int, Field(ge=1)] = 20
    """How many updates the baseline must let expect before fewer of them say anything; below, it is chance."""
    most_records: Annotated[int, Field(ge=1)] = 500
    """Up to how many records of an objective are compared with their own past; of more only whether any is updated."""
    calendar: str = DEFAULT_CALENDAR
    """The calendar by which working days count, so that holidays are no silence."""


@dataclass(frozen=True, slots=True)
class _Watched:
    """An objective whose milestone is near, with the ids of all that tells how it stands."""

    target: Target
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Silence:
    """Since when nothing is told; or, with ``expected``, how many updates there were of how many by the baseline."""

    watched: _Watched
    last: date
    shown: tuple[tuple[Record, date], ...]
    sources: frozenset[str]
    updates: int = 0
    expected: Decimal | None = None


class MissingEvidence(Check[MissingEvidenceOptions]):
    """Nothing is heard any more of an objective whose milestone is near.

    What it finds
        An objective whose target lies within six weeks and whose work is not done, of which no record was updated for
        20 working days: none that delivers it, with everything below, none that reports on it, saves or measures for
        it. And one whose open work was updated less than half as often in that time as in the 40 working days before,
        where at least 20 updates were to be expected; that one is for its owner only. Days off by the calendar are no
        silence, what is finished is an update, and what has begun to fall silent because it is done is not compared. An
        update is what the source says, or what was seen to change where the source tells no times.

    Why it matters
        Where blockers are no longer reported the next report is often the failure. Silence is missing evidence: it does
        not say whether all is well.

    What to do
        Call the owner, and ask for the state and for what blocks it. The owner hears of it a week before leaders do.

    Example
        Iberia live: no update since 17 Aug 2026 (20 working days), and it is to be reached by 30 Oct 2026.
    """

    name = "missing-evidence"
    title = "Nothing is heard of an objective whose milestone is near"
    family = "truth"
    patterns = ("F3.1", "I64")
    formula = (
        "No update, or fewer than half as many per working day as in the time before, with the target near and the "
        "work not done."
    )
    options_type = MissingEvidenceOptions
    reads = FORECAST_READS | {"changed", "created"}
    roles = frozenset({Role.DELIVERS, Role.REPORTS, Role.SAVES, Role.MEASURES})
    daily = True

    def asks(self, world: World, options: MissingEvidenceOptions) -> Asked:
        """What was seen of the few objectives whose milestone is near and of which nothing was finished lately."""
        few = (each.ids for each in _watched(world, options) if len(each.ids) <= options.most_records)
        return Asked(histories=frozenset(id_ for ids in few for id_ in ids))

    def find(self, world: World, options: MissingEvidenceOptions) -> Iterator[Verdict]:
        windows = _windows(world, options)
        timed: dict[str, bool] = {}
        for watched in _watched(world, options):
            told = _silence(world, options, windows, watched, timed)
            if isinstance(told, str):
                yield Unjudged((watched.target.node,), told)
            elif told is not None:
                yield self._finding(world, options, windows, told)
        for source, known in sorted(timed.items()):
            if not known:
                reason = f"{source} does not say when its records were changed, and they are not known for long enough"
                yield Blind(reason, (source,))

    def _finding(self, world: World, options: MissingEvidenceOptions, windows: Windows, silence: _Silence) -> Finding:
        target = silence.watched.target
        ids = (target.objective.id,)
        settle = silence.expected is not None or silence.last >= windows.unanswered
        last_day = decide_by(target.in_force.target, 0, world.today)
        says = _says(world, options, silence)
        newest = silence.shown[0][0]
        whose = owner(world.tree, ids)
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(target.node,),
            title=f"Evidence is missing for {target.objective.name}: {says}, and it is to be reached by "
            f"{day_text(target.in_force.target)}",
            objective_ids=ids,
            commitment=target_claim(target),
            forecast=Claim(newest.source, called(newest), says, silence.last, world.where(newest.id)),
            cause=target.node,
            evidence=(
                *target_evidence(target),
                *(
                    Evidence(
                        each.id, each.key, world.field_name(each.id, "changed"), day.isoformat(), world.where(each.id)
                    )
                    for each, day in silence.shown
                ),
            ),
            severity=severity(Impact(), last_day, world.today, world.options.severity),
            owner=whose,
            decider=decider(world.tree, ids, within_tolerance=settle),
            decide_by=last_day,
            advice=f"Ask {whose or 'the owner'} for the state of {target.objective.name}, and for what blocks it.",
            sources=tuple(sorted(silence.sources)),
            upkeep=settle,
        )

    def why_resolved(self, finding: Finding, world: World, options: MissingEvidenceOptions) -> str:
        """What was heard, or that nobody has to tell anything any more."""
        objective = world.network.objectives.get(finding.subjects[0])
        if objective is None:
            return "the objective is not declared any more"
        target = target_of(world, objective)
        if target is None:
            return f"{objective.name} is done or at rest, or has no date any more"
        if target.in_force.target < world.today:
            return f"{objective.name} was to be reached by {day_text(target.in_force.target)}: the day has passed"
        if target.in_force.target > world.today + timedelta(options.milestone_days):
            return f"{objective.name} is to be reached by {day_text(target.in_force.target)} now"
        return f"something is heard of {objective.name} again"


def _windows(world: World, options: MissingEvidenceOptions) -> Windows:
    calendar, today = _calendar(world, options), world.today
    whole = options.silent_days + options.baseline_days
    return Windows(
        days_back(calendar, today, options.silent_days),
        days_back(calendar, today, options.silent_days + options.answer_days),
        days_back(calendar, today, whole),
    )


def _calendar(world: World, options: MissingEvidenceOptions) -> Calendar:
    return world.calendars.get(options.calendar, Calendar())


def _watched(world: World, options: MissingEvidenceOptions) -> Sequence[_Watched]:
    """The objectives whose milestone is near and of which nothing was finished lately, worked out once."""
    if "watched" not in world.derived:
        since = _windows(world, options).silent
        near = (target_of(world, each) for each in world.network.objectives.values())
        world.derived["watched"] = [
            _Watched(target, telling_ids(world, target.node))
            for target in near
            if target is not None
            and 0 <= (target.in_force.target - world.today).days <= options.milestone_days
            and not finished_since(world, target.node, since)
        ]
    found: Sequence[_Watched] = world.derived["watched"]
    return found


def _silence(
    world: World, options: MissingEvidenceOptions, windows: Windows, watched: _Watched, timed: dict[str, bool]
) -> _Silence | str | None:
    """What is missing; in words why that cannot be told; None where nothing is missing, or nobody works on it.

    ``timed`` is told of each source whether it lets know when something was last updated.
    """
    forecast = watched.target.forecast
    if forecast.state is ForecastState.UNKNOWN:
        return f"{world.key(forecast.cause)} {says_of(world, forecast.cause)}"
    days: list[tuple[Record, frozenset[date]]] = []
    for record in records_of(world, watched.ids):
        history = world.histories.get(record.id, ())
        if out_of_sight(world, record):
            return f"{record.key} was not seen in the last reading"
        if record.changed is None and not history:
            return f"nobody knows when {record.key} was last changed"
        days.append((record, update_days(record, history)))
        known = record.changed is not None or history[0].seen.date() < windows.silent
        timed[record.source] = timed.get(record.source, False) or known
        if len(watched.ids) > options.most_records and max(days[-1][1]) >= windows.silent:
            return None
    if not any(is_open(record) for record, _ in days):
        return None
    sources = frozenset(record.source for record, _ in days) | forecast.sources
    unread = sorted(each.source for each in world.coverage if each.source in sources and not each.complete)
    if unread:
        return f"{unread[0]} is not completely read"
    return _told(world, options, windows, watched, days, sources)


def _told(
    world: World,
    options: MissingEvidenceOptions,
    windows: Windows,
    watched: _Watched,
    days: Sequence[tuple[Record, frozenset[date]]],
    sources: frozenset[str],
) -> _Silence | None:
    latest = sorted(((record, max(each)) for record, each in days), key=lambda each: (-each[1].toordinal(), each[0].id))
    last, shown = latest[0][1], tuple(latest[:_MOST_SHOWN])
    if last < windows.silent:
        return _Silence(watched, last, shown, sources)
    if len(watched.ids) > options.most_records:
        return None
    updates, before = _counted(world, windows, days)
    expected = Decimal(before * options.silent_days) / options.baseline_days
    if expected < options.enough_updates or updates * 100 >= (100 - options.fallen_percent) * expected:
        return None
    return _Silence(watched, last, shown, sources, updates, expected)


def _counted(world: World, windows: Windows, days: Sequence[tuple[Record, frozenset[date]]]) -> tuple[int, int]:
    """The updates lately and in the baseline, of the open work that was there all the time; one a day and record."""
    lately = before = 0
    for record, updated in days:
        made = first_day(record, world.histories.get(record.id, ()))
        if not is_open(record) or made is None or made > windows.baseline:
            continue
        lately += sum(windows.silent <= day for day in updated)
        before += sum(windows.baseline <= day < windows.silent and day != made for day in updated)
    return lately, before


def _says(world: World, options: MissingEvidenceOptions, silence: _Silence) -> str:
    if silence.expected is not None:
        fallen = f"{silence.updates} updates in {options.silent_days} working days"
        return f"{fallen}, where its own pace lets expect {silence.expected.quantize(Decimal(1))}"
    worked = worked_between(_calendar(world, options), silence.last, world.today)
    return f"no update since {day_text(silence.last)} ({worked} working days)"
