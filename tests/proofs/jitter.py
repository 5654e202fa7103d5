"""Noise on dates: in every run some of them say a day sooner or later than they mean."""

import random
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import date, datetime
from functools import cache
from typing import Any

from model.records import RECORD_TYPES, Record, RecordKind


@cache
def _date_fields(kind: RecordKind) -> tuple[str, ...]:
    return tuple(each.name for each in fields(RECORD_TYPES[kind]) if each.type in ("date | None", date | None))


class Jitter:
    """Moves a share of all dates by a day, each run other ones; the next run they are back."""

    def __init__(self, share: float, seed: int = 6) -> None:
        self._share = share
        self._seed = seed
        self.moved = self.dates = 0

    def __call__(self, day: date, record: Record) -> Record:
        chance = random.Random(f"{self._seed} {day} {record.id}")
        moved = dict(self._moves(chance, day, record))
        noisy: Record = replace(record, **moved) if moved else record
        return noisy

    def _moves(self, chance: random.Random, day: date, record: Record) -> Iterator[tuple[str, Any]]:
        for name in _date_fields(record.kind):
            value = getattr(record, name)
            if value is None or isinstance(value, datetime):
                continue
            self.dates += 1
            if chance.random() < self._share:
                moved = date.fromordinal(value.toordinal() + chance.choice((-1, 1)))
                if name == "finished" and moved > day:
                    continue
                self.moved += 1
                yield name, moved
