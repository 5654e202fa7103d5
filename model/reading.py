"""What passes between a connector and the store while a source is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from model.errors import Problem
from model.records import Absence, Record


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a source has been read.

    ``position`` belongs to the connector: an ISO time (run start minus overlap) for an API, a content hash for a file.
    It is stored only after the last page.
    """

    position: str


@dataclass(frozen=True, slots=True)
class Container:
    """A project, an object or a sheet, as the roster shows it."""

    id: str
    name: str
    state: str = "visible"
    """``visible``, ``archived``, ``trashed`` or ``lost``: configured, but not shown to us any more."""
    problem: Problem | None = None
    """What to do about a container that is lost."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """One record that could not be normalised, with the reason (S10)."""

    native_id: str
    reason: str
    location: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """A record that was asked for by its id and is there, but not for us: ``why`` is never ``deleted``."""

    native_id: str
    why: Absence


@dataclass(frozen=True, slots=True)
class Page:
    """Some records that are stored together in one transaction.

    A connector may leave out records whose answers are those from which the stored ones were read: ``unchanged`` are
    their native ids then. ``digests`` has a digest of the answer for each of these, by native id, and for each of the
    records where one was made.
    """

    records: Sequence[Record]
    set_aside: Sequence[SetAside] = ()
    unchanged: Sequence[str] = ()
    digests: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FieldSample:
    """A configured field: our name for it, what it is at the source, and one of its values; empty when none was found
    among the first records."""

    name: str
    at_source: str
    sample: str = ""


@dataclass(frozen=True, slots=True)
class Probe:
    """What a first contact with a source showed: who we are there, what we see, what is missing.

    ``problems`` are things to mend that do not stop the read (a mapped field that no record fills, for example).
    ``fields`` is None where the connector leaves it to the caller to look for samples.
    """

    identity: str
    server: str
    containers: Sequence[Container] = ()
    counts: Sequence[tuple[str, int]] = ()
    problems: Sequence[Problem] = ()
    fields: Sequence[FieldSample] | None = None


@dataclass(frozen=True, slots=True)
class DiscoveredField:
    """A field or column that a source has.

    ``sample`` is one of its values as people see it, empty when none was found; ``containers`` are the names of those
    that have it. ``setting`` is what the configuration writes for it, ``kept_as`` the name or option under which it is
    read already.
    """

    id: str
    name: str
    kind: str
    sample: str = ""
    containers: Sequence[str] = ()
    setting: str = ""
    kept_as: str = ""


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a source could be configured to read.

    ``option`` is the one that takes extra fields, ``containers`` are all that the account sees, configured or not, and
    ``problems`` what kept us from looking everywhere. ``settings`` are the lines to paste below the source, where they
    are more than names and fields of that one option.
    """

    option: str
    containers: Sequence[Container] = ()
    fields: Sequence[DiscoveredField] = ()
    problems: Sequence[Problem] = ()
    settings: str = ""


@dataclass(frozen=True, slots=True)
class Observed:
    """A stored record with our own times: when it was first and last seen."""

    record: Record
    first_seen: datetime
    last_seen: datetime
