"""The dead man's question of all workers together: asked once every source was read completely since the last time."""

import json
import threading
from collections.abc import Collection

from model.secret import Secret
from service.dead_man import ask
from state.store import Store

NOTE = "dead-man-read"


class RoundTrip:
    """Kept in the state, because each source may be read by another worker; only under the claim of the findings."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def completed(self, read: Collection[str], sources: Collection[str], url: Secret | None) -> None:
        """These sources were read completely; ask, on a thread of its own, when that ends a round."""
        if url is None:
            return
        known = {*json.loads(self._store.note(NOTE) or "[]"), *read}
        through = known.issuperset(sources)
        self._store.set_note(NOTE, None if through else json.dumps(sorted(known)))
        if through:
            threading.Thread(target=ask, args=[url], name="dead man", daemon=True).start()
