"""``driftline digest``: look at the mail that would go out, or send it now."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.exit_codes import ExitCode
from cli.output import print_json, say, say_text, talk
from cli.table import print_table
from cli.workspace import (
    NOTHING_READ,
    START_READING,
    clock_of,
    load_configuration,
    open_store,
    read_store,
    start_log,
    state_exists,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from config.load import Configuration
    from digest.base import Digest
    from model.deliveries import Delivery

DELIVERY_FIELDS = ("audience", "recipient", "slot", "message_id", "subject", "reason", "state", "error")


@click.group("digest", short_help="Preview the digest of an audience, or send it now.")
def command() -> None:
    """Compose the digest of an audience."""


@command.command("preview")
@click.argument("audience")
@click.option("--html", "html_path", type=click.Path(dir_okay=False, path_type=Path), help="Also write the HTML here.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def preview(ctx: click.Context, audience: str, html_path: Path | None, as_json: bool) -> None:
    """Print the mail that AUDIENCE would get now. Nothing is stored or sent.

    JSON: an object with subject, empty, reason, recipients and text.
    """
    from digest.render import render_html, render_text

    configuration = load_configuration(ctx)
    digest = _composed(configuration, audience)
    empty = digest is None or digest.empty
    reason = f"{NOTHING_READ}; {START_READING}" if digest is None else digest.reason
    recipients = configuration.settings.digests[audience].recipients
    text = "" if digest is None or empty else render_text(digest)
    if digest is not None and not empty and html_path is not None:
        html_path.write_text(render_html(digest), encoding="utf-8")
    if as_json:
        subject = digest.subject if digest else ""
        print_json({"subject": subject, "empty": empty, "reason": reason, "text": text, "recipients": recipients})
    elif digest is None or empty:
        talk(f"Would send nothing: {reason}")
    else:
        talk(f"Would send to {', '.join(recipients)}:")
        say(f"Subject: {digest.subject}")
        say()
        say_text(text)


def _composed(configuration: "Configuration", audience: str) -> "Digest | None":
    """The digest as it would go out now; None before anything was read."""
    from digest.compose import compose
    from pipeline.notify import edition_for

    _known(configuration, audience)
    with read_store(configuration) as store:
        if store is None:
            return None
        edition, _ = edition_for(store, configuration, audience, now=clock_of(configuration).now())
        return compose(edition)


def _known(configuration: "Configuration", audience: str) -> None:
    from mapping.wording import did_you_mean
    from model.errors import UsageError

    digests = configuration.settings.digests
    if audience not in digests:
        hint = did_you_mean(audience, digests, "the digests are") or "add one under digests: in the settings"
        raise UsageError(f"there is no digest named {audience}", hint=hint)


@command.command("send")
@click.argument("audience")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def send(ctx: click.Context, audience: str, as_json: bool) -> None:
    """Send AUDIENCE its digest of today, unless it has gone out already, and everything else that waits.

    One mail per recipient and day: sending twice sends once. Exit code 3 when a mail was not accepted.

    JSON: a list of objects with audience, recipient, slot, message_id, subject, reason, state and error.
    """
    from model.deliveries import DeliveryState

    configuration = load_configuration(ctx, secrets=True)
    start_log(ctx, configuration, least=logging.ERROR)
    _known(configuration, audience)
    reason, rows = _sent(configuration, audience)
    if as_json:
        print_json([{field: getattr(row, field) for field in DELIVERY_FIELDS} for row in rows])
    elif rows:
        _show(rows)
    else:
        talk(f"Nothing to send: {reason}")
    if any(row.state is not DeliveryState.SENT for row in rows):
        ctx.exit(ExitCode.PARTIAL)


def _sent(configuration: "Configuration", audience: str) -> "tuple[str, Sequence[Delivery]]":
    """Commit today's digest to the outbox and send what waits there; tell why nothing went, and what went."""
    from pipeline.judge import business_day
    from pipeline.notify import deliver, prepare
    from state.lock import Ownership

    if not state_exists(configuration):
        return f"{NOTHING_READ}; {START_READING}", []
    now = clock_of(configuration).now()
    slot = business_day(now, configuration.settings.business.zone).isoformat()
    with open_store(configuration) as store, Ownership.acquire(store, holder="driftline digest send", now=now):
        digest, _ = prepare(store, configuration, audience, slot=slot, now=now)
        return digest.reason if digest.empty else "today's digest has gone out", deliver(store, configuration, now=now)


def _show(rows: "Sequence[Delivery]") -> None:
    """What became of each mail; the errors only where there are any."""
    headers = ("recipient", "state", "subject", "what went wrong")
    table = [(row.recipient, row.state.value, row.subject, row.error) for row in rows]
    columns = 4 if any(row.error for row in rows) else 3
    print_table(headers[:columns], [row[:columns] for row in table])
