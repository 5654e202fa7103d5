"""The story of a notice: after a run, what cannot wait for the digest is committed to the outbox at once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from config.load import Configuration
from digest.base import Allowance, Digest, Edition, News
from digest.deliver import build_message
from digest.language import Language
from digest.notice import NoticeTime, Urgent, compose_notice, urgent
from model.deliveries import Delivery
from model.findings import Transition, TransitionKind
from pipeline.budget import Budgets
from pipeline.channel_rows import channel_rows
from pipeline.crash import crash_site
from pipeline.edition import plain_edition
from pipeline.judge import business_day
from pipeline.notice_notes import Told, keep, notice_audience, told_by_notices
from pipeline.rhythm import slot_book
from state.store import Store

log = structlog.get_logger("driftline.notices")

_MAY_BE_URGENT = frozenset(
    {
        TransitionKind.OPENED,
        TransitionKind.REOPENED,
        TransitionKind.WORSENED,
        TransitionKind.EXPIRED,
        TransitionKind.SETTLED,
    }
)


def begin_notices(store: Store, configuration: Configuration) -> None:
    """What happened before an audience was first to be told at once is left to its digest."""
    for audience, options in configuration.settings.digests.items():
        if options.at_once is not None and store.note(_seen_note(audience)) is None:
            store.set_note(_seen_note(audience), str(store.newest_transition()))


def tell_at_once(store: Store, configuration: Configuration, *, now: datetime) -> list[Delivery]:
    """Commit one notice per audience of which news crosses the threshold; give the rows that were added.

    What goes wrong here is told in the log and fails no run: the digest tells the news in any case.
    """
    added: list[Delivery] = []
    begin_notices(store, configuration)
    for audience, options in configuration.settings.digests.items():
        if options.at_once is None or (options.recipients and configuration.settings.mail is None):
            continue
        try:
            added += _tell(store, configuration, audience, now)
        except Exception as failure:  # a notice must never fail the run that found something
            log.error("notice.crashed", audience=audience, error=crash_site(failure))
    return added


def _tell(store: Store, configuration: Configuration, audience: str, now: datetime) -> list[Delivery]:
    newest, seen = store.newest_transition(), int(store.note(_seen_note(audience)) or 0)
    if newest <= seen:
        return []
    added: list[Delivery] = []
    if any(map(_may_be_urgent, store.transitions(after=seen))):
        added = _commit(store, configuration, audience, seen, newest, now)
    store.set_note(_seen_note(audience), str(newest))
    return added


def _may_be_urgent(step: Transition) -> bool:
    return step.kind in _MAY_BE_URGENT and not step.baseline and not step.quiet


def _commit(
    store: Store, configuration: Configuration, audience: str, seen: int, newest: int, now: datetime
) -> list[Delivery]:
    told = told_by_notices(store, configuration, audience, now=now)
    found = _found(store, configuration, audience, told, since=seen, now=now)
    options = configuration.settings.digests[audience]
    if found is None or options.at_once is None:
        return []
    if told.today >= options.at_once.at_most_per_day:
        log.info(
            "notice.waits", audience=audience, causes=len(found.urgent.told), at_most=options.at_once.at_most_per_day
        )
        return []
    slot = f"{business_day(now, configuration.settings.business.zone).isoformat()}-notice-{newest}"
    keep(store, audience, slot, found.urgent)
    time = _time(store, configuration, audience, told.today + 1, now)
    rows = _rows(store, configuration, found, time, slot=slot, newest=newest)
    added = store.add_deliveries(rows)
    log.info("notice.composed", audience=audience, slot=slot, mails=len(added), causes=len(found.urgent.told))
    return added


def notice_now(
    store: Store, configuration: Configuration, audience: str, *, words: Language, now: datetime
) -> tuple[Digest | None, bool]:
    """The notice of the news since the last digest as it would go out now, or the one that has gone out with the same
    news; and whether it is the latter. None where nothing crosses the threshold."""
    told = told_by_notices(store, configuration, audience, now=now)
    seen = store.covered(audience)
    found = _found(store, configuration, audience, told, since=seen, now=now)
    gone = False
    if found is None and told.notices:
        found, gone = _found(store, configuration, audience, Told((), 0), since=seen, now=now), True
    if found is None:
        return None, False
    number = told.today + (0 if gone else 1)
    return compose_notice(found.told_in(words), _time(store, configuration, audience, number, now)), gone


@dataclass(frozen=True, slots=True)
class _Found:
    """News that crosses the threshold, as an edition that can be told in any language."""

    edition: Edition
    among: Collection[str]
    urgent: Urgent

    def told_in(self, words: Language) -> Urgent:
        told = urgent(replace(self.edition, language=words), self.among)
        assert told is not None
        return told


def _found(
    store: Store, configuration: Configuration, audience: str, told: Told, *, since: int, now: datetime
) -> _Found | None:
    """What crosses the threshold: of the news that no digest and no notice told, if any of it came after ``since``."""
    whole, _ = plain_edition(store, configuration, audience, now=now)
    untold = tuple(news for each in whole.news if (news := _untold(each, told.up_to)) is not None)
    late = {each.tracked.fingerprint for each in untold if any((s.sequence or 0) > since for s in each.transitions)}
    edition = replace(whole, news=untold, told_at_once=told.at_once())
    found = urgent(edition, late)
    return _Found(edition, late, found) if found is not None else None


def _untold(news: News, up_to: Mapping[str, int]) -> News | None:
    """What happened to a finding after a notice last spoke of it."""
    last = up_to.get(news.tracked.fingerprint, 0)
    steps = tuple(step for step in news.transitions if (step.sequence or 0) > last)
    return replace(news, transitions=steps) if steps else None


def _time(store: Store, configuration: Configuration, audience: str, number: int, now: datetime) -> NoticeTime:
    settings = configuration.settings
    at_once = settings.digests[audience].at_once
    coming = slot_book(store, configuration).next(audience, now)
    return NoticeTime(number, at_once.at_most_per_day if at_once else 1, coming.day if coming else None)


def _rows(
    store: Store, configuration: Configuration, found: _Found, time: NoticeTime, *, slot: str, newest: int
) -> list[Delivery]:
    """One mail for each recipient whose budget allows it, and the channels of the audience."""
    settings, edition = configuration.settings, found.edition
    digests: dict[Language, Digest] = {}
    budgets, audience = Budgets(store, configuration, now=edition.now), notice_audience(edition.audience)
    rows, pieces = [], {}
    for recipient, words in edition.options.readers.items():
        if not _fits(budgets.allowance(recipient, audience=audience, slot=slot), found.urgent):
            log.info("notice.held_back", audience=edition.audience, slot=slot)
            continue
        digest = digests.setdefault(words, compose_notice(found.told_in(words), time))
        assert settings.mail is not None
        message_id, message = build_message(
            digest, mail=settings.mail, recipient=recipient, audience=edition.audience, slot=slot, now=edition.now
        )
        pieces[recipient] = digest.pieces
        rows.append(
            Delivery(
                audience=audience,
                recipient=recipient,
                slot=slot,
                message_id=message_id,
                subject=digest.subject,
                reason=digest.reason,
                message=message,
                covers_after=newest,
                covers=newest,
                created_at=edition.now,
            )
        )
    budgets.note_pieces(audience, slot, pieces)
    told = range(newest, newest)
    words = edition.options.words
    plain = {words: compose_notice(found.told_in(words), time)} if edition.options.channels else {}
    in_channels = channel_rows(settings, edition, plain, slot=slot, told=told)
    return [*rows, *(replace(row, audience=audience) for row in in_channels)]


def _fits(allowance: Allowance | None, found: Urgent) -> bool:
    """Whether a budget has room for a whole notice; what must be decided soon needs none."""
    if allowance is None:
        return True
    due = found.first_due
    soon = allowance.decide_within
    if due is not None and soon is not None and due <= found.brief.today + timedelta(days=soon):
        return True
    return not allowance.mails_used_up and (allowance.news is None or allowance.news >= len(found.told))


def _seen_note(audience: str) -> str:
    return f"notices-seen:{audience}"
