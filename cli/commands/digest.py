"""``driftline digest``: look at the mail that would go out, or send it now."""

from pathlib import Path

import click

from cli.exit_codes import ExitCode
from cli.output import print_json, print_table, talk
from cli.workspace import clock_of, load_configuration, open_store, start_log


@click.group("digest", short_help="Preview the digest of an audience, or send it now.")
def command() -> None:
    """Compose the digest of an audience."""


@command.command("preview")
@click.argument("audience")
@click.option("--html", "html_path", type=click.Path(dir_okay=False, path_type=Path), help="Also write the HTML here.")
@click.option("--json", "as_json", is_flag=True, help="Print subject, reason and text as JSON.")
@click.pass_context
def preview(ctx: click.Context, audience: str, html_path: Path | None, as_json: bool) -> None:
    """Print the mail that AUDIENCE would get now. Nothing is stored or sent."""
    from digest.compose import compose
    from digest.render import render_html, render_text
    from pipeline.notify import edition_for

    configuration = load_configuration(ctx)
    now = clock_of(configuration).now()
    with open_store(configuration) as store:
        edition, _ = edition_for(store, configuration, audience, now=now)
    digest = compose(edition)
    if html_path is not None and not digest.empty:
        html_path.write_text(render_html(digest), encoding="utf-8")
    if as_json:
        text = "" if digest.empty else render_text(digest)
        print_json({"subject": digest.subject, "empty": digest.empty, "reason": digest.reason, "text": text})
    elif digest.empty:
        talk(f"Would send nothing: {digest.reason}")
    else:
        talk(f"Would send to {', '.join(edition.options.recipients)}:")
        click.echo(f"Subject: {digest.subject}\n")
        click.echo(render_text(digest))


@command.command("send")
@click.argument("audience")
@click.option("--json", "as_json", is_flag=True, help="Print the deliveries as JSON.")
@click.pass_context
def send(ctx: click.Context, audience: str, as_json: bool) -> None:
    """Send AUDIENCE its digest of today, unless it has gone out already, and everything else that waits.

    One mail per recipient and day: sending twice sends once. Exit code 3 when a mail was not accepted.
    """
    from model.deliveries import DeliveryState
    from pipeline.judge import business_day
    from pipeline.notify import deliver, prepare
    from state.lock import Ownership

    configuration = load_configuration(ctx, secrets=True)
    start_log(ctx, quiet=True)
    now = clock_of(configuration).now()
    slot = business_day(now, configuration.settings.business.zone).isoformat()
    with open_store(configuration) as store, Ownership.acquire(store, holder="driftline digest send", now=now):
        digest, prepared = prepare(store, configuration, audience, slot=slot, now=now)
        rows = deliver(store, configuration, now=now)
    if as_json:
        fields = ("audience", "recipient", "slot", "message_id", "subject", "reason", "state", "error")
        print_json([{field: getattr(row, field) for field in fields} for row in rows])
    elif rows:
        print_table(
            ("recipient", "subject", "state", "error"),
            [(row.recipient, row.subject, row.state.value, row.error) for row in rows],
        )
    else:
        talk(f"Nothing to send: {digest.reason}" if digest.empty else "Nothing to send: today's digest has gone out.")
    if any(row.state is not DeliveryState.SENT for row in rows):
        ctx.exit(ExitCode.PARTIAL)
