"""The checks on promises together: each disagreement is told by one of them."""

from model.findings import Finding
from reconcile.checks import checks
from tests.reconcile.world import Stored

NAMES = ("dropped-scope", "late-commitment", "outdated-plan", "unsupported-commitment")


def told_by(stored: Stored, deal: str | None = None) -> list[str]:
    """The checks on promises that find something, of one deal or of all, each as often as it finds."""
    return [each.check for each in promise_findings(stored) if deal is None or deal in each.subjects]


def promise_findings(stored: Stored) -> tuple[Finding, ...]:
    return stored.judge(with_checks={name: checks()[name] for name in NAMES}).findings
