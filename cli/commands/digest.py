"""``driftline digest``: look at the mail that would go out, or send it now."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.browser import can_show
from cli.exit_codes import ExitCode
from cli.output import print_json, talk
from cli.preview_page import PreviewFiles, Shown, print_shown, shown_digest
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
@click.option("--as-of", metavar="DATE", help="Show the mail that went out last up to this day, as it is stored.")
@click.option("--language", help="Show it in this language: en, de, ...; left out: the first recipient's.")
@click.option(
    "--html",
    "html_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the HTML here, and the attachments beside it.",
)
@click.option(
    "--eml",
    "eml_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the very message that would be sent here, for a mail program.",
)
@click.option("--open/--no-open", "opened", default=None, help="Open it in a browser; done on a desktop's terminal.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def preview(
    ctx: click.Context,
    audience: str | None,
    notice: bool,
    owner: str | None,
    as_of: str | None,
    language: str | None,
    html_path: Path | None,
    eml_path: Path | None,
    opened: bool | None,
    as_json: bool,
) -> None:
    """Print the mail that AUDIENCE would get now: its digest, or with --notice what would be told at once. With --owner
    and no AUDIENCE, print what an owner would be asked to do. With --as-of, print the mail that went out up to that
    day. Nothing is stored or sent.

    JSON: an object with subject, empty, reason, recipients (who get it in this language), language, text and
    attachments (their names).
    """
    from model.errors import UsageError

    configuration = load_configuration(ctx)
    if (audience is None) == (owner is None) or (notice and audience is None):
        raise UsageError("name an audience or an owner", hint="driftline digest preview AUDIENCE, or --owner ADDRESS")
    files = PreviewFiles(html_path, eml_path, not as_json and (can_show() if opened is None else opened))
    if as_of is not None:
        if audience is None or notice:
            raise UsageError("--as-of shows a digest", hint="driftline digest preview AUDIENCE --as-of 2026-12-31")
        print_shown(_former_mail(configuration, audience, as_of, language), files, as_json=as_json)
        return
    if audience is None or notice:
        if eml_path is not None:
            raise UsageError("--eml writes a digest", hint="leave --notice and --owner out")
        mail = _other_mail(configuration, audience, owner, language)
        print_shown(mail, files, as_json=as_json)
        return
    words = _words(configuration, audience, language)
    readers = configuration.settings.digests[audience].readers
    recipients = [address for address, theirs in readers.items() if theirs == words]
    digest, message = _composed(configuration, audience, words, recipients)
    reason = f"{NOTHING_READ}; {START_READING}" if digest is None else digest.reason
    mail = shown_digest(digest, reason=reason, recipients=recipients, language=words.code, message=message)
    print_shown(mail, files, as_json=as_json)
    others = sorted({theirs.code for theirs in readers.values()} - {words.code})
    if others and not as_json:
        talk(f"Others get it in {', '.join(others)}: add --language {others[0]}")


def _former_mail(configuration: "Configuration", audience: str, day: str, language: str | None) -> Shown:
    """A mail that went out before."""
    from cli.chosen_day import chosen_day
    from cli.former_mail import former_mail

    _known(configuration, audience)
    former = former_mail(configuration, audience, chosen_day(day, "--as-of"), language)
    row = former.delivery
    return Shown(
        reason=row.reason,
        recipients=former.recipients,
        language=former.language,
        subject=row.subject,
        text=former.text,
        html=former.html,
        attachments=former.attachments,
        message=former.content,
        head=f"Composed for {row.slot}, {row.state.value} to {', '.join(former.recipients)}:",
    )


def _other_mail(configuration: "Configuration", audience: str | None, owner: str | None, language: str | None) -> Shown:
    """A notice, or the to-do mail of an owner."""
    from cli.preview_kinds import preview_notice, preview_to_do

    if audience is not None:
        seen = preview_notice(configuration, audience, _words(configuration, audience, language))
    else:
        seen = preview_to_do(configuration, owner or "")
    head = f"Has gone out already to {', '.join(seen.recipients)}:" if seen.gone else ""
    return shown_digest(seen.digest, reason=seen.reason, recipients=seen.recipients, language=seen.language, head=head)


def _words(configuration: "Configuration", audience: str, language: str | None) -> "Language":
    """How the first reader is spoken to, or the first one of a language, with that reader's figures."""
    from digest.audiences.recipients import words_of
    from digest.catalogues import languages
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


def _composed(
    configuration: "Configuration", audience: str, words: "Language", recipients: "Sequence[str]"
) -> "tuple[Digest | None, bytes]":
    """The digest as it would go out now, and the message to its first recipient; None before anything was read."""
    from digest.compose import compose
    from digest.deliver import build_message
    from pipeline.judge import business_day
    from pipeline.notify import edition_for
    from pipeline.readers import readers_of

    now, mail = clock_of(configuration).now(), configuration.settings.mail
    with read_store(configuration) as store:
        if store is None:
            return None, b""
        edition, _ = edition_for(store, configuration, audience, now=now)
        slot = business_day(now, configuration.settings.business.zone).isoformat()
        digests = readers_of(store, configuration, edition, slot=slot).digests
    if not recipients or mail is None:
        return compose(replace(edition, language=words)), b""
    digest, first = digests[recipients[0]], recipients[0]
    return digest, build_message(digest, mail=mail, recipient=first, audience=audience, slot=slot, now=now)[1]


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


@command.command("resend")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def resend(ctx: click.Context, as_json: bool) -> None:
    """Send again what a mail server may have taken or not: the link broke before it said so.

    For mail.on_ambiguous: hold, under which such mails wait for somebody's word. They keep their Message-ID, by which
    mail programs can tell a double. Exit code 3 when a mail was not accepted.

    JSON: a list of objects with audience, recipient, slot, message_id, subject, reason, state and error.
    """
    from model.deliveries import DeliveryState
    from pipeline.outbox import deliver
    from state.lock import Ownership

    configuration = load_configuration(ctx, secrets=True)
    start_log(ctx, configuration, least=logging.ERROR)
    rows: Sequence[Delivery] = ()
    if state_exists(configuration):
        now = clock_of(configuration).now()
        with open_store(configuration) as store, Ownership.acquire(store, holder="driftline digest resend", now=now):
            rows = deliver(store, configuration, now=now, again=True)
    if as_json:
        print_json([{field: getattr(row, field) for field in DELIVERY_FIELDS} for row in rows])
    elif rows:
        _show(rows)
    else:
        talk("Nothing to send: no mail waits")
    if any(row.state is not DeliveryState.SENT for row in rows):
        ctx.exit(ExitCode.PARTIAL)


def _show(rows: "Sequence[Delivery]") -> None:
    """What became of each mail; the errors only where there are any."""
    headers = ("recipient", "state", "subject", "what went wrong")
    table = [(row.recipient, row.state.value, row.subject, row.error) for row in rows]
    columns = 4 if any(row.error for row in rows) else 3
    print_table(headers[:columns], [row[:columns] for row in table])
