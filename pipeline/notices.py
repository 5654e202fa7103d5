"""The story of a notice: after a run, what cannot wait for the digest is committed to the outbox at once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

import structlog

from config.load import Configuration
from digest.base import Allowance, Digest, Edition, News
from digest.channels.options import PREFIX
from digest.language import Language
from digest.notice import NoticeTime, Urgent, compose_notice, urgent
from model.deliveries import Delivery
from model.findings import Transition, TransitionKind
from model.spans import spanned
from pipeline.budget import Budgets
from pipeline.channel_rows import channel_rows
from pipeline.coming_due import ComingDue, coming_due, keep_coming_due
from pipeline.crash import crash_site
from pipeline.edition import plain_edition
from pipeline.judge import business_day
from pipeline.mail_row import mail_row
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
    steps = store.transitions(after=seen) if newest > seen else []
    told = told_by_notices(store, configuration, audience, now=now)
    coming = coming_due(store, configuration, audience, told, steps=steps, now=now)
    added: list[Delivery] = []
    if any(map(_may_be_urgent, steps)) or (coming.untold and not _used_up(configuration, audience, told)):
        looked = _Look(newest, seen, told, coming)
        added, coming = _commit(store, configuration, audience, looked, now)
    keep_coming_due(store, audience, coming)
    if newest > seen:
        store.set_note(_seen_note(audience), str(newest))
    return added


def _may_be_urgent(step: Transition) -> bool:
    return step.kind in _MAY_BE_URGENT and not step.baseline and not step.quiet


def _used_up(configuration: Configuration, audience: str, told: Told) -> bool:
    at_once = configuration.settings.digests[audience].at_once
    return at_once is not None and told.today >= at_once.at_most_per_day


@dataclass(frozen=True, slots=True)
class _Look:
    """What there is to be told: the transitions between two numbers, and last days that come near."""

    newest: int
    seen: int
    told: Told
    coming: ComingDue


@spanned("compose")
def _commit(
    store: Store, configuration: Configuration, audience: str, looked: _Look, now: datetime
) -> tuple[list[Delivery], ComingDue]:
    told, coming, newest = looked.told, looked.coming, looked.newest
    found = _found(store, configuration, audience, told, since=looked.seen, near=coming.untold, now=now)
    if found is None:
        return [], coming.after({}, "")
    causes = len(found.urgent.told)
    if _used_up(configuration, audience, told):
        log.info("notice.waits", audience=audience, causes=causes, already=told.today)
        return [], coming
    slot = _slot(configuration, found, newest, now)
    keep(store, audience, slot, found.urgent, newest=newest)
    time = _time(store, configuration, audience, told.today + 1, now)
    rows = _rows(store, configuration, found, time, coming, slot=slot, newest=newest)
    added = store.add_deliveries(rows)
    log.info("notice.composed", audience=audience, slot=slot, mails=len(added), causes=causes)
    return added, coming.after(found.urgent.near if rows else {}, slot)


def _slot(configuration: Configuration, found: "_Found", newest: int, now: datetime) -> str:
    """One slot for the news up to a transition; for what has no news, one for these last days."""
    slot = f"{business_day(now, configuration.settings.business.zone).isoformat()}-notice-{newest}"
    if any(cause.told for cause in found.urgent.told):
        return slot
    near = "\n".join(f"{print_} {day}" for print_, day in sorted(found.urgent.near.items()))
    return f"{slot}-{sha256(near.encode()).hexdigest()[:8]}"


def notice_now(
    store: Store, configuration: Configuration, audience: str, *, words: Language, now: datetime
) -> tuple[Digest | None, bool]:
    """The notice of the news since the last digest as it would go out now, or the one that has gone out with the same
    news; and whether it is the latter. None where nothing crosses the threshold."""
    told = told_by_notices(store, configuration, audience, now=now)
    seen = store.covered(audience)
    coming = coming_due(store, configuration, audience, told, steps=(), now=now)
    found = _found(store, configuration, audience, told, since=seen, near=coming.untold, now=now)
    gone = False
    if found is None and told.today + len(told.notices):
        near = {print_ for slot, days in told.near.items() if slot.startswith(str(coming.today)) for print_ in days}
        found = _found(store, configuration, audience, Told((), 0), since=seen, near=near, now=now)
        gone = True
    if found is None:
        return None, False
    number = told.today + (0 if gone else 1)
    return compose_notice(found.told_in(words), _time(store, configuration, audience, number, now)), gone


@dataclass(frozen=True, slots=True)
class _Found:
    """What crosses the threshold, as an edition that can be told in any language, to each reader as much of it as is
    new to them."""

    edition: Edition
    among: Collection[str]
    near: Collection[str]
    urgent: Urgent

    def told_in(self, words: Language) -> Urgent:
        told = self.told_to(words, self.near)
        assert told is not None
        return told

    def told_to(self, words: Language, near: Collection[str]) -> Urgent | None:
        return urgent(replace(self.edition, language=words), self.among, near)


def _found(
    store: Store,
    configuration: Configuration,
    audience: str,
    told: Told,
    *,
    since: int,
    near: Collection[str],
    now: datetime,
) -> _Found | None:
    """What crosses the threshold: of the news that no digest and no notice told, if any of it came after ``since``; and
    what is near."""
    whole, _ = plain_edition(store, configuration, audience, now=now)
    untold = tuple(news for each in whole.news if (news := _untold(each, told.up_to)) is not None)
    late = {each.tracked.fingerprint for each in untold if any((s.sequence or 0) > since for s in each.transitions)}
    edition = replace(whole, news=untold, told_at_once=told.at_once())
    found = urgent(edition, late, near)
    return _Found(edition, late, near, found) if found is not None else None


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
    store: Store,
    configuration: Configuration,
    found: _Found,
    time: NoticeTime,
    coming: ComingDue,
    *,
    slot: str,
    newest: int,
) -> list[Delivery]:
    """One mail for each recipient who has something to hear and whose budget allows it, and the channels."""
    settings, edition = configuration.settings, found.edition
    budgets, audience = Budgets(store, configuration, now=edition.now), notice_audience(edition.audience)
    composed: dict[tuple[Language, frozenset[str]], tuple[Urgent, Digest] | None] = {}
    rows, pieces = [], {}

    def told_to(recipient: str, words: Language) -> tuple[Urgent, Digest] | None:
        near = coming.for_reader(recipient)
        if (words, near) not in composed:
            told = found.told_to(words, near)
            composed[words, near] = (told, compose_notice(told, time)) if told is not None else None
        return composed[words, near]

    for recipient, words in edition.options.readers.items():
        told = told_to(recipient, words)
        if told is None:
            continue
        if not _fits(budgets.allowance(recipient, audience=audience, slot=slot), told[0]):
            log.info("notice.held_back", audience=edition.audience, slot=slot)
            continue
        digest = told[1]
        assert settings.mail is not None
        pieces[recipient] = digest.pieces
        row = mail_row(
            digest,
            settings.mail,
            recipient,
            audience=edition.audience,
            slot=slot,
            now=edition.now,
            told=range(newest, newest),
            kept_as=audience,
        )
        rows.append(row)
    budgets.note_pieces(audience, slot, pieces)
    for name in edition.options.channels:
        told = told_to(f"{PREFIX}{name}", edition.options.words)
        if told is not None:
            only = replace(edition, options=edition.options.model_copy(update={"channels": (name,)}))
            in_channel = channel_rows(
                settings, only, {edition.options.words: told[1]}, slot=slot, told=range(newest, newest)
            )
            rows += [replace(row, audience=audience) for row in in_channel]
    return rows


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
