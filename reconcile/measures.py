"""The measures of Driftline itself, worked out from openings of findings and from the digests that announced them.
Pure; times come from the sources' own histories, and what they do not tell is unknown."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

from model.findings import Finding
from model.keys import source_of
from model.measures import (
    WINDOW,
    Announcement,
    Decision,
    DecisionRate,
    Latency,
    LinkedShare,
    Measures,
    ObjectiveLatency,
    Opening,
    PairLatency,
)
from model.records import Record

Wanted = Callable[[str, Opening], bool]
"""Whether an audience, by its name, is told of what opened."""


def behind(finding: Finding, records: Mapping[str, Record], since: Mapping[str, datetime], now: datetime) -> "Change":
    """The change that made tools disagree: the last one that a source tells of the record that binds, else of what was
    promised, else of the rest of the chain.

    ``since`` is per source the time from which a change cannot have been seen by an earlier reading; a source that was
    never read before tells nothing of the kind. Something that came into being counts as changed then.
    """
    for node in _sides(finding):
        record, start = records.get(node), since.get(source_of(node))
        if record is not None and start is not None and (at := last_told(record, start, now, created=True)):
            return Change(source_of(node), _other_side(finding, node), at)
    presumed = finding.cause or (finding.chain[-1].node if finding.chain else finding.subjects[0])
    return Change(source_of(presumed), _other_side(finding, presumed), None)


@dataclass(frozen=True, slots=True)
class Change:
    """In which source a fact changed, which is on the other side, and when; None where no history tells it."""

    changed_in: str
    other: str
    at: datetime | None


def last_told(record: Record, after: datetime, until: datetime, *, created: bool = False) -> datetime | None:
    """When a record was last changed within a time, as its source's own history tells."""
    times = [*(move.at for move in record.moves), *(change.at for change in record.changes)]
    if created and record.created is not None:
        times.append(record.created)
    return max((at for at in times if after < at <= until), default=None)


def nodes_of(finding: Finding) -> Sequence[str]:
    """The nodes whose change may be behind a finding; some are no records."""
    return _sides(finding)


def _sides(finding: Finding) -> list[str]:
    chain = [step.node for step in reversed(finding.chain)]
    first = [finding.cause] if finding.cause else []
    return list(dict.fromkeys([*first, finding.subjects[0], *chain]))


def _other_side(finding: Finding, changed: str) -> str:
    """The tool across from the one in which something changed: that of the promise, or of what binds it."""
    promise = finding.subjects[0]
    if source_of(promise) != source_of(changed):
        return source_of(promise)
    across = [node for node in _sides(finding) if source_of(node) != source_of(changed)]
    return source_of(across[0]) if across else source_of(promise)


def measure(
    openings: Sequence[Opening],
    announcements: Iterable[Announcement],
    wanted: Wanted,
    *,
    now: datetime,
    coverage: LinkedShare | None = None,
) -> Measures:
    """All measures over the time of ``WINDOW`` before ``now``.

    * t_A is when the fact changed, t_B when a digest told it or when the commitment was changed in the other tool; the
      latency is t_B - t_A (domain I6, I13).
    * A time counts in the window by its end, so that what took long is not left out.
    * Where several recipients or audiences were told, the first one counts.
    """
    since = now - WINDOW
    first_told = _first_told(announcements, wanted)
    whole, first_mail = _Both(), _Times()
    pairs: dict[tuple[str, str], _Both] = defaultdict(_Both)
    objectives: dict[str, _Both] = defaultdict(_Both)
    for each in openings:
        told_at = first_told(each) if each.news else None
        sides = [whole, *(objectives[id_] for id_ in each.objective_ids)]
        if each.changed_in != each.other:
            sides.append(pairs[each.changed_in, each.other])
        for side in sides:
            side.add(each, told_at, since)
        if told_at is not None and told_at >= since:
            first_mail.add(each.opened_at, told_at)
        elif _waits(each, told_at):
            first_mail.waiting += 1
    return Measures(
        at=now,
        told=whole.told.latency(),
        reflected=whole.reflected.latency(),
        first_mail=first_mail.latency(),
        pairs=tuple(
            PairLatency(*key, both.told.latency(), both.reflected.latency())
            for key, both in sorted(pairs.items())
            if both
        ),
        objectives=tuple(
            ObjectiveLatency(key, both.told.latency(), both.reflected.latency())
            for key, both in sorted(objectives.items())
            if both
        ),
        decisions=_decisions(openings, since),
        coverage=coverage,
    )


def _waits(opening: Opening, told_at: datetime | None) -> bool:
    return opening.news and told_at is None and opening.ended_at is None


@dataclass(slots=True)
class _Times:
    """Latencies that are gathered."""

    seconds: list[int] = field(default_factory=list)
    unknown: int = 0
    waiting: int = 0

    def add(self, start: datetime | None, end: datetime | None) -> None:
        if start is None or end is None:
            self.unknown += 1
        else:
            self.seconds.append(max(0, int((end - start).total_seconds())))

    def latency(self) -> Latency:
        if not self.seconds:
            return Latency(unknown=self.unknown, waiting=self.waiting)
        return Latency(len(self.seconds), int(median(self.seconds)), max(self.seconds), self.unknown, self.waiting)

    def __bool__(self) -> bool:
        return bool(self.seconds or self.unknown or self.waiting)


@dataclass(slots=True)
class _Both:
    """From the change to the people, and to the other tool."""

    told: _Times = field(default_factory=_Times)
    reflected: _Times = field(default_factory=_Times)

    def add(self, each: Opening, told_at: datetime | None, since: datetime) -> None:
        if told_at is not None:
            if told_at >= since:
                self.told.add(each.changed_at, told_at)
        elif _waits(each, told_at):
            self.told.waiting += 1
        if not each.news:
            return  # since when the tools had disagreed before the first reading is not known
        if each.reflected and each.ended_at is not None and each.ended_at >= since:
            self.reflected.add(each.changed_at, each.reflected_at)
        elif each.ended_at is None:
            self.reflected.waiting += 1

    def __bool__(self) -> bool:
        return bool(self.told) or bool(self.reflected)


def _first_told(announcements: Iterable[Announcement], wanted: Wanted) -> Callable[[Opening], datetime | None]:
    """What tells when an opening was first announced to anybody who is told of such."""
    by_audience: dict[str, list[Announcement]] = defaultdict(list)
    for each in announcements:
        by_audience[each.audience].append(each)
    for told in by_audience.values():
        told.sort(key=lambda each: (each.covers, each.sent_at))
    ends = {audience: [each.covers for each in told] for audience, told in by_audience.items()}

    def first_told(opening: Opening) -> datetime | None:
        times = []
        for audience, told in by_audience.items():
            if not wanted(audience, opening):
                continue
            for each in told[bisect_left(ends[audience], opening.sequence) :]:
                if each.covers_after < opening.sequence:
                    gone = opening.ended_at is not None and opening.ended_at <= each.composed_at
                    times += [] if gone else [each.sent_at]
                    break
        return min(times, default=None)

    return first_told


def _decisions(openings: Iterable[Opening], since: datetime) -> DecisionRate:
    cases: dict[str, list[Opening]] = defaultdict(list)
    for each in openings:
        if each.ended_at is None or each.ended_at >= since:
            cases[each.fingerprint].append(each)
    decided = {name: next((each.decision for each in case if each.decision), None) for name, case in cases.items()}
    counts = {decision: list(decided.values()).count(decision) for decision in Decision}
    standing = {name for name, case in cases.items() if any(each.ended_at is None for each in case)}
    without = {name for name, decision in decided.items() if decision is None}
    return DecisionRate(
        findings=len(cases),
        accepted=counts[Decision.ACCEPTED],
        acknowledged=counts[Decision.ACKNOWLEDGED],
        commitment_changed=counts[Decision.COMMITMENT_CHANGED],
        ended_otherwise=len(without - standing),
        undecided=len(without & standing),
        recorded=counts[Decision.DECIDED],
    )
