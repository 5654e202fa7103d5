"""Deliveries: mails that wait, are on their way, have gone or may have gone (M1)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class DeliveryState(StrEnum):
    """Where a message stands. ``unknown``: the link broke after the text was handed over; it is sent again with the
    same Message-ID."""

    READY = "ready"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Mailed:
    """That somebody was, or is to be, sent something, without the message itself."""

    audience: str
    recipient: str
    slot: str
    created_at: datetime
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message to one recipient. ``slot`` is the digest's local date: one mail per audience,
    recipient and slot.

    ``reason`` says why it went out. ``message`` is the whole mail as it is handed to the server. It announces
    the transitions whose sequence numbers lie above ``covers_after`` and up to ``covers``.
    """

    id: int | None = None
    audience: str
    recipient: str
    slot: str
    message_id: str
    subject: str
    reason: str
    message: bytes
    covers_after: int = 0
    covers: int
    state: DeliveryState = DeliveryState.READY
    attempts: int = 0
    created_at: datetime
    sent_at: datetime | None = None
    error: str = ""
