"""What a check is given: the small values of one run, with the forecasts and the words for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from model.calendars import Calendar
from model.keys import source_of
from model.links import Link
from model.money import RateTable
from model.network import UnknownStatus
from model.objectives import ObjectiveTree
from model.records import Absence, Change, Measurement, Move, Record, Revision
from model.runs import Coverage
from reconcile.floats import Floats
from reconcile.forecast import Because, Forecast, Forecasts
from reconcile.library import Library
from reconcile.network import Edge, Network

if TYPE_CHECKING:
    from reconcile.options import ReconcileOptions


DEPENDENTS, OUTLOOKS = "dependents", "outlooks"
"""Names in ``World.derived``: who needs each node, and the plan and forecast of each saving side by side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One run's stored world with its forecasts, frozen. ``today`` is the business day, ``now`` the time in UTC.

    ``library`` has the whole records of work, which the network knows by little more than its dates. ``moves``,
    ``changes`` and ``histories`` tell of the records whose past a check asked for; ``served`` are the links of each
    objective. ``floats`` tells by when each node is needed. ``derived`` keeps what is worked out more than once from
    the network, the links and the forecasts.
    """

    now: datetime
    today: date
    tree: ObjectiveTree
    options: "ReconcileOptions"
    rates: RateTable
    network: Network
    forecasts: Forecasts
    floats: Floats
    links: Mapping[str, tuple[Link, ...]]
    library: Library
    coverage: Sequence[Coverage] = ()
    measurements: Mapping[str, Measurement] = field(default_factory=dict)
    moves: Mapping[str, Sequence[Move]] = field(default_factory=dict)
    changes: Mapping[str, Sequence[Change]] = field(default_factory=dict)
    histories: Mapping[str, Sequence[Revision]] = field(default_factory=dict)
    served: Mapping[str, tuple[Link, ...]] = field(default_factory=dict)
    unknown_statuses: Sequence[UnknownStatus] = ()
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    departed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    scope: frozenset[str] | None = None
    derived: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def lasting(self) -> dict[str, Any]:
        """What of ``derived`` holds for a later world of the same kind: it is kept with what it was worked out from."""
        return {DEPENDENTS: self.dependents, OUTLOOKS: self.derived.get(OUTLOOKS, {})}

    @property
    def dependents(self) -> Mapping[str, tuple[str, ...]]:
        """Who needs each node, by id; also the stand-ins of names that lead nowhere."""
        if DEPENDENTS not in self.derived:
            self.derived[DEPENDENTS] = _reversed(self.network.edges)
        found: Mapping[str, tuple[str, ...]] = self.derived[DEPENDENTS]
        return found

    def record(self, node: str) -> Record | None:
        network = self.network
        return (
            network.releases.get(node)
            or network.deals.get(node)
            or network.savings.get(node)
            or self.measurements.get(node)
            or self.library.get(node)
        )

    def absence(self, node: str) -> Absence | None:
        absent = self.network.absences.get(node)
        return absent[0] if absent else None

    def key(self, forecast: Forecast) -> str:
        """What people call the node of a forecast."""
        objective = self.network.objectives.get(forecast.node)
        if objective is not None:
            return objective.name
        work = self.network.work.get(forecast.node)
        if work is not None:
            return work.key
        record = self.record(forecast.node)
        return record.key if record else forecast.wanted or forecast.node

    def title(self, forecast: Forecast) -> str:
        """The title of the node's record, where it says more than its key."""
        record = self.record(forecast.node)
        return record.title if record and record.title != record.key else ""

    def where(self, node: str, field: str = "") -> str:
        """The cell a field came from, or the link to the record."""
        record = self.record(node)
        if record is None:
            objective = self.network.objectives.get(node)
            return objective.location if objective else ""
        return place_of(record, field)

    def field_name(self, node: str, field: str) -> str:
        """The field's name in its source, where the record tells it."""
        record = self.record(node)
        return field_of(record, field) if record else field

    def system(self, forecast: Forecast) -> str:
        """The name of the source that says so."""
        if forecast.because in (Because.UNKNOWN_NAME, Because.AMBIGUOUS_NAME):
            return ""
        return source_of(forecast.node)

    def objective_ids(self, forecast: Forecast) -> tuple[str, ...]:
        """The objectives of the first node on the chain that serves any: the deal or saving itself, then its cause."""
        for each in forecast.path():
            node = each.node
            if node in self.network.objectives:
                return (self.network.objectives[node].id,)
            known = {link.objective_id for link in self.links.get(node, ()) if link.objective_id in self.tree}
            if known:
                return tuple(sorted(known))
        return ()

    def tolerance_days(self, objective_ids: Sequence[str]) -> int:
        """The strictest tolerance of these objectives; each takes its own or the nearest one above it."""
        found = []
        for objective_id in objective_ids:
            set_above = (objective.tolerance.days for objective in self.tree.path(objective_id))
            found.append(next((days for days in set_above if days), self.options.tolerance_days))
        return min(found, default=self.options.tolerance_days)


def place_of(record: Record, field: str = "") -> str:
    """The cell that a field of a record came from, or the link to the record."""
    cell = record.provenance.get(field, "")
    return cell if "!" in cell else record.url or cell


def field_of(record: Record, field: str) -> str:
    """The field's name in its source, where the record tells it."""
    told = record.provenance.get(field, "")
    return told if told and "!" not in told else field


def _reversed(edges: Mapping[str, tuple[Edge, ...]]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for node in sorted(edges):
        for to in dict.fromkeys(edge.to for edge in edges[node]):
            found[to] = (*found.get(to, ()), node)
    return found
