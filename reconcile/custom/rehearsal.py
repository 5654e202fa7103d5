"""A small world over plain lists, in which an example of a custom check is judged as a run would judge it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, cast

from model.keys import normalise_key, objective_node
from model.links import Link, Need, Role
from model.money import RateTable
from model.network import DateSource, Group, PlanWork, RollUp
from model.objectives import ObjectiveTree
from model.records import Deal, Measurement, Record, Release, Saving, StatusCategory, WorkItem
from model.runs import Coverage
from reconcile.check import Blind, Unjudged
from reconcile.custom.check import CustomCheck
from reconcile.engine import see
from reconcile.options import ReconcileOptions
from reconcile.view import View

_OPEN = (StatusCategory.TODO, StatusCategory.DOING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """The records of one example, with what links them: ``needs`` are as somebody wrote them."""

    today: date
    zone: Any
    records: tuple[Record, ...]
    links: tuple[Link, ...]
    needs: tuple[Need, ...]
    tree: ObjectiveTree


@dataclass(frozen=True, slots=True)
class Heard:
    """What a check said about an example: the texts of its findings, and why it could not judge something."""

    texts: tuple[str, ...]
    not_judged: tuple[str, ...]
    said: tuple[str, ...]
    """What both claims say of each subject, in words."""


def rehearse(check: CustomCheck, rehearsal: Rehearsal, options: ReconcileOptions, rates: RateTable) -> Heard:
    """Judge an example with one check. Every source counts as completely read."""
    world = see(
        cast(View, _Listed(rehearsal)),
        rehearsal.tree,
        options,
        now=datetime.combine(rehearsal.today, time(12), rehearsal.zone),
        today=rehearsal.today,
        rates=rates,
    )
    texts, reasons = [], []
    for verdict in check.find(world, check.options_type(enabled=True)):
        if isinstance(verdict, (Blind, Unjudged)):
            reasons.append(verdict.reason)
        else:
            texts.append(verdict.title)
    return Heard(tuple(sorted(texts)), tuple(sorted(reasons)), tuple(check.claims(world)))


class _Listed:
    """The records of an example as the reconciler reads them; all work counts as the spine of the plan."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self._rehearsal = rehearsal

    def deals(self) -> Iterable[Deal]:
        return self._of(Deal)

    def savings(self) -> Iterable[Saving]:
        return self._of(Saving)

    def measurements(self) -> Iterable[Measurement]:
        return self._of(Measurement)

    def releases(self) -> Iterable[Release]:
        return self._of(Release)

    def spine(self) -> Iterable[PlanWork]:
        return [PlanWork.of(item) for item in self._of(WorkItem)]

    def sprints(self) -> Iterable[Record]:
        return ()

    def unknown_statuses(self) -> Iterable[Any]:
        return ()

    def absences(self) -> Mapping[str, Any]:
        return {}

    def coverage(self) -> Sequence[Coverage]:
        return [
            Coverage(source, 1, 1, as_of=datetime.combine(self._rehearsal.today, time(6), self._rehearsal.zone))
            for source in sorted({each.source for each in self._rehearsal.records})
        ]

    def links(self, role: Role | None = None) -> Iterable[Link]:
        return [link for link in self._rehearsal.links if role in (None, link.role)]

    def needs(self) -> Iterable[Need]:
        named: dict[str, set[str]] = {}
        for record in self._rehearsal.records:
            named.setdefault(normalise_key(record.key), set()).add(record.id)
        for objective in self._rehearsal.tree.objectives:
            named.setdefault(normalise_key(objective.id), set()).add(objective_node(objective.id))
        for need in self._rehearsal.needs:
            found = tuple(sorted(named.get(normalise_key(need.wanted), ())))
            yield Need(need.dependent, need.wanted, need.lag_days, need.origin, prerequisites=found)

    def rollups(
        self, group: Group, order: Sequence[DateSource], today: date, *, shipping: bool = False
    ) -> Iterable[RollUp]:
        """Only objectives have work that is no node of the plan by itself: here it is counted, as the store does."""
        if group is not Group.OBJECTIVE:
            return
        work = {item.id: item for item in self._of(WorkItem)}
        below: dict[str, list[WorkItem]] = {}
        for link in self._rehearsal.links:
            if link.role is Role.DELIVERS and link.record_id in work:
                below.setdefault(objective_node(link.objective_id), []).append(work[link.record_id])
        for node, items in below.items():
            yield self._rolled(node, items, order, today)

    def _rolled(self, node: str, items: Sequence[WorkItem], order: Sequence[DateSource], today: date) -> RollUp:
        days = [(self._own_date(item, order), item.id) for item in items if item.category in _OPEN]
        coming = [(day, key) for day, key in days if day is not None and day >= today]
        passed = sorted((day, key) for day, key in days if day is not None and day < today)
        latest = max(coming, default=None)
        finished = [item.finished for item in items if item.category is StatusCategory.DONE and item.finished]
        return RollUp(
            Group.OBJECTIVE,
            node,
            open=len(days),
            done=sum(1 for item in items if item.category is StatusCategory.DONE),
            dropped=sum(1 for item in items if item.category is StatusCategory.DROPPED),
            undated=sum(1 for day, _ in days if day is None),
            overdue=len(passed),
            latest=latest[0] if latest else None,
            latest_record=latest[1] if latest else None,
            oldest_overdue=passed[0][0] if passed else None,
            overdue_record=passed[0][1] if passed else None,
            finished=max(finished, default=None),
        )

    def _own_date(self, item: WorkItem, order: Sequence[DateSource]) -> date | None:
        releases = [each for each in self._of(Release) if each.native_id in item.releases and not each.released]
        planned = max((each.release_date for each in releases if each.release_date), default=None)
        own = {DateSource.RELEASE: planned, DateSource.DUE: item.due, DateSource.SPRINT: None}
        return next((day for each in order if (day := own[each]) is not None), None)

    def records(self, record_ids: Collection[str]) -> Mapping[str, Record]:
        return {each.id: each for each in self._rehearsal.records if each.id in record_ids}

    def _of(self, kind: type[Any]) -> list[Any]:
        return [each for each in self._rehearsal.records if isinstance(each, kind)]
