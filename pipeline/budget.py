"""The budget of one person and week: what an address has got since Monday, and what was held back from it.

Both are noted before the rows of a slot are committed, together with how they were before. What is noted for a slot
counts only when the slot has rows, so a process that is killed in between neither loses nor doubles anything.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

from config.load import Configuration
from digest.base import Allowance
from model.deliveries import Mailed
from pipeline.admin_mail import AUDIENCE as ADMIN
from state.store import Store

HeldBack = Mapping[str, Mapping[str, int]]
"""Per address, the findings whose news was held back, each with the last transition that was told before."""


class Budgets:
    """What is left of everybody's budget at one moment."""

    def __init__(self, store: Store, configuration: Configuration, *, now: datetime) -> None:
        self._store = store
        self._options = configuration.settings.budget
        self._got: dict[str, list[Mailed]] = {}
        self._told: dict[str, dict[str, Any]] = {}
        if self._options is not None:
            local = now.astimezone(configuration.settings.business.zone)
            monday = datetime.combine(local.date() - timedelta(days=local.weekday()), time(), tzinfo=local.tzinfo)
            for each in store.mailed(since=monday.astimezone(UTC)):
                if each.audience != ADMIN:
                    self._got.setdefault(each.recipient.casefold(), []).append(each)

    def allowance(
        self, address: str, *, audience: str, slot: str, earlier: Mapping[str, int] | None = None
    ) -> Allowance | None:
        """What is left to an address for the mail of a slot; None without a budget."""
        options = self._options
        if options is None:
            return None
        known = self._got.get(address.casefold(), [])
        got = [each for each in known if (each.audience, each.slot) != (audience, slot)]
        used = sum(self._pieces(each) for each in got)
        most, limit = options.mails_per_week, options.news_per_week
        return Allowance(
            news=None if limit is None else max(0, limit - used),
            news_per_week=limit,
            mails_per_week=most,
            mails_used_up=most is not None and len(got) >= most,
            decide_within=options.unless_decided_within_days,
            earlier=frozenset(earlier or ()),
        )

    def _pieces(self, mail: Mailed) -> int:
        if mail.audience not in self._told:
            self._told[mail.audience] = _read(self._store, _pieces_note(mail.audience))
        return int(self._told[mail.audience].get(mail.slot, {}).get(mail.recipient, 0))

    def note_pieces(self, audience: str, slot: str, pieces: Mapping[str, int]) -> None:
        """Note how many pieces of news each address is told in a slot, before its rows are committed."""
        if self._options is None:
            return
        this_week = {each.slot for got in self._got.values() for each in got if each.audience == audience}
        noted = {name: told for name, told in _read(self._store, _pieces_note(audience)).items() if name in this_week}
        self._store.set_note(_pieces_note(audience), json.dumps({**noted, slot: dict(pieces)}))


def held_back(store: Store, audience: str) -> HeldBack:
    """What was held back from whom by the budget, as far as slots were committed."""
    noted = _read(store, _held_note(audience))
    if not noted:
        return {}
    committed = any(mail.slot == noted["slot"] for mail in store.mailed(audience=audience))
    held: HeldBack = noted["now" if committed else "before"]
    return held


def note_held_back(store: Store, audience: str, slot: str, held: HeldBack) -> None:
    """Note what a slot holds back, before its rows are committed."""
    before = held_back(store, audience)
    if not before and not any(held.values()):
        return
    now = {address: dict(prints) for address, prints in held.items() if prints}
    store.set_note(_held_note(audience), json.dumps({"slot": slot, "before": before, "now": now}))


def _read(store: Store, key: str) -> dict[str, Any]:
    noted = store.note(key)
    read: dict[str, Any] = json.loads(noted) if noted else {}
    return read


def _pieces_note(audience: str) -> str:
    return f"news-told:{audience}"


def _held_note(audience: str) -> str:
    return f"held-back:{audience}"
