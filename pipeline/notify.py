"""The story of one digest: gather what is news for an audience, compose it and commit it to the outbox."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

import structlog

from config.load import Configuration
from digest.base import Digest, Edition
from digest.compose import compose
from digest.language import Language
from model.deliveries import Delivery
from model.errors import ConfigurationError
from model.spans import spanned
from pipeline.channel_rows import channel_rows
from pipeline.edition import edition_for, told_note
from pipeline.equipment import forget_meeting, note_meeting
from pipeline.mail_row import mail_row
from pipeline.memory import spare_memory
from pipeline.outbox import RECEIVED, deliver, supersede
from pipeline.readers import readers_of
from state.store import Store

__all__ = ["composed", "deliver", "edition_for", "prepare"]

log = structlog.get_logger("driftline.notify")


@spanned("compose")
def prepare(
    store: Store, configuration: Configuration, audience: str, *, slot: str, now: datetime
) -> tuple[Digest, list[Delivery]]:
    """Compose an audience's digest and commit one outbox row per recipient; nothing is sent.

    A slot that was composed already gets no further row for anybody, whatever happened since: the next slot tells it.
    An empty digest makes no rows. Raise UsageError for an unknown audience and ConfigurationError without a mail
    server.
    """
    spare_memory()
    composed_before = store.last_slot(audience) == slot
    if composed_before:
        _note_told(store, audience, slot)
    else:
        _take_back(store, audience, slot, now)
    edition, covers = edition_for(store, configuration, audience, now=now)
    readers = readers_of(store, configuration, edition, slot=slot)
    in_channels = composed(edition) if edition.options.channels else {}
    digests = [*readers.digests.values(), *in_channels.values()] or [*composed(edition).values()]
    digest = next((each for each in digests if not each.empty), digests[0])
    if composed_before:
        return digest, []
    if digest.empty:
        log.info("digest.empty", audience=audience, slot=slot, reason=digest.reason)
        return digest, []
    told = range(store.covered(audience), covers)
    mails = _mails(configuration, edition, readers.digests, slot=slot, told=told)
    others = channel_rows(configuration.settings, edition, in_channels, slot=slot, told=told)
    rows = [*mails, *(row for row in others if not in_channels[edition.options.words].empty)]
    readers.commit(store, audience, slot, in_channels)
    added = store.add_deliveries(rows)
    store.set_note(told_note(audience), now.isoformat())
    note_meeting(store, edition)
    log.info("digest.composed", audience=audience, slot=slot, mails=len(added), reason=digest.reason)
    return digest, added


def composed(edition: Edition) -> Mapping[Language, Digest]:
    """The digest as each language of its readers tells it, the first recipient's first. All say the same."""
    spoken = dict.fromkeys(edition.options.readers.values())
    if edition.options.channels or not spoken:
        spoken[edition.options.words] = None
    return {words: compose(replace(edition, language=words)) for words in spoken}


def _mails(
    configuration: Configuration, edition: Edition, digests: Mapping[str, Digest], *, slot: str, told: range
) -> Iterator[Delivery]:
    """One mail for each reader who has something to be told."""
    mail = configuration.settings.mail
    if mail is None and digests:
        raise ConfigurationError(
            "no mail server is configured", location="mail", hint="add a mail: section to the settings"
        )
    for recipient, digest in digests.items():
        if mail is None or digest.empty:
            continue
        yield mail_row(digest, mail, recipient, audience=edition.audience, slot=slot, now=edition.now, told=told)


def _take_back(store: Store, audience: str, slot: str, now: datetime) -> None:
    """Take back what nobody received; then nobody was told at that time either."""
    if supersede(store, audience, slot, now=now):
        rows = store.deliveries(states=RECEIVED, audience=audience, messages=False)
        received = [row.created_at for row in rows]
        store.set_note(told_note(audience), max(received).isoformat() if received else None)
        forget_meeting(store, audience)


def _note_told(store: Store, audience: str, slot: str) -> None:
    """Note when a slot was composed, in case a killed process did not come to it."""
    composed = store.deliveries(audience=audience, slot=slot, messages=False)
    store.set_note(told_note(audience), max(row.created_at for row in composed).isoformat())
