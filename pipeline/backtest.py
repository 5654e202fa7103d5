"""A replay of the past, day by day: since when the tools disagreed, when people acted, and the money between."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import median

from config.load import Configuration
from model.causes import cause_key
from model.errors import UsageError
from model.findings import Account, Finding, Impact, combined
from model.keys import objective_node
from pipeline.as_of import judged_then, require_past
from pipeline.backtest_endings import End, Ending, ending_of, named
from reconcile.impact import largest_amount
from reconcile.judgement import Judgement
from state.as_of_store import Past, Reconstruction, past_of
from state.store import Store

_OBJECTIVE = objective_node("")
Progress = Callable[[date], None]
MOST_REPLAYS = 4_000
"""More than ten years day by day; each is a judgement of the whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """One finding from the first replayed day on which the tools disagreed to the day on which that ended.

    ``finding`` reads as on the last day on which it stood. ``earlier`` says that it stood on the first day of the
    replay already, and may be older. ``end`` is the day on which people acted, or the last day of the replay.
    """

    finding: Finding
    first: date
    last: date
    end: date
    ending: Ending
    says: str = ""
    earlier: bool = False

    @property
    def days(self) -> int:
        """So much earlier the people concerned could have been told; for one that stands, so far."""
        return (self.end - self.first).days


@dataclass(frozen=True, slots=True)
class DayTotals:
    """The money of one replayed day by account, over distinct records: at risk on that day in what the tools told;
    behind all that had been acted upon up to then, by a change of what was promised; and behind all that had been put
    right, in the promise or in the work."""

    day: date
    standing: int
    at_risk: Mapping[Account, Decimal]
    acted: Mapping[Account, Decimal]
    put_right: Mapping[Account, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """A replay. ``upkeep`` are findings about the data, which are only counted. ``reconstruction`` tells on what
    each record rests at worst on any of the days."""

    start: date
    end: date
    step: int
    disagreements: tuple[Disagreement, ...]
    days: tuple[DayTotals, ...]
    upkeep: int
    reconstruction: tuple[Reconstruction, ...]

    def ended(self, *endings: Ending) -> list[Disagreement]:
        return [each for each in self.disagreements if each.ending in endings]

    @property
    def accounts(self) -> list[Account]:
        """The accounts in which any money was at risk."""
        whole = impact_of(self.disagreements)
        return [account for account in Account if whole.full(account)]


@dataclass(frozen=True, slots=True)
class Episode:
    """Disagreements that have one cause and came and went together, the weightiest first: one piece of news."""

    disagreements: tuple[Disagreement, ...]

    @property
    def lead(self) -> Disagreement:
        """The one whose words stand for all of them."""
        return self.disagreements[0]

    @property
    def impact(self) -> Impact:
        return impact_of(self.disagreements)


def episodes(disagreements: Iterable[Disagreement]) -> list[Episode]:
    """Put together what has one cause, began on one day and ended alike; most money first."""
    groups: dict[tuple[object, ...], list[Disagreement]] = {}
    for each in disagreements:
        groups.setdefault((cause_key(each.finding), each.first, each.end, each.ending), []).append(each)
    found = [Episode(tuple(sorted(several, key=_weightiest_first))) for several in groups.values()]
    return sorted(found, key=lambda each: (-largest_amount(each.impact), -each.lead.days, each.lead.first))


def impact_of(disagreements: Sequence[Disagreement]) -> Impact:
    """The money behind several, each record once."""
    return combined([each.finding.impact for each in disagreements])


def middle_days(disagreements: Sequence[Disagreement]) -> int | None:
    """The median of the days, one for each reason, rounded down; None where there are none."""
    return int(median(each.lead.days for each in episodes(disagreements))) if disagreements else None


def backtest(
    store: Store,
    configuration: Configuration,
    start: date,
    end: date,
    *,
    now: datetime,
    step: int = 1,
    progress: Progress = lambda _day: None,
) -> Backtest:
    """Replay the days from ``start`` to ``end``, every ``step`` days; nothing is stored.

    Raise UsageError for days to come, for an end before the start, and for more than MOST_REPLAYS days.
    """
    if end < start:
        raise UsageError("the last day lies before the first one", hint="write --from the earlier day --to the later")
    replays = -(-(end - start).days // step) + 1
    if replays > MOST_REPLAYS:
        raise UsageError(
            f"{replays:,} days to replay are more than {MOST_REPLAYS:,}",
            hint="begin later (--from), or replay only every so many days (--step)",
        )
    require_past(end, configuration, now)
    with past_of(store, configuration.settings.business.zone) as past:
        replay = _Replay(past, configuration, now, start)
        for day in replayed_days(start, end, step):
            progress(day)
            replay.add(day)
        return replay.told(end, step)


def replayed_days(start: date, end: date, step: int) -> Iterator[date]:
    """Every ``step`` days, and the last day in any case."""
    day = start
    while day < end:
        yield day
        day += timedelta(step)
    yield end


@dataclass(slots=True)
class _Replay:
    """The days up to one, and what stands on it."""

    past: Past
    configuration: Configuration
    now: datetime
    start: date
    before: date | None = None
    standing: dict[str, Disagreement] = field(default_factory=dict)
    over: list[Disagreement] = field(default_factory=list)
    days: list[DayTotals] = field(default_factory=list)
    upkeep: set[str] = field(default_factory=set)

    def add(self, day: date) -> None:
        """Judge one more day."""
        with judged_then(self.past, self.configuration, day, now=self.now) as judgement:
            found = {finding.fingerprint: finding for finding in judgement.findings if not finding.upkeep}
            self.upkeep.update(finding.fingerprint for finding in judgement.findings if finding.upkeep)
            gone = [name for name, each in self.standing.items() if name not in found and not _held(each, judgement)]
        self._end([self.standing.pop(name) for name in gone], day)
        for name, finding in found.items():
            known = self.standing.get(name)
            self.standing[name] = (
                replace(known, finding=finding, last=day, end=day)
                if known is not None
                else Disagreement(
                    finding=finding, first=day, last=day, end=day, ending=Ending.NOT_YET, earlier=day == self.start
                )
            )
        self.days.append(self._totals(day))
        self.before = day

    def told(self, end: date, step: int) -> Backtest:
        """The whole replay, the most money first."""
        standing = [replace(each, end=end) for each in self.standing.values()]
        return Backtest(
            start=self.start,
            end=end,
            step=step,
            disagreements=tuple(sorted([*self.over, *standing], key=_most_first)),
            days=tuple(self.days),
            upkeep=len(self.upkeep),
            reconstruction=self.past.reconstruction(weakest=True),
        )

    def _end(self, gone: Sequence[Disagreement], day: date) -> None:
        if not gone or self.before is None:
            return
        ids = {id_ for each in gone for id_ in named(each.finding)}
        before = self.past.records_then(ids, self.before, self.now)
        after = self.past.records_then(ids, day, self.now)
        zone = self.configuration.settings.business.zone
        for each in gone:
            end: End = ending_of(each.finding, before, after, day, zone)
            # With several days between two replays it may have begun and been acted upon within one of them.
            self.over.append(replace(each, end=max(end.day, each.first), ending=end.ending, says=end.says))

    def _totals(self, day: date) -> DayTotals:
        acted = [each for each in self.over if each.ending is Ending.ACTED]
        put_right = [each for each in self.over if each.ending in (Ending.ACTED, Ending.WORK)]
        sides = (list(self.standing.values()), acted, put_right)
        return DayTotals(day, len(self.standing), *(_by_account(impact_of(side)) for side in sides))


def _held(each: Disagreement, judgement: Judgement) -> bool:
    """Whether a finding that is not found could not be judged on that day: then it still stands."""
    return judgement.hold(each.finding, None) is not None


def _by_account(impact: Impact) -> Mapping[Account, Decimal]:
    return {account: full for account in Account if (full := impact.full(account))}


def _weightiest_first(each: Disagreement) -> tuple[object, ...]:
    """What a promise says comes before what it means for a target above it."""
    finding = each.finding
    return (finding.commitment is None, finding.subjects[0].startswith(_OBJECTIVE), *_most_first(each))


def _most_first(each: Disagreement) -> tuple[object, ...]:
    return (-largest_amount(each.finding.impact), -each.days, each.first, each.finding.fingerprint)
