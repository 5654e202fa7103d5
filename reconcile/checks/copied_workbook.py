"""One row that stands in two workbooks with different values (I24)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from typing import Annotated

from pydantic import Field

from model.findings import Account, Claim, Evidence, Finding, Impact, Share
from model.keys import normalise_key, objective_node
from model.links import Role
from model.money import Money, MonthAmount
from model.objectives import Level
from model.records import Saving
from reconcile.check import Check, CheckOptions, Verdict
from reconcile.decisions import controller, decider, owner
from reconcile.impact import severity, yearly_share
from reconcile.promises import gone_reason
from reconcile.values import NONE, by_month, months_share, served_by
from reconcile.wording import amount_text, listed
from reconcile.world import World

_SERIES = ("plan", "forecast", "actual")
_MOST_SHOWN = 12


class CopiedWorkbookOptions(CheckOptions):
    """Options of the check copied-workbook."""

    from_amount: Annotated[Decimal, Field(ge=0)] = Decimal(1)
    """From how much money on two figures differ; less is rounding."""


@dataclass(frozen=True, slots=True)
class _Difference:
    """One field of which the two rows say something else. ``amount`` is money, in the currency of both."""

    field: str
    one: str
    other: str
    amount: Decimal = NONE


@dataclass(frozen=True, slots=True)
class _Copies:
    """Two rows with one id, in two sources, with what they say differently."""

    one: Saving
    other: Saving
    differences: tuple[_Difference, ...]
    objective_ids: tuple[str, ...]


class CopiedWorkbook(Check[CopiedWorkbookOptions]):
    """The same row stands in two workbooks and says different things.

    What it finds
        Two savings of different sources with the same id, linked to one objective, of which both tell a figure, a
        planned start or a currency and not the same. They are taken for one row where they bear the same title, or
        where the objective is a measure; rows of two trackers that are merely both number 7 are not. What only one of
        them tells, colours and texts are no difference. The money shown is by how much their plans differ, or else
        their forecasts, their actuals or a year of their run-rates.

    Why it matters
        Two meetings decide by two numbers, and both are counted.

    What to do
        Let the controller say which workbook counts, and take the row out of the other one.

    Example
        M-201 stands in the CFO's tracker with EUR 620,000 for October and in purchasing's with EUR 500,000: EUR 120,000
        differ.
    """

    name = "copied-workbook"
    title = "One row stands in two workbooks with different values"
    family = "truth"
    patterns = ("I24",)
    formula = (
        "For one id in two sources: |plan a - plan b|, or else of the forecasts, the actuals or the yearly run-rates, "
        ">= from_amount."
    )
    options_type = CopiedWorkbookOptions
    reads = frozenset({"plan", "forecast", "actual", "run_rate", "baseline", "one_time_cost", "planned_start"}) | {
        "currency"
    }
    roles = frozenset({Role.SAVES})

    def find(self, world: World, options: CopiedWorkbookOptions) -> Iterator[Verdict]:
        for objective in world.network.objectives.values():
            for ids in _rows(world, objective.id).values():
                for copies in _copies_of(world, options, objective.id, ids):
                    yield self._finding(world, copies)

    def _finding(self, world: World, copies: _Copies) -> Finding:
        one, other, ids = copies.one, copies.other, copies.objective_ids
        impact = Impact(None, tuple(_share(world, copies)))
        confirms = one.controller or other.controller or controller(world.tree, ids)
        first = copies.differences[0]
        shown = [f"{each.field} {each.one} and {each.other}" for each in copies.differences[:2]]
        more = len(copies.differences) - len(shown)
        told = listed([*shown, *([f"{more} more"] if more else [])])
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(objective_node(ids[0]), one.id, other.id),
            title=f"{one.key} stands in {one.source} and in {other.source} with different values: {told}",
            objective_ids=ids,
            commitment=Claim(one.source, one.key, f"says {first.field} {first.one}", where=_where(world, one, first)),
            forecast=Claim(
                other.source, other.key, f"says {first.field} {first.other}", where=_where(world, other, first)
            ),
            impact=impact,
            cause=one.id,
            evidence=tuple(_evidence(world, copies)),
            severity=severity(impact, None, world.today, world.options.severity),
            owner=one.owner or other.owner or owner(world.tree, ids),
            decider=confirms or decider(world.tree, ids, within_tolerance=False),
            advice=f"Let {confirms or 'the controller'} say which of {one.source} and {other.source} counts for "
            f"{one.key}, and take the row out of the other one.",
            sources=tuple(sorted({one.source, other.source})),
            upkeep=True,
        )

    def why_resolved(self, finding: Finding, world: World, options: CopiedWorkbookOptions) -> str:
        """Whether one of the rows went, or both say the same."""
        key = finding.commitment.key if finding.commitment else finding.subjects[1]
        subjects = finding.subjects[1:]
        savings = [world.network.savings.get(subject) for subject in subjects]
        for subject, saving in zip(subjects, savings, strict=True):
            if saving is None:
                return gone_reason(subject, f"{key} in {subject.split(':', 1)[0]}", world)
        one, other = (saving for saving in savings if saving is not None)
        if normalise_key(one.key) != normalise_key(other.key) or not _shared(world, one, other):
            return f"{key} does not name one row of both workbooks any more"
        return f"both workbooks say the same of {key}"


def _copies_of(
    world: World, options: CopiedWorkbookOptions, objective_id: str, ids: tuple[str, ...]
) -> Iterator[_Copies]:
    """Those of the rows with one id below an objective that stand in two sources and say something else.

    Two rows that several objectives share are told at the first of these.
    """
    rows = [saving for id_ in ids if (saving := world.network.savings.get(id_)) is not None]
    for one, other in combinations(rows, 2):
        shared = _shared(world, one, other) if one.source != other.source else ()
        differences = tuple(_differences(one, other, options.from_amount)) if shared[:1] == (objective_id,) else ()
        if differences:
            yield _Copies(one, other, differences, shared)


def _rows(world: World, objective_id: str) -> Mapping[str, tuple[str, ...]]:
    """The savings that an objective is linked to, by their id as people write it, where several have one."""
    found: dict[str, set[str]] = {}
    for link in world.served.get(objective_id, ()):
        saving = world.network.savings.get(link.record_id)
        if saving is not None:
            found.setdefault(normalise_key(saving.key), set()).add(saving.id)
    return {key: tuple(sorted(ids)) for key, ids in found.items() if len(ids) > 1}


def _shared(world: World, one: Saving, other: Saving) -> tuple[str, ...]:
    """The objectives of both, by which they are one row; none where they are two that merely have one number."""
    ids = tuple(sorted(set(served_by(world, one)) & set(served_by(world, other))))
    titles = {normalise_key(each.title) for each in (one, other) if each.title != each.key}
    measures = [id_ for id_ in ids if (each := world.tree.get(id_)) is not None and each.level is Level.MEASURE]
    return ids if len(titles) < 2 or measures else ()


def _differences(one: Saving, other: Saving, least: Decimal) -> Iterator[_Difference]:
    """What both tell and not alike; amounts in two currencies are not compared beyond that."""
    if one.currency and other.currency and one.currency != other.currency:
        yield _Difference("currency", one.currency, other.currency)
        return
    currency = one.currency or other.currency
    for series in _SERIES:
        first, second = by_month(getattr(one, series)), by_month(getattr(other, series))
        for month in sorted(first.keys() & second.keys()):
            yield from _amounts(f"{series}.{month}", first[month], second[month], currency, least)
    rates = one.run_rate, other.run_rate
    if rates[0] is not None and rates[1] is not None and rates[0].currency == rates[1].currency:
        yield from _amounts("run_rate", rates[0].amount, rates[1].amount, rates[0].currency, least)
    for field in ("baseline", "one_time_cost"):
        yield from _amounts(field, getattr(one, field), getattr(other, field), currency, least)
    if one.planned_start and other.planned_start and one.planned_start != other.planned_start:
        yield _Difference("planned_start", one.planned_start.isoformat(), other.planned_start.isoformat())


def _amounts(
    field: str, one: Decimal | None, other: Decimal | None, currency: str, least: Decimal
) -> Iterator[_Difference]:
    if one is not None and other is not None and one != other and abs(one - other) >= least:
        yield _Difference(field, amount_text(one, currency), amount_text(other, currency), abs(one - other))


def _share(world: World, copies: _Copies) -> Iterator[Share]:
    """By how much they differ: by the months of the first series that differs, else by a year of the run-rate."""
    one = copies.one
    for series in _SERIES:
        months = {each.field: each.amount for each in copies.differences if each.field.startswith(f"{series}.")}
        cells = [cell for cell in by_month(getattr(one, series)) if f"{series}.{cell}" in months]
        if cells:
            lost = tuple(MonthAmount(month, months[f"{series}.{month}"]) for month in sorted(cells))
            yield months_share(one, lost, one.currency or copies.other.currency, world.rates)
            return
    rate = next((each.amount for each in copies.differences if each.field == "run_rate"), None)
    if rate is not None and one.run_rate is not None:
        yield yearly_share(one.id, Account.SAVINGS, Money(rate, one.run_rate.currency), world.rates)


def _where(world: World, saving: Saving, difference: _Difference) -> str:
    return world.where(saving.id, difference.field)


def _evidence(world: World, copies: _Copies) -> Iterator[Evidence]:
    for each in copies.differences[:_MOST_SHOWN]:
        for saving, value in ((copies.one, each.one), (copies.other, each.other)):
            name = world.field_name(saving.id, each.field)
            yield Evidence(saving.id, saving.key, name, value, _where(world, saving, each))
