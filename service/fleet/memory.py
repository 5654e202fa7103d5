"""What a worker judged last is kept in its memory, and counts only as long as no other one judged anything since."""

import hashlib
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.standing import Standing
from state.store import Store

JUDGED_NOTE = "workers-judged"
"""In which queue the worker looks that judges or did so last, and after a space the mark of its judgement; none while
it judges, and after it was killed then."""
NEAR = "near-"
"""How the queues begin that only one worker takes from."""


def queue_near(holder: str) -> str:
    """The queue of one worker alone; short, because the database listens to it by its name."""
    return NEAR + hashlib.blake2b(holder.encode(), digest_size=6).hexdigest()


def near_the_last(store: Store) -> str | None:
    """The queue of the worker that judged last, which will be the quickest; None when none did."""
    return (store.note(JUDGED_NOTE) or "").partition(" ")[0] or None


class Memory:
    """The last judgement of this process, with the mark that the state had after it."""

    def __init__(self) -> None:
        self._standing: Standing | None = None
        self._mark: str | None = None
        self._lock = threading.Lock()

    @contextmanager
    def judging(self, mine: Store, holder: str) -> Iterator[Standing]:
        """Give what a judgement may begin from: what this process judged, if the state still has the mark of that,
        otherwise nothing, so that everything is judged. ``mine`` writes under the claim to the findings.

        A block that raises, or a process that is killed within it, leaves no mark and no memory.
        """
        with self._lock:
            standing, mark = self._standing, self._mark
            self._standing = self._mark = None
        if standing is None or mine.note(JUDGED_NOTE) != mark:
            standing = Standing()
        near = queue_near(holder)
        mine.set_note(JUDGED_NOTE, near)
        yield standing
        mark = f"{near} {uuid.uuid4().hex}"
        mine.set_note(JUDGED_NOTE, mark)
        with self._lock:
            self._standing, self._mark = standing, mark
