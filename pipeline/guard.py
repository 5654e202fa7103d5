"""The guard against mass losses (S6): a revoked permission and an edited filter look like deleted records."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.base import Connector
from model.reading import Container
from model.trust import Doubt, Held, Loss
from state.store import Store

SMALLEST_SUSPICIOUS_LOSS = 5
SUSPICIOUS_SHARE = 10
"""More than this many records, and more than this many percent, gone within ``LOSS_WINDOW`` is not believed."""
LOSS_WINDOW = timedelta(days=1)
"""A permission that erodes must not beat the guard, so what was lost lately counts too."""


def suspicious(lost: int, of: int) -> bool:
    """Whether so many of so many records are more than one believes to be gone."""
    return lost > max(SMALLEST_SUSPICIOUS_LOSS, of * SUSPICIOUS_SHARE // 100)


@dataclass(frozen=True, slots=True)
class Ground:
    """The records of which a census could tell: what a loss is measured by.

    ``counts`` tells how many each container has. ``containers`` tells where those are that may be lost or are approved
    to be; the others are counted alone, because a source may have millions.
    """

    counts: Mapping[str, int]
    containers: Mapping[str, str]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def by_container(self, native_ids: AbstractSet[str]) -> Counter[str]:
        """How many of these records each container has."""
        return Counter(self.containers[native_id] for native_id in native_ids if native_id in self.containers)

    def without(self, native_ids: AbstractSet[str]) -> Counter[str]:
        """How many records each container has beside these."""
        counts = Counter(self.counts)
        counts.subtract(self.by_container(native_ids))
        return counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Judges what one source seems to have lost.

    ``approved`` are the records that somebody expects to be gone: they are no reason for a doubt. ``earlier`` counts
    what was lost lately. ``filtered`` are the records that our own filter left out.
    """

    source: str
    now: datetime
    names: Mapping[str, str]
    ground: Ground
    filtered: Ground
    approved: AbstractSet[str]
    earlier: int

    @classmethod
    def of(
        cls,
        store: Store,
        connector: Connector,
        roster: Sequence[Container],
        ground: Ground,
        filtered: Ground,
        approved: AbstractSet[str],
    ) -> "Guard":
        """The guard of a source, which remembers what was lost lately."""
        now = connector.context.now
        return cls(
            source=connector.name,
            now=now,
            names={container.id: container.name for container in roster},
            ground=ground,
            filtered=filtered,
            approved=approved,
            earlier=store.lost_since(connector.name, now - LOSS_WINDOW),
        )

    def doubts(self, gone: AbstractSet[str]) -> str:
        """Why this loss is not believed, in words; empty when it is."""
        approved = len(gone & self.approved)
        gone = gone - self.approved
        if not gone:
            return ""
        before = self.ground.without(self.approved).total() + self.earlier
        lost = len(gone) + self.earlier
        if lost >= before or suspicious(lost, before):
            lately = f", after {self.earlier} others within a day" if self.earlier else ""
            beyond = f" beyond the {approved} approved" if approved else ""
            return f"{self.source} no longer shows {len(gone)} of {self.ground.total} records{beyond}{lately}"
        for loss in self._losses(gone):
            if loss.lost == loss.of:
                records = "the only record" if loss.lost == 1 else f"any of the {loss.lost} records"
                return f"{self.source} does not show {records} of {loss.name} any more"
        return ""

    def _losses(self, gone: AbstractSet[str], *, approved: bool = False) -> Iterator[Loss]:
        """How many of its records each container lost, without the approved ones unless they are asked for.

        Where nothing is left that is read, what our filter left out is counted: it is all that could tell whether the
        container is shown at all.
        """
        expected = frozenset[str]() if approved else self.approved
        read, left_out = self.ground.by_container(gone), self.filtered.by_container(gone)
        of_read, of_left_out = self.ground.without(expected), self.filtered.without(expected)
        for container in sorted(read | left_out):
            lost, of = read[container], of_read[container]
            if not of:
                lost, of = left_out[container], of_left_out[container]
            if lost:
                yield Loss(container, self.names.get(container, container), lost, of)

    def held(self, gone: AbstractSet[str]) -> Held:
        """What is held when this loss is not believed."""
        return Held(
            source=self.source,
            doubt=Doubt.LOSS,
            reason=f"{self.doubts(gone)}; none was taken as deleted",
            since=self.now,
            native_ids=tuple(sorted(gone)),
            containers=tuple(self._losses(gone, approved=True)),
        )
