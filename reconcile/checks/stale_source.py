"""A source that is not read to its end: what it says may be true no longer (I55, F3.6)."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from model.findings import Claim, Evidence, Finding, Severity
from model.links import Role
from model.options import Duration
from model.runs import Coverage
from reconcile.check import Check, CheckOptions, Verdict
from reconcile.wording import day_text
from reconcile.world import World

_DAY = timedelta(days=1)


class StaleSourceOptions(CheckOptions):
    """Options of the check stale-source."""

    after: Duration = timedelta(hours=36)
    """How long a source may fail to be read to its end before it is told; a daily one may fail once."""
    unread_after: Duration = timedelta(weeks=2)
    """How long ago the last complete reading may lie where nothing failed; longer than the rarest every of a source."""
    sources: Annotated[Mapping[str, Duration], Field(examples=[{"savings": "3d"}])] = {}
    """Sources that may lag for another time than the others, whether they fail or not."""


class StaleSource(Check[StaleSourceOptions]):
    """A source was not completely read for longer than expected.

    What it finds
        Every source whose last reading failed or broke off and whose last complete reading lies further back than 36
        hours; and every source that nothing has read to its end for two weeks, although nothing failed. A source of
        which another interval is expected has its own limit. One that was never read has no age: status and the
        digest's data health tell it.

    Why it matters
        What was found in it is held, and what has changed in it since is not seen: its figures are those of that day.

    What to do
        Mend what the source's last error says; then run driftline sync for it.

    Example
        salesforce was last read completely on 12 Sep 2026, 2 days ago: the token has expired.
    """

    name = "stale-source"
    title = "A source was not completely read for too long"
    family = "truth"
    patterns = ("F3.6", "I55")
    formula = "Now - last complete reading > limit."
    options_type = StaleSourceOptions
    reads = frozenset[str]()
    roles = frozenset[Role]()
    whole = True

    def find(self, world: World, options: StaleSourceOptions) -> Iterator[Verdict]:
        """Yield one finding per source; it rests on no reading, so that no failed one can hold it."""
        for entry in sorted(world.coverage, key=lambda entry: entry.source):
            if _is_stale(world, options, entry):
                yield self._finding(world, options, entry)

    def _finding(self, world: World, options: StaleSourceOptions, entry: Coverage) -> Finding:
        name, day = entry.source, entry.as_of or world.now
        since, lag = f"was last read completely on {day_text(day.date())}", f", {_lag_text(world.now - day)} ago"
        error = f": {entry.error}" if entry.error else ""
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(f"{name}:source",),
            title=f"{name} {since}{lag}{error}",
            commitment=Claim("settings", name, f"may lag for {_lag_text(_limit(options, entry))}"),
            forecast=Claim(name, name, f"{since}{lag}", day.date()),
            evidence=(
                Evidence(f"{name}:source", name, "last complete reading", day.isoformat()),
                *([Evidence(f"{name}:source", name, "error", entry.error)] if entry.error else []),
            ),
            severity=Severity.MINOR,
            advice=f"Mend what {name} says, then run: driftline sync {name}",
            upkeep=True,
        )

    def why_resolved(self, finding: Finding, world: World, options: StaleSourceOptions) -> str:
        name = finding.subjects[0].removesuffix(":source")
        entry = next((each for each in world.coverage if each.source == name), None)
        if entry is None:
            return f"{name} is no source any more"
        if entry.complete and entry.as_of is not None:
            return f"{name} was completely read on {day_text(entry.as_of.date())}"
        return f"{name} may lag for {_lag_text(_limit(options, entry))} now"


def _is_stale(world: World, options: StaleSourceOptions, entry: Coverage) -> bool:
    return entry.as_of is not None and world.now - entry.as_of > _limit(options, entry)


def _limit(options: StaleSourceOptions, entry: Coverage) -> timedelta:
    general = options.unread_after if entry.complete else options.after
    return options.sources.get(entry.source, general)


def _lag_text(lag: timedelta) -> str:
    """``36 hours`` up to two days, whole days from then on: what is told every day must not change every hour."""
    if lag < 2 * _DAY:
        hours = int(lag / timedelta(hours=1))
        return f"{hours} hour{'' if hours == 1 else 's'}"
    return f"{lag.days:,} days"
