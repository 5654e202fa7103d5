"""``driftline links``: which records serve what, how much of the work and money is covered, where the gaps are."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from cli.output import print_json, say, talk
from cli.today import today_of
from cli.wording import count
from cli.workspace import NOTHING_READ, START_READING, load_configuration, read_store

if TYPE_CHECKING:
    from config.load import Configuration
    from mapping.coverage import LinkCoverage, Placed
    from state.store import Store

LISTED = 50


@click.command("links", short_help="List which records serve what, the coverage and the gaps.")
@click.option("--source", help="Only records of this source.")
@click.option("--owner", help="Only records of this owner.")
@click.option("--objective", help="Only records that serve this objective or one below it.")
@click.option("--unlinked", is_flag=True, help="Only records that serve nothing.")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=LISTED,
    show_default=True,
    help="How many records are listed; 0 lists all. JSON holds all unless this is given.",
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    source: str | None,
    owner: str | None,
    objective: str | None,
    unlinked: bool,
    limit: int,
    as_json: bool,
) -> None:
    """List what the stored records are linked to by the rules as they stand now, and how far they are covered.

    Coverage is by count and by money, per source and per owner: the amount of open deals and the plan of savings.
    --source and --owner choose what is covered; --objective and --unlinked choose what is listed. Releases and sprints
    count only where a rule links them. The path to impact is the share of linked work whose objective, or one above it
    below the level of a portfolio, plans an amount or has priced deals, priced savings or measurements.

    JSON: an object with records (each with record_id, source, kind, key, title, owner, links, needs, account and
    money), more (records left out), coverage (total, by_source, by_owner, impact) and gaps.
    """
    if unlinked and objective is not None:
        raise click.UsageError("--unlinked and --objective exclude each other")
    configuration = load_configuration(ctx)
    subtree = _subtree(configuration, objective)
    _known_source(configuration, source)
    explicit = ctx.get_parameter_source("limit") is not click.core.ParameterSource.DEFAULT
    most = limit if explicit or not as_json else 0

    def wanted(each: "Placed") -> bool:
        if unlinked:
            return not each.links
        return subtree is None or any(link.objective_id in subtree for link in each.links)

    with read_store(configuration) as store:
        if store is None:
            _nothing_read(as_json)
            return
        from mapping.coverage import Counting, Gap, Impact

        counting = Counting(configuration.mapping.tree)
        listed: list[Placed] = []
        more = 0
        for each in _chosen(store, configuration, source, owner):
            counting.add(each)
            if wanted(each):
                if most and len(listed) >= most:
                    more += 1
                else:
                    listed.append(each)
    found = counting.result()
    if source is not None or owner is not None:
        # What others bring to an objective was not looked at.
        without = replace(found.gaps, objectives_without_work=(), work_without_impact=Gap())
        found = replace(found, gaps=without, impact=Impact())
    if as_json:
        print_json(_as_json(listed, more, found))
    else:
        _show(configuration, listed, more, found)


def _chosen(
    store: "Store", configuration: "Configuration", source: str | None, owner: str | None
) -> Iterator["Placed"]:
    """The placed records of a source and an owner; raise UsageError when the owner has none."""
    from mapping.wording import did_you_mean
    from model.errors import UsageError
    from model.keys import normalise_key
    from pipeline.coverage import placings

    owners: set[str] = set()
    met = False
    for each in placings(store, configuration, today_of(configuration)):
        if each.owner:
            owners.add(each.owner)
        if source is not None and each.source != source:
            continue
        if owner is not None and normalise_key(each.owner or "") != normalise_key(owner):
            continue
        met = True
        yield each
    if owner is not None and not met and normalise_key(owner) not in {normalise_key(each) for each in owners}:
        raise UsageError(f"no record has the owner {owner}", hint=did_you_mean(owner, sorted(owners), "owners"))


def _subtree(configuration: "Configuration", objective: str | None) -> frozenset[str] | None:
    from mapping.wording import did_you_mean
    from model.errors import UsageError

    tree = configuration.mapping.tree
    if objective is None:
        return None
    if objective not in tree:
        known = [each.id for each in tree.objectives]
        hint = did_you_mean(objective, known, "the objectives are") or "driftline objectives list shows them"
        raise UsageError(f"there is no objective {objective}", hint=hint)
    return tree.subtree([objective])


def _known_source(configuration: "Configuration", source: str | None) -> None:
    from mapping.wording import did_you_mean
    from model.errors import UsageError

    known = list(configuration.settings.sources)
    if source is not None and source not in known:
        raise UsageError(f"there is no source named {source}", hint=did_you_mean(source, known, "the sources are"))


def _nothing_read(as_json: bool) -> None:
    if as_json:
        print_json({"records": [], "more": 0, "coverage": None, "gaps": None})
    else:
        talk(f"No links: {NOTHING_READ}; {START_READING}")


def _as_json(listed: Iterable["Placed"], more: int, found: "LinkCoverage") -> dict[str, object]:
    by_owner = [{"owner": owner, "tally": tally} for owner, tally in found.by_owner.items()]
    return {
        "records": list(listed),
        "more": more,
        "coverage": {"total": found.total, "by_source": found.by_source, "by_owner": by_owner, "impact": found.impact},
        "gaps": found.gaps,
    }


def _show(configuration: "Configuration", listed: list["Placed"], more: int, found: "LinkCoverage") -> None:
    from cli.coverage_view import print_coverage, print_gaps, print_links

    if listed:
        print_links(listed)
        if more:
            say(f"and {count(more, 'more record')} (--limit 0 lists all)")
    else:
        talk("No records.")
    say()
    print_coverage(found)
    say()
    print_gaps(found.gaps, configuration.mapping.tree)
