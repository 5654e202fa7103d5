"""What one run concludes: findings, and what it could not judge, with the reasons for both."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from model.findings import Finding, is_custom
from model.records import Absence
from model.runs import Coverage
from reconcile.check import Blind
from reconcile.forecast import Forecasts
from reconcile.network import GONE
from reconcile.wording import day_text, listed

if TYPE_CHECKING:
    from reconcile.world import World

_ABSENT = {
    Absence.ARCHIVED: "was archived",
    Absence.ACCESS_LOST: "cannot be read any more",
    Absence.FILTERED_OUT: "is not selected any more",
    Absence.UNOBSERVED: "was not seen in the last reading",
}


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a finding is not judged, and since when the answer is that old (None: there never was a complete one).

    ``behind`` says that a source merely lags: what the others say is new all the same.
    """

    because: str
    since: datetime | None = None
    behind: bool = False


def out_of_sight(finding: Finding, absences: Mapping[str, tuple[Absence, datetime]]) -> Hold | None:
    """The hold on a finding whose subject is absent for a reason that proves nothing."""
    for subject in finding.subjects:
        absence = absences.get(subject)
        if absence is not None and absence[0] not in GONE:
            key = finding.commitment.key if finding.commitment else subject
            return Hold(f"{key} {_ABSENT[absence[0]]}", absence[1])
    return None


def _agree_again(_finding: Finding) -> str:
    return "the tools agree again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The findings of one run, the gravest first.

    ``unjudged`` maps the fingerprint of what could not be judged to the reason, ``blind`` a check to what it could not
    judge at all. ``ran`` maps the checks that ran to their versions; ``switched_off`` are checks that are installed and
    disabled. ``absences`` tells of records that are not present. ``inhibited`` maps the fingerprint of a
    finding that is not told to the reason. ``why_gone`` says why a finding of an earlier run is not among the findings.
    """

    findings: tuple[Finding, ...] = ()
    unjudged: Mapping[str, str] = field(default_factory=dict)
    blind: Mapping[str, tuple[Blind, ...]] = field(default_factory=dict)
    coverage: Sequence[Coverage] = ()
    absences: Mapping[str, tuple[Absence, datetime]] = field(default_factory=dict)
    inhibited: Mapping[str, str] = field(default_factory=dict)
    forecasts: Forecasts = field(default_factory=lambda: Forecasts({}), compare=False)
    ran: Mapping[str, int] = field(default_factory=dict)
    switched_off: frozenset[str] = frozenset()
    why_gone: Callable[[Finding], str] = field(default=_agree_again, compare=False)
    scopes: Mapping[str, frozenset[str]] | None = None
    """The nodes that each check judged; None for all."""
    whole: frozenset[str] = frozenset()
    """The checks that always judge everything."""
    world: "World | None" = field(default=None, compare=False, repr=False)
    """What was judged, for the next run to begin from."""

    @property
    def incomplete(self) -> frozenset[str]:
        """Sources whose last reading did not reach its end."""
        return frozenset(entry.source for entry in self.coverage if not entry.complete)

    @property
    def unknown_records(self) -> frozenset[str]:
        """Records of the plan that cannot be seen for a reason that proves nothing."""
        return self.forecasts.unknown_records

    def judges(self, check: str, subject: str) -> bool:
        """Whether this run would have found an earlier finding again if it still stood: a check goes through what the
        first of the subjects names."""
        if self.scopes is None or check in self.whole or check not in self.scopes:
            return True
        return subject in self.scopes[check]

    def hold(self, earlier: Finding, now_found: Finding | None) -> Hold | None:
        """Why an earlier finding cannot be judged in this run; None when it was (design 5.12).

        It rests on the sources it was found with, on those it is found with now, and on those that its subjects'
        forecasts rest on now, so that no answer of an incomplete source can resolve it.
        """
        if hidden := out_of_sight(earlier, self.absences):
            return hidden
        if (reason := self.unjudged.get(earlier.fingerprint)) is not None:
            return Hold(reason)
        sources = set(earlier.sources) | set(now_found.sources if now_found else ())
        for subject in earlier.subjects:
            forecast = self.forecasts.get(subject)
            sources |= forecast.sources if forecast else set()
        if held := self.hold_for(sources, earlier.check):
            return held
        if earlier.check not in self.ran and earlier.check not in self.switched_off and not is_custom(earlier.check):
            return Hold(f"the check {earlier.check} is not installed")
        return None

    def hold_for(self, sources: Sequence[str] | set[str], check: str) -> Hold | None:
        """The hold that these sources impose on a check: the incomplete ones, since the oldest complete reading."""
        waiting = [entry for entry in self.coverage if entry.holds(check) and entry.source in sources]
        if not waiting:
            return None
        since = [entry.as_of for entry in waiting]
        oldest = None if None in since else min(day for day in since if day is not None)
        told = (
            f"{entry.source} (last complete on {day_text(entry.as_of.date())})" if entry.as_of else f"{entry.source}"
            for entry in sorted(waiting, key=lambda entry: entry.source)
        )
        return Hold(f"not completely read: {listed(list(told))}", oldest, behind=True)

    def gone_because(self, earlier: Finding) -> str:
        """Why an earlier finding, of a run that could judge it, is not found any more."""
        if earlier.check in self.switched_off:
            return f"the check {earlier.check} is switched off"
        version = self.ran.get(earlier.check)
        if version is None and is_custom(earlier.check):
            return f"the check {earlier.check} was taken out of the configuration"
        if version is not None and version != earlier.check_version:
            return f"version {version} of the check judges it now"
        return self.why_gone(earlier)
