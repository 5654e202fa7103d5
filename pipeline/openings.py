"""What became of each opening of a finding: the change behind it, how it ended, and who decided; for the measures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from config.load import Configuration
from model.findings import Finding, TrackedFinding, Transition, TransitionKind
from model.keys import source_of
from model.measures import WINDOW, Decision, Opening
from model.records import Absence, Revision
from pipeline.backtest_endings import Ending, ending_of, named
from pipeline.judge import business_day
from reconcile.measures import behind, nodes_of
from state.as_of import Basis, Then
from state.as_of_fields import told_by
from state.store import Store

CLOCKS_APART = timedelta(minutes=5)
"""How far the clock of a source may be behind ours."""

_LAST_RUNS = 20
_OPENING = (TransitionKind.OPENED, TransitionKind.REOPENED)
_BY_PEOPLE = {
    TransitionKind.ACCEPTED: Decision.ACCEPTED,
    TransitionKind.ACKNOWLEDGED: Decision.ACKNOWLEDGED,
    TransitionKind.DECIDED: Decision.DECIDED,
}


def follow(store: Store, configuration: Configuration, news: Sequence[Transition], now: datetime) -> None:
    """Bring the stored openings up to date with what happened to findings, in its order; findings about the data
    itself are left out."""
    names = {step.fingerprint for step in news}
    findings = {name: each for name, each in store.findings_of(names).items() if not each.finding.upkeep}
    following = _Following(findings, {each.fingerprint: each for each in store.openings(names)})
    for step in news:
        if step.fingerprint in findings:
            following.take(step)
    since = now - WINDOW  # a state of an earlier program may bring transitions of years
    _add_changes(store, following, since)
    _add_endings(store, following, since, configuration.settings.business.zone)
    until = max(step.sequence or 0 for step in news)
    store.keep_openings(list(following.touched.values()), until=until, ended_before=since)


@dataclass(slots=True)
class _Following:
    """The last opening of each finding while its transitions are gone through."""

    findings: Mapping[str, TrackedFinding]
    latest: dict[str, Opening]
    touched: dict[int, Opening] = field(default_factory=dict)
    opened: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)

    def take(self, step: Transition) -> None:
        if step.kind in _OPENING:
            self.keep(self._opening(step))
            self.opened.append(step.sequence or 0)
            return
        opening = self.latest.get(step.fingerprint)
        if opening is None:
            return
        if step.kind in _BY_PEOPLE and opening.decision in (None, Decision.ACKNOWLEDGED):
            self.keep(replace(opening, decision=_BY_PEOPLE[step.kind]))
        elif step.kind is TransitionKind.RESOLVED:
            self.keep(replace(opening, ended_at=step.at))
            self.ended.append(opening.sequence)

    def keep(self, opening: Opening) -> None:
        self.touched[opening.sequence] = opening
        if opening.sequence >= self.latest.get(opening.fingerprint, opening).sequence:
            self.latest[opening.fingerprint] = opening

    def finding(self, opening: Opening) -> Finding:
        return self.findings[opening.fingerprint].finding

    def _opening(self, step: Transition) -> Opening:
        finding = self.findings[step.fingerprint].finding
        presumed = behind(finding, {}, {}, step.at)
        return Opening(
            sequence=step.sequence or 0,
            fingerprint=step.fingerprint,
            opened_at=step.at,
            news=not (step.baseline or step.quiet),
            severity=int(finding.severity),
            objective_ids=finding.objective_ids,
            changed_in=presumed.changed_in,
            other=presumed.other,
        )


def _add_changes(store: Store, following: _Following, since: datetime) -> None:
    """Note when and where the fact changed behind what opened; of what was there before nobody knows that."""
    opened = [following.touched[sequence] for sequence in following.opened]
    opened = [each for each in opened if each.news and each.opened_at >= since]
    if not opened:
        return
    nodes = {node for each in opened for node in nodes_of(following.finding(each))}
    with store.view() as view:
        records = view.records(sorted(nodes))
    read_before: dict[datetime, Mapping[str, datetime]] = {}
    sources = {source_of(node) for node in records}
    for each in opened:
        if each.opened_at not in read_before:
            found = store.read_before(sources, each.opened_at)
            read_before[each.opened_at] = {source: at - CLOCKS_APART for source, at in found.items()}
        change = behind(following.finding(each), records, read_before[each.opened_at], each.opened_at)
        following.keep(replace(each, changed_in=change.changed_in, other=change.other, changed_at=change.at))


def _add_endings(store: Store, following: _Following, since: datetime, zone: ZoneInfo) -> None:
    """Note which of those that ended did so because the commitment was changed, and when that was."""
    ended = [following.touched[sequence] for sequence in dict.fromkeys(following.ended)]
    ended = [each for each in ended if each.ended_at is not None and each.ended_at >= since]
    if not ended:
        return
    ids = {id_ for each in ended for id_ in named(following.finding(each))}
    with store.view() as view:
        histories = view.histories(sorted(ids))
    endings = _Endings(histories, store.absences_of(ids), _ends_of_runs(store), zone)
    for each in ended:
        acted, at = endings.of(following.finding(each), each)
        decision = each.decision or (Decision.COMMITMENT_CHANGED if acted else None)
        following.keep(replace(each, reflected=acted, reflected_at=at, decision=decision))


def _ends_of_runs(store: Store) -> Sequence[datetime]:
    """When the last runs ended, the last one first."""
    return [run.finished_at for run in store.runs(_LAST_RUNS) if run.finished_at is not None]


@dataclass(frozen=True, slots=True)
class _Endings:
    """What the records of ended findings said, and when runs ended between which they changed."""

    histories: Mapping[str, Sequence[Revision]]
    absences: Mapping[str, Absence]
    runs: Sequence[datetime]
    zone: ZoneInfo

    def of(self, finding: Finding, opening: Opening) -> tuple[bool, datetime | None]:
        """Whether the commitment was changed, and when, as far as its source tells.

        What was different since the last run counts; where nothing was, as after a reading that failed half-way, what
        was different since the finding opened.
        """
        ended_at = opening.ended_at
        if ended_at is None:
            return False, None
        after = self._then(finding, ended_at, self.absences)
        before_run = next((at for at in self.runs if at < ended_at), opening.opened_at)
        for moment in (max(before_run, opening.opened_at), opening.opened_at):
            before = self._then(finding, moment, {})
            end = ending_of(finding, before, after, business_day(ended_at, self.zone), self.zone)
            if end.ending is Ending.ACTED:
                return True, _told_since(finding.subjects[0], before, after)
            if end.ending is Ending.WORK:
                return False, None
        return False, None

    def _then(self, finding: Finding, moment: datetime, absences: Mapping[str, Absence]) -> Mapping[str, Then]:
        found = {}
        for id_ in named(finding):
            seen = [each.record for each in self.histories.get(id_, ()) if each.seen <= moment]
            if seen:
                found[id_] = Then(seen[-1], Basis.OWN, (), absences.get(id_))
        return found


def _told_since(id_: str, before: Mapping[str, Then], after: Mapping[str, Then]) -> datetime | None:
    """When the commitment was last changed, by the history that its source gave since; None where it gives none."""
    known = set(told_by(before[id_].record))
    return max((told.at for told in told_by(after[id_].record) if told not in known), default=None)
