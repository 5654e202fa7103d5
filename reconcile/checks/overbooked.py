"""One person works on more at once than anybody can, for objectives that do not know of each other (domain I54)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Annotated

from pydantic import Field

from model.findings import Claim, Evidence, Finding, Impact
from model.keys import normalise_key, objective_node
from model.links import Role
from model.objectives import Objective
from model.persons import no_single_person
from model.records import StatusCategory, WorkItem
from reconcile.check import FORECAST_READS, Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.decisions import decider, owner
from reconcile.impact import severity
from reconcile.ownership import (
    MOST_SHOWN,
    at_hand,
    look_up_at_hand,
    objectives_below,
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


@dataclass(frozen=True, slots=True)
class _Piece:
    """One piece of work, from when to when it is worked on, and for which objective."""

    record: WorkItem
    begin: date
    end: date
    objective: str


@dataclass(frozen=True, slots=True)
class _Booking:
    """One person with more work than the limit; ``days`` on which it is so, from now to ``until``."""

    person: str
    pieces: tuple[_Piece, ...]
    days: int
    until: date


@dataclass(slots=True)
class _Below:
    """What is claimed below an objective: the pieces of each person, and who was already told further below."""

    pieces: dict[str, dict[str, _Piece]]
    told: set[str]
    bookings: tuple[_Booking, ...] = ()
    hidden: str = ""
    """A piece that is out of sight, without which nobody would be told."""


class Overbooked(Check[OverbookedOptions]):
    """One person is claimed by two objectives at the same time, beyond what anybody can do.

    What it finds
        One finding per objective below which it happens, with everybody concerned: somebody who owns more than 5 pieces
        of work that are open at the same time, for 10 days or more from now on, and that deliver two or more different
        objectives. Work that is under way counts from now to its due date, other work at hand from its start. It is
        told at the lowest objective that stands above all of these pieces. Work inside linked work, work without a due
        date, groups, and smaller pieces that come as sums do not count.

    Why it matters
        Both objectives count on the same hands, and each plan is sound by itself.

    What to do
        Decide which of the objectives comes first, and move or hand over the rest.

    Example
        Below Faster operations 1 person is booked for more than 5 pieces of work at once, for DACH live and Nordics
        live, for 12 days, until 2 Oct 2026.
    """

    name = "overbooked"
    title = "One person is claimed by several objectives at once"
    family = "ownership"
    patterns = ("I43", "I54")
    formula = (
        "More pieces of one person open on one day than allowed, for two or more objectives, on as many days as "
        "allowed or more."
    )
    options_type = OverbookedOptions
    reads = FORECAST_READS | {"owner"}
    roles = frozenset({Role.DELIVERS})
    daily = True

    def find(self, world: World, options: OverbookedOptions) -> Iterator[Verdict]:
        """Yield one finding per objective below which somebody is overbooked."""
        claims = _Claims(world, options)
        for objective in world.network.objectives.values():
            below = claims.below(objective) if runs(world, objective) else None
            if below is not None and below.bookings:
                yield self._finding(world, objective, below.bookings, options)
            elif below is not None and below.hidden:
                yield Unjudged((objective_node(objective.id),), f"{below.hidden} is out of sight")
        if claims.work and not claims.dated:
            yield Blind("no work at hand that delivers an objective has an owner and a due date")

    def _finding(
        self, world: World, objective: Objective, bookings: tuple[_Booking, ...], options: OverbookedOptions
    ) -> Finding:
        ids, pieces = (objective.id,), [piece for booking in bookings for piece in booking.pieces]
        served = list(dict.fromkeys(piece.objective for piece in pieces))
        names = [each.name if (each := world.tree.get(id_)) else id_ for id_ in served]
        longest = max(bookings, key=lambda each: (each.days, each.person))
        people = "1 person is" if len(bookings) == 1 else f"{len(bookings):,} people are"
        shown = listed(names[:3] + [f"{len(names) - 3:,} more"] * (len(names) > 3))
        says = f"{people} booked for more than {options.most_at_once} pieces of work at once, for {shown}"
        says += f", for {days_text(longest.days)}, until {day_text(longest.until)}"
        impact = Impact()
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(objective_node(objective.id),),
            title=f"Below {objective.name} {says}",
            objective_ids=(objective.id, *(id_ for id_ in served if id_ != objective.id)),
            forecast=Claim("objectives", objective.id, says, where=objective.location),
            impact=impact,
            evidence=tuple(_proof(world, piece) for piece in pieces[:MOST_SHOWN]),
            severity=severity(impact, None, world.today, world.options.severity),
            owner=owner(world.tree, ids),
            decider=world.tree.inherited_right(objective.id, "across_measures")
            or decider(world.tree, ids, within_tolerance=False),
            advice=f"Decide which of {shown} comes first, and move or hand over the rest.",
            sources=sources_for(world, objective, (piece.record.source for piece in pieces)),
        )

    def why_resolved(self, finding: Finding, world: World, options: OverbookedOptions) -> str:
        """Work was finished, moved or handed over."""
        return why_not_looked_at(finding, world) or "nobody is booked beyond the limit for several objectives any more"


class _Claims:
    """Who is claimed by what, from the lowest objectives up, each worked out once."""

    def __init__(self, world: World, options: OverbookedOptions) -> None:
        self._world = world
        self._options = options
        self._known: dict[str, _Below] = {}
        self.work = False
        self.dated = False

    def below(self, objective: Objective) -> _Below:
        if objective.id not in self._known:
            below = list(objectives_below(self._world, objective))
            look_up_at_hand(self._world, (each for each in below if each.id not in self._known))
            for each in reversed(below):
                if each.id not in self._known:
                    self._known[each.id] = self._judged(each)
        return self._known[objective.id]

    def _judged(self, objective: Objective) -> _Below:
        below = _Below(self._own(objective), set())
        for child in self._world.network.children.get(objective_node(objective.id), ()):
            found = self._world.network.objectives.get(child)
            if found is None:
                continue
            inner = self._known[found.id]
            below.told |= inner.told
            for person, pieces in inner.pieces.items():
                below.pieces.setdefault(person, {}).update(pieces)
        people = sorted(below.pieces.keys() - below.told)
        booked = [one for each in people if (one := _booking(each, below.pieces[each], self._options))]
        below.told |= {booking.person for booking in booked}
        for booking in booked:
            hidden = [each.record for each in booking.pieces if _is_hidden(self._world, each.record.id)]
            seen = {
                id_: piece for id_, piece in below.pieces[booking.person].items() if not _is_hidden(self._world, id_)
            }
            certain = _booking(booking.person, seen, self._options) if hidden else booking
            below.bookings += (certain,) if certain else ()
            below.hidden = below.hidden or ("" if certain else hidden[0].key)
        return below

    def _own(self, objective: Objective) -> dict[str, dict[str, _Piece]]:
        if not runs(self._world, objective):
            return {}
        found: dict[str, dict[str, _Piece]] = {}
        for record in at_hand(self._world, objective):
            if not isinstance(record, WorkItem):
                continue
            self.work = True
            if record.owner is None or record.due is None:
                continue
            self.dated = True
            piece = _piece(record, objective, self._world)
            if piece is not None and no_single_person(record.owner) is None:
                found.setdefault(normalise_key(record.owner), {})[record.id] = piece
        return found


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


def _booking(person: str, pieces: Mapping[str, _Piece], options: OverbookedOptions) -> _Booking | None:
    """The days on which more pieces are open than the limit allows; None where they are few or serve one objective."""
    if len(pieces) <= options.most_at_once or len({piece.objective for piece in pieces.values()}) < 2:
        return None
    changes: dict[date, Counter[str]] = {}
    for piece in pieces.values():
        changes.setdefault(piece.begin, Counter())[piece.objective] += 1
        changes.setdefault(piece.end + timedelta(1), Counter())[piece.objective] -= 1
    open_, over = Counter[str](), list[tuple[date, date]]()
    for begin, end in pairwise(sorted(changes)):
        for objective, more in changes[begin].items():
            open_[objective] += more
        if open_.total() > options.most_at_once and sum(1 for number in open_.values() if number) > 1:
            over.append((begin, end))
    days = sum((end - begin).days for begin, end in over)
    if days < options.for_days:
        return None
    since, until = over[0][0], over[-1][1] - timedelta(1)
    used = sorted(id_ for id_, piece in pieces.items() if piece.begin <= until and piece.end >= since)
    return _Booking(person, tuple(pieces[id_] for id_ in used), days, until)


def _proof(world: World, piece: _Piece) -> Evidence:
    record, field = piece.record, "due"
    value = f"{record.owner or ''}, from {day_text(piece.begin)} to {day_text(piece.end)}, for {piece.objective}"
    return Evidence(record.id, record.key, world.field_name(record.id, "owner"), value, world.where(record.id, field))
