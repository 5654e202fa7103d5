"""``driftline accept``: live with a finding until a day, by somebody who may."""

import click

from cli.output import print_json, say, talk
from cli.wording import day
from cli.workspace import NOTHING_READ, START_READING, clock_of, load_configuration, read_store


@click.command("accept", short_help="Live with a finding until a day.")
@click.argument("finding")
@click.option("--until", required=True, metavar="DATE", help="The last day of the acceptance: 2026-12-31.")
@click.option("--reason", required=True, help="Why it may stay so; it is kept with the acceptance.")
@click.option("--by", help="Who accepts, by name or address. Default: the user of the operating system.")
@click.option("--override", is_flag=True, help="Accept without the right to; whose right it was is kept with it.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def command(
    ctx: click.Context, finding: str, until: str, reason: str, by: str | None, override: bool, as_json: bool
) -> None:
    """Accept FINDING, named by the first digits of its id, until a day: until then it counts as decided.

    Who may accept depends on its size: inside the tolerance of its objective the owner, beyond it whoever has the
    decision right there, or else the sponsor. It opens again after that day, and earlier when it worsens beyond what
    was accepted. A later acceptance takes the place of an earlier one. It may be given while the daemon runs.

    JSON: an object with fingerprint, state and acceptance (by, why, until, and overrides: whose right it was, empty
    where the one who accepted had it).
    """
    from cli.approval_view import system_user
    from cli.chosen_day import chosen_day
    from cli.chosen_finding import chosen_finding
    from model.errors import UsageError
    from model.findings import Acceptance
    from pipeline.decide import accept_finding

    configuration = load_configuration(ctx)
    user = system_user()
    wanted = Acceptance((by or user).strip(), reason.strip(), chosen_day(until, "--until"))
    with read_store(configuration) as store:
        if store is None:
            raise UsageError(f"there is no finding {finding}: {NOTHING_READ}", hint=START_READING)
        accepted = accept_finding(
            store,
            configuration,
            chosen_finding(store, finding),
            wanted,
            entered_by=user,
            override=override,
            now=clock_of(configuration).now(),
        )
    kept = accepted.acceptance
    assert kept is not None
    if as_json:
        print_json({"fingerprint": accepted.fingerprint, "state": accepted.state, "acceptance": kept})
        return
    say(accepted.finding.title, bold=True)
    talk(f"accepted by {kept.by} until {day(kept.until)}; it opens earlier if it worsens")
    if kept.overrides:
        talk(f"this was for {kept.overrides} to decide; the override is kept with the acceptance")
