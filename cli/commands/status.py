"""``driftline status``: what is read, how fresh it is, what waits."""

import click

from cli.output import moment, print_json, print_table
from cli.workspace import load_configuration, open_store


@click.command("status", short_help="Show how fresh each source is and what waits.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Show the last run, how fresh and complete each source is, the standing findings and the outbox."""
    from collections import Counter

    configuration = load_configuration(ctx)
    with open_store(configuration) as store:
        runs = store.runs(limit=1)
        with store.view(objective_ids=[]) as view:
            coverage = list(view.coverage())
        set_aside = store.set_aside()
        standing = [finding for finding in store.tracked().values() if finding.standing]
        deliveries = Counter(row.state.value for row in store.deliveries())
        owner = store.owner()
    states = {
        "open": sum(1 for finding in standing if finding.held_since is None),
        "held": sum(1 for finding in standing if finding.held_since is not None),
    }
    if as_json:
        print_json(
            {
                "last_run": runs[0] if runs else None,
                "sources": coverage,
                "set_aside": set_aside,
                "findings": states,
                "deliveries": dict(deliveries),
                "owner": owner,
            }
        )
        return
    rows = [
        (
            source.source,
            source.records,
            source.linked,
            moment(source.as_of),
            "complete" if source.complete else f"failed: {source.error}",
        )
        for source in coverage
    ]
    print_table(("source", "records", "linked", "last complete read", "last read"), rows, right=(1, 2))
    last = runs[0] if runs else None
    click.echo(f"last run: {f'{last.id}, {last.outcome.value}, {moment(last.started_at)}' if last else 'none yet'}")
    click.echo(f"findings: {states['open']} standing, {states['held']} held because a source is incomplete")
    click.echo("mails: " + (", ".join(f"{count} {state}" for state, count in deliveries.items()) or "none yet"))
    click.echo(f"owner: {owner or 'no daemon runs on this state'}")
    for record in set_aside:
        click.echo(f"set aside: {record.source} {record.native_id}: {record.reason} {record.location}".rstrip())
