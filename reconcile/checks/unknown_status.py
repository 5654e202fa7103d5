"""A status of which nobody has said what it means: the work behind it is taken for open, whatever it is."""

from collections.abc import Iterator
from itertools import groupby

from model.findings import Claim, Evidence, Finding
from model.keys import normalise_key
from model.links import Role
from model.network import UnknownStatus
from reconcile.above import called
from reconcile.check import Check, CheckOptions, Verdict
from reconcile.world import World


class UnknownStatusCheck(Check[CheckOptions]):
    """A source uses a status that neither it nor the settings explain.

    What it finds
        Every status text of a source that no dictionary of the settings names and for which the source itself tells no
        category, once per source and text, with the number of work items that have it. Case and spaces do not count.
        Nothing is guessed: such work counts as neither begun nor ended until somebody says what the status means. A
        blank status is no status and is not told.

    Why it matters
        Work that is done may look open, and work that was dropped may still seem to support a promise.

    What to do
        Name the status under statuses: of the source: todo, doing, done or dropped.

    Example
        400 work items of the source tracker have the status Parked, of which is not known what it means.
    """

    name = "unknown-status"
    title = "A status of which is not known what it means"
    family = "truth"
    patterns = ("I16",)
    formula = "Count of work items per source and status text without a meaning."
    options_type = CheckOptions
    reads = frozenset({"status"})
    roles = frozenset[Role]()
    whole = True

    def find(self, world: World, options: CheckOptions) -> Iterator[Verdict]:
        """Yield one finding per source and status."""
        told = sorted((each for each in world.unknown_statuses if normalise_key(each.status)), key=_subject)
        for subject, group in groupby(told, key=_subject):
            yield self._finding(world, subject, list(group))

    def _finding(self, world: World, subject: str, found: list[UnknownStatus]) -> Finding:
        first = min(found, key=lambda each: each.example)
        number = sum(each.records for each in found)
        have = f"{number:,} work items of {first.source} have" if number > 1 else f"A work item of {first.source} has"
        record = world.record(first.example)
        where = world.where(first.example, "status")
        key = record.key if record else first.example
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(subject,),
            title=f"{have} the status {first.status}, of which is not known what it means",
            forecast=Claim(
                first.source, called(record) if record else key, f"has the status {first.status}", where=where
            ),
            evidence=(Evidence(first.example, key, "status", first.status, where),),
            advice=f"Say under statuses: of the source {first.source} what {first.status} means: todo, doing, done or "
            "dropped.",
            sources=(first.source,),
            upkeep=True,
        )

    def why_resolved(self, finding: Finding, world: World, options: CheckOptions) -> str:
        """The meaning was told, or nothing has the status any more."""
        return "it is known what the status means, or no work item has it any more"


def _subject(found: UnknownStatus) -> str:
    """The text is what identifies a status; sources know no other id of it that all its work items bear."""
    return f"{found.source}:status {normalise_key(found.status)}"
