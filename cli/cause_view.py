"""Findings together: by the record that binds them, and summed up along the tree of objectives."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cli.finding_view import NOBODY, amounts_of, totals
from cli.output import say
from cli.table import print_pairs, print_table
from cli.wording import count, day, lateness
from model.causes import by_cause

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model.causes import Cause
    from model.findings import Finding, Impact, TrackedFinding
    from model.objectives import ObjectiveTree


def print_causes(chosen: "Sequence[TrackedFinding]", currency: str) -> None:
    """What binds, most money first, each with everything it breaks."""
    causes = by_cause(each.finding for each in chosen)
    for number, cause in enumerate(causes):
        if number:
            say()
        say(_cause_title(cause), bold=True)
        say(f"  {_cause_stakes(cause, currency)}")
        print_pairs([_effect(finding, currency) for finding in cause.effects], indent=2)
    say()
    say(f"{count(len(causes), 'cause')} of {count(len(chosen), 'finding')}; each record counts once below its cause")


def _cause_title(cause: "Cause") -> str:
    step = cause.step
    if step is None:
        return cause.lead.title
    named = f"{step.key} {step.title}" if step.title and step.title != step.key else step.key
    return f"{named}: {step.says}"


def _cause_stakes(cause: "Cause", currency: str) -> str:
    amounts = ", ".join(" ".join(each).strip() for each in amounts_of(cause.impact, currency))
    who = ", ".join(cause.deciders) or NOBODY
    by = f", by {day(cause.decide_by)}" if cause.decide_by else ""
    return f"{amounts}; {count(len(cause.effects), 'finding')}; decides {who}{by}"


def _effect(finding: "Finding", currency: str) -> tuple[str, str, str, str]:
    amounts = ", ".join(" ".join(each).strip() for each in amounts_of(finding.impact, currency))
    late = "" if finding.impact.days is None else lateness(finding.impact.days)
    return finding.fingerprint[:8], finding.commitment.key if finding.commitment else finding.title, late, amounts


def causes_as_json(chosen: "Sequence[TrackedFinding]") -> "list[dict[str, object]]":
    """What ``--by cause --json`` prints."""
    return [
        {
            "cause": cause.key,
            "key": cause.step.key if cause.step else None,
            "says": cause.step.says if cause.step else cause.lead.title,
            "totals": totals(cause.impact),
            "decide_by": cause.decide_by,
            "deciders": cause.deciders,
            "findings": [finding.fingerprint for finding in cause.effects],
        }
        for cause in by_cause(each.finding for each in chosen)
    ]


def print_by_objective(rolled: "Mapping[str, Impact]", tree: "ObjectiveTree", currency: str) -> None:
    """What hangs on each objective and everything below it, as a tree."""
    rows = []
    for objective in tree.objectives:
        if objective.id in rolled:
            depth = len(tree.path(objective.id)) - 1
            amounts = ", ".join(" ".join(each).strip() for each in amounts_of(rolled[objective.id], currency))
            rows.append((f"{'  ' * depth}{objective.id}", objective.name, amounts))
    print_table(("objective", "name", "at stake, each record once"), rows)
