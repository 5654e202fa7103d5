"""A mail that went out before, as it was stored: read from its very bytes."""

import base64
from dataclasses import dataclass
from datetime import date
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import TYPE_CHECKING

from cli.workspace import NOTHING_READ, START_READING, read_store

if TYPE_CHECKING:
    from config.load import Configuration
    from model.deliveries import Delivery


@dataclass(frozen=True, slots=True)
class FormerMail:
    """One stored mail. ``recipients`` are all who got this slot, whose mails differ in their words at most."""

    delivery: "Delivery"
    recipients: tuple[str, ...]
    content: bytes

    @property
    def _message(self) -> EmailMessage:
        message = message_from_bytes(self.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message

    @property
    def language(self) -> str:
        """The language that it says it is in."""
        return str(self._message.get("Content-Language", "en"))

    @property
    def text(self) -> str:
        """The text part."""
        part = self._message.get_body(("plain",))
        return part.get_content() if part else ""

    @property
    def html(self) -> str:
        """The HTML part with its pictures inside, so that it can be opened alone."""
        part = self._message.get_body(("html",))
        page = part.get_content() if part else ""
        for picture in self._message.walk():
            cid = str(picture.get("Content-ID", "")).strip("<>")
            if cid and picture.get_content_maintype() == "image":
                content = base64.b64encode(picture.get_content()).decode()
                page = page.replace(f"cid:{cid}", f"data:{picture.get_content_type()};base64,{content}")
        return str(page)

    @property
    def attachments(self) -> dict[str, bytes]:
        """What was attached, by name."""
        found = {}
        for part in self._message.iter_attachments():
            name = part.get_filename()
            if name and part.get_content_disposition() == "attachment":
                found[name] = part.get_payload(decode=True)
        return {name: content for name, content in found.items() if isinstance(content, bytes)}


def former_mail(configuration: "Configuration", audience: str, day: date, language: str | None) -> FormerMail:
    """The mail of the last slot up to a day that anybody got or is to get; with a language the first one in it.

    Raise UsageError where there is none.
    """
    from model.deliveries import DeliveryState
    from model.errors import UsageError

    with read_store(configuration) as store:
        if store is None:
            raise UsageError(f"there is no mail: {NOTHING_READ}", hint=START_READING)
        states = [state for state in DeliveryState if state is not DeliveryState.FAILED]
        rows = [
            row
            for row in store.deliveries(states=states, audience=audience, messages=False)
            if "@" in row.recipient and row.slot[:10] <= day.isoformat()
        ]
        slot = max((row.slot for row in rows if len(row.slot) == 10), default=None)
        told = [row for row in rows if row.slot == slot]
        for row in told:
            mail = FormerMail(row, tuple(each.recipient for each in told), store.message_of(row.id or 0))
            if mail.content and language in (None, mail.language):
                return mail
    raise UsageError(
        f"no mail of {audience} is stored up to {day.isoformat()}{f' in {language}' if language else ''}",
        hint="mails are kept as long as state.retention says; driftline status tells how many there are",
    )
