"""``driftline digest``: look at the mail that would go out, or send it now."""

import logging
from dataclasses import replace
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
    from digest.language import Language
    from model.deliveries import Delivery

DELIVERY_FIELDS = ("audience", "recipient", "slot", "message_id", "subject", "reason", "state", "error")


@click.group("digest", short_help="Preview the digest of an audience, or send it now.")
def command() -> None:
    """Compose the digest of an audience."""


@command.command("preview")
@click.argument("audience", required=False)
@click.option("--notice", is_flag=True, help="Show the notice that would go out at once instead of the digest.")
@click.option("--owner", metavar="ADDRESS", help="Show the to-do mail of an owner instead of a digest.")
@click.option("--language", help="Show it in this language: en, de, ...; left out: the first recipient's.")
@click.option(
    "--html",
    "html_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the HTML here, and the attachments beside it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def preview(
    ctx: click.Context,
    audience: str | None,
    notice: bool,
    owner: str | None,
    language: str | None,
    html_path: Path | None,
    as_json: bool,
) -> None:
    """Print the mail that AUDIENCE would get now: its digest, or with --notice what would be told at once. With --owner
    and no AUDIENCE, print what an owner would be asked to do. Nothing is stored or sent.

    JSON: an object with subject, empty, reason, recipients (who get it in this language), language, text and
    attachments (their names).
    """
    from model.errors import UsageError

    configuration = load_configuration(ctx)
    if (audience is None) == (owner is None) or (notice and audience is None):
        raise UsageError("name an audience or an owner", hint="driftline digest preview AUDIENCE, or --owner ADDRESS")
    if audience is None or notice:
        _preview_other(configuration, audience, owner, language, html_path, as_json=as_json)
        return
    words = _words(configuration, audience, language)
    digest = _composed(configuration, audience, words)
    reason = f"{NOTHING_READ}; {START_READING}" if digest is None else digest.reason
    readers = configuration.settings.digests[audience].readers
    recipients = [address for address, theirs in readers.items() if theirs == words]
    _print_preview(digest, reason, recipients, words.code, html_path, as_json=as_json)
    others = sorted({theirs.code for theirs in readers.values()} - {words.code})
    if others and not as_json:
        talk(f"Others get it in {', '.join(others)}: add --language {others[0]}")


def _preview_other(
    configuration: "Configuration",
    audience: str | None,
    owner: str | None,
    language: str | None,
    html_path: Path | None,
    *,
    as_json: bool,
) -> None:
    """A notice, or the to-do mail of an owner."""
    from cli.preview_kinds import preview_notice, preview_to_do

    if audience is not None:
        seen = preview_notice(configuration, audience, _words(configuration, audience, language))
    else:
        seen = preview_to_do(configuration, owner or "")
    head = f"Has gone out already to {', '.join(seen.recipients)}:" if seen.gone else ""
    _print_preview(seen.digest, seen.reason, seen.recipients, seen.language, html_path, as_json=as_json, head=head)


def _print_preview(
    digest: "Digest | None",
    reason: str,
    recipients: "Sequence[str]",
    language: str,
    html_path: Path | None,
    *,
    as_json: bool,
    head: str = "",
) -> None:
    """The mail as text, or all of it as JSON, and its HTML into a file."""
    from digest.render import render_html, render_text

    empty = digest is None or digest.empty
    text = "" if digest is None or empty else render_text(digest)
    if digest is not None and not empty and html_path is not None:
        html_path.write_text(render_html(digest, alone=True), encoding="utf-8")
        for attachment in digest.attachments:
            html_path.with_name(attachment.name).write_bytes(attachment.content)
    if as_json:
        subject = digest.subject if digest else ""
        attached = [each.name for each in digest.attachments] if digest else []
        known = {"subject": subject, "empty": empty, "reason": reason, "text": text, "attachments": attached}
        print_json(known | {"recipients": recipients, "language": language})
    elif digest is None or empty:
        talk(f"Would send nothing: {reason}")
    else:
        nobody = f"Nobody gets it in {language}; it would be:"
        talk(head or (f"Would send to {', '.join(recipients)}:" if recipients else nobody))
        if digest.attachments:
            talk(f"Attached: {', '.join(each.name for each in digest.attachments)}")
        say(f"Subject: {digest.subject}")
        say()
        say_text(text)


def _words(configuration: "Configuration", audience: str, language: str | None) -> "Language":
    """How the first reader is spoken to, or the first one of a language, with that reader's figures."""
    from digest.catalogues import languages
    from digest.recipients import words_of
    from mapping.wording import did_you_mean
    from model.errors import UsageError

    _known(configuration, audience)
    options = configuration.settings.digests[audience]
    spoken = [*options.readers.values(), options.words]
    if language is None:
        return spoken[0]
    if language not in languages():
        hint = did_you_mean(language, languages(), "the languages are")
        raise UsageError(
            f"there is no language '{language}'", hint=hint or f"the languages are {', '.join(languages())}"
        )
    return next((words for words in spoken if words.code == language), words_of(language, None))


def _composed(configuration: "Configuration", audience: str, words: "Language") -> "Digest | None":
    """The digest as it would go out now; None before anything was read."""
    from digest.compose import compose
    from pipeline.judge import business_day
    from pipeline.notify import edition_for
    from pipeline.readers import readers_of

    now = clock_of(configuration).now()
    with read_store(configuration) as store:
        if store is None:
            return None
        edition, _ = edition_for(store, configuration, audience, now=now)
        slot = business_day(now, configuration.settings.business.zone).isoformat()
        digests = readers_of(store, configuration, edition, slot=slot).digests
    reader = next((address for address, theirs in edition.options.readers.items() if theirs == words), None)
    return compose(replace(edition, language=words)) if reader is None else digests[reader]


def _known(configuration: "Configuration", audience: str) -> None:
    from mapping.wording import did_you_mean
    from model.errors import UsageError

    digests = configuration.settings.digests
    if audience not in digests:
        hint = did_you_mean(audience, digests, "the digests are") or "add one under digests: in the settings"
        raise UsageError(f"there is no digest named {audience}", hint=hint)


@command.command("send")
@click.argument("audience", required=False)
@click.option("--owners", is_flag=True, help="Send owners their to-do mails of today instead of a digest.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def send(ctx: click.Context, audience: str | None, owners: bool, as_json: bool) -> None:
    """Send AUDIENCE its digest of today, unless it has gone out already, and everything else that waits. With --owners
    and no AUDIENCE, send the to-do mails that are due.

    One mail per recipient and day: sending twice sends once. Exit code 3 when a mail was not accepted.

    JSON: a list of objects with audience, recipient, slot, message_id, subject, reason, state and error.
    """
    from model.deliveries import DeliveryState
    from model.errors import UsageError

    configuration = load_configuration(ctx, secrets=True)
    start_log(ctx, configuration, least=logging.ERROR)
    if (audience is None) != owners:
        raise UsageError("name an audience or the owners", hint="driftline digest send AUDIENCE, or --owners")
    if audience is not None:
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


def _sent(configuration: "Configuration", audience: str | None) -> "tuple[str, Sequence[Delivery]]":
    """Commit today's digest, or the to-do mails, to the outbox and send what waits there; tell why nothing went, and
    what went."""
    from pipeline.judge import business_day
    from pipeline.notify import deliver, prepare
    from pipeline.owners import prepare_to_dos
    from state.lock import Ownership

    if not state_exists(configuration):
        return f"{NOTHING_READ}; {START_READING}", []
    now = clock_of(configuration).now()
    slot = business_day(now, configuration.settings.business.zone).isoformat()
    with open_store(configuration) as store, Ownership.acquire(store, holder="driftline digest send", now=now):
        if audience is None:
            prepare_to_dos(store, configuration, slot=slot, now=now)
            return "nothing new is to be asked of owners", deliver(store, configuration, now=now)
        digest, _ = prepare(store, configuration, audience, slot=slot, now=now)
        return digest.reason if digest.empty else "today's digest has gone out", deliver(store, configuration, now=now)


def _show(rows: "Sequence[Delivery]") -> None:
    """What became of each mail; the errors only where there are any."""
    headers = ("recipient", "state", "subject", "what went wrong")
    table = [(row.recipient, row.state.value, row.subject, row.error) for row in rows]
    columns = 4 if any(row.error for row in rows) else 3
    print_table(headers[:columns], [row[:columns] for row in table])
