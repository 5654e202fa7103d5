"""Epics that several objectives claim at the same time, each found at the lowest objective above two of the claims."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from model.links import Role
from model.objectives import Objective
from model.records import StatusCategory, WorkItem
from reconcile.from_below import FromBelow
from reconcile.ownership import at_hand, runs
from reconcile.world import World


@dataclass(frozen=True, slots=True)
class ClaimedEpic:
    """One epic with the share of it that each objective claims. ``until`` is None where nobody knows its end."""

    record: WorkItem
    shares: tuple[tuple[str, Decimal], ...]
    until: date | None

    @property
    def share(self) -> Decimal:
        """What is claimed of it in all; 1 is the whole."""
        return sum((share for _, share in self.shares), Decimal())


@dataclass(slots=True)
class ClaimedBelow:
    """What is claimed below an objective: the shares of each epic by objective, and what was told further below."""

    claims: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    epics: tuple[ClaimedEpic, ...] = ()
    hidden: str = ""
    """The first epic that is out of sight, where there are no others."""


class ClaimedEpics(FromBelow[ClaimedBelow]):
    """Which epics are claimed by objectives of which neither stands above the other, each objective worked out once.

    An epic is work with parts. It counts while it is under way, or planned from a day on, with at least ``for_days``
    days to come; without an end, or overdue, it has them. The shares are the weights of the rules.
    """

    def __init__(self, world: World, for_days: int) -> None:
        super().__init__(world)
        self._for_days = for_days
        self._records: dict[str, WorkItem] = {}

    def _judged(self, objective: Objective) -> ClaimedBelow:
        below = ClaimedBelow()
        for child in self._world.tree.children(objective.id):
            inner = self._known[child.id]
            below.told |= inner.told
            for id_, shares in inner.claims.items():
                below.claims.setdefault(id_, {}).update(shares)
        # What is claimed below as well is claimed once: an objective stands for those below it.
        for id_, share in self._own(objective):
            below.claims.setdefault(id_, {objective.id: share})
        found = [id_ for id_ in sorted(below.claims.keys() - below.told) if _is_contested(below.claims[id_])]
        below.told.update(found)
        epics = [self._epic(id_, below.claims[id_]) for id_ in found]
        seen = [each for each in epics if self._world.absence(each.record.id) is None]
        below.epics = tuple(seen)
        below.hidden = epics[0].record.key if epics and not seen else ""
        return below

    def _own(self, objective: Objective) -> Iterator[tuple[str, Decimal]]:
        """The epics that several objectives claim, this one among them, with its share."""
        if not runs(self._world, objective):
            return
        for record in at_hand(self._world, objective):
            links = self._world.links.get(record.id, ())
            if len(links) < 2 or not isinstance(record, WorkItem) or not self._counts(record):
                continue
            self._records[record.id] = record
            delivers = (each for each in links if each.role is Role.DELIVERS and each.objective_id == objective.id)
            yield record.id, max(each.weight for each in delivers)

    def _counts(self, record: WorkItem) -> bool:
        network, today = self._world.network, self._world.today
        if not network.children.get(record.id) and record.id not in network.parents_work:
            return False
        begin = today if record.category is StatusCategory.DOING else record.start
        if begin is None:
            return False
        end = self._end(record)
        return end is None or (end - max(begin, today)).days + 1 >= self._for_days

    def _end(self, record: WorkItem) -> date | None:
        return record.due if record.due is not None and record.due >= self._world.today else None

    def _epic(self, id_: str, shares: dict[str, Decimal]) -> ClaimedEpic:
        record = self._records[id_]
        return ClaimedEpic(record, tuple(sorted(shares.items())), self._end(record))


def _is_contested(shares: dict[str, Decimal]) -> bool:
    """Whether several objectives claim more than all of it together."""
    return len(shares) > 1 and sum(shares.values()) > 1
