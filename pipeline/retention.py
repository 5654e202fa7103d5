"""What is kept for how long: once a day what lies beyond the settings' retention is forgotten."""

import threading
from datetime import datetime, timedelta

import structlog

from config.load import Configuration
from pipeline.judge import business_day
from state.prune import Horizons, Pruned, prune
from state.store import Store

log = structlog.get_logger("driftline.retention")

PRUNED_ON = "pruned-on"
"""The note with the last business day on which all was pruned."""


def horizons(
    configuration: Configuration,
    now: datetime,
    *,
    keep_revisions: timedelta | None = None,
    keep_mails: timedelta | None = None,
) -> Horizons:
    """From when on things are kept, by the settings or as somebody asks for."""
    kept = configuration.settings.state.retention
    return Horizons(
        past=now - (kept.keep_revisions if keep_revisions is None else keep_revisions),
        mails=now - (kept.keep_mails if keep_mails is None else keep_mails),
    )


def prune_daily(store: Store, configuration: Configuration, *, now: datetime, stop: threading.Event) -> Pruned | None:
    """Prune unless that was done today; None when it was. A stop in between leaves the rest to the next time."""
    today = business_day(now, configuration.settings.business.zone).isoformat()
    if store.note(PRUNED_ON) == today:
        return None
    done = prune(store, horizons(configuration, now), stop=stop.is_set)
    if not stop.is_set():
        store.set_note(PRUNED_ON, today)
    if done:
        log.info("state.pruned", revisions=done.revisions, mails=done.mails, runs=done.runs, measures=done.measures)
    return done
