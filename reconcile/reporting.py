"""Who reports on an objective: the records that are linked to it for that, and whether they still do."""

from collections.abc import Iterator, Sequence

from model.keys import normalise_key
from model.links import Link, Role
from model.objectives import Objective, StageGate
from model.records import Absence, Light, Record, Revision, Saving, StatusCategory, WorkItem
from reconcile.network import GONE
from reconcile.world import World

AT_REST = frozenset({StageGate.CLOSED, StageGate.CANCELLED, StageGate.ON_HOLD})
"""The stage gates at which nobody has to report any more."""
SAID = (Light.GREEN, Light.YELLOW, Light.RED)
"""The lights that say something, the best first; grey and blank say nothing."""
_ENDED = frozenset({StatusCategory.DONE, StatusCategory.DROPPED})
_WORDS = {
    "green": Light.GREEN,
    "grün": Light.GREEN,
    "on track": Light.GREEN,
    "yellow": Light.YELLOW,
    "amber": Light.YELLOW,
    "gelb": Light.YELLOW,
    "at risk": Light.YELLOW,
    "red": Light.RED,
    "rot": Light.RED,
    "off track": Light.RED,
}


def reports_on(world: World, objective: Objective) -> Iterator[tuple[Link, Record]]:
    """The records that report on an objective, by their ids; what is gone or has ended reports no more."""
    links = {link.record_id: link for link in world.served.get(objective.id, ()) if link.role is Role.REPORTS}
    world.library.fetch(node for node in links if not in_memory(world, node))
    for node in sorted(links):
        record = world.record(node)
        if record is not None and still_reports(world, record):
            yield links[node], record


def in_memory(world: World, node: str) -> bool:
    """Whether the whole record is at hand: of everything but work."""
    network = world.network
    return node in network.deals or node in network.savings or node in network.releases or node in world.measurements


def still_reports(world: World, record: Record) -> bool:
    """Whether a record is there and has not ended."""
    return world.absence(record.id) not in GONE and not (isinstance(record, WorkItem) and record.category in _ENDED)


def out_of_sight(world: World, record: Record) -> bool:
    """Whether a record cannot be seen for a reason that proves nothing: what it said last may not be true any more."""
    absence: Absence | None = world.absence(record.id)
    return absence is not None and absence not in GONE


def light_of(record: Record, field: str | None = None) -> Light | None:
    """The light that a record reports; of records without one the word in an extra field. Grey is None."""
    light = record.light if isinstance(record, (WorkItem, Saving)) else None
    if light is None and field is not None:
        told = record.custom.get(field)
        light = _WORDS.get(normalise_key(told)) if isinstance(told, str) else None
    return light if light in SAID else None


def lights_seen(history: Sequence[Revision], field: str | None = None) -> list[tuple[Revision, Light | None]]:
    """The revisions of a record in which its light changed, oldest first, each with the light from then on."""
    found: list[tuple[Revision, Light | None]] = []
    for revision in history:
        light = light_of(revision.record, field)
        if not found or found[-1][1] is not light:
            found.append((revision, light))
    return found
