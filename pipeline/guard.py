"""The guard against mass losses (S6): a revoked permission and an edited filter look like deleted records."""

from collections.abc import Mapping, Sequence
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Judges what one source seems to have lost.

    ``ground`` maps the records of which the census could tell to their containers. ``approved`` are those that
    somebody expects to be gone: they are no reason for a doubt. ``earlier`` counts what was lost lately.
    """

    source: str
    now: datetime
    names: Mapping[str, str]
    ground: Mapping[str, str]
    approved: AbstractSet[str]
    earlier: int

    @classmethod
    def of(
        cls,
        store: Store,
        connector: Connector,
        roster: Sequence[Container],
        ground: Mapping[str, str],
        approved: AbstractSet[str],
    ) -> "Guard":
        """The guard of a source, which remembers what was lost lately."""
        now = connector.context.now
        return cls(
            source=connector.name,
            now=now,
            names={container.id: container.name for container in roster},
            ground=ground,
            approved=approved,
            earlier=store.lost_since(connector.name, now - LOSS_WINDOW),
        )

    def doubts(self, gone: AbstractSet[str]) -> str:
        """Why this loss is not believed, in words; empty when it is."""
        approved = len(gone & self.approved)
        gone = gone - self.approved
        if not gone:
            return ""
        before = sum(1 for native_id in self.ground if native_id not in self.approved) + self.earlier
        lost = len(gone) + self.earlier
        if lost >= before or suspicious(lost, before):
            lately = f", after {self.earlier} others within a day" if self.earlier else ""
            beyond = f" beyond the {approved} approved" if approved else ""
            return f"{self.source} no longer shows {len(gone)} of {len(self.ground)} records{beyond}{lately}"
        for container, ids in self._by_container(set(self.ground) - self.approved).items():
            if ids <= gone:
                records = "the only record" if len(ids) == 1 else f"any of the {len(ids)} records"
                return f"{self.source} does not show {records} of {self.names.get(container, container)} any more"
        return ""

    def held(self, gone: AbstractSet[str]) -> Held:
        """What is held when this loss is not believed."""
        all_of = self._by_container(self.ground)
        return Held(
            source=self.source,
            doubt=Doubt.LOSS,
            reason=f"{self.doubts(gone)}; none was taken as deleted",
            since=self.now,
            native_ids=tuple(sorted(gone)),
            containers=tuple(
                Loss(container, self.names.get(container, container), len(ids & gone), len(ids))
                for container, ids in sorted(all_of.items())
                if ids & gone
            ),
        )

    def _by_container(self, native_ids: AbstractSet[str] | Mapping[str, str]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for native_id in native_ids:
            found.setdefault(self.ground[native_id], set()).add(native_id)
        return found
