"""Work that serves no objective, and how much of what a team finishes does not."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from model.findings import Claim, Evidence, Finding
from model.links import Role
from model.work_counts import Unserved
from reconcile.above import called
from reconcile.check import Blind, Check, CheckOptions, Verdict
from reconcile.counts import NOT_COUNTED, counts_of, weeks_ago
from reconcile.values import percent_of
from reconcile.wording import day_text
from reconcile.world import World


class OrphanWorkOptions(CheckOptions):
    """Options of the check orphan-work."""

    weeks: Annotated[int, Field(ge=1, le=52)] = 8
    """How many whole weeks back finished work is looked at, the current week included."""
    percent: Annotated[Decimal, Field(gt=0, le=100)] = Decimal(50)
    """From how many percent of a team's finished work on that serves no objective it is told."""
    least: Annotated[int, Field(ge=1)] = 10
    """How many pieces of work that serve no objective a team must have finished before it is told."""


class OrphanWork(Check[OrphanWorkOptions]):
    """Much of what a team finishes serves no objective.

    What it finds
        A team, that is, a project or container of a source, of which at least half of what it finished in the last 8
        weeks serves no objective, 10 pieces or more (I7, I28). Work serves an objective when it, what contains it or
        one of their releases is linked to one by a rule, in whatever role. Only the smallest pieces count: an epic does
        not count beside its stories. Share = finished without objective / finished. What the team is working on now is
        shown beside it. It says that no rule links the work, not that the work is worth nothing.

    Why it matters
        Speed without a direction is noise: nobody can say what such work brings, and nobody misses it when it is late.

    What to do
        Write a rule that links the work to what it serves, or let whoever asked for it say what it is for.

    Example
        Of 40 pieces of work that jira/OPS finished since 20 Jul 2026, 26 serve no objective: 26 / 40 = 65 %.
    """

    name = "orphan-work"
    title = "Much of what a team finishes serves no objective"
    family = "flow"
    patterns = ("I7", "I28")
    formula = "Share = finished without an objective / finished, of a team, in the last whole weeks."
    options_type = OrphanWorkOptions
    reads = frozenset({"status", "finished", "parent", "releases", "container"})
    roles = frozenset(Role)
    daily = True

    def find(self, world: World, options: OrphanWorkOptions) -> Iterator[Verdict]:
        """Yield one finding per team."""
        counts = counts_of(world)
        if counts is None:
            yield NOT_COUNTED
            return
        teams = counts.unserved(weeks_ago(world.today, options.weeks))
        for source in sorted({each.source for each in teams}):
            several = [each for each in teams if each.source == source]
            if all(each.finished == each.finished_for_none for each in several) and not _links(several):
                yield Blind(f"no work of {source} that is done or begun serves an objective", (source,))
            else:
                yield from (self._finding(world, options, each) for each in several if _is_told(options, each))

    def _finding(self, world: World, options: OrphanWorkOptions, team: Unserved) -> Finding:
        since = day_text(weeks_ago(world.today, options.weeks))
        share = percent_of(team.finished_for_none, team.finished)
        record = world.record(team.example) if team.example else None
        key = record.key if record else team.team
        where = world.where(team.example) if team.example else ""
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(_subject(team),),
            title=f"{team.finished_for_none:,} of {team.finished:,} pieces of work that {team.team} finished since "
            f"{since} serve no objective ({share} %)",
            forecast=Claim(team.source, called(record) if record else key, "serves no objective", where=where),
            evidence=tuple(_evidence(team, share, key, where)),
            advice=f"Write a rule that links the work of {team.team} to what it serves; see driftline suggest.",
            sources=(team.source,),
            upkeep=True,
        )

    def why_resolved(self, finding: Finding, world: World, options: OrphanWorkOptions) -> str:
        """What the count says is not known any more; the share fell below what is told."""
        return "enough of what the team finishes serves an objective, or it finished less"


def _links(teams: list[Unserved]) -> bool:
    """Whether anything that is being done serves an objective."""
    return any(each.doing > each.doing_for_none for each in teams)


def _is_told(options: OrphanWorkOptions, team: Unserved) -> bool:
    lost = team.finished_for_none
    return lost >= options.least and lost * 100 >= options.percent * team.finished


def _subject(team: Unserved) -> str:
    """The name of a container is all that a source calls it by on its work."""
    return f"{team.source}:team {team.team}"


def _evidence(team: Unserved, share: Decimal, key: str, where: str) -> Iterator[Evidence]:
    finished = f"{team.finished_for_none:,} of {team.finished:,} serve no objective ({share} %)"
    yield Evidence(_subject(team), team.team, "finished", finished)
    if team.doing:
        yield Evidence(
            _subject(team), team.team, "being done", f"{team.doing_for_none:,} of {team.doing:,} serve no objective"
        )
    if team.example is not None:
        yield Evidence(team.example, key, "objective", "none", where)
