"""What a run did not dare to conclude about a source, and who allowed it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from model.records import Absence


class Doubt(StrEnum):
    """Why a source is held: too much is gone, somebody else is signed in, or fields are of another type."""

    LOSS = "loss"
    IDENTITY = "identity"
    SHAPE = "shape"


@dataclass(frozen=True, slots=True)
class Loss:
    """How many of the records of one container are gone; ``name`` is empty for records without a container."""

    container: str
    name: str
    lost: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What is held of a source until somebody approves it, or until it proves to have been a mistake.

    ``native_ids`` are the records that would count as deleted or moved, in order. ``identity_now`` is who the source
    says that we are, ``identity_before`` who we were when it was last trusted.
    """

    source: str
    doubt: Doubt
    reason: str
    since: datetime
    native_ids: Sequence[str] = ()
    containers: Sequence[Loss] = ()
    identity_before: str = ""
    identity_now: str = ""

    def asks_the_same(self, other: "Held") -> bool:
        """Whether an approval of the other one would be an approval of this one."""
        return (self.doubt, tuple(self.native_ids), self.identity_now) == (
            other.doubt,
            tuple(other.native_ids),
            other.identity_now,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Somebody's word that what was held is true. It counts for what was shown, and for one run of the source."""

    id: int
    held: Held
    by: str
    reason: str
    at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a stored record that is not gone belongs, and why it is out of sight (None: it is present)."""

    container: str
    absence: Absence | None
