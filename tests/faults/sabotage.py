"""Protections taken away, one at a time: the proofs must fail with each of them."""

from datetime import datetime
from typing import Any

from model.deliveries import DeliveryState
from state.store import Store


def sent_before_sending() -> None:
    """A mail is noted as sent before it is handed to the server, as if the order did not matter (M1)."""
    real = Store.mark_delivery

    def too_early(self: Store, delivery_id: int, state: DeliveryState, *, now: datetime, error: str = "") -> None:
        if state is DeliveryState.SENDING:
            real(self, delivery_id, DeliveryState.SENT, now=now)
        elif state is not DeliveryState.SENT:
            real(self, delivery_id, state, now=now, error=error)

    Store.mark_delivery = too_early  # type: ignore[method-assign]


def transitions_apart_from_findings() -> None:
    """Findings are committed first and their transitions afterwards (C1)."""
    real = Store.save_findings

    def torn(self: Store, run_id: int | None, tracked: Any, transitions: Any, *, since: int | None = None) -> bool:
        real(self, run_id, tracked, (), since=since)
        return real(self, run_id, (), transitions)

    Store.save_findings = torn  # type: ignore[method-assign]


def random_message_ids() -> None:
    """Every row gets a Message-ID of its own making, which no second try would hit again (M2)."""
    import uuid

    from pipeline import mail_row

    real = mail_row.build_message

    def anew(*arguments: Any, **named: Any) -> tuple[str, bytes]:
        message_id, message = real(*arguments, **named)
        other = f"<{uuid.uuid4().hex}@acme.example>"
        return other, message.replace(message_id.encode(), other.encode())

    mail_row.build_message = anew  # type: ignore[attr-defined]


def commits_that_do_not_wait() -> None:
    """A server that acknowledges commits before they are in its log is taken as it is (C10)."""
    from state import engine

    engine._wait_for_the_log = lambda _connection, _entry: None
