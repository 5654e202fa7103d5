"""What goes into the outbox for the channels of an audience: the same digest in the form that each of them takes."""

from collections.abc import Iterator, Mapping

from config.settings import Settings
from digest.base import Digest, Edition
from digest.channels.options import PREFIX, WebhookOptions
from digest.channels.payload import message_id, payload
from digest.language import Language
from digest.markdown import render_markdown
from model.deliveries import Delivery


def channel_rows(
    settings: Settings, edition: Edition, digests: Mapping[Language, Digest], *, slot: str, told: range
) -> Iterator[Delivery]:
    """One row per channel of the audience, in the language of its digest."""
    for name in edition.options.channels:
        digest = digests[edition.options.words]
        if isinstance(settings.channels[name], WebhookOptions):
            message = payload(digest, audience=edition.audience, slot=slot, now=edition.now)
        else:
            message = render_markdown(digest).encode()
        yield Delivery(
            audience=edition.audience,
            recipient=f"{PREFIX}{name}",
            slot=slot,
            message_id=message_id(edition.audience, slot, name),
            subject=digest.subject,
            reason=digest.reason,
            message=message,
            covers_after=told.start,
            covers=told.stop,
            created_at=edition.now,
        )
