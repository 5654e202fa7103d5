"""The outbox at work: what waits is sent, one message per recipient, and each answer is recorded at once."""

import threading
import time
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from config.load import Configuration
from digest.options import OnAmbiguous
from model.deliveries import Delivery, DeliveryState
from model.errors import DeliveryError, StateError
from model.spans import note, spanned
from pipeline.admin_mail import tell_of_refusal
from pipeline.crash import crash_site
from pipeline.pauses import Pauses
from pipeline.ways import Ways
from pipeline.window import windows
from state.backup import RESTORED
from state.store import Store

log = structlog.get_logger("driftline.outbox")

GIVE_UP_AFTER = timedelta(days=5)
"""How long a mail is tried; mail servers keep to the same span (M1)."""
SUPERSEDED = "no mail server took it in time; a later digest tells it instead"

RECEIVED = frozenset({DeliveryState.SENT, DeliveryState.SENDING, DeliveryState.UNKNOWN})
"""The states of a mail that a server has accepted, or may have."""
_WAITING = frozenset({DeliveryState.READY, DeliveryState.UNKNOWN})


def deliver(
    store: Store,
    configuration: Configuration,
    *,
    now: datetime,
    pauses: Pauses | None = None,
    stop: threading.Event | None = None,
    again: bool = False,
) -> list[Delivery]:
    """Send what waits in the outbox and record each answer; give the rows that were tried, as they are now, without
    their messages.

    A message whose fate is unknown is sent again with the same Message-ID (M1); where the settings hold such messages,
    or a backup was restored, only with ``again``. One that was refused for now stays ready; with ``pauses`` it is not
    tried again before its pause is over. One that is refused for good, or for too long, is recorded as failed. No
    refusal keeps the others back (M3). What waits for a way that is not configured goes on waiting.
    """
    ways = Ways(configuration.settings)
    waiting = [row for row in _waiting(store, now, held=held(configuration), again=again) if ways.leads(row)]
    tried = []
    for row in waiting:
        if stop is not None and stop.is_set():
            break
        if pauses is not None and not pauses.over(row.id, now):
            continue
        row, hint = _send(store, ways, row, now)
        if row.state is DeliveryState.FAILED:
            tell_of_refusal(store, configuration.settings.mail, row, row.error, hint, now)
        tried.append(row)
        if pauses is not None and row.state in _WAITING:
            pauses.failed(row.id, now, attempts=row.attempts)
        elif pauses is not None:
            pauses.forget(row.id)
    return tried


def supersede(store: Store, audience: str, slot: str, *, now: datetime) -> bool:
    """Take back earlier digests of an audience that nobody received, so that the one of ``slot`` tells their news; tell
    whether there were any.

    After days without a mail server everybody gets one mail and not one for each day (M4). A slot of which a single
    mail was or may have been accepted stays as it is.
    """
    waiting = [row for row in _of(store, audience, {DeliveryState.READY}) if row.slot != slot]
    kept = {row.slot for row in _of(store, audience, RECEIVED)} if waiting else set()
    taken_back = [row for row in waiting if row.slot not in kept]
    for row in taken_back:
        _fail(store, row, SUPERSEDED, now)
    return bool(taken_back)


def _of(store: Store, audience: str, states: Collection[DeliveryState]) -> list[Delivery]:
    return store.deliveries(states=states, audience=audience, messages=False)


def held(configuration: Configuration) -> bool:
    """Whether a message whose fate is unknown waits for somebody's word."""
    mail = configuration.settings.mail
    return mail is not None and mail.on_ambiguous is OnAmbiguous.HOLD


def _waiting(store: Store, now: datetime, *, held: bool, again: bool) -> list[Delivery]:
    """What is to be sent: after a kill, what was on its way as well; without what is taken back, too old or held."""
    rows = store.deliveries(states={*_WAITING, DeliveryState.SENDING}, messages=False)
    if any(row.state is DeliveryState.SENDING for row in rows):
        store.recover_deliveries(now)
        rows = store.deliveries(states=_WAITING, messages=False)
    if not again:
        unknown = [row for row in rows if row.state is DeliveryState.UNKNOWN]
        kept_back = {row.id for row in unknown if held or row.error == RESTORED}
        rows = [row for row in rows if row.id not in kept_back]
    if not rows:
        return []
    # A kill may have come between the rows of a slot that was being taken back.
    failed = store.deliveries(states={DeliveryState.FAILED}, messages=False)
    superseded = {(row.audience, row.slot) for row in failed if row.error == SUPERSEDED}
    waiting = []
    for row in rows:
        if (row.audience, row.slot) in superseded:
            _fail(store, row, SUPERSEDED, now)
        elif now - row.created_at > GIVE_UP_AFTER:
            _fail(store, row, f"given up after {GIVE_UP_AFTER.days} days: {row.error}", now)
            log.error("mail.given_up", audience=row.audience, slot=row.slot, error=row.error)
        else:
            waiting.append(row)
    return waiting


def _fail(store: Store, row: Delivery, error: str, now: datetime) -> None:
    assert row.id is not None
    store.mark_delivery(row.id, DeliveryState.FAILED, now=now, error=error)


def _note_sent(store: Store, delivery_id: int, now: datetime) -> None:
    began = time.perf_counter()
    store.mark_delivery(delivery_id, DeliveryState.SENT, now=now)
    windows.add(time.perf_counter() - began)


@spanned("deliver")
def _send(store: Store, ways: Ways, row: Delivery, now: datetime) -> tuple[Delivery, str]:
    """The row as it is after one attempt, and what to do about a refusal."""
    assert row.id is not None
    store.mark_delivery(row.id, DeliveryState.SENDING, now=now)
    state, error, hint = DeliveryState.SENT, "", ""
    try:
        ways.send(replace(row, message=store.message_of(row.id)), now, partial(_note_sent, store, row.id, now))
    except StateError:
        raise
    except DeliveryError as failure:
        error, hint = failure.summary, failure.problems[0].hint
        state = DeliveryState.UNKNOWN if failure.unknown else DeliveryState.READY
        state = DeliveryState.FAILED if failure.permanent else state
    except Exception as failure:  # one mail must never keep the others back
        error, state = f"unexpected {type(failure).__name__} while sending", DeliveryState.UNKNOWN
        log.error("mail.crashed", error=crash_site(failure))
    if state is not DeliveryState.SENT:
        store.mark_delivery(row.id, state, now=now, error=error)
    note(outcome=state.value, attempts=row.attempts + 1)
    if state is DeliveryState.SENT:
        log.info("mail.sent", audience=row.audience, slot=row.slot, message_id=row.message_id)
    else:
        log.warning("mail.refused", audience=row.audience, slot=row.slot, state=state.value, error=error)
    sent_at = now if state is DeliveryState.SENT else None
    return replace(row, state=state, error=error, attempts=row.attempts + 1, sent_at=sent_at), hint
