"""Who moved the date that resolved a finding: added to the reason, from the changelogs of the sources."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import tzinfo

from model.findings import TrackedFinding, Transition, TransitionKind
from model.records import Move
from reconcile.lifecycle import Advance
from reconcile.wording import day_text
from state.store import Store

_AGREE_AGAIN = "the tools agree again"


def with_movers(step: Advance, tracked: Mapping[str, TrackedFinding], store: Store, zone: tzinfo) -> Advance:
    """Let what resolved by a date that moved say who moved it and when, as far as its source tells."""
    gone = {each.fingerprint: tracked[each.fingerprint] for each in step.transitions if _is_resolved(each, tracked)}
    if not gone:
        return step
    nodes = {node for entry in gone.values() for node in _nodes(entry)}
    with store.view() as view:
        moves = view.moves(sorted(nodes))
    return replace(
        step,
        transitions=tuple(
            _told(each, gone[each.fingerprint], moves, zone) if _is_resolved(each, tracked) else each
            for each in step.transitions
        ),
    )


def _is_resolved(step: Transition, tracked: Mapping[str, TrackedFinding]) -> bool:
    return step.kind is TransitionKind.RESOLVED and step.fingerprint in tracked


def _nodes(entry: TrackedFinding) -> list[str]:
    """The records whose dates the finding was about: its subjects, and all that bound them."""
    finding = entry.finding
    return [*finding.subjects, *(step.node for step in finding.chain), *filter(None, [finding.cause])]


def _told(step: Transition, entry: TrackedFinding, moves: Mapping[str, Sequence[Move]], zone: tzinfo) -> Transition:
    keys = {part.node: part.key for part in entry.finding.chain}
    since = [
        (move, keys.get(node, entry.finding.commitment.key if entry.finding.commitment else node))
        for node in dict.fromkeys(_nodes(entry))
        for move in moves.get(node, ())
        if move.by and move.at >= entry.opened_at
    ]
    for move, key in sorted(since, key=lambda each: each[0].at, reverse=True):
        day = day_text(move.at.astimezone(zone).date())
        if move.new and day_text(move.new) in step.reason:
            moved = "" if " moved from " in step.reason else "moved "
            return replace(step, reason=f"{step.reason}, {moved}by {move.by} on {day}")
        if step.reason == _AGREE_AGAIN:
            return replace(step, reason=f"{step.reason}: {_moved(move, key)} by {move.by} on {day}")
    return step


def _moved(move: Move, key: str) -> str:
    sides: Iterable[str] = (day_text(day) if day else "blank" for day in (move.old, move.new))
    return f"{key} {move.field.replace('_', ' ')} moved from {' to '.join(sides)}"
