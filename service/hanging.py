"""A source whose reading does not end counts as failed, also when only the end of the process ends it (P6)."""

import threading
from contextlib import suppress
from datetime import datetime, timedelta

from model.errors import DriftlineError
from model.options import format_duration
from state.store import Store

PATIENCE_SECONDS = 2.0
"""How long to wait for the state, which may be what hangs."""


def note_hanging(store: Store, source: str, deadline: timedelta, now: datetime) -> None:
    """Note a source as failed, unless what hangs keeps us from writing that too."""

    def note() -> None:
        with suppress(DriftlineError):
            run = next(iter(store.runs(1)), None)
            store.fail_source(run.id if run else 0, source, f"the reading did not end within {said}", now)

    said = format_duration(deadline)
    noting = threading.Thread(target=note, daemon=True)
    noting.start()
    noting.join(PATIENCE_SECONDS)
