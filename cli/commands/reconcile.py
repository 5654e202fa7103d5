"""``driftline reconcile``: what the tools disagreed about on a past day."""

from datetime import date, datetime

import click

from cli.chosen_day import Day
from cli.output import print_json
from cli.workspace import NOTHING_READ, START_READING, clock_of, load_configuration, read_store


@click.command("reconcile", short_help="Show what could be known on a past day.")
@click.option(
    "--as-of",
    "as_of",
    type=Day(),
    metavar="DATE",
    help="The business day at whose end the tools are compared, as 2026-09-14. Default: today.",
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def command(ctx: click.Context, as_of: datetime | None, as_json: bool) -> None:
    """Judge the tools as they stood at the end of a business day; nothing is stored and no source is asked.

    What had been read by then is known from our own copies. What was read later is rolled back by the source's own
    history: Jira's changelogs, Salesforce's field history, the stories of Asana. Records that came later are left out,
    and those that are gone since are there. The table below the findings says how much is known from where. Rules and
    objectives are those of today.

    JSON: an object with as_of, moment, rules (always today), reconstruction (by source: own, rolled_back,
    as_first_read, left_out, and told, the fields whose history it tells) and findings, as driftline findings --json
    tells them.
    """
    from cli.as_of_view import as_of_json, print_as_of
    from cli.today import today_of
    from model.errors import UsageError
    from pipeline.as_of import reconcile_as_of

    configuration = load_configuration(ctx)
    day: date = as_of.date() if as_of else today_of(configuration)
    with read_store(configuration) as store:
        if store is None:
            raise UsageError(f"there is no past to look at: {NOTHING_READ}", hint=START_READING)
        known = reconcile_as_of(store, configuration, day, now=clock_of(configuration).now())
    if as_json:
        print_json(as_of_json(known, configuration))
    else:
        print_as_of(known, configuration.settings.business.currency)
