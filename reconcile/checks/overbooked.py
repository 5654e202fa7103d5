"""One person, team or epic is claimed by objectives that do not know of each other, beyond what it can do (I54)."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from itertools import pairwise
from typing import Annotated, TypeAlias

from pydantic import Field

from model.findings import Claim, Evidence, Finding, Impact
from model.keys import normalise_key, objective_node
from model.links import Role
from model.objectives import Objective
from model.persons import no_single_person
from model.records import StatusCategory, WorkItem
from reconcile.check import FORECAST_READS, Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.claimed_epics import ClaimedBelow, ClaimedEpic, ClaimedEpics
from reconcile.decisions import decider, owner
from reconcile.from_below import FromBelow
from reconcile.impact import severity
from reconcile.ownership import (
    MOST_SHOWN,
    at_hand,
    runs,
    sources_for,
    why_not_looked_at,
)
from reconcile.wording import day_text, days_text, listed
from reconcile.world import World


class OverbookedOptions(CheckOptions):
    """Options of the check overbooked."""

    most_at_once: Annotated[int, Field(ge=1)] = 5
    """How many pieces of work one person may have under way at the same time."""
    for_days: Annotated[int, Field(ge=1)] = 10
    """For how many days from now on it must be more than that."""
    most_of_team: Annotated[int, Field(ge=1)] = 20
    """How many pieces of work one team may have under way at the same time, where several objectives count on it."""
    team_field: Annotated[str | None, Field(examples=["team"])] = None
    """Which of the extra fields of records (fields: of their source) names the team; without it, or where it is blank,
    a team is a project or container of a source."""
    epics: bool = True
    """Whether epics that several objectives claim at once are told."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """One piece of work, from when to when it is worked on, and for which objective."""

    record: WorkItem
    begin: date
    end: date
    objective: str


@dataclass(frozen=True, slots=True)
class _Booking:
    """A person or team with more work than the limit; ``days`` on which it is so, from now to ``until``."""

    who: str
    pieces: tuple[_Piece, ...]
    days: int
    until: date


@dataclass(slots=True)
class _Below:
    """What is claimed below an objective: the pieces of each person or team, and who was told further below."""

    pieces: dict[str, dict[str, _Piece]]
    told: set[str]
    bookings: tuple[_Booking, ...] = ()
    hidden: dict[str, str] = field(default_factory=dict)
    """Who would not be told without a piece that is out of sight, with the key of that piece."""


_WhoOf: TypeAlias = Callable[[WorkItem], str | None]
"""Who works on a piece; None where nobody can be told."""
_EPICS = "claims:epics"
"""The second subject of what is told of the epics below an objective."""


class Overbooked(Check[OverbookedOptions]):
    """One person, team or epic is claimed by two objectives at the same time, beyond what it can do.

    What it finds
        One finding per objective below which it happens, with everybody concerned: somebody who owns more than 5 pieces
        of work that are open at the same time, for 10 days or more from now on, and that deliver two or more different
        objectives. Work that is under way counts from now to its due date, other work at hand from its start. It is
        told at the lowest objective that stands above all of these pieces. Work inside linked work, work without a due
        date, groups, and smaller pieces that come as sums do not count.
        In the same way one finding per team with more than 20 such pieces. A team is a project or container of a
        source, or what an extra field names. And one finding, at the lowest objective above, with the epics at hand
        that deliver two or more objectives of which neither stands above the other, when these claim more than all of
        it: the weights of the rules add up to more than 1. An epic is work with parts; without an end, or overdue, it
        is claimed until further notice.

    Why it matters
        Both objectives count on the same hands, or on the same work, and each plan is sound by itself.

    What to do
        Decide which of the objectives comes first, and move or hand over the rest. For an epic that serves several on
        purpose, give the rule a weight that tells the share of each.

    Example
        Below Faster operations 1 person is booked for more than 5 pieces of work at once, for DACH live and Nordics
        live, for 12 days, until 2 Oct 2026.
    """

    name = "overbooked"
    title = "One person, team or epic is claimed by several objectives at once"
    family = "ownership"
    patterns = ("I43", "I54")
    formula = (
        "More pieces of one person or team open on one day than allowed, for two or more objectives, on as many days "
        "as allowed or more; weights of one epic for objectives side by side > 1."
    )
    options_type = OverbookedOptions
    reads = FORECAST_READS | {"owner", "container", "custom"}
    roles = frozenset({Role.DELIVERS})
    daily = True

    def find(self, world: World, options: OverbookedOptions) -> Iterator[Verdict]:
        """Yield one finding per objective below which somebody is overbooked, per team, and for the epics."""
        people = _Claims(world, options.most_at_once, options.for_days, _person)
        spelled = cache(normalise_key)
        teams = _Claims(world, options.most_of_team, options.for_days, lambda record: spelled(_team(record, options)))
        epics = ClaimedEpics(world, options.for_days)
        for objective in world.network.objectives.values():
            if runs(world, objective):
                yield from self._people(world, objective, people.below(objective), options)
                yield from self._teams(world, objective, teams.below(objective), options)
                if options.epics:
                    yield from self._epics(world, objective, epics.below(objective))
        if people.work and not people.dated:
            yield Blind("no work at hand that delivers an objective has an owner and a due date")

    def _people(
        self, world: World, objective: Objective, below: "_Below", options: OverbookedOptions
    ) -> Iterator[Verdict]:
        if below.bookings:
            number = len(below.bookings)
            who = "1 person is" if number == 1 else f"{number:,} people are"
            yield self._booked(world, objective, (), who, below.bookings, options.most_at_once)
        elif hidden := next(iter(below.hidden.values()), ""):
            yield Unjudged((objective_node(objective.id),), f"{hidden} is out of sight")

    def _teams(
        self, world: World, objective: Objective, below: "_Below", options: OverbookedOptions
    ) -> Iterator[Verdict]:
        for booking in below.bookings:
            who = f"the team {_team(booking.pieces[0].record, options)} is"
            more = (f"team:{booking.who}",)
            yield self._booked(world, objective, more, who, (booking,), options.most_of_team)
        for team, key in below.hidden.items():
            yield Unjudged((objective_node(objective.id), f"team:{team}"), f"{key} is out of sight")

    def _booked(
        self,
        world: World,
        objective: Objective,
        more: tuple[str, ...],
        who: str,
        bookings: tuple[_Booking, ...],
        most: int,
    ) -> Finding:
        pieces = [piece for booking in bookings for piece in booking.pieces]
        served = tuple(dict.fromkeys(piece.objective for piece in pieces))
        longest = max(bookings, key=lambda each: (each.days, each.who))
        says = f"{who} booked for more than {most} pieces of work at once, for {_names(world, served)}"
        says += f", for {days_text(longest.days)}, until {day_text(longest.until)}"
        evidence = (_proof(world, piece) for piece in pieces[:MOST_SHOWN])
        return self._finding(world, objective, more, says, served, evidence, (each.record for each in pieces))

    def _epics(self, world: World, objective: Objective, below: ClaimedBelow) -> Iterator[Verdict]:
        subjects = (_EPICS,)
        if below.epics:
            served = tuple(dict.fromkeys(id_ for epic in below.epics for id_, _ in epic.shares))
            most = _percent(max(epic.share for epic in below.epics))
            number = len(below.epics)
            says = f"the epic {below.epics[0].record.key} counts" if number == 1 else f"{number:,} epics count"
            says += f" for {_names(world, served)} at once, at {'up to ' * (number > 1)}{most} in all"
            evidence = (_share_proof(world, epic) for epic in below.epics[:MOST_SHOWN])
            records = (epic.record for epic in below.epics)
            yield self._finding(world, objective, subjects, says, served, evidence, records)
        elif below.hidden:
            yield Unjudged((objective_node(objective.id), *subjects), f"{below.hidden} is out of sight")

    def _finding(
        self,
        world: World,
        objective: Objective,
        more: tuple[str, ...],
        says: str,
        served: tuple[str, ...],
        evidence: Iterable[Evidence],
        records: Iterable[WorkItem],
    ) -> Finding:
        ids, impact = (objective.id,), Impact()
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(objective_node(objective.id), *more),
            title=f"Below {objective.name} {says}",
            objective_ids=(objective.id, *(id_ for id_ in served if id_ != objective.id)),
            forecast=Claim("objectives", objective.id, says, where=objective.location),
            impact=impact,
            evidence=tuple(evidence),
            severity=severity(impact, None, world.today, world.options.severity),
            owner=owner(world.tree, ids),
            decider=world.tree.inherited_right(objective.id, "across_measures")
            or decider(world.tree, ids, within_tolerance=False),
            advice=_advice(more, _names(world, served)),
            sources=sources_for(world, objective, (record.source for record in records)),
        )

    def why_resolved(self, finding: Finding, world: World, options: OverbookedOptions) -> str:
        """Work was finished, moved, handed over or shared out."""
        if reason := why_not_looked_at(finding, world):
            return reason
        match finding.subjects[1:]:
            case ():
                return "nobody is booked beyond the limit for several objectives any more"
            case (subject,) if subject == _EPICS:
                return "no epic is claimed by several objectives any more"
            case _:
                return "the team is not booked beyond the limit for several objectives any more"


class _Claims(FromBelow[_Below]):
    """Which people, or which teams, are claimed by what, from the lowest objectives up, each worked out once."""

    def __init__(self, world: World, most: int, for_days: int, who_of: _WhoOf) -> None:
        super().__init__(world)
        self._most = most
        self._for_days = for_days
        self._who_of = who_of
        self.work = False
        self.dated = False

    def _judged(self, objective: Objective) -> _Below:
        below = _Below(self._own(objective), set())
        for child in self._world.network.children.get(objective_node(objective.id), ()):
            found = self._world.network.objectives.get(child)
            if found is None:
                continue
            inner = self._known[found.id]
            below.told |= inner.told
            for who, pieces in inner.pieces.items():
                below.pieces.setdefault(who, {}).update(pieces)
        everybody = sorted(below.pieces.keys() - below.told)
        booked = [one for each in everybody if (one := self._booking(each, below.pieces[each]))]
        below.told |= {booking.who for booking in booked}
        for booking in booked:
            hidden = [each.record for each in booking.pieces if _is_hidden(self._world, each.record.id)]
            seen = {id_: piece for id_, piece in below.pieces[booking.who].items() if not _is_hidden(self._world, id_)}
            certain = self._booking(booking.who, seen) if hidden else booking
            if certain:
                below.bookings += (certain,)
            else:
                below.hidden[booking.who] = hidden[0].key
        return below

    def _booking(self, who: str, pieces: Mapping[str, _Piece]) -> _Booking | None:
        return _booking(who, pieces, self._most, self._for_days)

    def _own(self, objective: Objective) -> dict[str, dict[str, _Piece]]:
        if not runs(self._world, objective):
            return {}
        found: dict[str, dict[str, _Piece]] = {}
        for record in at_hand(self._world, objective):
            if not isinstance(record, WorkItem):
                continue
            self.work = True
            piece = _piece(record, objective, self._world)
            if record.due is None or (piece is None and self.dated):
                continue
            who = self._who_of(record)
            self.dated = self.dated or who is not None
            if piece is not None and who:
                found.setdefault(who, {})[record.id] = piece
        return found


def _person(record: WorkItem) -> str | None:
    """The owner; empty where it is no single person."""
    if record.owner is None:
        return None
    return normalise_key(record.owner) if no_single_person(record.owner) is None else ""


def _team(record: WorkItem, options: OverbookedOptions) -> str:
    named = record.custom.get(options.team_field) if options.team_field else None
    if isinstance(named, str) and named.strip():
        return " ".join(named.split())
    # Named as where its pace is told.
    return f"{record.source}/{record.container}" if record.container else record.source


def _names(world: World, served: tuple[str, ...]) -> str:
    """The first three objectives by name, and how many more there are."""
    names = [each.name if (each := world.tree.get(id_)) else id_ for id_ in served]
    return listed(names[:3] + [f"{len(names) - 3:,} more"] * (len(names) > 3))


def _advice(more: tuple[str, ...], shown: str) -> str:
    if more == (_EPICS,):
        return f"Decide which of {shown} comes first, or tell the share of each as the weight of the rule."
    return f"Decide which of {shown} comes first, and move or hand over the rest."


def _percent(share: Decimal) -> str:
    return f"{share * 100:.0f} %"


def _piece(record: WorkItem, objective: Objective, world: World) -> _Piece | None:
    """When a piece is worked on from now on; nothing for what is overdue or has no start."""
    if record.due is None or record.due < world.today:
        return None
    begin = world.today if record.category is StatusCategory.DOING else record.start
    return (
        None
        if begin is None or begin > record.due
        else _Piece(record, max(begin, world.today), record.due, objective.id)
    )


def _is_hidden(world: World, node: str) -> bool:
    return world.absence(node) is not None


def _booking(who: str, pieces: Mapping[str, _Piece], most: int, for_days: int) -> _Booking | None:
    """The days on which more pieces are open than the limit allows; None where they are few or serve one objective."""
    if len(pieces) <= most or len({piece.objective for piece in pieces.values()}) < 2:
        return None
    changes: dict[date, Counter[str]] = {}
    for piece in pieces.values():
        changes.setdefault(piece.begin, Counter())[piece.objective] += 1
        changes.setdefault(piece.end + timedelta(1), Counter())[piece.objective] -= 1
    open_, over = Counter[str](), list[tuple[date, date]]()
    for begin, end in pairwise(sorted(changes)):
        for objective, more in changes[begin].items():
            open_[objective] += more
        if open_.total() > most and sum(1 for number in open_.values() if number) > 1:
            over.append((begin, end))
    days = sum((end - begin).days for begin, end in over)
    if days < for_days:
        return None
    since, until = over[0][0], over[-1][1] - timedelta(1)
    used = sorted(id_ for id_, piece in pieces.items() if piece.begin <= until and piece.end >= since)
    return _Booking(who, tuple(pieces[id_] for id_ in used), days, until)


def _proof(world: World, piece: _Piece) -> Evidence:
    record, field = piece.record, "due"
    value = f"{record.owner or ''}, from {day_text(piece.begin)} to {day_text(piece.end)}, for {piece.objective}"
    return Evidence(record.id, record.key, world.field_name(record.id, "owner"), value, world.where(record.id, field))


def _share_proof(world: World, epic: ClaimedEpic) -> Evidence:
    record = epic.record
    shares = ", ".join(f"{id_} at {_percent(share)}" for id_, share in epic.shares)
    until = f"until {day_text(epic.until)}" if epic.until else "with no end ahead"
    return Evidence(record.id, record.key, "delivers", f"{shares}, {until}", world.where(record.id))
