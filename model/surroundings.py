"""What lies around a few records that changed: all that a run needs to bring an earlier picture up to date."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from model.links import Link, Need
from model.network import Group, PlanWork
from model.records import Absence, Deal, Measurement, Release, Saving, Sprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The part of the view that a few changed records and the needs around them make up.

    ``asked`` are the ids of which everything here is complete: a record among them that is not in ``work``,
    ``releases`` or the like is not (any more) part of what the view shows. ``needs`` are all needs of the
    ``dependents``. ``dated_anew`` is work whose own date rests on a changed release or sprint. ``groups`` are the nodes
    whose roll-ups may be others: parents and releases that the asked work lies below, and objectives that changed work
    or such dated anew lies below; ``above`` are those of them all that the latter lies below.
    """

    asked: frozenset[str]
    dependents: frozenset[str]
    work: tuple[PlanWork, ...] = ()
    releases: tuple[Release, ...] = ()
    sprints: tuple[Sprint, ...] = ()
    deals: tuple[Deal, ...] = ()
    savings: tuple[Saving, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    links: tuple[Link, ...] = ()
    needs: tuple[Need, ...] = ()
    absences: Mapping[str, tuple[Absence, datetime]] = field(default_factory=dict)
    dated_anew: frozenset[str] = frozenset()
    groups: Mapping[Group, frozenset[str]] = field(default_factory=dict)
    above: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Touched:
    """What was stored since an earlier run: records that say something new, are gone or back, or are linked otherwise;
    and the objectives that gained or lost a link."""

    records: frozenset[str] = frozenset()
    objectives: frozenset[str] = frozenset()

    def __or__(self, other: "Touched") -> "Touched":
        return Touched(self.records | other.records, self.objectives | other.objectives)


NOTHING_TOUCHED = Touched()
