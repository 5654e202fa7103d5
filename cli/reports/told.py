"""What a report tells: the run, the findings that stand, and from which severity on they fail the job."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from digest.hostile import clean
from model.findings import Severity, TrackedFinding
from model.objectives import ObjectiveTree
from model.runs import Run, SourceOutcome, SourceResult
from model.so_what import so_what

LONGEST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One run for a report. ``standing`` are the findings, the gravest first; ``limit`` is None without --fail-on."""

    run: Run
    standing: tuple[TrackedFinding, ...]
    limit: Severity | None
    tree: ObjectiveTree
    currency: str
    version: str
    settings: str
    """The name of the settings file."""
    meanings: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Of each check its one line and its whole text."""

    def fails(self, tracked: TrackedFinding) -> bool:
        return self.limit is not None and tracked.finding.severity >= self.limit

    @property
    def failed(self) -> tuple[SourceResult, ...]:
        """The sources that were not completely read."""
        return tuple(result for result in self.run.results if result.outcome is not SourceOutcome.COMPLETE)

    def title(self, tracked: TrackedFinding) -> str:
        return clean(tracked.finding.title, LONGEST)

    def name(self, tracked: TrackedFinding) -> str:
        """``jira:10118, salesforce:006A1 [3f2a9c01]``: whom it is about and its code, the same as long as it is known.

        Keys may change and titles tell days and money; the ids of the subjects do neither.
        """
        return f"{clean(', '.join(sorted(tracked.finding.subjects)), LONGEST)} [{tracked.fingerprint[:8]}]"

    def so_what(self, tracked: TrackedFinding) -> str:
        return clean(so_what(tracked.finding, self.tree, self.currency), LONGEST)

    def due(self, tracked: TrackedFinding) -> str:
        """``Priya Nair decides by 2026-09-15``; empty where nobody and no day is known."""
        finding = tracked.finding
        who = f"{clean(finding.decider, 80)} decides" if finding.decider else ""
        when = f"decide by {finding.decide_by}" if finding.decide_by else ""
        return f"{who} by {finding.decide_by}" if who and when else who or when

    def evidence(self, tracked: TrackedFinding) -> tuple[str, ...]:
        """``AUR-118 due: 2026-11-16 (before 2026-09-30, by Ben Kuhn)``, one line for each observed field."""
        lines = []
        for each in tracked.finding.evidence:
            before = f"before {each.old or 'none'}" if each.old is not None and each.old != each.value else ""
            change = ", ".join(filter(None, [before, f"by {each.by}" if each.by else ""]))
            said = f"{each.key} {each.field}: {each.value or 'none'}{f' ({change})' if change else ''}"
            lines.append(clean(said, LONGEST))
        return tuple(lines)
