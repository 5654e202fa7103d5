"""Findings by what causes them: forty deals broken by one release are one cause with forty effects (design 5.11)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from model.findings import Account, Finding, Impact, Step, combined


@dataclass(frozen=True, slots=True)
class Cause:
    """One binding record with everything it breaks: its effects, the weightiest first.

    ``key`` is the binding node; the fingerprint of a finding that names none, which is a cause of its own.
    """

    key: str
    effects: tuple[Finding, ...]

    @property
    def lead(self) -> Finding:
        """The finding whose words stand for all of them."""
        return self.effects[0]

    @property
    def step(self) -> Step | None:
        """The binding record as the chain tells it."""
        return binding_step(self.lead)

    @property
    def impact(self) -> Impact:
        """The money of all effects; each record counts once."""
        return combined([finding.impact for finding in self.effects])

    @property
    def decide_by(self) -> date | None:
        """The earliest day on which one of them must be decided."""
        return min((finding.decide_by for finding in self.effects if finding.decide_by), default=None)

    @property
    def deciders(self) -> tuple[str, ...]:
        """Everybody who decides about one of the effects, in the order of their weight."""
        return tuple(dict.fromkeys(finding.decider for finding in self.effects if finding.decider))


def by_cause(findings: Iterable[Finding]) -> tuple[Cause, ...]:
    """Group findings that share what binds, ranked by money, then by the day of decision, then by key."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(cause_key(finding), []).append(finding)
    causes = [Cause(key, tuple(sorted(members, key=rank))) for key, members in groups.items()]
    return tuple(sorted(causes, key=lambda cause: cause_rank(cause.impact, cause.decide_by, cause.key)))


def cause_key(finding: Finding) -> str:
    """By what a finding is grouped."""
    return finding.cause or finding.fingerprint


def binding_step(finding: Finding) -> Step | None:
    """The link of the chain that binds: the one that the cause names, or the last."""
    for step in finding.chain:
        if step.node == finding.cause:
            return step
    return finding.chain[-1] if finding.chain else None


def weight(impact: Impact) -> Decimal:
    """The largest amount of any one account, to rank by; accounts are never added."""
    return max((impact.full(account) for account in Account), default=Decimal(0))


def rank(finding: Finding) -> tuple[int, Decimal, date, str]:
    """Sorts effects of one cause: the gravest first, then by money, by day and by fingerprint."""
    return (-finding.severity, -weight(finding.impact), finding.decide_by or date.max, finding.fingerprint)


def cause_rank(impact: Impact, decide_by: date | None, key: str) -> tuple[Decimal, date, str]:
    """Sorts causes: most money first; equal ones keep their order from run to run."""
    return (-weight(impact), decide_by or date.max, key)
