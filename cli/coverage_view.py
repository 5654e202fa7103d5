"""How links, coverage and gaps are shown."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from cli.output import say
from cli.table import cell, print_pairs, print_table, watched
from cli.wording import count, money
from model.findings import Account

if TYPE_CHECKING:
    from rich.text import Text

    from mapping.coverage import Gap, Gaps, LinkCoverage, ObjectiveCoverage, Placed, Sum, Tally
    from model.links import Role
    from model.objectives import ObjectiveTree

MOST_OWNERS = 15
"""Owners that are listed on a terminal, those with the largest gaps."""
NOTHING = "–"
MONEY_WORDS = {Account.REVENUE: "open deals", Account.SAVINGS: "savings"}
_GAPS = {
    "work_without_objective": "work without objective",
    "work_without_impact": "work that leads to no money or KPI",
    "deals_without_objective": "open deals without objective",
    "savings_without_objective": "savings without objective",
    "deals_without_needs": "open deals that wait for nothing",
    "savings_without_needs": "savings that wait for nothing",
}


def print_links(records: Sequence["Placed"]) -> None:
    """One row per record; on a terminal the owner stands below the title and the rule below the objective."""
    if watched():
        print_table(
            ["record", "title and owner", "serves, by rule", "money"],
            [
                (
                    cell(each.key),
                    cell(each.title, each.owner or "nobody"),
                    cell(serves(each), ", ".join(dict.fromkeys(link.rule for link in each.links))),
                    cell(amount(each)),
                )
                for each in records
            ],
            right=[3],
        )
        return
    print_table(
        ["record", "source", "title", "owner", "serves", "rule", "money"],
        [
            (
                each.key,
                each.source,
                each.title,
                each.owner or NOTHING,
                serves(each),
                ", ".join(dict.fromkeys(link.rule for link in each.links)) or NOTHING,
                amount(each),
            )
            for each in records
        ],
    )


def serves(each: "Placed") -> str:
    """``M-101 promises``, or that it serves nothing."""
    return ", ".join(f"{link.objective_id} {link.role.value}" for link in each.links) or "nothing"


def amount(each: "Placed") -> str:
    """What hangs on a record."""
    if each.account is None:
        return ""
    return money(each.money.amount, each.money.currency) if each.money else "unknown"


def print_coverage(found: "LinkCoverage") -> None:
    """Coverage by count and by money: per source, in all and per owner."""
    _print_tallies("source", [*found.by_source.items(), ("all", found.total)])
    owners = sorted(
        found.by_owner.items(),
        key=lambda pair: (-max((each.unlinked for each in pair[1].sums), default=0), -pair[1].unlinked, pair[0] or ""),
    )
    shown = owners[:MOST_OWNERS] if watched() else owners
    say()
    domain = common_domain([owner for owner, _ in shown if owner]) if watched() else ""
    rows = [((owner or "nobody").removesuffix(domain), tally) for owner, tally in shown]
    _print_tallies(domain or "owner", rows)
    if len(owners) > len(shown):
        say(f"and {count(len(owners) - len(shown), 'more owner')} with smaller gaps (--json has them all)")
    if impact := impact_text(found):
        say()
        say(impact)


def impact_text(found: "LinkCoverage") -> str:
    """``83 % of 53 linked work items lead to money or a KPI``; empty where no work is linked."""
    impact = found.impact
    if not impact.work:
        return ""
    whole = count(impact.work, "linked work item")
    return f"path to impact: {percent(impact.leading, impact.work)} of {whole} lead to money or a KPI"


def common_domain(owners: Sequence[str]) -> str:
    """``@example.com`` where all addresses end so: said once, it leaves room for the figures."""
    domains = {f"@{owner.rpartition('@')[2]}" if "@" in owner else "" for owner in owners}
    return domains.pop() if len(domains) == 1 else ""


def _print_tallies(heading: str, rows: Iterable[tuple[str, "Tally"]]) -> None:
    headers = [heading, "records", "linked", *(text for name in MONEY_WORDS.values() for text in (name, "linked"))]
    print_table(
        headers,
        [
            (
                name,
                f"{tally.records:,}",
                percent(tally.linked, tally.records),
                *(part for account in MONEY_WORDS for part in _money_cells(tally.of(account))),
            )
            for name, tally in rows
        ],
        right=range(1, len(headers)),
    )


def _money_cells(sums: Sequence["Sum"]) -> tuple["Text", "Text"]:
    if not sums:
        return cell(NOTHING), cell("")
    return (
        cell(*(money(each.total, each.currency) for each in sums)),
        cell(*(percent(each.linked, each.total) for each in sums)),
    )


def percent(part: object, whole: object) -> str:
    """``87 %``, rounded down so that only all of it is 100 %; a dash for a part of nothing."""
    if not whole:
        return NOTHING
    return f"{part * 100 // whole:.0f} %"  # type: ignore[operator]


def print_gaps(gaps: "Gaps", tree: "ObjectiveTree") -> None:
    """What hangs in the air, with the foremost of it by name."""
    rows: list[tuple[str, str, str]] = []
    for name, words in _GAPS.items():
        gap: Gap = getattr(gaps, name)
        if gap.tally.records:
            rows.append((words, f"{gap.tally.records:,}{_worth(gap.tally.sums)}", _named(gap)))
    if gaps.objectives_without_work:
        ids = gaps.objectives_without_work
        rows.append(("objectives without work", f"{len(ids):,}", _listed(ids)))
    if not rows:
        say(f"no gaps: every record serves one of {count(len(tree.objectives), 'objective')}")
        return
    say("gaps", bold=True)
    print_pairs(rows, indent=2)


def _worth(sums: Sequence["Sum"]) -> str:
    return "".join(f", {money(each.total, each.currency)}" for each in sums)


def _named(gap: "Gap") -> str:
    return _listed([each.key for each in gap.foremost], gap.tally.records)


def _listed(names: Sequence[str], of: int | None = None) -> str:
    shown = names[:3]
    rest = (of if of is not None else len(names)) - len(shown)
    return ", ".join(shown) + (f" and {rest:,} more" if rest > 0 else "")


def roles(found: "Mapping[Role, int]") -> str:
    """``12 delivers, 3 saves`` in the order of the roles."""
    from model.links import Role

    return ", ".join(f"{found[role]:,} {role.value}" for role in Role if found.get(role))


def sums_text(found: "ObjectiveCoverage", separator: str = ", ") -> str:
    """The money below an objective, with what it is."""
    return separator.join(
        f"{money(each.total, each.currency)} {MONEY_WORDS[each.account].removeprefix('open ')}"
        for each in found.tally.sums
        if each.total
    )
