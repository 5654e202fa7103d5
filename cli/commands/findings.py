"""``driftline findings``: what the tools disagree about, the gravest first."""

from typing import TYPE_CHECKING

import click

from cli.output import day, money, print_json, print_table, talk
from cli.workspace import load_configuration, open_store

if TYPE_CHECKING:
    from rich.text import Text

    from model.findings import TrackedFinding

COLOURS = {"critical": "bold red", "major": "red", "minor": "yellow", "notice": "dim"}


@click.command("findings", short_help="List what the tools disagree about, the gravest first.")
@click.option("--all", "everything", is_flag=True, help="Include resolved findings.")
@click.option("--check", "check_name", help="Only findings of this check.")
@click.option("--objective", help="Only findings on this objective or below it.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def command(
    ctx: click.Context, everything: bool, check_name: str | None, objective: str | None, as_json: bool
) -> None:
    """List standing findings with their days, money, decider and decide-by date."""
    from model.errors import UsageError
    from pipeline.judge import gravest_first

    configuration = load_configuration(ctx)
    tree = configuration.mapping.tree
    if objective is not None and objective not in tree:
        raise UsageError(f"there is no objective {objective}", hint="driftline check counts them; see the objectives file")
    subtree = tree.subtree([objective]) if objective else frozenset[str]()
    with open_store(configuration) as store:
        tracked = gravest_first(store.tracked().values())
    chosen = [
        finding
        for finding in tracked
        if (everything or finding.standing)
        and (check_name is None or finding.finding.check == check_name)
        and (objective is None or subtree.intersection(finding.finding.objective_ids))
    ]
    if as_json:
        print_json([{"fingerprint": finding.fingerprint, **_plain(finding)} for finding in chosen])
        return
    if not chosen:
        talk("No findings.")
        return
    currency = configuration.settings.business.currency
    print_table(
        ("finding", "severity", "what disagrees", "days", "money", "decider", "decide by"),
        [_row(finding, currency) for finding in chosen],
        right=(3, 4),
    )
    _totals(chosen, currency)


def _plain(tracked: "TrackedFinding") -> dict[str, object]:
    from cli.output import plain

    shown: dict[str, object] = plain(tracked)
    return shown


def _row(tracked: "TrackedFinding", currency: str) -> tuple[object, ...]:
    finding = tracked.finding
    held = f" (not re-checked since {day(tracked.held_since)})" if tracked.held_since else ""
    state = "" if tracked.state.value == "open" else f" [{tracked.state.value}]"
    return (
        tracked.fingerprint[:8],
        _severity(finding.severity.label),
        f"{finding.title}{state}{held}",
        "–" if finding.impact.days is None else finding.impact.days,
        _money(tracked, currency),
        finding.decider or "nobody named",
        day(finding.decide_by),
    )


def _severity(label: str) -> "Text":
    from rich.text import Text

    return Text(label, style=COLOURS[label])


def _money(tracked: "TrackedFinding", currency: str) -> str:
    from model.findings import Account

    impact = tracked.finding.impact
    parts = [f"{money(full, currency)} {account.value}" for account in Account if (full := impact.full(account))]
    parts += [f"{money(amount.amount, amount.currency)} unconverted" for amount in impact.unconverted]
    return "\n".join(parts) or "not priced"


def _totals(chosen: list["TrackedFinding"], currency: str) -> None:
    """Money over distinct records, accounts apart; full and weighted side by side."""
    from model.findings import Account, combined

    everything = combined([tracked.finding.impact for tracked in chosen if tracked.standing])
    revenue, savings = everything.full(Account.REVENUE), everything.full(Account.SAVINGS)
    if revenue:
        weighted = money(everything.weighted(Account.REVENUE), currency)
        click.echo(f"revenue at risk: {money(revenue, currency)} in full, {weighted} weighted by probability")
    if savings:
        click.echo(f"savings lost: {money(savings, currency)}")
    click.echo(f"{len(chosen)} findings; driftline show FINDING tells the whole of one")
