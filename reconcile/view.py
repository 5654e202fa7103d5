"""What the reconciler sees of the stored world; the store implements it, tests implement it over lists.

Wide work stays in the database: only the *spine* comes one by one, that is, work that is an end of a need, that has
work below it or that a deal or saving waits for. Everything else arrives rolled up per parent, release and objective.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from model.links import Link, Need, Role
from model.network import DateSource, Group, Leaf, PlanWork, RollUp, UnknownStatus
from model.records import Absence, Change, Deal, Measurement, Move, Record, Release, Revision, Saving, Sprint
from model.runs import Coverage
from model.surroundings import Surroundings
from model.throughput import Flow


class View(Protocol):
    """One consistent picture of the stored records, links and needs."""

    def deals(self) -> Iterable[Deal]:
        """Every present deal that is linked or has a need, lost ones included."""

    def savings(self) -> Iterable[Saving]:
        """Every present saving that is linked or has a need."""

    def measurements(self) -> Iterable[Measurement]:
        """Every present measurement that is linked."""

    def links(self, role: Role | None = None) -> Iterable[Link]:
        """Links of deals, savings, measurements, releases and the spine, and of all work that reports; all roles when
        none is given."""

    def needs(self) -> Iterable[Need]:
        """Every need, with what the store found under the wanted name."""

    def spine(self) -> Iterable[PlanWork]:
        """Work items that are an end of a need or a parent of other work, as the network needs them.

        Absent ones are included (see ``absences``).
        """

    def releases(self) -> Iterable[Release]:
        """Every release, absent ones included."""

    def sprints(self) -> Iterable[Sprint]:
        """Every sprint."""

    def around(
        self,
        record_ids: Collection[str],
        *,
        dependents: Collection[str],
        neighbours: Collection[str],
        arrived: Collection[str],
    ) -> Surroundings:
        """What the plan knows of records that changed and of what their change touches directly.

        ``dependents`` needed one of these records before, ``neighbours`` are the records that these or the dependents
        needed before and those that these were part of, and ``arrived`` those of the changed records that nothing could
        lie below before. After this the
        view tells of the spine and of roll-ups only where it is asked for nodes.
        """

    def rollups(
        self,
        group: Group,
        order: Sequence[DateSource],
        today: date,
        nodes: Collection[str] | None = None,
        *,
        shipping: bool = False,
    ) -> Iterable[RollUp]:
        """Work below each node of a group, or below these nodes of it, reduced in SQL.

        ``order`` is the date policy: the first of these that a work item has is its own date; of several unreleased
        releases the latest counts. For ``Group.RELEASE`` the release's own date is left out of the policy. Work of the
        spine is left out of ``Group.PARENT`` and ``Group.RELEASE``, because it comes as nodes of its own, but is
        counted in ``Group.OBJECTIVE``. With ``shipping`` nodes may be left out below which no work belongs to a
        release: there every policy says what the one without releases says.
        """

    def latest(
        self, group: Group, nodes: Sequence[str], order: Sequence[DateSource], today: date, most: int
    ) -> Mapping[str, Sequence[Leaf]]:
        """Of the open work that ``rollups`` counts below each of these nodes, the few with the latest dates from
        ``today`` on, the latest first. Nodes without any are left out."""

    def records(self, record_ids: Iterable[str]) -> Mapping[str, Record]:
        """Whole records by their ids, absent ones included; for the few that a roll-up names as what binds."""

    def absences(self) -> Mapping[str, tuple[Absence, datetime]]:
        """Record id to why and since when, for records that are not present."""

    def moves(self, record_ids: Iterable[str]) -> Mapping[str, Sequence[Move]]:
        """Date moves per record, oldest first: the source's changelog and, where it is silent, our revisions."""

    def changes(self, record_ids: Iterable[str]) -> Mapping[str, Sequence[Change]]:
        """Changes of status, releases and what a deal was promised per record, oldest first: the source's changelog
        and, where it is silent, our revisions."""

    def histories(self, record_ids: Iterable[str]) -> Mapping[str, Sequence[Revision]]:
        """Every distinct content that we saw of these records, oldest first, the present one last."""

    def flows(self, objective_ids: Collection[str] | None, since: date) -> Sequence[Flow]:
        """What each team has finished since a day and has left, counted in SQL; only for the few that are asked for.

        It counts the smallest pieces of the work that delivers any of these objectives, or of all work when there are
        none given: the linked work, the members of linked releases and everything below, each once.
        """

    def served_flows(self, objective_ids: Collection[str], since: date) -> Iterable[tuple[frozenset[str], Flow]]:
        """The same counts for many objectives in one pass, without teams: what serves exactly a set of them, one after
        the other. Each smallest piece of work counts in one of them; a set may come more than once."""

    def delivering(self, objective_ids: Collection[str]) -> Sequence[str]:
        """The ids of the work and the releases that deliver these objectives, with everything below, in order."""

    def unknown_statuses(self) -> Iterable[UnknownStatus]:
        """Statuses of present work items of which is not known what they mean, by source and text."""

    def coverage(self, *, counted: bool = True) -> Sequence[Coverage]:
        """One entry per source that was ever read; without its numbers of records where they are not asked for."""

    def observed(self, record_ids: Iterable[str]) -> Mapping[str, datetime]:
        """When each record was last confirmed by a complete answer of its source."""
