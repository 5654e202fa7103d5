"""A question to a service that raises the alarm when it is asked no more: it notices that the daemon is gone."""

import threading
from collections.abc import Collection
from dataclasses import dataclass, field

import requests
import structlog

from model.secret import Secret

log = structlog.get_logger("driftline.dead_man")

TIMEOUT_SECONDS = 10.0


@dataclass(slots=True)
class DeadMan:
    """Asks once after every round, that is once every source was read completely since the last time.

    It is asked on a thread of its own: an answer that does not come keeps nothing back.
    """

    _read: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def completed(self, source: str, sources: Collection[str], url: Secret | None) -> threading.Thread | None:
        """A source was read completely; give the thread on which is asked when that ends a round."""
        if url is None:
            return None
        with self._lock:
            self._read.add(source)
            if not self._read.issuperset(sources):
                return None
            self._read.clear()
        asking = threading.Thread(target=ask, args=[url], name="dead man", daemon=True)
        asking.start()
        return asking


def ask(url: Secret) -> bool:
    """Ask the address; tell whether it answered well. What goes wrong is logged without the address, which is a key
    (X1), and nothing but that."""
    address = url.reveal()
    if not address.startswith("https://"):
        log.error("dead_man.failed", error="service.dead_man_url is no https address")
        return False
    try:
        with (
            requests.Session() as session,
            session.get(
                address,
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
                stream=True,  # nothing of the answer is read but its status
                auth=lambda request: request,  # nothing from .netrc
            ) as answer,
        ):
            status = answer.status_code
    except (requests.RequestException, ValueError) as failure:
        log.warning("dead_man.failed", error=type(failure).__name__)
        return False
    if status // 100 != 2:
        log.warning("dead_man.failed", error=f"answered {status}")
        return False
    return True
