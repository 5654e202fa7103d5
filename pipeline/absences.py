"""Absences: what a complete census proves about stored records that it does not list, and what it must not prove."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta

from connectors.base import Connector
from model.errors import SourceGoneError
from model.keys import source_of
from model.reading import Container, Missing, Page
from model.records import Absence
from state.store import Store

SMALLEST_SUSPICIOUS_LOSS = 5
SUSPICIOUS_SHARE = 10
"""More than this many records, and more than this many percent, gone within ``LOSS_WINDOW`` is not believed (S6)."""
LOSS_WINDOW = timedelta(days=1)
SMALL_CONTAINER = 3
"""A container that held more records than this and shows none of them any more is not believed either."""

_PROVEN = frozenset({Absence.DELETED, Absence.MOVED})
_VISIBLE = "visible"
_ASKED_AT_ONCE = 200


def find_absences(
    store: Store, connector: Connector, keep: Callable[[Page], None], *, trust_census: bool = False
) -> dict[str, Absence]:
    """Compare the stored records of a source with a census of all its containers; say why each one that lacks is not
    there (traps D.2).

    A missing record is asked for by its id: what still exists is stored as it is now with ``keep`` and counts as moved
    when it left what is read; what does not exist is deleted. Records of a container that was archived, or that is not
    configured any more, prove nothing. Raise SourceGoneError when more is gone than can be believed, unless
    ``trust_census``; and what the connector raises when it cannot answer.
    """
    roster = list(connector.roster())
    counted, archived = _counted(store, connector, roster)
    known = store.present_ids(connector.name)
    absences = dict.fromkeys(archived - counted, Absence.ARCHIVED)
    missing = known - counted - archived
    if not missing:
        return absences
    held = {container: store.present_ids(connector.name, container.id) for container in roster}
    # A record without a container can only be of what is read.
    readable = set().union(store.present_ids(connector.name, ""), *held.values())
    absences |= dict.fromkeys(missing - readable, Absence.FILTERED_OUT)
    gone = missing & readable
    if not trust_census:
        _doubt(store, connector, gone, known, held)
    return absences | _asked(connector, sorted(gone), {container.id for container in roster}, keep)


def _counted(store: Store, connector: Connector, roster: Sequence[Container]) -> tuple[set[str], set[str]]:
    """The ids that visible containers list, and the stored ids of the others."""
    counted: set[str] = set()
    archived: set[str] = set()
    for container in roster:
        connector.context.check()
        if container.state == _VISIBLE:
            counted.update(connector.census(container))
        else:
            archived |= store.present_ids(connector.name, container.id)
    return counted, archived


def _doubt(
    store: Store,
    connector: Connector,
    gone: AbstractSet[str],
    known: AbstractSet[str],
    held: Mapping[Container, AbstractSet[str]],
) -> None:
    """Raise SourceGoneError for a loss that looks like a lost permission or an edited filter (S6)."""
    name = connector.name
    earlier = _lost_lately(store, connector) if gone else 0
    lost, before = len(gone) + earlier, len(known) + earlier
    if gone and (lost == before or lost > max(SMALLEST_SUSPICIOUS_LOSS, before * SUSPICIOUS_SHARE // 100)):
        lately = f", after {earlier} others within a day" if earlier else ""
        raise _unbelievable(name, f"{name} no longer shows {len(gone)} of {len(known)} records{lately}")
    for container, ids in held.items():
        if len(ids) > SMALL_CONTAINER and gone >= ids:
            raise _unbelievable(name, f"{name} shows none of the {len(ids)} records of {container.name} any more")


def _unbelievable(name: str, what: str) -> SourceGoneError:
    return SourceGoneError(
        f"{what}; none was taken as deleted",
        location=name,
        hint="check the permissions and filters of the account Driftline uses; if it is true: "
        f"driftline sync --full --trust-census {name}",
    )


def _lost_lately(store: Store, connector: Connector) -> int:
    """How many records the source lost within the window: a permission that erodes must not beat the guard."""
    since = connector.context.now - LOSS_WINDOW
    with store.view() as view:
        absences = view.absences().items()
    return sum(
        1
        for record_id, (why, absent_since) in absences
        if source_of(record_id) == connector.name and why in _PROVEN and absent_since > since
    )


def _asked(
    connector: Connector, missing: Sequence[str], read: Collection[str], keep: Callable[[Page], None]
) -> dict[str, Absence]:
    """Tell deleted from moved; a record that is found where we read was only missed by the census, and is there."""
    absences = dict.fromkeys(missing, Absence.DELETED)
    for part in _parts(missing):
        answers = [answer for answer in connector.fetch(part) if answer.native_id in absences]
        absences.update((answer.native_id, answer.why) for answer in answers if isinstance(answer, Missing))
        found = [answer for answer in answers if not isinstance(answer, Missing)]
        if found:
            keep(Page(found))
        for record in found:
            if record.container in read:
                del absences[record.native_id]
            else:
                absences[record.native_id] = Absence.MOVED
    return absences


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _ASKED_AT_ONCE):
        yield ids[start : start + _ASKED_AT_ONCE]
