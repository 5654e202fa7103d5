"""Approving what a run held: too large a loss, another account, fields of another type."""

from datetime import datetime

import structlog

from model.errors import UsageError
from model.trust import Doubt, Held
from pipeline.drift import accept_shape, waits_for_approval
from pipeline.trust import approving
from state.store import Store

log = structlog.get_logger("driftline.approval")


def what_is_held(store: Store, source: str) -> Held | None:
    """What somebody could approve of a source; None when nothing is held.

    Fields of another type come first: nothing else is looked at before they are approved or put right.
    """
    if not waits_for_approval(store, source):
        return store.held(source)
    with store.view() as view:
        told = next(entry for entry in view.coverage() if entry.source == source)
    last = next((result for run in store.runs() for result in run.results if result.source == source), None)
    since = last.started_at if last else told.as_of
    assert since is not None
    return Held(source=source, doubt=Doubt.SHAPE, reason=told.error, since=since)


def approve_held(store: Store, shown: Held, *, by: str, reason: str, now: datetime) -> None:
    """Let the next run of a source conclude what was shown; raise UsageError when it changed meanwhile."""
    if shown.doubt is Doubt.SHAPE and not accept_shape(store, shown.source):
        raise UsageError(
            f"what is held of {shown.source} changed while you looked at it",
            location=shown.source,
            hint=f"look again: {approving(shown.source)}",
        )
    store.approve(shown, by=by, reason=reason, now=now)
    log.info("approval.given", source=shown.source, by=by, reason=reason, doubt=shown.doubt.value)
