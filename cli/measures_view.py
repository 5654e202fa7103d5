"""How the measures of Driftline itself are shown: reality latency, coverage, decisions and the first mail."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cli.coverage_view import MONEY_WORDS, NOTHING, percent
from cli.output import say
from cli.table import print_pairs, print_table, watched
from cli.wording import count, moment, money
from model.measures import span

if TYPE_CHECKING:
    from model.measures import DecisionRate, Latency, LinkedShare, Measures, ObjectiveLatency

OBJECTIVES = {"objective": "objectives file"}
MOST_OBJECTIVES = 15
"""Objectives that are listed on a terminal, those that learned last."""


def show_measures(measures: "Measures | None", zone: ZoneInfo) -> None:
    """The measures as tables and lines; None when no run has measured anything."""
    if measures is None:
        say("nothing was measured yet: the measures come with the next driftline sync")
        return
    say(f"the {measures.days} days before {moment(measures.at, zone)}")
    say()
    heads = ("reality latency", "told: median", "worst", "of", "reflected: median", "worst", "of")
    print_table(heads, list(_rows(measures)), right=range(1, len(heads)))
    left_out = len(measures.objectives) - MOST_OBJECTIVES if watched() else 0
    if left_out > 0:
        say(f"and {count(left_out, 'more objective')} that learned sooner (--json has them all)")
    say()
    print_pairs(
        [
            ("first mail", _first_mail(measures.first_mail)),
            *_coverage(measures.coverage, zone),
            ("decisions", _decisions(measures.decisions)),
            *_unknown(measures),
        ]
    )


def _rows(measures: "Measures") -> Iterator[Sequence[str]]:
    yield ("all", *_cells(measures.told), *_cells(measures.reflected))
    for pair in measures.pairs:
        name = f"{_tool(pair.changed_in)} -> {_tool(pair.other)}"
        yield (name, *_cells(pair.told), *_cells(pair.reflected))
    for each in _slowest_first(measures.objectives)[: MOST_OBJECTIVES if watched() else None]:
        yield (each.objective_id, *_cells(each.told), *_cells(each.reflected))


def _slowest_first(objectives: "Sequence[ObjectiveLatency]") -> "Sequence[ObjectiveLatency]":
    return sorted(objectives, key=lambda each: (-(each.told.worst_seconds or 0), each.objective_id))


def _tool(source: str) -> str:
    return OBJECTIVES.get(source, source)


def _cells(latency: "Latency") -> tuple[str, str, str]:
    whole = latency.measured + latency.unknown + latency.waiting
    if latency.median_seconds is None or latency.worst_seconds is None:
        return NOTHING, NOTHING, f"0 of {whole:,}"
    return span(latency.median_seconds), span(latency.worst_seconds), f"{latency.measured:,} of {whole:,}"


def _first_mail(latency: "Latency") -> str:
    waiting = f"; {latency.waiting:,} not mailed yet" if latency.waiting else ""
    if latency.median_seconds is None or latency.worst_seconds is None:
        return f"none announced yet{waiting}"
    median, worst = span(latency.median_seconds), span(latency.worst_seconds)
    times = count(latency.measured, "disagreement")
    return f"median {median}, worst {worst} after Driftline first saw it ({times}{waiting})"


def _coverage(share: "LinkedShare | None", zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    if share is None:
        return
    linked = f"{percent(share.linked, share.records)} of {count(share.records, 'record')} linked"
    yield "coverage", f"{linked}, counted {moment(share.counted_at, zone)}"
    for each in share.money:
        yield (
            "",
            f"{percent(each.linked, each.total)} of {money(each.total, each.currency)} {MONEY_WORDS[each.account]}",
        )
    if share.unpriced:
        yield "", f"{count(share.unpriced, 'open deal or saving', 'open deals and savings')} without an amount"


def _decisions(rate: "DecisionRate") -> str:
    if not rate.findings:
        return "no finding asked for one"
    made = f"{rate.recorded:,} decided, {rate.accepted:,} accepted"
    ways = f"{made}, {rate.acknowledged:,} acknowledged, {rate.commitment_changed:,} replanned"
    rest = f"{rate.undecided:,} undecided, {rate.ended_otherwise:,} gone without one"
    return f"{percent(rate.decided, rate.findings)} of {count(rate.findings, 'finding')} ({ways}; {rest})"


def _unknown(measures: "Measures") -> Iterator[tuple[str, str]]:
    told, reflected = measures.told.unknown, measures.reflected.unknown
    if told or reflected:
        yield "unknown", f"when the fact changed behind {told:,} told and {reflected:,} reflected: no history tells it"
