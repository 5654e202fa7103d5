"""``driftline ack``: say that somebody looks after a finding."""

import click

from cli.output import print_json, say, talk
from cli.workspace import NOTHING_READ, START_READING, clock_of, load_configuration, read_store


@click.command("ack", short_help="Say that somebody looks after a finding.")
@click.argument("finding")
@click.option("--by", help="Who looks after it. Default: the user of the operating system.")
@click.option("--note", default="", help="What they do about it; kept in the history of the finding.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def command(ctx: click.Context, finding: str, by: str | None, note: str, as_json: bool) -> None:
    """Acknowledge FINDING, named by the first digits of its id: it stays open, and says who looks after it.

    When it worsens it is open again for everybody. It may be done while the daemon runs.

    JSON: an object with fingerprint, state and by.
    """
    from cli.approval_view import system_user
    from cli.chosen_finding import chosen_finding
    from model.errors import UsageError
    from pipeline.decide import acknowledge_finding

    configuration = load_configuration(ctx)
    who = (by or system_user()).strip()
    with read_store(configuration) as store:
        if store is None:
            raise UsageError(f"there is no finding {finding}: {NOTHING_READ}", hint=START_READING)
        shown = chosen_finding(store, finding)
        known = acknowledge_finding(store, shown, by=who, note=note.strip(), now=clock_of(configuration).now())
    if as_json:
        print_json({"fingerprint": known.fingerprint, "state": known.state, "by": who})
        return
    say(known.finding.title, bold=True)
    talk(f"acknowledged by {who}")
