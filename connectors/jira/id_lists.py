"""Lists of issue ids, kept at eight bytes an id: what a site listed, and which id a key has."""

from array import array
from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import islice, pairwise, starmap
from operator import le

from connectors.jira.answers import Complaint, Json, row_id

_MOST_KEYS_PER_PROJECT = 10_000_000
"""Issue numbers above this are not kept by position: a single wrong one would cost all the memory."""


def numeric_id(row: Json, complain: Complaint) -> int:
    """The id of a row as a number; raise what ``complain`` makes when it has none."""
    native_id = row_id(row, complain)
    if not (native_id.isascii() and native_id.isdecimal()) or len(native_id) > 18:
        raise complain("answered an id that is none")
    return int(native_id)


def id_list(ids: Iterable[int] = ()) -> "array[int]":
    return array("q", ids)


def in_order(ids: "array[int]") -> "array[int]":
    """The ids from the smallest on; most lists are in this order already, because they are ordered by creation."""
    return ids if all(starmap(le, pairwise(ids))) else id_list(sorted(ids))


def distinct(*lists: "array[int]") -> Iterator[int]:
    """Every id of several lists that are in order, once: an issue may have moved from one to another meanwhile."""
    last = None
    for native_id in merge(*lists):
        if native_id != last:
            yield native_id
            last = native_id


def in_parts(ids: Iterable[int], size: int) -> Iterator[list[int]]:
    rest = iter(ids)
    while part := list(islice(rest, size)):
        yield part


class IdsByKey:
    """Which id each key has. Numbers in a project's keys are dense, so they are positions in a list of ids."""

    def __init__(self) -> None:
        self._projects: dict[str, array[int]] = {}

    def learn(self, key: str, native_id: int) -> None:
        project, number = _parted(key)
        if 0 < number <= _MOST_KEYS_PER_PROJECT:
            known = self._projects.setdefault(project, id_list())
            if len(known) <= number:
                known.extend([0] * (number + 1 - len(known)))
            known[number] = native_id

    def get(self, key: str) -> int | None:
        """The id, or None when the key was not learnt."""
        project, number = _parted(key)
        known = self._projects.get(project, ())
        return known[number] or None if 0 < number < len(known) else None


def _parted(key: str) -> tuple[str, int]:
    project, _, number = key.rpartition("-")
    return project, int(number) if number.isascii() and number.isdecimal() else 0
