"""A run to report on: three findings, one of them not re-checked, one source that failed, and hostile words."""

from dataclasses import replace
from datetime import timedelta

from cli.reports.told import Told
from model.findings import Severity
from model.runs import Run, RunOutcome, SourceOutcome, SourceResult
from tests.digest.editions import NOW, TREE, early_saving, late_deal, tracked

HOSTILE = "]]></failure><script>alert(1)</script> | `x` \x1b[31m @everyone"


def told(limit: Severity | None = Severity.CRITICAL, *, standing: bool = True) -> Told:
    late = tracked(late_deal("OPP-1", "Northwind", 620_000, "0.80"))
    early = tracked(early_saving("row 14", "Licences", 390_000), held_since=NOW, held_because="salesforce was not read")
    hostile = tracked(replace(late_deal("OPP-2", "X", 1_000, "0.5"), title=HOSTILE, severity=Severity.NOTICE))
    results = (
        _result("jira", SourceOutcome.COMPLETE),
        replace(_result("salesforce", SourceOutcome.FAILED), error=f"the token was refused {HOSTILE}", hint="renew it"),
    )
    run = Run(
        id=7,
        started_at=NOW,
        finished_at=NOW + timedelta(seconds=9),
        outcome=RunOutcome.PARTIAL,
        baseline=False,
        results=results,
        opened=2,
        resolved=1,
        standing=3 if standing else 0,
    )
    return Told(
        run=run,
        standing=(late, early, hostile) if standing else (),
        limit=limit,
        tree=TREE,
        currency="EUR",
        version="1.2.3",
        settings="driftline.yaml",
    )


def _result(source: str, outcome: SourceOutcome) -> SourceResult:
    return SourceResult(
        source=source, outcome=outcome, started_at=NOW, finished_at=NOW + timedelta(seconds=4), read=50, changed=3
    )
