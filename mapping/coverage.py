"""How far records and objectives are linked, by count and by money, and where the gaps are. Pure.

Each record counts once wherever it is counted: under a source, an owner, an objective and everything above that.
Money of deals and of savings is never added to each other, and an amount without a rate stays in its own currency.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from model.findings import Account
from model.links import Link, Role
from model.money import Money, RateTable, total
from model.objectives import Level, Objective, ObjectiveTree
from model.records import Deal, Outcome, Record, RecordKind, Saving

NEVER_BY_THEMSELVES = frozenset({RecordKind.RELEASE, RecordKind.SPRINT})
"""Kinds that serve objectives only through what belongs to them; they count only once a rule links them."""
TOO_WIDE = frozenset({Level.ORGANIZATION, Level.PORTFOLIO})
"""Levels at which some money counts for everything: to reach them says nothing about the work below."""
MOST_SHOWN = 10
"""Records that are named of one gap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """One record with the objectives that it serves, and what hangs on it.

    ``needs`` counts what it waits for. ``account`` and ``money`` are those of an open deal (its amount) or a saving
    (its plan, or a year of its run-rate); money is None where the record says no amount.
    """

    record_id: str
    source: str
    kind: RecordKind
    key: str
    title: str
    owner: str | None = None
    links: tuple[Link, ...] = ()
    needs: int = 0
    account: Account | None = None
    money: Money | None = None

    @property
    def counts(self) -> bool:
        """Whether the record is one that should serve an objective."""
        return bool(self.links) or self.kind not in NEVER_BY_THEMSELVES


@dataclass(frozen=True, slots=True)
class Sum:
    """Money of one account in one currency: all of it, and what records bring that serve an objective."""

    account: Account
    currency: str
    total: Decimal
    linked: Decimal

    @property
    def unlinked(self) -> Decimal:
        return self.total - self.linked


@dataclass(frozen=True, slots=True)
class Tally:
    """Distinct records and their money. ``unpriced`` are open deals and savings that say no amount."""

    records: int = 0
    linked: int = 0
    sums: tuple[Sum, ...] = ()
    unpriced: int = 0

    @property
    def unlinked(self) -> int:
        return self.records - self.linked

    def of(self, account: Account) -> tuple[Sum, ...]:
        return tuple(each for each in self.sums if each.account is account)


@dataclass(frozen=True, slots=True)
class ObjectiveCoverage:
    """What serves one objective. ``own`` counts records by role, ``below`` those of it and everything below it.

    ``waits`` says that something linked there waits for work, as a saving waits for its enabler.
    """

    objective_id: str
    own: Mapping[Role, int]
    below: Mapping[Role, int]
    tally: Tally
    waits: bool = False

    @property
    def has_work(self) -> bool:
        return self.waits or self.below.get(Role.DELIVERS, 0) > 0


@dataclass(frozen=True, slots=True)
class Gap:
    """Records that share a want; ``foremost`` are those with the most money, at most ``MOST_SHOWN``."""

    tally: Tally = Tally()
    foremost: tuple[Placed, ...] = ()


@dataclass(frozen=True, slots=True)
class Gaps:
    """What hangs in the air. ``objectives_without_work`` are the topmost ones: nothing below them has work either.

    Deals are the open ones: a lost or won deal is no gap. ``work_without_impact`` is linked, but to no money or KPI.
    """

    work_without_objective: Gap = Gap()
    work_without_impact: Gap = Gap()
    deals_without_objective: Gap = Gap()
    savings_without_objective: Gap = Gap()
    deals_without_needs: Gap = Gap()
    savings_without_needs: Gap = Gap()
    objectives_without_work: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Impact:
    """The path to impact: linked work, and how much of it serves an objective that leads to money or a KPI.

    An objective does where it, or one above it below the level of a portfolio, plans an amount, or has priced open
    deals, priced savings or measurements that count on it.
    """

    work: int = 0
    leading: int = 0


@dataclass(frozen=True, slots=True)
class LinkCoverage:
    """The whole picture. Owners are those of the records; None stands for records without one."""

    total: Tally
    by_source: Mapping[str, Tally]
    by_owner: Mapping[str | None, Tally]
    objectives: Mapping[str, ObjectiveCoverage]
    gaps: Gaps
    impact: Impact = Impact()


def placed(record: Record, links: Iterable[Link], needs: int, rates: RateTable) -> Placed:
    """Take from a record what coverage asks for."""
    account, money = _carried(record, rates)
    return Placed(
        record_id=record.id,
        source=record.source,
        kind=record.kind,
        key=record.key,
        title=record.title,
        owner=record.owner,
        links=tuple(links),
        needs=needs,
        account=account,
        money=money,
    )


def _carried(record: Record, rates: RateTable) -> tuple[Account | None, Money | None]:
    """The money that hangs on a record; a currency without a rate stays as it is."""
    if isinstance(record, Deal) and record.outcome is Outcome.OPEN:
        return Account.REVENUE, record.amount and (rates.convert(record.amount) or record.amount)
    if isinstance(record, Saving):
        planned = Money(total(cell.amount for cell in record.plan), record.currency) if record.plan else record.run_rate
        return Account.SAVINGS, planned and (rates.convert(planned) or planned)
    return None, None


@dataclass(slots=True)
class _Count:
    """A tally that grows."""

    records: int = 0
    linked: int = 0
    unpriced: int = 0
    sums: dict[tuple[Account, str], list[Decimal]] = field(default_factory=dict)

    def add(self, each: Placed) -> None:
        self.records += 1
        self.linked += bool(each.links)
        if each.account is None:
            return
        if each.money is None:
            self.unpriced += 1
            return
        found = self.sums.setdefault((each.account, each.money.currency), [Decimal(0), Decimal(0)])
        found[0] += each.money.amount
        if each.links:
            found[1] += each.money.amount

    def tally(self) -> Tally:
        sums = tuple(Sum(*key, *both) for key, both in sorted(self.sums.items()))
        return Tally(self.records, self.linked, sums, self.unpriced)


@dataclass(slots=True)
class _OpenGap:
    """A gap that grows."""

    count: _Count = field(default_factory=_Count)
    foremost: list[Placed] = field(default_factory=list)

    def add(self, each: Placed) -> None:
        self.count.add(each)
        self.foremost.append(each)
        if len(self.foremost) > 2 * MOST_SHOWN:
            self.foremost = _foremost(self.foremost)

    def join(self, other: "_OpenGap") -> None:
        """Take in records that are not here yet and carry no money, as work does."""
        self.count.records += other.count.records
        self.count.linked += other.count.linked
        self.foremost = _foremost((*self.foremost, *other.foremost))

    def gap(self) -> Gap:
        return Gap(self.count.tally(), tuple(_foremost(self.foremost)))


def _foremost(records: Iterable[Placed]) -> list[Placed]:
    """Those with the most money; without any, in the order of their ids."""
    return sorted(records, key=lambda each: (-(each.money.amount if each.money else 0), each.record_id))[:MOST_SHOWN]


class Counting:
    """Counts records one after the other, so that a million of them need not be held at once."""

    def __init__(self, tree: ObjectiveTree) -> None:
        self._tree = tree
        self._paths = {each.id: tuple(above.id for above in tree.path(each.id)) for each in tree.objectives}
        self._total = _Count()
        self._by_source: defaultdict[str, _Count] = defaultdict(_Count)
        self._by_owner: defaultdict[str | None, _Count] = defaultdict(_Count)
        self._tallies: defaultdict[str, _Count] = defaultdict(_Count)
        self._own: defaultdict[str, defaultdict[Role, int]] = defaultdict(lambda: defaultdict(int))
        self._below: defaultdict[str, defaultdict[Role, int]] = defaultdict(lambda: defaultdict(int))
        self._waiting: set[str] = set()
        self._gaps: defaultdict[str, _OpenGap] = defaultdict(_OpenGap)
        self._work: defaultdict[frozenset[str], _OpenGap] = defaultdict(_OpenGap)
        for objective in tree.objectives:
            if objective.needs:
                self._waiting.update(self._paths[objective.id])

    def add(self, each: Placed) -> None:
        """Count one record; each record comes once."""
        if not each.counts:
            return
        for count in (self._total, self._by_source[each.source], self._by_owner[each.owner]):
            count.add(each)
        self._add_to_objectives(each)
        for gap in _gaps_of(each):
            self._gaps[gap].add(each)
        if each.kind is RecordKind.WORK_ITEM and each.links:
            # Whether it leads to money is known when everything is counted; work has few sets of objectives.
            self._work[frozenset(link.objective_id for link in each.links)].add(each)

    def _add_to_objectives(self, each: Placed) -> None:
        above: set[str] = set()
        roles: dict[Role, set[str]] = {}
        for role, objective_id in {(link.role, link.objective_id) for link in each.links}:
            self._own[objective_id][role] += 1
            roles.setdefault(role, set()).update(self._paths.get(objective_id, ()))
        for role, reached in roles.items():
            above |= reached
            for objective_id in reached:
                self._below[objective_id][role] += 1
        for objective_id in above:
            self._tallies[objective_id].add(each)
        if each.needs:
            self._waiting |= above

    def result(self) -> LinkCoverage:
        """What was counted so far."""
        objectives = {
            each.id: ObjectiveCoverage(
                each.id,
                dict(self._own[each.id]),
                dict(self._below[each.id]),
                self._tallies[each.id].tally(),
                each.id in self._waiting,
            )
            for each in self._tree.objectives
        }
        impact, without_impact = self._impact(objectives)
        return LinkCoverage(
            self._total.tally(),
            {source: count.tally() for source, count in sorted(self._by_source.items())},
            {owner: count.tally() for owner, count in sorted(self._by_owner.items(), key=lambda pair: pair[0] or "")},
            objectives,
            Gaps(
                objectives_without_work=_without_work(self._tree, objectives),
                work_without_impact=without_impact,
                **{name: found.gap() for name, found in self._gaps.items()},
            ),
            impact,
        )

    def _impact(self, objectives: Mapping[str, ObjectiveCoverage]) -> tuple[Impact, Gap]:
        """How much of the linked work leads to money or a KPI, and the work that does not."""
        rich = {each.id for each in self._tree.objectives if _has_impact(each, objectives[each.id])}
        leading = {each.id for each in self._tree.objectives if not rich.isdisjoint(_near(self._tree, each))}
        work, astray = 0, _OpenGap()
        for objective_ids, served in self._work.items():
            work += served.count.records
            if leading.isdisjoint(objective_ids):
                astray.join(served)
        return Impact(work, work - astray.count.records), astray.gap()


def _gaps_of(each: Placed) -> Iterable[str]:
    name = {RecordKind.WORK_ITEM: "work", RecordKind.DEAL: "deals", RecordKind.SAVING: "savings"}.get(each.kind)
    if name == "work" and not each.links:
        yield "work_without_objective"
    elif name is not None and each.account is not None:
        if not each.links:
            yield f"{name}_without_objective"
        if not each.needs:
            yield f"{name}_without_needs"


def _near(tree: ObjectiveTree, objective: Objective) -> Iterable[str]:
    """The objective and those above it that are no portfolio and no organization."""
    return {above.id for above in tree.path(objective.id) if above.id == objective.id or above.level not in TOO_WIDE}


def _has_impact(objective: Objective, found: ObjectiveCoverage) -> bool:
    """Whether an objective plans an amount, or money or a measurement counts on it or below it."""
    planned = any(value.plan for value in objective.values)
    return planned or any(each.total for each in found.tally.sums) or found.below.get(Role.MEASURES, 0) > 0


def _without_work(tree: ObjectiveTree, objectives: Mapping[str, ObjectiveCoverage]) -> tuple[str, ...]:
    return tuple(
        each.id
        for each in tree.objectives
        if not objectives[each.id].has_work
        and (each.parent is None or each.parent not in objectives or objectives[each.parent].has_work)
    )
