"""Pauses: when something that failed may be tried again."""

import json
from collections import Counter
from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Self

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)


class Pauses:
    """A minute after the first failure, then twice as long each time, an hour at most (M1).

    Lives as long as the process: after a restart everything may be tried at once, and where the attempts are stored
    their number goes on.
    """

    def __init__(self) -> None:
        self._until: dict[Hashable, datetime] = {}
        self._failures: Counter[Hashable] = Counter()

    def failed(self, what: Hashable, now: datetime, *, attempts: int | None = None) -> None:
        """Note that something failed, for the n-th time if that is known better than here."""
        self._failures[what] = attempts or self._failures[what] + 1
        self._until[what] = now + min(FIRST_PAUSE * 2 ** min(self._failures[what] - 1, 16), LONGEST_PAUSE)

    def over(self, what: Hashable, now: datetime) -> bool:
        """Whether something may be tried now; a clock that was set back does not make the pause longer."""
        until = self._until.get(what)
        return until is None or not now < until <= now + LONGEST_PAUSE

    def written(self) -> str:
        """All of it as text, for programs of which now one and now another takes its turn."""
        return json.dumps([[what, self._failures[what], until.isoformat()] for what, until in self._until.items()])

    @classmethod
    def read(cls, text: str) -> Self:
        """What ``written`` gave."""
        pauses = cls()
        for what, failures, until in json.loads(text or "[]"):
            pauses._failures[what], pauses._until[what] = failures, datetime.fromisoformat(until)
        return pauses

    def forget(self, what: Hashable) -> None:
        """It worked."""
        self._until.pop(what, None)
        self._failures.pop(what, None)
