"""What the edited files would change: real linking and judging on a rehearsed state, against what is stored."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from config.load import Configuration
from mapping.coverage import placed
from model.errors import UsageError
from model.findings import Account, Impact, TrackedFinding, TransitionKind, combined
from model.links import Link, Need, Role
from model.mapping_changes import Inventory, Names
from model.records import RecordKind
from model.runs import RunOutcome
from pipeline.judge import business_day, gravest_first, judging
from pipeline.link import LINKED_NOTE, link_records
from pipeline.mapping_change import inventory_of, names_changed
from reconcile.lifecycle import Advance, advance
from state.rehearsal import LinkShift, NeedShift, Rehearsal, rehearsal
from state.store import Store

MOST_LISTED = 10_000
"""Links, and as many needs, that a plan lists; all are counted."""
_JUDGED = (RunOutcome.DONE, RunOutcome.PARTIAL, RunOutcome.FAILED)
_PRICED = (RecordKind.DEAL, RecordKind.SAVING)
_Listed = TypeVar("_Listed")


class Change(StrEnum):
    """What would become of a link, a need or a finding."""

    ADD = "add"
    REMOVE = "remove"
    MOVE = "move"
    CHANGE = "change"
    OPEN = "open"
    RESOLVE = "resolve"
    WORSEN = "worsen"
    IMPROVE = "improve"


_KINDS = {
    TransitionKind.OPENED: Change.OPEN,
    TransitionKind.REOPENED: Change.OPEN,
    TransitionKind.RESOLVED: Change.RESOLVE,
    TransitionKind.WORSENED: Change.WORSEN,
    TransitionKind.EXPIRED: Change.WORSEN,
    TransitionKind.IMPROVED: Change.IMPROVE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedLink:
    """One link that would come, go, lead to another objective, or come from another rule or with another weight."""

    change: Change
    record_id: str
    key: str
    title: str
    role: Role
    before: Link | None = None
    after: Link | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedNeed:
    """One need that would come or go. ``dependent`` is a record id or an objective's node."""

    change: Change
    dependent: str
    key: str
    title: str
    need: Need


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFinding:
    """One finding that would open, go or read otherwise; None stands for one that does not stand on that side."""

    change: Change
    fingerprint: str
    reason: str
    before: TrackedFinding | None
    after: TrackedFinding | None


@dataclass(frozen=True, slots=True)
class LinkedMoney:
    """Money of one account in one currency: all of it, and what is linked now and would be."""

    account: Account
    currency: str
    total: Decimal
    before: Decimal
    after: Decimal


@dataclass(frozen=True, slots=True)
class AtRisk:
    """Money of one account in standing findings, over distinct records."""

    account: Account
    before: Decimal
    after: Decimal


@dataclass(slots=True, kw_only=True)
class Plan:
    """Everything that would change. ``judged_at`` is the moment for which both sides are judged.

    ``unlinked_records`` were stored after the last linking: what they say is part of the difference.
    """

    judged_at: datetime
    before: str
    after: str
    known: bool
    unlinked_records: int = 0
    rules: Names = field(default_factory=Names)
    objectives: Names = field(default_factory=Names)
    links: list[PlannedLink] = field(default_factory=list)
    needs: list[PlannedNeed] = field(default_factory=list)
    findings: list[PlannedFinding] = field(default_factory=list)
    money: list[LinkedMoney] = field(default_factory=list)
    at_risk: list[AtRisk] = field(default_factory=list)
    link_counts: dict[Change, int] = field(default_factory=dict)
    need_counts: dict[Change, int] = field(default_factory=dict)

    @property
    def finding_counts(self) -> dict[Change, int]:
        counts: dict[Change, int] = {}
        for each in self.findings:
            counts[each.change] = counts.get(each.change, 0) + 1
        return counts

    @property
    def empty(self) -> bool:
        """Whether nothing that is stored would change."""
        return not (self.link_counts or self.need_counts or self.findings)


def plan(store: Store, configuration: Configuration) -> Plan:
    """Compare what is stored with what the files as they are now would make of it; nothing is stored.

    Both sides are judged as of the last judgement, so that no difference comes from time that passed. Raise UsageError
    when nothing was judged yet.
    """
    tracked = store.tracked()
    judged_at = _judged_at(store, tracked)
    known, inventory = store.inventory(), inventory_of(configuration)
    with rehearsal(store) as stage:
        made = _begin(stage, known, inventory, judged_at)
        link_records(stage, configuration.mapping, configuration.settings.sources)
        _add_links(made, stage)
        _add_needs(made, stage)
        made.money = _money(stage, configuration)
        step = _judged(stage, configuration, tracked, judged_at)
    made.findings = list(_findings(tracked, step))
    made.at_risk = list(_at_risk(tracked, step))
    return made


def _judged_at(store: Store, tracked: Mapping[str, TrackedFinding]) -> datetime:
    """When the last run ended that judged, or when a finding changed after it: a judgement that confirms everything
    leaves no other trace."""
    ended = [run.finished_at for run in store.runs() if run.outcome in _JUDGED and run.finished_at is not None]
    moments = [*ended[:1], *(entry.judged_at for entry in tracked.values())]
    if not moments:
        raise UsageError("there is nothing to compare with: nothing was read yet", hint="run driftline sync")
    return max(moments)


def _begin(stage: Rehearsal, known: Inventory | None, inventory: Inventory, judged_at: datetime) -> Plan:
    revision = (stage.note(LINKED_NOTE) or "").partition(" ")[0]
    made = Plan(
        judged_at=judged_at,
        before=known.fingerprint if known else "",
        after=inventory.fingerprint,
        known=known is not None,
        unlinked_records=len(stage.reached_since(int(revision))) if revision else 0,
    )
    if known is not None:
        made.rules = names_changed(known.rules, inventory.rules)
        made.objectives = names_changed(known.objectives, inventory.objectives)
    return made


def _add_links(made: Plan, stage: Rehearsal) -> None:
    listed: list[tuple[Change, str, Role, Link | None, Link | None]] = []
    for shift in stage.link_shifts():
        for change, before, after in link_changes(shift):
            made.link_counts[change] = made.link_counts.get(change, 0) + 1
            if len(listed) < MOST_LISTED:
                listed.append((change, shift.record_id, shift.role, before, after))
    names = stage.names(record_id for _, record_id, *_ in listed)
    for change, record_id, role, before, after in listed:
        key, title = names.get(record_id, (record_id, ""))
        made.links.append(
            PlannedLink(change=change, record_id=record_id, key=key, title=title, role=role, before=before, after=after)
        )


def link_changes(shift: LinkShift) -> Iterator[tuple[Change, Link | None, Link | None]]:
    """Pair what goes with what comes: the same objective is a change, another one a move."""
    after = {link.objective_id: link for link in shift.after}
    gone: list[Link] = []
    for link in shift.before:
        same = after.pop(link.objective_id, None)
        if same is None:
            gone.append(link)
        else:
            yield Change.CHANGE, link, same
    came = list(after.values())
    for old, new in zip(gone, came, strict=False):
        yield Change.MOVE, old, new
    for old in gone[len(came) :]:
        yield Change.REMOVE, old, None
    for new in came[len(gone) :]:
        yield Change.ADD, None, new


def _add_needs(made: Plan, stage: Rehearsal) -> None:
    listed: list[tuple[Change, Need]] = []
    for shift in stage.need_shifts():
        for change, need in _need_changes(shift):
            made.need_counts[change] = made.need_counts.get(change, 0) + 1
            if len(listed) < MOST_LISTED:
                listed.append((change, need))
    names = stage.names(need.dependent for _, need in listed)
    for change, need in listed:
        key, title = names.get(need.dependent, (need.dependent.partition(":")[2], ""))
        made.needs.append(PlannedNeed(change=change, dependent=need.dependent, key=key, title=title, need=need))


def _need_changes(shift: NeedShift) -> Iterator[tuple[Change, Need]]:
    yield from ((Change.REMOVE, need) for need in shift.before)
    yield from ((Change.ADD, need) for need in shift.after)


def _money(stage: Rehearsal, configuration: Configuration) -> list[LinkedMoney]:
    """The money of open deals and of savings, each record once, and how much of it serves an objective."""
    rates = configuration.settings.business.rate_table()
    before, after = (stage.linked(_PRICED, stored=stored) for stored in (True, False))
    sums: dict[tuple[Account, str], list[Decimal]] = {}
    for kind in _PRICED:
        for batch in stage.records(kind=kind):
            for each in (placed(observed.record, (), 0, rates) for observed in batch):
                if each.account is None or each.money is None or each.source not in configuration.settings.sources:
                    continue
                found = sums.setdefault((each.account, each.money.currency), [Decimal(0)] * 3)
                for index, counts in enumerate((True, each.record_id in before, each.record_id in after)):
                    found[index] += each.money.amount if counts else 0
    return [LinkedMoney(*key, *found) for key, found in sorted(sums.items())]


def _judged(
    stage: Rehearsal, configuration: Configuration, tracked: Mapping[str, TrackedFinding], judged_at: datetime
) -> Advance:
    with judging(stage, configuration, now=judged_at) as judgement:
        return advance(
            tracked,
            judgement,
            now=judged_at,
            today=business_day(judged_at, configuration.settings.business.zone),
            baseline=False,
            options=configuration.settings.reconcile,
        )


def _findings(tracked: Mapping[str, TrackedFinding], step: Advance) -> Iterator[PlannedFinding]:
    """What would happen to findings, the gravest first; those that only read otherwise come last."""
    after = {entry.fingerprint: entry for entry in step.tracked}
    moved = {each.fingerprint: (_KINDS[each.kind], each.reason) for each in step.transitions if each.kind in _KINDS}
    changed = {
        name: (Change.CHANGE, reason)
        for name, entry in after.items()
        if name not in moved and name in tracked and (reason := _reads_otherwise(tracked[name], entry))
    }
    told = {**moved, **changed}
    standing = [after[name] if after[name].standing else tracked[name] for name in told]
    for entry in sorted(gravest_first(standing), key=lambda each: list(Change).index(told[each.fingerprint][0])):
        change, reason = told[entry.fingerprint]
        before, now = tracked.get(entry.fingerprint), after[entry.fingerprint]
        yield PlannedFinding(
            change=change,
            fingerprint=entry.fingerprint,
            reason=reason,
            before=before if before is not None and before.standing else None,
            after=now if now.standing else None,
        )


def _reads_otherwise(before: TrackedFinding, after: TrackedFinding) -> str:
    """What people would see changed of a finding that neither moves nor goes; empty when that is nothing."""
    fields: tuple[tuple[str, Callable[[TrackedFinding], str]], ...] = (
        ("severity", lambda each: each.finding.severity.label),
        ("objective", lambda each: ", ".join(each.finding.objective_ids) or "none"),
        ("owner", lambda each: each.finding.owner or "nobody"),
        ("decider", lambda each: each.finding.decider or "nobody"),
        ("decide by", lambda each: each.finding.decide_by.isoformat() if each.finding.decide_by else "no day"),
    )
    return "; ".join(f"{name} {of(before)} -> {of(after)}" for name, of in fields if of(before) != of(after))


def _at_risk(tracked: Mapping[str, TrackedFinding], step: Advance) -> Iterator[AtRisk]:
    after = {**tracked, **{entry.fingerprint: entry for entry in step.tracked}}
    sides = [_whole(entries.values()) for entries in (tracked, after)]
    for account in Account:
        before, now = (side.full(account) for side in sides)
        if before or now:
            yield AtRisk(account, before, now)


def _whole(entries: Iterable[TrackedFinding]) -> Impact:
    return combined([entry.finding.impact for entry in entries if entry.standing])
