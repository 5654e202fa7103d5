"""By which way a row of the outbox goes out: mail for an address, else the channel that it names."""

from collections.abc import Callable
from datetime import datetime

from config.settings import Settings
from digest.channels.chat import ChatSender
from digest.channels.options import PREFIX, ChatOptions, WebhookOptions
from digest.deliver import Sender
from model.deliveries import Delivery


class Ways:
    """The mail server and the channels of one configuration."""

    def __init__(self, settings: Settings) -> None:
        self._channels = settings.channels
        self._mail = Sender(settings.mail.smtp, settings.mail.sender) if settings.mail is not None else None

    def leads(self, row: Delivery) -> bool:
        """Whether its way is configured; what waits for one that is not goes on waiting."""
        if row.recipient.startswith(PREFIX):
            return row.recipient.removeprefix(PREFIX) in self._channels
        return self._mail is not None

    def send(self, row: Delivery, now: datetime, accepted: Callable[[], None]) -> None:
        """Return when the other side has taken the message, of which ``accepted`` is told at once; raise DeliveryError
        otherwise."""
        if not row.recipient.startswith(PREFIX):
            if self._mail is not None:
                self._mail.send(row.recipient, row.message, accepted)
            return
        name = row.recipient.removeprefix(PREFIX)
        match self._channels[name]:
            case WebhookOptions() as webhook:
                from digest.channels.webhook import WebhookSender

                WebhookSender(name, webhook).send(row.message_id, row.message, now=now)
            case ChatOptions() as chat:
                ChatSender(name, chat).send(row.subject, row.message.decode())
        accepted()
