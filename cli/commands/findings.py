"""``driftline findings``: what the tools disagree about, the gravest first."""

from typing import TYPE_CHECKING

import click

from cli.output import print_json, talk
from cli.workspace import NOTHING_READ, START_READING, load_configuration, read_store

if TYPE_CHECKING:
    from collections.abc import Collection

    from config.load import Configuration
    from model.findings import TrackedFinding


@click.command("findings", short_help="List what the tools disagree about, the gravest first.")
@click.option("--all", "everything", is_flag=True, help="Include resolved findings.")
@click.option("--check", "check_name", help="Only findings of this check.")
@click.option("--objective", help="Only findings on this objective or below it.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def command(ctx: click.Context, everything: bool, check_name: str | None, objective: str | None, as_json: bool) -> None:
    """List standing findings with their days, money, decider and decide-by date.

    On a terminal the table is wrapped to its width; piped elsewhere, each finding is one line.

    JSON: a list of objects with fingerprint, totals (money by account over distinct records), finding (the judgement),
    state, opened_at, changed_at, judged_at, told, held_since, held_because, acceptance and baseline.
    """
    from cli.finding_view import print_findings

    configuration = load_configuration(ctx)
    subtree = _subtree(configuration, objective)
    tracked, read = _tracked(configuration)
    _known_check(check_name, {finding.finding.check for finding in tracked})
    chosen = [
        finding
        for finding in tracked
        if (everything or finding.standing)
        and (check_name is None or finding.finding.check == check_name)
        and (subtree is None or subtree.intersection(finding.finding.objective_ids))
    ]
    if as_json:
        print_json([_as_json(finding) for finding in chosen])
    elif chosen:
        print_findings(chosen, configuration.settings.business.currency)
    else:
        talk("No findings." if read else f"No findings: {NOTHING_READ}; {START_READING}")


def _tracked(configuration: "Configuration") -> "tuple[list[TrackedFinding], bool]":
    """All findings, the gravest first, and whether there was ever a run."""
    from pipeline.judge import gravest_first

    with read_store(configuration) as store:
        if store is None:
            return [], False
        return gravest_first(store.tracked().values()), bool(store.runs(limit=1))


def _subtree(configuration: "Configuration", objective: str | None) -> frozenset[str] | None:
    from mapping.wording import did_you_mean
    from model.errors import UsageError

    tree = configuration.mapping.tree
    if objective is None:
        return None
    if objective not in tree:
        known = [each.id for each in tree.objectives]
        hint = did_you_mean(objective, known, "the objectives are") or "the objectives file lists them"
        raise UsageError(f"there is no objective {objective}", hint=hint)
    return tree.subtree([objective])


def _known_check(name: str | None, found: "Collection[str]") -> None:
    """Refuse a check that does not exist; one that is gone but left findings is known too."""
    from mapping.wording import did_you_mean
    from model.errors import UsageError
    from reconcile.checks import checks

    if name is not None and name not in found and name not in checks():
        raise UsageError(f"there is no check {name}", hint=did_you_mean(name, checks(), "the checks are"))


def _as_json(tracked: "TrackedFinding") -> dict[str, object]:
    from cli.finding_view import totals
    from cli.plain import plain

    shown: dict[str, object] = plain(tracked)
    return {"fingerprint": tracked.fingerprint, "totals": totals(tracked.finding.impact), **shown}
