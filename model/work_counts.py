"""Counts of work that are asked of the store about little at a time: what came and went, and what serves nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Inflow:
    """What came and what was finished since a day, of one type of work of one team that delivers some objectives.

    A team is a container of a source, as ``jira/AUR``. Only the smallest pieces of work count: an epic does not count
    beside its stories. ``created`` counts the pieces that are there by the day they were made, ``finished`` those that
    are done by the day of their end. ``open`` have not ended; ``begun`` of them are being worked on, and ``unstarted``
    is the earliest planned start of the others. ``dropped`` were dropped and changed last on that day or later, or
    nobody knows when. ``undated`` are open or were finished since, and nobody knows when they were made.
    """

    source: str
    team: str
    type: str = ""
    created: Mapping[date, int] = field(default_factory=dict)
    finished: Mapping[date, int] = field(default_factory=dict)
    open: int = 0
    begun: int = 0
    dropped: int = 0
    undated: int = 0
    unstarted: date | None = None


@dataclass(frozen=True, slots=True)
class Unserved:
    """How much of what a team has finished since a day, or works on now, serves no objective.

    Work serves an objective that it, what contains it or one of their releases is linked to. ``example`` is the id of
    one piece that serves none.
    """

    source: str
    team: str
    finished: int = 0
    finished_for_none: int = 0
    doing: int = 0
    doing_for_none: int = 0
    example: str | None = None


@dataclass(frozen=True, slots=True)
class Mention:
    """How many work items of some types, made since a day, bear one text as a label or a component.

    A blank ``text`` counts all of them in the source, whatever they bear. ``example`` is the id of one of them.
    """

    source: str
    text: str
    records: int
    example: str
