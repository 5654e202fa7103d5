"""A stored world over plain lists: the reconciler's view as the simplest possible store would give it."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from model.keys import normalise_key, objective_node, record_id
from model.links import Link, Need, Role
from model.money import Money, Month, MonthAmount, RateTable
from model.network import DateSource, Group, Leaf, PlanWork, RollUp, UnknownStatus
from model.objectives import Objective, ObjectiveTree
from model.records import (
    Absence,
    Change,
    Deal,
    Measurement,
    Move,
    Outcome,
    Record,
    Release,
    Revision,
    Saving,
    Sprint,
    StatusCategory,
    WorkItem,
)
from model.runs import Coverage
from model.surroundings import Surroundings
from model.throughput import Flow
from model.work_counts import Inflow, Mention, Unserved
from reconcile.check import Check
from reconcile.engine import Judgement, reconcile
from reconcile.options import ReconcileOptions
from reconcile.view import View

TODAY = date(2026, 9, 15)
NOW = datetime(2026, 9, 15, 6, 0, tzinfo=UTC)
YESTERDAY = datetime(2026, 9, 14, 6, 0, tzinfo=UTC)
EUR = RateTable("EUR", (("USD", Decimal("0.9")),), date(2026, 1, 2))
DONE, DROPPED, DOING, TODO = (
    StatusCategory.DONE,
    StatusCategory.DROPPED,
    StatusCategory.DOING,
    StatusCategory.TODO,
)
ORDER = (DateSource.RELEASE, DateSource.DUE, DateSource.SPRINT)


@dataclass
class Stored:
    """Records, links and needs in lists. Names resolve by key and by objective id, as the store does."""

    records_: list[Record] = field(default_factory=list)
    links_: list[Link] = field(default_factory=list)
    needs_: list[tuple[str, str, int]] = field(default_factory=list)
    terms_: dict[str, Need] = field(default_factory=dict)
    objectives: list[Objective] = field(default_factory=list)
    absences_: dict[str, tuple[Absence, datetime]] = field(default_factory=dict)
    moves_: dict[str, list[Move]] = field(default_factory=dict)
    changes_: dict[str, list[Change]] = field(default_factory=dict)
    histories_: dict[str, list[Revision]] = field(default_factory=dict)
    coverage_: dict[str, Coverage] = field(default_factory=dict)

    # --- building -----------------------------------------------------------------------------------------------

    def work(self, key: str, due: date | None = None, *, source: str = "jira", **more: Any) -> str:
        return self.add(
            WorkItem(
                source=source,
                native_id=key,
                key=key,
                title=more.pop("title", f"Work on {key}"),
                due=due,
                url=f"https://{source}.example/{key}",
                **more,
            )
        )

    def release(self, name: str, day: date | None, **more: Any) -> str:
        return self.add(Release(source="jira", native_id=name, key=name, title=name, release_date=day, **more))

    def sprint(self, name: str, end: date) -> str:
        return self.add(Sprint(source="jira", native_id=name, key=name, title=name, end=end))

    def deal(self, key: str, promised: str | None, day: date | None, amount: int | None = 100_000, **more: Any) -> str:
        money = None if amount is None else Money(Decimal(amount), more.pop("currency", "EUR"))
        node = self.add(
            Deal(
                source="salesforce",
                native_id=key,
                key=key,
                title=f"Deal {key}",
                promised=promised,
                promised_date=day,
                amount=money,
                probability=more.pop("probability", Decimal("0.8")),
                url=f"https://salesforce.example/{key}",
                **more,
            )
        )
        if promised:
            self.needs_.append((node, promised, 0))
        return node

    def saving(
        self, key: str, enabler: str | None, start: date | None, plan: Mapping[str, int] | None = None, **more: Any
    ) -> str:
        lag = more.pop("lag", 0)
        cells = tuple(MonthAmount(Month.parse(month), Decimal(amount)) for month, amount in (plan or {}).items())
        provenance = {f"plan.{month}": f"savings.xlsx!Tracker!{month}" for month in plan or {}}
        node = self.add(
            Saving(
                source="savings",
                native_id=key,
                key=key,
                title=f"Saving {key}",
                planned_start=start,
                plan=cells,
                currency=more.pop("currency", "EUR"),
                enabler=enabler,
                provenance={"planned_start": "savings.xlsx!Tracker!D7", **provenance},
                **more,
            )
        )
        if enabler:
            self.needs_.append((node, enabler, lag))
        return node

    def add(self, record: Record) -> str:
        self.records_.append(record)
        return record.id

    def need(self, dependent: str, wanted: str, lag: int = 0) -> None:
        self.needs_.append((dependent, wanted, lag))

    def terms(self, dependent: str, *, calendar: str = "", owner: str | None = None) -> None:
        """By which calendar the lags of a node count, and who looks after its needs."""
        self.terms_[dependent] = Need(dependent, "", calendar=calendar, owner=owner)

    def link(self, record: str, objective: str, role: Role = Role.PROMISES) -> None:
        self.links_.append(Link(record, objective, role, "rule"))

    def change(self, node: str, **fields: Any) -> None:
        """Change a stored record; what it said before stays in its history."""
        before = [each for each in self.records_ if each.id == node]
        self.histories_.setdefault(node, []).extend(Revision(YESTERDAY, each) for each in before)
        self.records_ = [replace(each, **fields) if each.id == node else each for each in self.records_]

    def remove(self, node: str) -> None:
        self.records_ = [each for each in self.records_ if each.id != node]

    def lose(self, node: str, absence: Absence) -> None:
        self.absences_[node] = (absence, YESTERDAY)

    def cover(self, source: str, *, complete: bool = True, as_of: datetime | None = YESTERDAY) -> None:
        self.coverage_[source] = Coverage(source, 1, 1, as_of=as_of, complete=complete)

    def shuffled(self, shuffle: Any) -> "Stored":
        """The same world with every list in another order."""
        lists = {name: shuffle(getattr(self, name)) for name in ("records_", "links_", "needs_", "objectives")}
        return replace(self, **lists)

    # --- the view -----------------------------------------------------------------------------------------------

    def _of(self, kind: type[Any], *, present: bool) -> list[Any]:
        """Records of a kind; with ``present`` without those that are proven to be gone. Others stay as last seen."""
        gone = {key for key, (absence, _) in self.absences_.items() if absence in (Absence.DELETED, Absence.MOVED)}
        return [each for each in self.records_ if isinstance(each, kind) and not (present and each.id in gone)]

    def deals(self) -> Iterable[Deal]:
        known = {link.record_id for link in self.links_} | {need[0] for need in self.needs_}
        return [deal for deal in self._of(Deal, present=True) if deal.id in known]

    def savings(self) -> Iterable[Saving]:
        known = {link.record_id for link in self.links_} | {need[0] for need in self.needs_}
        return [saving for saving in self._of(Saving, present=True) if saving.id in known]

    def measurements(self) -> Iterable[Measurement]:
        known = {link.record_id for link in self.links_}
        return [each for each in self._of(Measurement, present=True) if each.id in known]

    def histories(self, record_ids: Iterable[str]) -> Mapping[str, Sequence[Revision]]:
        """What ``change`` has replaced, and the present content."""
        present = {each.id: each for each in self.records_}
        return {
            id_: (*self.histories_.get(id_, ()), Revision(YESTERDAY, present[id_]))
            for id_ in record_ids
            if id_ in present
        }

    def links(self, role: Role | None = None) -> Iterable[Link]:
        return [link for link in self.links_ if role in (None, link.role)]

    def needs(self) -> Iterable[Need]:
        return [
            replace(
                self.terms_[dependent], wanted=wanted, lag_days=lag, prerequisites=tuple(sorted(self._named(wanted)))
            )
            if dependent in self.terms_
            else Need(dependent, wanted, lag, prerequisites=tuple(sorted(self._named(wanted))))
            for dependent, wanted, lag in self.needs_
        ]

    def _named(self, wanted: str) -> set[str]:
        name = normalise_key(wanted)
        found = {each.id for each in self.records_ if normalise_key(each.key) == name and not isinstance(each, Sprint)}
        return found | {objective_node(each.id) for each in self.objectives if normalise_key(each.id) == name}

    def _spine_ids(self) -> set[str]:
        ends = {node for need in self.needs() for node in (need.dependent, *need.prerequisites)}
        parents = {record_id(item.source, item.parent) for item in self._of(WorkItem, present=False) if item.parent}
        return ends | parents

    def spine(self) -> Iterable[PlanWork]:
        ids = self._spine_ids()
        return [PlanWork.of(item) for item in self._of(WorkItem, present=False) if item.id in ids]

    def releases(self) -> Iterable[Release]:
        return self._of(Release, present=False)

    def sprints(self) -> Iterable[Sprint]:
        return self._of(Sprint, present=False)

    def around(
        self,
        record_ids: Collection[str],
        *,
        dependents: Collection[str],
        neighbours: Collection[str],
        arrived: Collection[str],
    ) -> Surroundings:
        """The whole view, of which only what is asked for is handed out."""
        changed, work = set(record_ids), self._of(WorkItem, present=False)
        below = [each.id for each in work if not set(self._places(each)).isdisjoint(arrived)]
        parents = [record_id(each.source, each.parent) for each in work if each.id in changed and each.parent]
        asked = {*changed, *dependents, *neighbours, *below, *parents}
        needs = list(self.needs())
        named = {need.dependent for need in needs if not asked.isdisjoint(need.prerequisites)}
        waiting = {*dependents, *changed, *named}
        asked |= waiting | {node for need in needs if need.dependent in waiting for node in need.prerequisites}
        dated_anew = frozenset(each.id for each in work if not set(self._places(each)).isdisjoint(changed))

        def lie_below(ids: Collection[str]) -> dict[Group, frozenset[str]]:
            return {
                group: frozenset(node for each in work if each.id in ids for node in self._nodes_above(group, each))
                for group in Group
            }

        def among(records: Iterable[Any]) -> tuple[Any, ...]:
            return tuple(each for each in records if each.id in asked)

        return Surroundings(
            asked=frozenset(asked),
            dependents=frozenset(waiting),
            work=among(self.spine()),
            releases=among(self.releases()),
            sprints=among(self.sprints()),
            deals=among(self.deals()),
            savings=among(self.savings()),
            measurements=among(self.measurements()),
            links=tuple(link for link in self.links() if link.record_id in asked),
            needs=tuple(need for need in needs if need.dependent in waiting),
            absences={key: value for key, value in self.absences_.items() if key in asked},
            dated_anew=dated_anew,
            groups=lie_below(asked | dated_anew) | {Group.OBJECTIVE: lie_below(changed | dated_anew)[Group.OBJECTIVE]},
            above=frozenset[str]().union(*lie_below(changed | dated_anew).values()),
        )

    @staticmethod
    def _places(item: WorkItem) -> list[str]:
        """The ids of the parent, the releases and the sprint of a work item."""
        return [record_id(item.source, each) for each in (item.parent, *item.releases, item.sprint) if each]

    def rollups(
        self,
        group: Group,
        order: Sequence[DateSource],
        today: date,
        nodes: Collection[str] | None = None,
        *,
        shipping: bool = False,
    ) -> Iterable[RollUp]:
        spine = self._spine_ids() if group is not Group.OBJECTIVE else set()
        below: dict[str, list[WorkItem]] = {}
        for item in self._of(WorkItem, present=True):
            if item.id not in spine:
                for node in self._nodes_above(group, item):
                    below.setdefault(node, []).append(item)
        return [
            self._rolled(group, node, items, order, today)
            for node, items in below.items()
            if (nodes is None or node in nodes) and (not shipping or any(item.releases for item in items))
        ]

    def _nodes_above(self, group: Group, item: WorkItem) -> list[str]:
        match group:
            case Group.PARENT:
                return [record_id(item.source, item.parent)] if item.parent else []
            case Group.RELEASE:
                return [record_id(item.source, native_id) for native_id in item.releases]
            case Group.OBJECTIVE:
                delivers = [link for link in self.links_ if link.role is Role.DELIVERS and link.record_id == item.id]
                return [objective_node(link.objective_id) for link in delivers]

    def own_date(self, item: WorkItem, order: Sequence[DateSource]) -> date | None:
        return next((day for day, _ in self.own_dates(item, order)), None)

    def own_dates(self, item: WorkItem, order: Sequence[DateSource]) -> list[tuple[date, DateSource]]:
        """The dates that an item has, in the order of the policy, each with where it comes from."""
        releases = [each for each in self._of(Release, present=True) if each.native_id in item.releases]
        days = [each.release_date for each in releases if each.release_date and not each.released]
        sprints = [each.end for each in self._of(Sprint, present=True) if each.native_id == item.sprint]
        own = {
            DateSource.RELEASE: max(days, default=None),
            DateSource.DUE: item.due,
            DateSource.SPRINT: sprints[0] if sprints else None,
        }
        return [(day, source) for source in order if (day := own[source])]

    def _rolled(
        self, group: Group, node: str, items: list[WorkItem], order: Sequence[DateSource], today: date
    ) -> RollUp:
        open_work = [(self.own_date(item, order), item.id) for item in items if item.category in (TODO, DOING)]
        coming = [(day, key) for day, key in open_work if day and day >= today]
        passed = sorted((day, key) for day, key in open_work if day and day < today)
        latest = max((day for day, _ in coming), default=None)
        return RollUp(
            group,
            node,
            open=len(open_work),
            done=sum(1 for item in items if item.category is DONE),
            dropped=sum(1 for item in items if item.category is DROPPED),
            undated=sum(1 for day, _ in open_work if day is None),
            overdue=len(passed),
            latest=latest,
            latest_record=min((key for day, key in coming if day == latest), default=None),
            oldest_overdue=passed[0][0] if passed else None,
            overdue_record=passed[0][1] if passed else None,
            finished=max((item.finished for item in items if item.category is DONE and item.finished), default=None),
        )

    def latest(
        self, group: Group, nodes: Sequence[str], order: Sequence[DateSource], today: date, most: int
    ) -> Mapping[str, Sequence[Leaf]]:
        spine = self._spine_ids() if group is not Group.OBJECTIVE else set()
        found: dict[str, list[Leaf]] = {}
        for item in self._of(WorkItem, present=True):
            if item.category not in (TODO, DOING) or item.id in spine:
                continue
            dates = self.own_dates(item, order)
            if dates and dates[0][0] >= today:
                for node in set(self._nodes_above(group, item)).intersection(nodes):
                    found.setdefault(node, []).append(Leaf(dates[0][0], item.id, item.key, dates[0][1]))
        return {
            node: sorted(leaves, key=lambda leaf: (-leaf.day.toordinal(), leaf.record_id))[:most]
            for node, leaves in found.items()
        }

    def records(self, record_ids: Iterable[str]) -> Mapping[str, Record]:
        wanted = set(record_ids)
        return {each.id: each for each in self.records_ if each.id in wanted}

    def absences(self) -> Mapping[str, tuple[Absence, datetime]]:
        return self.absences_

    def moves(self, record_ids: Iterable[str]) -> Mapping[str, Sequence[Move]]:
        return {key: self.moves_[key] for key in record_ids if key in self.moves_}

    def flows(self, objective_ids: Collection[str] | None, since: date) -> Sequence[Flow]:
        work: list[WorkItem] = self._of(WorkItem, present=True)
        parents = {record_id(item.source, item.parent) for item in work if item.parent and item.category is not DROPPED}
        wanted = {item.id for item in work} if objective_ids is None else self._delivering(objective_ids)
        teams: dict[str, list[WorkItem]] = {}
        for item in work:
            if item.id in wanted - parents and item.category is not DROPPED:
                team = f"{item.source}/{item.container}" if item.container else item.source
                teams.setdefault(team, []).append(item)
        return [self._flow(team, items, since) for team, items in sorted(teams.items())]

    def served_flows(self, objective_ids: Collection[str], since: date) -> Iterable[tuple[frozenset[str], Flow]]:
        served: dict[str, set[str]] = {}
        for objective_id in objective_ids:
            for id_ in self._delivering([objective_id]):
                served.setdefault(id_, set()).add(objective_id)
        groups: dict[frozenset[str], list[WorkItem]] = {}
        for item in self._pieces(served):
            if item.category is not DROPPED:
                groups.setdefault(frozenset(served[item.id]), []).append(item)
        return [(ids, self._flow("", items, since)) for ids, items in sorted(groups.items(), key=str)]

    def delivering(self, objective_ids: Collection[str]) -> Sequence[str]:
        work: list[WorkItem] = self._of(WorkItem, present=True)
        known = {item.id for item in work} | {each.id for each in self._of(Release, present=True)}
        return sorted(self._delivering(objective_ids) & known)

    def _delivering(self, objective_ids: Collection[str] | None) -> set[str]:
        """What delivers these objectives; without any, what serves an objective in whatever role. What is gone counts
        as what its parts lie below."""
        work: list[WorkItem] = self._of(WorkItem, present=False)
        found = {
            link.record_id
            for link in self.links_
            if objective_ids is None or (link.role is Role.DELIVERS and link.objective_id in objective_ids)
        }
        found |= {each.id for each in work if found & {record_id(each.source, release) for release in each.releases}}
        while new := {each.id for each in work if each.parent and record_id(each.source, each.parent) in found} - found:
            found |= new
        return found

    @staticmethod
    def _flow(team: str, items: Sequence[WorkItem], since: date) -> Flow:
        days = [item.finished for item in items if item.category is DONE]
        known = sorted(day for day in days if day is not None)
        return Flow(
            team,
            dict(Counter(day for day in known if day >= since)),
            open=sum(1 for item in items if item.category is not DONE),
            undated=days.count(None),
            began=known[0] if known else None,
        )

    def inflows(self, objective_ids: Collection[str], since: date) -> Sequence[Inflow]:
        pieces: dict[tuple[str, str, str], list[WorkItem]] = {}
        for item in self._pieces(self._delivering(objective_ids)):
            pieces.setdefault((item.source, _team(item), item.type), []).append(item)
        return [self._inflow(*place, several, since) for place, several in sorted(pieces.items())]

    def unserved(self, since: date) -> Sequence[Unserved]:
        work: list[WorkItem] = self._of(WorkItem, present=True)
        served = self._delivering(None)
        teams: dict[tuple[str, str], list[WorkItem]] = {}
        for item in self._pieces({each.id for each in work}):
            if item.category is DOING or (item.category is DONE and item.finished and item.finished >= since):
                teams.setdefault((item.source, _team(item)), []).append(item)
        return [
            Unserved(
                *place,
                finished=sum(item.category is DONE for item in items),
                finished_for_none=sum(item.category is DONE and item.id not in served for item in items),
                doing=sum(item.category is DOING for item in items),
                doing_for_none=sum(item.category is DOING and item.id not in served for item in items),
                example=min((item.id for item in items if item.id not in served), default=None),
            )
            for place, items in sorted(teams.items())
        ]

    def mentions(self, types: Collection[str], since: date) -> Sequence[Mention]:
        found: dict[tuple[str, str], list[str]] = {}
        wanted = {each.strip().casefold() for each in types}
        for item in self._of(WorkItem, present=True):
            if item.type.casefold() in wanted and item.category is not DROPPED:
                for text in {"", *item.labels, *item.components} if _made(item, since) else ():
                    found.setdefault((item.source, text), []).append(item.id)
        return [Mention(*place, len(ids), min(ids)) for place, ids in sorted(found.items())]

    def named(self, texts: Collection[str]) -> Mapping[str, Sequence[str]]:
        known = {text: {id_ for id_ in self._named(text) if not id_.startswith("objective:")} for text in texts}
        return {text: sorted(ids) for text, ids in sorted(known.items()) if ids}

    def _pieces(self, wanted: Collection[str]) -> list[WorkItem]:
        work: list[WorkItem] = self._of(WorkItem, present=True)
        parents = {record_id(item.source, item.parent) for item in work if item.parent and item.category is not DROPPED}
        return [item for item in work if item.id in wanted and item.id not in parents]

    @staticmethod
    def _inflow(source: str, team: str, type_: str, items: Sequence[WorkItem], since: date) -> Inflow:
        open_ = [item for item in items if item.category not in (DONE, DROPPED)]
        done = [item for item in items if item.category is DONE and item.finished and item.finished >= since]
        there = [item for item in items if item.category is not DROPPED and item.created and _made(item, since)]
        dropped = [item for item in items if item.category is DROPPED]
        return Inflow(
            source,
            team,
            type_,
            dict(sorted(Counter(item.created.date() for item in there if item.created).items())),
            dict(sorted(Counter(item.finished for item in done if item.finished).items())),
            open=len(open_),
            begun=sum(item.category is DOING for item in open_),
            dropped=sum(item.changed is None or item.changed.date() >= since for item in dropped),
            undated=sum(item.created is None for item in (*open_, *done)),
            unstarted=min((item.start for item in open_ if item.start and item.category is not DOING), default=None),
        )

    def changes(self, record_ids: Iterable[str]) -> Mapping[str, Sequence[Change]]:
        return {key: self.changes_[key] for key in record_ids if key in self.changes_}

    def unknown_statuses(self) -> Iterable[UnknownStatus]:
        found: dict[tuple[str, str], list[str]] = {}
        for each in self._of(WorkItem, present=True):
            if each.category is None and each.id not in self.absences_:
                found.setdefault((each.source, each.status), []).append(each.id)
        return [UnknownStatus(*place, len(ids), min(ids)) for place, ids in sorted(found.items())]

    def coverage(self, *, counted: bool = True) -> Sequence[Coverage]:
        return list(self.coverage_.values())

    def observed(self, record_ids: Iterable[str]) -> Mapping[str, datetime]:
        present = {each.id for each in self.records_}
        return {key: NOW for key in record_ids if key in present}

    # --- judging ------------------------------------------------------------------------------------------------

    @property
    def tree(self) -> ObjectiveTree:
        return ObjectiveTree(tuple(self.objectives))

    def judge(
        self,
        *,
        today: date = TODAY,
        rates: RateTable = EUR,
        options: ReconcileOptions | None = None,
        with_checks: Mapping[str, Check[Any]] | None = None,
    ) -> Judgement:
        view: View = self
        return reconcile(
            view,
            self.tree,
            options or ReconcileOptions(),
            now=NOW,
            today=today,
            rates=rates,
            with_checks=with_checks,
        )


def _team(item: WorkItem) -> str:
    return f"{item.source}/{item.container}" if item.container else item.source


def _made(item: WorkItem, since: date) -> bool:
    return item.created is not None and item.created.date() >= since


def won(**more: Any) -> dict[str, Any]:
    return {"outcome": Outcome.WON, **more}
