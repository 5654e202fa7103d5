"""Markdown: what a run found, for the summary page of a CI job or a comment."""

from cli.reports.told import Told
from digest.hostile import clean
from digest.markdown import escaped
from model.findings import TrackedFinding
from model.runs import SourceResult

MOST = 100
"""Findings that are listed; comments and summaries have an end."""


def report(told: Told) -> str:
    """Sources, then the findings that stand, the gravest first; what fails the job is marked."""
    run = told.run
    grave = sum(map(told.fails, told.standing))
    lines = [
        "## Driftline",
        "",
        f"{run.opened:,} opened, {run.resolved:,} resolved, {run.standing:,} standing"
        + (f"; **{grave:,} at or above {told.limit.label}**" if told.limit is not None and grave else ""),
        "",
        "| Source | Outcome | Read | Changed |",
        "| --- | --- | ---: | ---: |",
        *map(_source, run.results),
    ]
    if told.standing:
        lines += ["", "| Severity | Finding | What hangs on it | Decide | Code |", "| --- | --- | --- | --- | --- |"]
        lines += [_row(told, tracked) for tracked in told.standing[:MOST]]
    if len(told.standing) > MOST:
        lines += ["", f"{len(told.standing) - MOST:,} more: driftline findings"]
    return "\n".join(lines)


def _source(result: SourceResult) -> str:
    outcome = result.outcome.value
    if result.error:
        outcome = f"**{outcome}**: {escaped(clean(result.error))}"
    return f"| {escaped(result.source)} | {outcome} | {result.read:,} | {result.changed:,} |"


def _row(told: Told, tracked: TrackedFinding) -> str:
    severity = tracked.finding.severity.label
    mark = f"**{severity}**" if told.fails(tracked) else severity
    held = " (not re-checked)" if tracked.held_since is not None else ""
    cells = (f"{escaped(told.title(tracked))}{held}", escaped(told.so_what(tracked)), escaped(told.due(tracked)))
    return f"| {mark} | {' | '.join(cells)} | `{tracked.fingerprint[:8]}` |"
