"""``driftline findings``: what the tools disagree about, the gravest first."""

from typing import TYPE_CHECKING

import click

from cli.output import print_json, talk
from cli.workspace import NOTHING_READ, START_READING, load_configuration, read_store

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from config.load import Configuration
    from model.findings import TrackedFinding
    from model.objectives import ObjectiveTree
    from model.runs import CannotJudge


@click.command("findings", short_help="List what the tools disagree about, the gravest first.")
@click.option("--all", "everything", is_flag=True, help="Include resolved findings.")
@click.option("--check", "check_name", help="Only findings of this check.")
@click.option("--objective", help="Only findings on this objective or below it.")
@click.option("--by", type=click.Choice(["cause", "objective"]), help="Group by what binds, or sum up the tree.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    everything: bool,
    check_name: str | None,
    objective: str | None,
    by: str | None,
    as_json: bool,
) -> None:
    """List standing findings with their days, money, decider and decide-by date.

    On a terminal the table is wrapped to its width; piped elsewhere, each finding is one line.

    --by cause puts findings that the same record makes late together, most money first. --by objective sums up what
    hangs on each objective and everything below it; each record counts once at every level.

    JSON: a list of objects with fingerprint, totals (money by account over distinct records), so_what (the revenue
    stream or saving it touches), finding (the judgement, with the options of its decider), state, opened_at,
    changed_at, judged_at, told, held_since, held_because, acceptance, decision (the last one: says, by, owner, until,
    at, before, kind), inhibited_by (why it is not told), flips and flapping (since it comes and goes) and baseline.
    With --by cause a list of objects with cause, key, says, totals, decide_by, deciders and findings (fingerprints);
    with --by objective of objects with objective and totals.
    """
    from cli.table import print_pairs
    from cli.wording import cannot_judge
    from model.runs import checks_by_reason

    configuration = load_configuration(ctx)
    subtree = _subtree(configuration, objective)
    tracked, read, blind = _tracked(configuration)
    _known_check(check_name, {finding.finding.check for finding in tracked}, configuration.checks)
    chosen = [
        finding
        for finding in tracked
        if (everything or finding.standing)
        and (check_name is None or finding.finding.check == check_name)
        and (subtree is None or subtree.intersection(finding.finding.objective_ids))
    ]
    _print(chosen, by, configuration, as_json=as_json, read=read)
    if not as_json:
        about = [each for each in blind if check_name in (None, each.check)]
        print_pairs([("cannot judge", cannot_judge(*each)) for each in checks_by_reason(about).items()])


def _print(
    chosen: "Sequence[TrackedFinding]", by: str | None, configuration: "Configuration", *, as_json: bool, read: bool
) -> None:
    from cli.cause_view import causes_as_json, print_by_objective, print_causes
    from cli.finding_view import print_findings, totals
    from reconcile.impact import rolled_up

    currency, tree = configuration.settings.business.currency, configuration.mapping.tree
    standing = [each for each in chosen if each.standing]
    if by == "objective":
        rolled = rolled_up((each.finding for each in standing), tree)
        if as_json:
            print_json([{"objective": key, "totals": totals(impact)} for key, impact in sorted(rolled.items())])
            return
    elif as_json:
        print_json(causes_as_json(standing) if by else [_as_json(each, tree, currency) for each in chosen])
        return
    if not chosen:
        talk("No findings." if read else f"No findings: {NOTHING_READ}; {START_READING}")
    elif by == "objective":
        print_by_objective(rolled, tree, currency)
    elif by:
        print_causes(standing, currency)
    else:
        print_findings(chosen, currency)


def _tracked(configuration: "Configuration") -> "tuple[list[TrackedFinding], bool, tuple[CannotJudge, ...]]":
    """All findings, the gravest first, whether there was ever a run, and what it could not judge."""
    from pipeline.blindness import blindness
    from pipeline.judge import gravest_first

    with read_store(configuration) as store:
        if store is None:
            return [], False, ()
        return gravest_first(store.tracked().values()), bool(store.runs(limit=1)), blindness(store)


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


def _known_check(name: str | None, found: "Collection[str]", checks: "Collection[str]") -> None:
    """Refuse a check that does not exist; one that is gone but left findings is known too."""
    from mapping.wording import did_you_mean
    from model.errors import UsageError

    if name is not None and name not in found and name not in checks:
        raise UsageError(f"there is no check {name}", hint=did_you_mean(name, checks, "the checks are"))


def _as_json(tracked: "TrackedFinding", tree: "ObjectiveTree", currency: str) -> dict[str, object]:
    from cli.finding_view import totals
    from cli.plain import plain
    from model.so_what import so_what

    shown: dict[str, object] = plain(tracked)
    return {
        "fingerprint": tracked.fingerprint,
        "totals": totals(tracked.finding.impact),
        "so_what": so_what(tracked.finding, tree, currency),
        **shown,
    }
