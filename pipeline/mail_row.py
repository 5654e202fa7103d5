"""A composed mail as a row of the outbox."""

from datetime import datetime

from digest.base import Digest
from digest.deliver import build_message
from digest.options import MailOptions
from model.deliveries import Delivery


def mail_row(
    digest: Digest,
    mail: MailOptions,
    recipient: str,
    *,
    audience: str,
    slot: str,
    now: datetime,
    told: range = range(0),
    kept_as: str | None = None,
) -> Delivery:
    """One mail to one recipient. It announces the transitions of ``told``.

    ``audience`` names the thread that it belongs to; ``kept_as`` is the audience under which the outbox keeps it, where
    that is another one.
    """
    message_id, message = build_message(digest, mail=mail, recipient=recipient, audience=audience, slot=slot, now=now)
    return Delivery(
        audience=kept_as or audience,
        recipient=recipient,
        slot=slot,
        message_id=message_id,
        subject=digest.subject,
        reason=digest.reason,
        message=message,
        covers_after=told.start,
        covers=told.stop,
        created_at=now,
    )
