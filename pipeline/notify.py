"""The story of one digest: gather what is news for an audience, compose it and commit it to the outbox."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog

from config.load import Configuration
from digest.base import Digest, Edition, News
from digest.compose import compose
from digest.deliver import build_message
from model.deliveries import Delivery
from model.errors import ConfigurationError, UsageError
from model.findings import TrackedFinding, Transition
from model.runs import Coverage
from pipeline.blindness import blindness
from pipeline.expiry import credentials_of
from pipeline.measures import measures_now
from pipeline.outbox import RECEIVED, deliver, supersede
from pipeline.view import configured_view
from state.store import Store

__all__ = ["deliver", "edition_for", "prepare"]

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
        credentials=credentials_of(settings.sources),
        blind=blindness(store),
        measures=measures_now(store, configuration, now=now),
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
    with configured_view(store, configuration) as view:
        return tuple(view.coverage())


def prepare(
    store: Store, configuration: Configuration, audience: str, *, slot: str, now: datetime
) -> tuple[Digest, list[Delivery]]:
    """Compose an audience's digest and commit one outbox row per recipient; nothing is sent.

    A slot that was composed already gets no further row for anybody, whatever happened since: the next slot tells it.
    An empty digest makes no rows. Raise UsageError for an unknown audience and ConfigurationError without a mail
    server.
    """
    composed_before = store.last_slot(audience) == slot
    if composed_before:
        _note_told(store, audience, slot)
    elif configuration.settings.mail is not None:
        _take_back(store, audience, slot, now)
    edition, covers = edition_for(store, configuration, audience, now=now)
    digest = compose(edition)
    if composed_before:
        return digest, []
    if digest.empty:
        log.info("digest.empty", audience=audience, slot=slot, reason=digest.reason)
        return digest, []
    told = range(store.covered(audience), covers)
    added = store.add_deliveries(_rows(configuration, edition, digest, slot=slot, told=told))
    store.set_note(_told_note(audience), now.isoformat())
    log.info("digest.composed", audience=audience, slot=slot, mails=len(added), reason=digest.reason)
    return digest, added


def _rows(
    configuration: Configuration, edition: Edition, digest: Digest, *, slot: str, told: range
) -> Sequence[Delivery]:
    mail = configuration.settings.mail
    if mail is None:
        raise ConfigurationError(
            "no mail server is configured", location="mail", hint="add a mail: section to the settings"
        )
    rows = []
    for recipient in edition.options.recipients:
        message_id, message = build_message(
            digest, mail=mail, recipient=recipient, audience=edition.audience, slot=slot, now=edition.now
        )
        rows.append(
            Delivery(
                audience=edition.audience,
                recipient=recipient,
                slot=slot,
                message_id=message_id,
                subject=digest.subject,
                reason=digest.reason,
                message=message,
                covers_after=told.start,
                covers=told.stop,
                created_at=edition.now,
            )
        )
    return rows


def _take_back(store: Store, audience: str, slot: str, now: datetime) -> None:
    """Take back what nobody received; then nobody was told at that time either."""
    if supersede(store, audience, slot, now=now):
        received = [row.created_at for row in store.deliveries(states=RECEIVED) if row.audience == audience]
        store.set_note(_told_note(audience), max(received).isoformat() if received else None)


def _note_told(store: Store, audience: str, slot: str) -> None:
    """Note when a slot was composed, in case a killed process did not come to it."""
    composed = [row.created_at for row in store.deliveries() if (row.audience, row.slot) == (audience, slot)]
    store.set_note(_told_note(audience), max(composed).isoformat())
