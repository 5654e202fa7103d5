"""The story of one digest: gather what is news for an audience, compose it, commit it to the outbox, then send."""

from collections.abc import Mapping
from datetime import datetime

import structlog

from config.load import Configuration
from digest.base import Digest, Edition, News
from digest.compose import compose
from digest.deliver import Sender, build_message
from model.deliveries import Delivery, DeliveryState
from model.errors import ConfigurationError, DeliveryError, UsageError
from model.findings import TrackedFinding, Transition
from model.runs import Coverage
from state.store import Store

log = structlog.get_logger("driftline.notify")


def edition_for(store: Store, configuration: Configuration, audience: str, *, now: datetime) -> tuple[Edition, int]:
    """What an audience has not been told yet, with everything that still stands; and the last transition covered."""
    settings = configuration.settings
    if audience not in settings.digests:
        raise UsageError(
            f"there is no digest named {audience}",
            hint=f"the digests are: {', '.join(settings.digests) or 'none; add one under digests: in the settings'}",
        )
    covered = store.covered(audience)
    transitions = store.transitions(after=covered)
    tracked = store.tracked()
    edition = Edition(
        audience=audience,
        options=settings.digests[audience],
        now=now,
        zone=settings.business.zone,
        tree=configuration.mapping.tree,
        news=_news(tracked, transitions),
        standing=tuple(finding for finding in tracked.values() if finding.standing),
        coverage=_coverage(store, configuration),
        currency=settings.business.currency,
        since=_told_at(store, audience),
    )
    return edition, max((step.sequence or 0 for step in transitions), default=covered)


def _told_at(store: Store, audience: str) -> datetime | None:
    noted = store.note(_told_note(audience))
    return datetime.fromisoformat(noted) if noted else None


def _told_note(audience: str) -> str:
    return f"told:{audience}"


def _news(tracked: Mapping[str, TrackedFinding], transitions: list[Transition]) -> tuple[News, ...]:
    """Group transitions by finding; what was there on the first run is no news."""
    steps: dict[str, list[Transition]] = {}
    for step in transitions:
        if not step.baseline and step.fingerprint in tracked:
            steps.setdefault(step.fingerprint, []).append(step)
    return tuple(News(tracked[fingerprint], tuple(found)) for fingerprint, found in steps.items())


def _coverage(store: Store, configuration: Configuration) -> tuple[Coverage, ...]:
    with store.view(objective_ids=[objective.id for objective in configuration.mapping.tree.objectives]) as view:
        return tuple(view.coverage())


def prepare(
    store: Store, configuration: Configuration, audience: str, *, slot: str, now: datetime
) -> tuple[Digest, list[Delivery]]:
    """Compose an audience's digest and commit one outbox row per recipient; nothing is sent.

    A recipient who has a row for this slot already gets no second one. An empty digest makes no rows.
    """
    edition, covers = edition_for(store, configuration, audience, now=now)
    digest = compose(edition)
    if digest.empty:
        log.info("digest.empty", audience=audience, slot=slot, reason=digest.reason)
        return digest, []
    settings = configuration.settings
    if settings.mail is None:
        raise ConfigurationError(
            "no mail server is configured", location="mail", hint="add a mail: section to the settings"
        )
    rows = []
    for recipient in edition.options.recipients:
        message_id, message = build_message(
            digest, mail=settings.mail, recipient=recipient, audience=audience, slot=slot, now=now
        )
        rows.append(
            Delivery(
                audience=audience,
                recipient=recipient,
                slot=slot,
                message_id=message_id,
                subject=digest.subject,
                reason=digest.reason,
                message=message,
                covers=covers,
                created_at=now,
            )
        )
    added = store.add_deliveries(rows)
    if added:
        store.set_note(_told_note(audience), now.isoformat())
    return digest, added


def deliver(store: Store, configuration: Configuration, *, now: datetime) -> list[Delivery]:
    """Send what waits in the outbox, one message per recipient, and record each answer; give the rows as they are now.

    A message whose fate is unknown is sent again with the same Message-ID (M1). A temporary refusal leaves the row
    ready for the next time.
    """
    store.recover_deliveries(now)
    waiting = store.deliveries(states={DeliveryState.READY, DeliveryState.UNKNOWN})
    if not waiting or configuration.settings.mail is None:
        return []
    sender = Sender(configuration.settings.mail.smtp, configuration.settings.mail.sender)
    for row in waiting:
        _send(store, sender, row, now)
    handled = {row.id for row in waiting}
    return [row for row in store.deliveries() if row.id in handled]


def _send(store: Store, sender: Sender, row: Delivery, now: datetime) -> None:
    assert row.id is not None
    store.mark_delivery(row.id, DeliveryState.SENDING, now=now)
    try:
        sender.send(row.recipient, row.message)
    except DeliveryError as failure:
        state = DeliveryState.UNKNOWN if failure.unknown else DeliveryState.READY
        state = DeliveryState.FAILED if failure.permanent else state
        store.mark_delivery(row.id, state, now=now, error=failure.summary)
        log.warning("mail.refused", audience=row.audience, slot=row.slot, state=state.value, error=failure.summary)
        return
    store.mark_delivery(row.id, DeliveryState.SENT, now=now)
    log.info("mail.sent", audience=row.audience, slot=row.slot, message_id=row.message_id)
