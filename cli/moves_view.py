"""Who moved which date of a record when, how often and how far, and what was approved."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cli.output import say
from cli.plain import plain
from cli.table import print_pairs
from cli.wording import count, day, label, lateness, moment
from model.records import Move, Record

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from config.load import Configuration
    from reconcile.baselines import Baselines, DateHistory
    from state.records import Revision

MOST_MOVES = 12
"""So many moves are shown, the latest; the sum above them counts all."""


def moves_of_record(record: Record, revisions: "Sequence[Revision]") -> tuple[Move, ...]:
    """All date moves: the source's changelog and, where it is silent, what was seen to change."""
    from state.moves import moves_of

    return moves_of(record, [(each.seen_at, each.record) for each in revisions if each.record is not None])


def print_moves(record: Record, revisions: "Sequence[Revision]", configuration: "Configuration") -> None:
    """The sum of the moves of each date, then the moves themselves; nothing where no date ever moved."""
    from reconcile.baselines import date_histories

    zone, moves = configuration.settings.business.zone, moves_of_record(record, revisions)
    _print_baselines(record, baselines_of_record(record, moves, configuration))
    if not moves:
        return
    say()
    say("dates that moved", bold=True)
    print_pairs([(label(each.field), history_says(each, zone)) for each in date_histories(moves)], indent=2)
    if len(moves) > MOST_MOVES:
        say(f"  the last {MOST_MOVES} of {count(len(moves), 'move')}:")
    rows = [
        (moment(move.at, zone), f"{label(move.field)}: {day(move.old)} → {day(move.new)}", _told_by(move, record))
        for move in moves[-MOST_MOVES:]
    ]
    print_pairs(rows, indent=2)


def history_says(each: "DateHistory", zone: "ZoneInfo") -> str:
    """``pushed 3 times by 42 days together, 42 days late against 1 Jul 2026; last by ann on 3 Sep 2026``."""
    told = [
        f"{verb} {_times(times)} by {count(days, 'day')}{' together' if times > 1 else ''}"
        for verb, times, days in (
            ("pushed", each.pushes, each.pushed_days),
            ("pulled in", each.pulls, each.pulled_days),
        )
        if times
    ]
    said = " and ".join(told) or ("set" if each.now else "cleared")
    if told and each.original is not None and each.days is not None:
        said += f", now {lateness(each.days)} against {day(each.original)}"
    return f"{said}; last by {each.last.by or 'somebody'} on {day(each.last.at.astimezone(zone))}"


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number:,} times")


def _told_by(move: Move, record: Record) -> str:
    """Who moved it, as the source tells; what only we saw has no name and the time at which it was seen."""
    return f"by {move.by or 'somebody'}" if move in record.moves else "seen in a reading; its source does not tell who"


def baselines_of_record(record: Record, moves: Sequence[Move], configuration: "Configuration") -> "Baselines":
    """What was approved for a record, where the settings name the field that says so."""
    from reconcile.baselines import record_baselines

    return record_baselines(record, moves, configuration.settings.reconcile.approved_date_field)


def _print_baselines(record: Record, found: "Baselines") -> None:
    from reconcile.baselines import planned_field

    if not found.approved:
        return
    field = planned_field(record)
    say()
    say("approved", bold=True)
    print_pairs(baseline_rows(found, getattr(record, field) if field else None), indent=2)


def baseline_rows(found: "Baselines", now: Any) -> list[tuple[str, str]]:
    """One row per approved date, the original first, and how far the planned day lies behind them."""
    rows = []
    for number, each in enumerate(found.approved):
        name = "original" if number == 0 else "in force" if number == len(found.approved) - 1 else "re-baselined"
        said = day(each.target)
        if each.approved_by:
            said += f", approved by {each.approved_by}"
        if each.approved_on:
            said += f" on {day(each.approved_on)}" if each.approved_by else f", approved on {day(each.approved_on)}"
        rows.append((name, said))
    slip, whole = found.slip(now), found.slip_from_original(now)
    if slip is not None and whole is not None:
        against = f"; {lateness(whole)} against the original" if found.moved_days else ""
        rows.append(("planned now", f"{day(now)}, {lateness(slip)}{against}"))
    return rows


def dates_json(record: Record, revisions: "Sequence[Revision]") -> list[dict[str, Any]]:
    """The history of each date as JSON."""
    from reconcile.baselines import date_histories

    found = date_histories(moves_of_record(record, revisions))
    return [{**plain(each), "days": each.days} for each in found]
