"""Mails to whoever looks after the installation: an edited configuration is not taken, a mail is refused for good."""

from datetime import datetime

from config.load import Configuration
from digest.base import Block, Bullets, Digest, Line, Paragraph, SectionBlocks, Small, line
from digest.options import MailOptions
from model.deliveries import Delivery
from model.errors import Problem
from model.mapping_changes import RefusedConfiguration
from pipeline.mail_row import mail_row
from reconcile.wording import day_text
from state.store import Store

AUDIENCE = "(admin)"
"""No digest can have this name."""


def tell_admin(store: Store, active: Configuration, refused: RefusedConfiguration, told: str) -> bool:
    """Put one mail about a refused configuration into the outbox, when the settings name somebody for it.

    ``told`` tells these problems from others: the same ones make the same slot and Message-ID. Tell whether a mail was
    added.
    """
    mail = active.settings.mail
    if mail is None or mail.admin is None:
        return False
    slot = f"{refused.since:%Y-%m-%dT%H:%M:%SZ}-{told}"
    return _add(store, mail, mail.admin, _message(active, refused), slot=slot, now=refused.since)


def tell_of_refusal(store: Store, mail: MailOptions | None, row: Delivery, why: str, hint: str, now: datetime) -> bool:
    """Put one mail about a message that was refused for good into the outbox, when the settings name somebody for it.

    A refused mail to the admin makes no other. Tell whether a mail was added.
    """
    if mail is None or mail.admin is None or row.audience == AUDIENCE:
        return False
    message = _refusal(row, why, hint)
    return _add(store, mail, mail.admin, message, slot=f"refused-{row.id}", now=now)


def _add(store: Store, mail: MailOptions, admin: str, message: Digest, *, slot: str, now: datetime) -> bool:
    row = mail_row(message, mail, admin, audience=AUDIENCE, slot=slot, now=now)
    return bool(store.add_deliveries([row]))


def _refusal(row: Delivery, why: str, hint: str) -> Digest:
    blocks: tuple[Block, ...] = (
        Paragraph(line(f"{row.recipient} was not told: the message was refused for good."), lead=True),
        Bullets((line(f"Message: {row.subject}"), line(f"Digest: {row.audience}, {row.slot}"), line(f"Answer: {why}"))),
        Small(line(hint or "What it told is told again by the next digest if nobody else of the audience got it.")),
    )
    return Digest(
        subject=f"Driftline: {row.recipient} was not told",
        title="A mail was refused for good",
        blocks=(SectionBlocks("refused", "What was refused", blocks),),
        empty=False,
        reason="a mail was refused for good",
    )


def _message(active: Configuration, refused: RefusedConfiguration) -> Digest:
    first = refused.problems[0] if refused.problems else Problem("something is wrong")
    local = refused.since.astimezone(active.settings.business.zone)
    blocks: tuple[Block, ...] = (
        Paragraph(
            line(
                "An edited configuration file has a mistake, so nothing of the edit was taken. "
                f"The mapping {refused.active[:8]} that was loaded before stays in force; sources are read as before."
            ),
            lead=True,
        ),
        Bullets(tuple(_told(problem) for problem in refused.problems)),
        Small(line("driftline check tells every mistake; the daemon takes the files as soon as they are sound.")),
    )
    place = f" ({first.location})" if first.location else ""
    return Digest(
        subject=f"Driftline: an edited configuration is not taken{place}",
        title=f"Not taken since {day_text(local.date())}, {local:%H:%M %Z}",
        blocks=(SectionBlocks("refused", "What is wrong", blocks),),
        empty=False,
        reason="an edited configuration was refused",
    )


def _told(problem: Problem) -> Line:
    where = f"{problem.location}: " if problem.location else ""
    hint = f" — {problem.hint}" if problem.hint else ""
    return line(f"{where}{problem.message}{hint}")
