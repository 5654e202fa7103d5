"""Support work that names something which is not released yet: it may have been sold before it exists."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from model.findings import Account, Amount, Claim, Evidence, Finding, Impact, Share
from model.keys import source_of
from model.links import Role
from model.money import Money
from model.records import StatusCategory
from model.work_counts import Mention
from reconcile.above import name_of, objectives_of, sources_of
from reconcile.check import FORECAST_READS, Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.counts import NOT_COUNTED, Counts, counts_of, weeks_ago
from reconcile.decisions import decider, owner
from reconcile.forecast import Forecast, ForecastState
from reconcile.impact import CENT, severity
from reconcile.story import says_of
from reconcile.wording import day_text
from reconcile.world import World

_ENDED = frozenset({StatusCategory.DONE, StatusCategory.DROPPED})


class TicketsForUnshippedOptions(CheckOptions):
    """Options of the check tickets-for-unshipped."""

    types: tuple[str, ...] = Field(
        default=("Support", "Support Request", "Service Request", "Incident", "Customer Issue", "Question"),
        min_length=1,
    )
    """The types of work that support has, as the source calls them; small and capital letters are the same."""
    least: Annotated[int, Field(ge=1)] = 5
    """From how many pieces of support work that name one release or piece of work on it is told."""
    weeks: Annotated[int, Field(ge=1, le=104)] = 12
    """How many whole weeks back support work is looked at, the current week included."""
    cost: Annotated[Decimal | None, Field(ge=0, examples=["120"])] = None
    """What one piece of support work costs, in the business currency; without it the finding is not priced."""


@dataclass(frozen=True, slots=True)
class _Named:
    """One thing that support work names and that is not there yet. ``mentions`` are those of its spellings."""

    forecast: Forecast
    mentions: tuple[Mention, ...]

    @property
    def number(self) -> int:
        """Different spellings on one piece of work count it again, so that the largest of a source counts."""
        by_source: dict[str, int] = {}
        for each in self.mentions:
            by_source[each.source] = max(by_source.get(each.source, 0), each.records)
        return sum(by_source.values())


class TicketsForUnshipped(Check[TicketsForUnshippedOptions]):
    """Support work names a release or feature that is not released.

    What it finds
        A release that is not out, or a piece of work that is not done, whose name or key 5 pieces of support work or
        more, made in the last 12 weeks, bear as a label or component (F1.5). Support work is told by its type. Hyphens
        and underscores in labels stand for blanks. What was cancelled is not told, and support work that
        was dropped does not count. Cost = pieces of support work x cost of one, where that is set.

    Why it matters
        Customers ask for help with something that they cannot have: it was sold or announced too early.

    What to do
        Ask who promised it, tell the customers the day that holds, and correct what was sold.

    Example
        7 pieces of support work made since 22 Jun 2026 name Aurora 4.0, which is to be released on 16 Nov 2026:
        7 x EUR 120 = EUR 840.
    """

    name = "tickets-for-unshipped"
    title = "Support work names something that is not released"
    family = "flow"
    patterns = ("F1.5",)
    formula = "Pieces of support work that name it >= least; cost = pieces * cost of one."
    options_type = TicketsForUnshippedOptions
    reads = FORECAST_READS | {"type", "labels", "components", "created"}
    roles = frozenset({Role.DELIVERS})
    daily = True
    weighs_floats = True

    def find(self, world: World, options: TicketsForUnshippedOptions) -> Iterator[Verdict]:
        """Yield one finding per release or piece of work that is named."""
        counts = counts_of(world)
        if counts is None:
            yield NOT_COUNTED
            return
        mentions = counts.mentions(options.types, weeks_ago(world.today, options.weeks))
        if not mentions:
            yield Blind(f"no work made in the last {options.weeks} weeks is of a type that support has")
        for node, several in _by_node(counts, [each for each in mentions if each.text]).items():
            forecast = world.forecasts.get(node)
            if forecast is None or not _may_be_unshipped(world, node):
                continue
            named = _Named(forecast, several)
            if named.number < options.least or forecast.state is ForecastState.DONE:
                continue
            if forecast.state is ForecastState.UNKNOWN:
                yield Unjudged(_subjects(node), f"{world.key(forecast.cause)} {says_of(world, forecast.cause)}")
            else:
                yield self._finding(world, options, named)

    def _finding(self, world: World, options: TicketsForUnshippedOptions, named: _Named) -> Finding:
        forecast, number = named.forecast, named.number
        node, since = forecast.node, day_text(weeks_ago(world.today, options.weeks))
        ids, name = objectives_of(world, node), name_of(world, forecast)
        record, first = world.record(node), min(named.mentions, key=lambda each: each.example)
        says = says_of(world, forecast)
        pieces = f"{number:,} pieces of support work" if number > 1 else "1 piece of support work"
        names = "name" if number > 1 else "names"
        impact = Impact(shares=_cost(world, options, node, number))
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=_subjects(node),
            title=f"{pieces} made since {since} {names} {name}, which is not released ({says})",
            objective_ids=ids,
            commitment=Claim(first.source, first.text, f"is named by {pieces}", where=world.where(first.example)),
            forecast=Claim(
                source_of(node),
                world.key(forecast),
                says,
                forecast.day if forecast.state is ForecastState.DATED else None,
                world.where(node),
            ),
            impact=impact,
            cause=node,
            evidence=tuple(_evidence(world, named)),
            severity=severity(impact, None, world.today, world.options.severity),
            owner=(record.owner if record is not None else None) or owner(world.tree, ids),
            decider=decider(world.tree, ids, within_tolerance=False),
            advice=f"Ask who promised {name}, and tell the customers the day that holds.",
            sources=sources_of(world, forecast.sources, {each.source for each in named.mentions}),
        )

    def why_resolved(self, finding: Finding, world: World, options: TicketsForUnshippedOptions) -> str:
        """Whether it is out, or the support work names it no more."""
        node = finding.cause or ""
        key = finding.forecast.key if finding.forecast else node
        forecast = world.forecasts.get(node)
        if forecast is None:
            return f"{key} is not in the plan any more"
        if forecast.state is ForecastState.DONE:
            return f"{key} is released"
        return f"little support work of the last {options.weeks} weeks names {key}"


def _subjects(node: str) -> tuple[str, ...]:
    """Not the node itself, which a run after a few changes may judge without its support work."""
    return (f"{node}:support",)


def _by_node(counts: Counts, mentions: list[Mention]) -> Mapping[str, tuple[Mention, ...]]:
    """What each release and piece of work is named by."""
    spelled = {each.text: _spellings(each.text) for each in mentions}
    named = counts.named(sorted({text for texts in spelled.values() for text in texts}))
    found: dict[str, list[Mention]] = {}
    for mention in mentions:
        for node in dict.fromkeys(node for text in spelled[mention.text] for node in named.get(text, ())):
            found.setdefault(node, []).append(mention)
    return {node: tuple(several) for node, several in sorted(found.items())}


def _spellings(text: str) -> tuple[str, ...]:
    """Labels bear no blanks in some tools: ``aurora-4.0`` may be Aurora 4.0."""
    blanks = text.replace("_", " ")
    return tuple(dict.fromkeys((text, blanks, blanks.replace("-", " "))))


def _may_be_unshipped(world: World, node: str) -> bool:
    release, item = world.network.releases.get(node), world.network.work.get(node)
    if release is not None:
        return not release.released
    return item is not None and item.category not in _ENDED


def _cost(world: World, options: TicketsForUnshippedOptions, node: str, number: int) -> tuple[Share, ...]:
    if options.cost is None:
        return ()
    money = Money((options.cost * number).quantize(CENT), world.rates.base)
    return (Share(node, (Amount(Account.COST, money),)),)


def _evidence(world: World, named: _Named) -> Iterator[Evidence]:
    for each in named.mentions:
        record = world.record(each.example)
        key = record.key if record is not None else each.example
        number = f"{each.text} ({each.records:,} pieces of support work)"
        yield Evidence(each.example, key, "label or component", number, world.where(each.example))
    forecast = named.forecast
    yield Evidence(forecast.node, world.key(forecast), "released", "no", world.where(forecast.node, "released"))
