"""Watches the org's daily API requests, which everybody there shares, so that we never use up what others need (S9)."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import requests

from connectors.salesforce.options import SalesforceOptions
from model.errors import SourceRateLimitedError

_USAGE = re.compile(r"(?<![\w-])api-usage=(\d+)/(\d+)")


class DailyRequests:
    """How many requests the org has used and may use in 24 hours, and how many of them are this run's.

    Several threads may ask: what is under way counts as used, so that they do not exceed a share together.
    """

    def __init__(self, source: str, options: SalesforceOptions) -> None:
        self._source = source
        self._run_percent = options.daily_requests_run_percent
        self._total_percent = options.daily_requests_total_percent
        self.ours = 0
        self.used: int | None = None
        """By everybody, today; None before the first answer that told."""
        self.allowed = 0
        self._under_way = 0
        self._mine = _Mine()
        self._guard = threading.Lock()

    def note(self, response: requests.Response) -> None:
        """Read Sforce-Limit-Info; an answer without it, such as a sign-in's, did not count."""
        found = _USAGE.search(response.headers.get("Sforce-Limit-Info", ""))
        if found is None:
            return
        with self._guard:
            self._settle()
            self.ours += 1
            # Answers may come in another order than their requests were counted in.
            self.used, self.allowed = max(self.used or 0, int(found[1])), int(found[2])

    @contextmanager
    def one(self) -> Iterator[None]:
        """Send one request within. Raise SourceRateLimitedError when it would go beyond our share or the org is near
        its end."""
        with self._guard:
            self._require_room()
            self._under_way += 1
            self._mine.under_way = True
        try:
            yield
        finally:
            with self._guard:
                self._settle()

    def _settle(self) -> None:
        """The request of this thread was answered, or came to nothing."""
        self._under_way -= self._mine.under_way
        self._mine.under_way = False

    def _require_room(self) -> None:
        if self.used is None or self.allowed <= 0:
            return
        if (self.used + self._under_way) * 100 > self._total_percent * self.allowed:
            raise self._error(
                f"the org has used {self.used:,} of its {self.allowed:,} API requests of today,"
                f" more than the {self._total_percent} % up to which {self._source} may read",
                "it is read again when the org has room; ask the Salesforce admin who uses the requests,"
                " or raise daily_requests_total_percent",
            )
        if (self.ours + self._under_way + 1) * 100 > self._run_percent * self.allowed:
            raise self._error(
                f"{self._source} has used {self.ours:,} of the org's {self.allowed:,} daily API requests in one run,"
                f" and {self._run_percent} % is its share",
                "raise daily_requests_run_percent, or ask for less: products and formula fields need a full read",
            )

    def _error(self, message: str, hint: str) -> SourceRateLimitedError:
        return SourceRateLimitedError(message, location=self._source, hint=hint)


class _Mine(threading.local):
    """Whether the thread has a request under way that was not answered yet."""

    under_way = False
