"""What notices told: noted before their rows are committed, and counted only where there are rows.

What is noted without rows tells nothing: the process was killed in between, and the next run looks at the same news
again.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from config.load import Configuration
from digest.base import AtOnce
from digest.notice import Urgent
from model.deliveries import Mailed
from model.measures import WINDOW, Announcement
from pipeline.judge import business_day
from state.store import Store

_SUFFIX = " (at once)"
"""No digest can have a name that ends so."""
_REMEMBERED = WINDOW
"""How long it is kept which transitions a notice told; the measures look back as far."""


def notice_audience(audience: str) -> str:
    """Under which name the notices of an audience stand in the outbox."""
    return f"{audience}{_SUFFIX}"


def is_notice(audience: str) -> bool:
    """Whether a name in the outbox is that of notices."""
    return audience.endswith(_SUFFIX)


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice as it was committed, with the last transition that it told of each finding."""

    slot: str
    told: Mapping[str, int]
    mails: tuple[Mailed, ...]

    @property
    def at(self) -> datetime:
        return self.mails[0].created_at


@dataclass(frozen=True, slots=True)
class Told:
    """What the notices of an audience told since its last digest, and how many went out on this day."""

    notices: tuple[Notice, ...]
    today: int
    up_to: Mapping[str, int] = field(default_factory=dict)
    """The last transition of each finding that a notice told, or left to the digest because there was more than one
    mail tells."""
    slots: Mapping[str, bool] = field(default_factory=dict)
    """The slots of all notices that are remembered, and of each whether a server took it."""
    near: Mapping[str, Mapping[str, date]] = field(default_factory=dict)
    """By slot the findings of which a notice told that their last day is near, each with this day."""

    def at_once(self, address: str | None = None) -> dict[str, AtOnce]:
        """What was told when, to everybody or to one reader."""
        told: dict[str, AtOnce] = {}
        for notice in self.notices:
            if address is None or any(mail.recipient == address for mail in notice.mails):
                told.update({print_: AtOnce(sequence, notice.at) for print_, sequence in notice.told.items()})
        return told


def told_by_notices(store: Store, configuration: Configuration, audience: str, *, now: datetime) -> Told:
    """What notices told an audience that no digest has told since."""
    mails: dict[str, list[Mailed]] = {}
    for mail in store.mailed(audience=notice_audience(audience), since=now - _REMEMBERED):
        mails.setdefault(mail.slot, []).append(mail)
    if not mails:
        return Told((), 0)
    zone = configuration.settings.business.zone
    today = business_day(now, zone)
    noted, covered = _read(store, audience), store.covered(audience)
    notices, up_to = [], dict[str, int]()
    near: dict[str, Mapping[str, date]] = {}
    for slot, sent in mails.items():
        content = noted.get(slot, {})
        near[slot] = {print_: date.fromisoformat(day) for print_, day in content.get("near", {}).items()}
        if max(content.get("told", {}).values(), default=0) <= covered:
            continue
        notices.append(Notice(slot, content["told"], tuple(sent)))
        up_to.update({**content["told"], **content["waiting"]})
    count = sum(business_day(sent[0].created_at, zone) == today for sent in mails.values())
    slots = {slot: any(mail.sent_at is not None for mail in sent) for slot, sent in mails.items()}
    return Told(tuple(notices), count, up_to, slots, near)


def keep(store: Store, audience: str, slot: str, found: Urgent, *, newest: int) -> None:
    """Note what the notice of a slot is going to tell, and forget what a digest has told since but for which
    transitions it was, and which last days.

    Of what is told without news, because its last day comes near, everything up to the newest transition is told.
    """
    last = {news.tracked.fingerprint: news.transitions[-1].sequence for news in found.brief.edition.news}
    content: dict[str, Any] = {
        "told": {
            told.tracked.fingerprint: last[told.tracked.fingerprint] for cause in found.told for told in cause.told
        },
        "waiting": {
            told.tracked.fingerprint: last[told.tracked.fingerprint] for cause in found.waiting for told in cause.told
        },
    }
    steps = {news.tracked.fingerprint: news.transitions for news in found.brief.edition.news}
    told = (step.sequence or 0 for fingerprint in content["told"] for step in steps[fingerprint])
    content["ranges"] = _ranges(told)
    coming = (tracked.fingerprint for cause in found.told if not cause.told for tracked in cause.findings)
    content["told"] |= dict.fromkeys(coming, newest)
    content["near"] = {print_: day.isoformat() for print_, day in found.near.items()}
    covered, oldest = store.covered(audience), (found.brief.today - _REMEMBERED).isoformat()
    kept = {
        name: each if max(each.get("told", {}).values(), default=0) > covered else _after_digest(each)
        for name, each in _read(store, audience).items()
        if name >= oldest
    }
    store.set_note(_notices_note(audience), json.dumps({**kept, slot: content}))


def _after_digest(content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: content[name] for name in ("ranges", "near") if name in content}


def _ranges(sequences: Iterable[int]) -> list[list[int]]:
    """``[[5, 12], [14, 14]]``: the numbers that follow each other without a gap."""
    found: list[list[int]] = []
    for number in sorted(set(sequences)):
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found


def announced(store: Store, configuration: Configuration) -> Iterator[Announcement]:
    """What notices told, as far as they were sent: like the slot of a digest for each run of transitions."""
    for audience in configuration.settings.digests:
        noted = _read(store, audience)
        sent: dict[str, list[Mailed]] = {}
        for mail in store.mailed(audience=notice_audience(audience)) if noted else ():
            sent.setdefault(mail.slot, []).append(mail)
        for slot, mails in sent.items():
            times = [mail.sent_at for mail in mails if mail.sent_at is not None]
            for first, last in noted.get(slot, {}).get("ranges", ()) if times else ():
                yield Announcement(audience, first - 1, last, mails[0].created_at, min(times))


def _read(store: Store, audience: str) -> dict[str, Any]:
    noted = store.note(_notices_note(audience))
    read: dict[str, Any] = json.loads(noted) if noted else {}
    return read


def _notices_note(audience: str) -> str:
    return f"notices:{audience}"
