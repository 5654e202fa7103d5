"""An owner that is no single person: a list, a group, a team, or somebody who is still to be named (domain I2, I3)."""

from collections.abc import Iterator

from model.findings import Evidence, Finding
from model.keys import normalise_key, objective_node
from model.objectives import Objective
from model.persons import no_single_person
from model.records import Record
from reconcile.check import Check, CheckOptions, Unjudged, Verdict
from reconcile.ownership import AT_HAND_READS, at_hand_of_all, counted, owner_evidence, upkeep, why_not_looked_at
from reconcile.wording import listed
from reconcile.world import World


class SharedOwnerOptions(CheckOptions):
    """Options of the check shared-owner."""

    teams: tuple[str, ...] = ()
    """Names of teams and groups that do not look like one; case and spaces do not count."""
    persons: tuple[str, ...] = ()
    """Names that are one person although they look like several or like a group."""


class SharedOwner(Check[SharedOwnerOptions]):
    """An owner that is no single person: several names, a group, a team, or somebody still to be named.

    What it finds
        One finding per objective, which lists: that its own owner, or the owner of something it needs, is no single
        person; and the records at hand that serve it of which that is so. No single person is a list of names or
        addresses, the address of a group, the name of a team, a committee or a department, and a place-holder such as
        TBD. A role that one person holds (Head of Sales) is one person, what stands in brackets does not count, and
        a surname that is written first or has several words is no list.

    Why it matters
        What a committee owns, nobody owns: each of them waits for the others.

    What to do
        Name the one of them who answers for it. The committee goes under steering_committee.

    Example
        The owner of Growth, Steering committee Growth, is no single person.
    """

    name = "shared-owner"
    title = "An owner is no single person"
    family = "ownership"
    patterns = ("I2", "I3")
    formula = "Count of owners that are a list, a group, a team or a place-holder."
    options_type = SharedOwnerOptions
    reads = AT_HAND_READS | {"owner"}

    def find(self, world: World, options: SharedOwnerOptions) -> Iterator[Verdict]:
        """Yield one finding per objective with the owners that are no single person."""
        judge = _Judge(options)
        for objective, records in at_hand_of_all(world):
            shared = tuple(record for record in records if judge.why(record.owner))
            seen = tuple(record for record in shared if world.absence(record.id) is None)
            own = tuple(judge.own(world, objective))
            if own or seen:
                yield self._finding(world, objective, own, seen)
            elif shared:
                yield Unjudged((objective_node(objective.id),), f"{shared[0].key} is out of sight")

    def _finding(
        self, world: World, objective: Objective, own: tuple[tuple[str, str, str], ...], records: tuple[Record, ...]
    ) -> Finding:
        node, where = objective_node(objective.id), objective.location
        parts = [f"names as {what} {name}, which {why}" for what, name, why in own]
        parts += [f"is served by {counted(records)} of which the owner is no single person"] if records else []
        names = list(dict.fromkeys([name for _, name, _ in own] + [record.owner or "" for record in records]))
        return upkeep(
            self,
            world,
            objective,
            listed(parts),
            evidence=(
                *(Evidence(node, objective.id, what, name, where) for what, name, _ in own),
                *owner_evidence(world, records),
            ),
            advice=f"Name one person in place of {listed(names[:3] + ['others'] * (len(names) > 3))}.",
            sources={record.source for record in records},
        )

    def why_resolved(self, finding: Finding, world: World, options: SharedOwnerOptions) -> str:
        """One person was named, or it is not at hand any more."""
        return why_not_looked_at(finding, world, is_over=False) or "every owner at hand is one person now"


class _Judge:
    """Whether a text is one person, as the options say."""

    def __init__(self, options: SharedOwnerOptions) -> None:
        self._teams = frozenset(map(normalise_key, options.teams))
        self._persons = frozenset(map(normalise_key, options.persons))

    def why(self, owner: str | None) -> str | None:
        """Why an owner is no single person; None for one, and for none: that is told by no-owner."""
        if not owner or normalise_key(owner) in self._persons:
            return None
        return no_single_person(owner, self._teams)

    def own(self, world: World, objective: Objective) -> Iterator[tuple[str, str, str]]:
        """What is named, the text and why, for the owner of an objective and those of its needs."""
        if objective.owner and (why := self.why(objective.owner)):
            yield "owner", objective.owner, why
        for edge in world.network.edges.get(objective_node(objective.id), ()):
            if edge.owner and (why := self.why(edge.owner)):
                yield f"owner of the need for {edge.wanted}", edge.owner, why
