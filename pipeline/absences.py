"""Absences: what a complete census proves about stored records that it does not list, and what it must not prove."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import islice

from connectors.base import Connector
from model.errors import SourceContentError
from model.reading import Container, Missing, Page
from model.records import Absence, Record
from model.trust import Held, Standing
from pipeline.guard import Ground, Guard, suspicious
from pipeline.ids import Ids
from state.store import Store

VISIBLE, LOST = "visible", "lost"
MOST_ASKED = 1000
"""More suspicious records than these are held without asking for each, and no more filtered ones are asked again."""

_PROVEN = frozenset({Absence.DELETED, Absence.MOVED})
_ASKED_AT_ONCE = 200
_LISTED_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Census:
    """The roster of a source and the ids of all records of its visible containers.

    ``beyond`` are those of them that had not been given in the run when they were listed.
    """

    roster: Sequence[Container]
    counted: Ids
    beyond: AbstractSet[str] = frozenset()

    @property
    def complete(self) -> bool:
        """Whether no container is lost: what is gone from the others may have moved there."""
        return all(container.state != LOST for container in self.roster)

    def state_of(self, known: Standing) -> str | None:
        """The state of a record's container; None when it is not configured any more.

        A record without a container can only be of what is read, if all of that is visible.
        """
        if known.container:
            return next((each.state for each in self.roster if each.id == known.container), None)
        states = {container.state for container in self.roster}
        return VISIBLE if states <= {VISIBLE} else LOST


@dataclass(frozen=True, slots=True)
class Conclusion:
    """Why records are not there, those that moved as they are now, and what is held instead of being concluded."""

    absences: Mapping[str, Absence] = field(default_factory=dict)
    moved: Sequence[Record] = ()
    held: Held | None = None


def take_census(connector: Connector, seen: Ids) -> Census:
    """List every visible container completely; raise what the connector raises when it cannot.

    ``seen`` are the ids of what was given in the run so far.
    """
    roster = list(connector.roster())
    counted = Ids()
    beyond: set[str] = set()
    for container in roster:
        connector.context.check()
        listed = iter(connector.census(container) if container.state == VISIBLE else ())
        while part := list(islice(listed, _LISTED_AT_ONCE)):
            counted.update(part)
            beyond.update(native_id for native_id in part if native_id not in seen)
    return Census(roster, counted, beyond)


def withheld(store: Store, source: str, roster: Sequence[Container]) -> dict[str, Absence]:
    """The records of containers that are not visible: they prove nothing, and stand as they were last seen."""
    return {
        native_id: _withheld_by(container.state)
        for container in roster
        if container.state != VISIBLE
        for native_id in store.present_ids(source, container.id)
    }


def unread(store: Store, source: str, census: Census) -> bool:
    """Whether a census lists what is not stored as present: it was out of sight, or nobody could see it before."""
    return not census.beyond <= store.present_ids(source) | {aside.native_id for aside in store.set_aside(source)}


def conclude(
    store: Store,
    connector: Connector,
    census: Census,
    keep: Callable[[Page], None],
    *,
    run_id: int,
    approved: AbstractSet[str] = frozenset(),
) -> Conclusion:
    """Compare the stored records of a source with a census; say why each one that lacks is not there (traps D.2).

    A missing record is asked for by its id. What the census only missed is stored with ``keep``; what exists outside of
    what is read has moved; what does not exist is deleted. When more is gone than can be believed, and was not
    ``approved`` by somebody, nothing is deleted or moved: those records are unobserved and held. They are unobserved
    too while a container is lost, because they may have moved there. Raise SourceContentError when the census missed so
    much of what is there that the pages must be as short (A12), and what the connector raises when it cannot answer.
    """
    standing = store.standing_beyond(connector.name, census.counted)
    if not standing:
        return Conclusion()
    absences, missing = _sorted_out(standing, census)
    expected = approved - standing.keys()
    known = {**standing, **store.standing_of(connector.name, expected)} if expected else standing
    ground, filtered = _grounds(store, connector.name, known, census, run_id)
    guard = Guard.of(store, connector, census.roster, ground, filtered, approved)
    asked = _worth_asking(missing, standing, approved, run_id)
    unfiltered = {native_id for native_id in asked if standing[native_id].absence is not Absence.FILTERED_OUT}
    if len(asked) > MOST_ASKED and guard.doubts(unfiltered):
        return Conclusion({**absences, **dict.fromkeys(unfiltered, Absence.UNOBSERVED)}, held=guard.held(unfiltered))
    answers, moved = _ask(connector, sorted(asked), census, keep)
    if short := guard.doubts(asked - answers.keys()):
        raise SourceContentError(
            f"{short}, although they exist when asked for: its lists came up short",
            location=connector.name,
            hint="nothing was concluded, and the next run tries again; if it goes on, ask whoever runs that system",
        )
    if not census.complete:
        answers = {id_: Absence.UNOBSERVED if why is Absence.DELETED else why for id_, why in answers.items()}
    lost = {
        native_id for native_id, why in answers.items() if why in _PROVEN or _newly_hidden(why, standing[native_id])
    }
    if guard.doubts(lost):
        answers.update(dict.fromkeys(lost, Absence.UNOBSERVED))
        return Conclusion({**absences, **answers}, held=guard.held(lost))
    return Conclusion({**absences, **answers}, moved)


def _newly_hidden(why: Absence, known: Standing) -> bool:
    """Whether a record that is there is kept from us since this run: a loss of access may hide everything at once."""
    return why is Absence.ACCESS_LOST and known.absence is not Absence.ACCESS_LOST


def make_up(connector: Connector, census: Census, seen: Ids, keep: Callable[[Page], None]) -> dict[str, Absence]:
    """Ask by id for what a census lists and a full walk did not give, so that no change is left out.

    What is not given then either is unobserved: nobody knows what it says now. Raise SourceContentError when it is so
    much that the pages came up short.
    """
    unseen = sorted(native_id for native_id in census.beyond if native_id not in seen)
    if suspicious(len(unseen), len(census.counted)) or len(unseen) == len(census.counted) > 0:
        raise SourceContentError(
            f"{connector.name} lists {len(unseen)} of {len(census.counted)} records without giving them",
            location=connector.name,
            hint="nothing was concluded, and the next run tries again; if it goes on, ask whoever runs that system",
        )
    absences = dict.fromkeys(unseen, Absence.UNOBSERVED)
    for part in _parts(unseen):
        connector.context.check()
        answers = [answer for answer in connector.fetch(part) if answer.native_id in absences]
        absences.update((answer.native_id, answer.why) for answer in answers if isinstance(answer, Missing))
        found = [answer for answer in answers if not isinstance(answer, Missing)]
        if found:
            keep(Page(found))
        for record in found:
            del absences[record.native_id]
    return absences


def _sorted_out(standing: Mapping[str, Standing], census: Census) -> tuple[dict[str, Absence], set[str]]:
    """What the roster explains of those that no list shows, and the ids that lack where they should be."""
    absences: dict[str, Absence] = {}
    missing: set[str] = set()
    for native_id, known in standing.items():
        state = census.state_of(known)
        if state == VISIBLE:
            missing.add(native_id)
        elif known.container:
            absences[native_id] = Absence.FILTERED_OUT if state is None else _withheld_by(state)
    return absences, missing


def _grounds(
    store: Store, source: str, known: Mapping[str, Standing], census: Census, run_id: int
) -> tuple[Ground, Ground]:
    """The records of which a census could tell, by container, as they stood before this run, and those of the known
    ones that are among them; and the same of what our filter left out."""
    stood = store.standing_counts(source, before=run_id)

    def ground(*, filtered: bool) -> Ground:
        def counts_here(where: Standing) -> bool:
            return (where.absence is Absence.FILTERED_OUT) is filtered and census.state_of(where) == VISIBLE

        counts: dict[str, int] = {}
        for where, records in stood.items():
            if counts_here(where):
                counts[where.container] = counts.get(where.container, 0) + records
        return Ground(counts, {id_: where.container for id_, where in known.items() if counts_here(where)})

    return ground(filtered=False), ground(filtered=True)


def _withheld_by(state: str) -> Absence:
    return Absence.ACCESS_LOST if state == LOST else Absence.ARCHIVED


def _worth_asking(
    missing: AbstractSet[str], standing: Mapping[str, Standing], approved: AbstractSet[str], run_id: int
) -> set[str]:
    """Those missing, except that of what our filter left out long ago only some are asked again, in turn."""
    filtered = {native_id for native_id in missing if standing[native_id].absence is Absence.FILTERED_OUT}
    if len(filtered) <= MOST_ASKED:
        return set(missing)
    turn = sorted(filtered)
    start = run_id * MOST_ASKED % len(turn)
    return (set(missing) - filtered) | (set(missing) & approved) | set((turn + turn)[start : start + MOST_ASKED])


def _ask(
    connector: Connector, missing: Sequence[str], census: Census, keep: Callable[[Page], None]
) -> tuple[dict[str, Absence], list[Record]]:
    """Tell deleted from moved; a record that is found where we read was only missed by the census, and is there."""
    states = {container.id: container.state for container in census.roster}
    absences = dict.fromkeys(missing, Absence.DELETED)
    moved: list[Record] = []
    for part in _parts(missing):
        connector.context.check()
        answers = [answer for answer in connector.fetch(part) if answer.native_id in absences]
        absences.update((answer.native_id, answer.why) for answer in answers if isinstance(answer, Missing))
        there: list[Record] = []
        for record in (answer for answer in answers if not isinstance(answer, Missing)):
            state = states.get(record.container)
            if state == VISIBLE:
                del absences[record.native_id]
                there.append(record)
            elif state is None:
                absences[record.native_id] = Absence.MOVED
                moved.append(record)
            else:
                absences[record.native_id] = _withheld_by(state)
        if there:
            keep(Page(there))
    return absences, moved


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _ASKED_AT_ONCE):
        yield ids[start : start + _ASKED_AT_ONCE]
