"""Last days that come near: of which findings an audience is told at once although nothing happened to them.

What was told of which day is noted after the rows of a notice are committed. Of a process that is killed in between,
the notes of what its notice told are looked at instead, so nothing is lost or told twice.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from config.calendars import calendars_of
from config.load import Configuration
from digest.base import Digest, Edition
from digest.channels.options import PREFIX
from digest.notice import last_near_day
from digest.options import DigestOptions
from model.findings import Transition
from pipeline.judge import business_day
from pipeline.notice_notes import Told
from state.store import Store


@dataclass(frozen=True, slots=True)
class Known:
    """Of which last day of a finding an audience knows, and by the notice of which slot; empty: otherwise."""

    day: date
    slot: str = ""

    def is_of(self, day: date, today: date) -> bool:
        """Whether a last day is no other than this one; one that has passed is carried along with each day."""
        return day == self.day or (self.day < today and day <= today)


@dataclass(frozen=True, slots=True)
class ComingDue:
    """The findings whose last day is near, and of which of them the audience is to be told.

    ``known`` are those it knows of, ``left`` those that were looked at today and are told by no notice of today.
    """

    today: date
    near: Mapping[str, date] = field(default_factory=dict)
    known: Mapping[str, Known] = field(default_factory=dict)
    left: Mapping[str, date] = field(default_factory=dict)
    by_digest: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Per recipient what the last digest told of them."""
    noted: str | None = None
    looked: bool = True
    """Whether last days are looked at for this audience at all."""

    @property
    def untold(self) -> frozenset[str]:
        return frozenset(self.near.keys() - self.known.keys() - self.left.keys())

    def for_reader(self, recipient: str) -> frozenset[str]:
        """What one recipient is to be told of."""
        return self.untold.difference(self.by_digest.get(recipient, ()))

    def after(self, told: Mapping[str, date], slot: str) -> "ComingDue":
        """How it is after a notice; what it did not tell is looked at again on the next day."""
        known = {print_: Known(day, slot) for print_, day in told.items() if print_ in self.near}
        rest = {print_: self.near[print_] for print_ in self.untold - known.keys()}
        return replace(self, known={**self.known, **known}, left={**self.left, **rest})


def coming_due(
    store: Store, configuration: Configuration, audience: str, told: Told, *, steps: Iterable[Transition], now: datetime
) -> ComingDue:
    """Look which last days have come near; nothing is noted.

    At the first look all of them are left to the digest, and so is what was there when a source was first read, as
    ``steps`` tell.
    """
    options = configuration.settings.digests[audience]
    today = business_day(now, configuration.settings.business.zone)
    last = _last_near_day(configuration, options, today)
    if last is None:
        return ComingDue(today, looked=False)
    near = store.days_to_decide(until=last)
    noted = store.note(_note(audience))
    if noted is None:
        return ComingDue(today, near, {print_: Known(day) for print_, day in near.items()})
    content: dict[str, Any] = json.loads(noted)
    baseline = {step.fingerprint for step in steps if step.baseline}
    known = {print_: Known(day) for print_, day in near.items() if print_ in baseline}
    for print_, (day, slot) in content["known"].items():
        before = Known(date.fromisoformat(day), slot)
        if print_ in near and before.is_of(near[print_], today) and _holds(slot, told, today):
            known[print_] = replace(before, slot="") if told.slots.get(slot) else before
    for slot, days in told.near.items():
        known.update({p: Known(d, slot) for p, d in days.items() if p not in known and near.get(p) == d})
    left = {print_: date.fromisoformat(day) for print_, day in content["left"].items()}
    still = {print_: day for print_, day in left.items() if content["on"] == str(today) and near.get(print_) == day}
    unknown = {print_: day for print_, day in near.items() if print_ not in known}
    by_digest = _by_digest(store, configuration, audience, unknown, today) if unknown else {}
    everybody = frozenset.intersection(*by_digest.values()) if by_digest else frozenset()
    known.update({print_: Known(near[print_]) for print_ in everybody})
    return ComingDue(today, near, known, still, by_digest, noted)


def _holds(slot: str, told: Told, today: date) -> bool:
    """Whether the notice of a slot told somebody. One that was refused by every server did not, and is made again on
    the next day."""
    return not slot or slot in told.slots or slot.startswith(today.isoformat())


def keep_coming_due(store: Store, audience: str, coming: ComingDue) -> None:
    """Note what the audience knows of, where it is another than before. Of what is not near any more nothing is kept:
    when it comes near again, on whatever day, it is told again."""
    content = {
        "known": {print_: [known.day.isoformat(), known.slot] for print_, known in sorted(coming.known.items())},
        "left": {print_: day.isoformat() for print_, day in sorted(coming.left.items())},
        "on": coming.today.isoformat() if coming.left else "",
    }
    text = json.dumps(content)
    if coming.looked and text != coming.noted:
        store.set_note(_note(audience), text)


def note_asked(store: Store, edition: Edition, slot: str, digests: Mapping[str, Digest]) -> None:
    """Note which last days a digest tells to whom, before its rows are added. It counts only when the slot has rows."""
    at_once, audience = edition.options.at_once, edition.audience
    if at_once is None or at_once.decide_within_days is None:
        return
    told: list[tuple[Mapping[str, date], list[str]]] = []
    for recipient, digest in digests.items():
        if digest.empty:
            continue
        recipients = next((to for asked, to in told if asked == digest.asked), None)
        if recipients is None:
            told.append((digest.asked, [recipient]))
        else:
            recipients.append(recipient)
    content = {
        "slot": slot,
        "on": business_day(edition.now, edition.zone).isoformat(),
        "told": [{"to": to, "days": {p: day.isoformat() for p, day in sorted(asked.items())}} for asked, to in told],
        "before": _last_digest(store, audience),
    }
    if told:
        store.set_note(_asked_note(audience), json.dumps(content))


def _last_digest(store: Store, audience: str) -> dict[str, Any] | None:
    """What is noted of the last digest that was committed."""
    noted = store.note(_asked_note(audience))
    content: dict[str, Any] = json.loads(noted) if noted else {}
    for each in (content, content.get("before")):
        if each:
            since = datetime.combine(date.fromisoformat(each["on"]), time(), UTC) - timedelta(days=1)
            if any(mail.slot == each["slot"] for mail in store.mailed(audience=audience, since=since)):
                return {**each, "before": None}
    return None


def _by_digest(
    store: Store, configuration: Configuration, audience: str, near: Mapping[str, date], today: date
) -> dict[str, frozenset[str]]:
    """What the last digest told each recipient of these last days when they were near already."""
    options = configuration.settings.digests[audience]
    recipients = (*options.addresses, *(f"{PREFIX}{name}" for name in options.channels))
    found = dict.fromkeys(recipients, frozenset[str]())
    digest = _last_digest(store, audience)
    if digest is None:
        return found
    last = _last_near_day(configuration, options, date.fromisoformat(digest["on"]))
    for told in digest["told"]:
        then = {print_: date.fromisoformat(day) for print_, day in told["days"].items()}
        same = frozenset(
            print_
            for print_, day in near.items()
            if last and then.get(print_, date.max) <= last and Known(then[print_]).is_of(day, today)
        )
        found.update({recipient: same for recipient in told["to"] if recipient in found})
    return found


def _last_near_day(configuration: Configuration, options: DigestOptions, today: date) -> date | None:
    if options.at_once is None:
        return None
    calendar = calendars_of(configuration.settings.calendars, today)[options.calendar] if options.calendar else None
    return last_near_day(options.at_once, calendar, today)


def _note(audience: str) -> str:
    return f"notices-near:{audience}"


def _asked_note(audience: str) -> str:
    return f"digest-asked:{audience}"
