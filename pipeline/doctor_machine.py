"""The machine under examination: room on the disk, and the clock."""

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import available_timezones

from sqlalchemy import text

from pipeline import doctor_postgres
from pipeline.doctor import Diagnosis, Patient, failed, ok, warning
from state.engine import parse_url, sqlite_path
from state.schema import is_there
from state.store import Store

LEAST_FREE_BYTES = 64 * 2**20
"""Less is too little for one run."""
WISHED_FREE_BYTES = 512 * 2**20
CLOCK_OFF = timedelta(minutes=1)
CLOCK_WRONG = timedelta(minutes=5)
"""From here on cursors and sign-ins suffer: most systems refuse tokens of a clock so wrong."""

_MIB = 2**20


def disk(patient: Patient) -> Iterator[Diagnosis]:
    """Room where an SQLite state lies: a migration or a backup beside it takes as much again."""
    url = parse_url(patient.url)
    if url.get_backend_name() != "sqlite":
        yield from doctor_postgres.disk(url)
        return
    path = sqlite_path(url)
    if not path.absolute().parent.is_dir():
        return
    size = path.stat().st_size if path.exists() else 0
    free = shutil.disk_usage(path.absolute().parent).free
    told = f"{free / _MIB:,.0f} MiB free for a state of {size / _MIB:,.1f} MiB"
    if free < LEAST_FREE_BYTES:
        yield failed("disk", told, "free some space, or driftline db prune; nothing is lost when it is full")
    elif free < max(WISHED_FREE_BYTES, 2 * size):
        yield warning("disk", told, "free some space: a backup beside it takes as much again")
    else:
        yield ok("disk", told)


def clock(patient: Patient) -> Iterator[Diagnosis]:
    """The zone, and the machine's time against what was stored, the database's own, and those of the sources."""
    from pipeline.doctor_clocks import against_sources

    settings = patient.configuration.settings
    zone = settings.business.zone.key
    if zone not in available_timezones():
        yield failed("clock", f"the zone {zone} is not known here", "install tzdata")
    else:
        yield ok("clock", f"{patient.system_now.astimezone(settings.business.zone):%Y-%m-%d %H:%M} in {zone}")
    if settings.clock is not None:
        yield warning(
            "clock", f"it is set to show {patient.now:%Y-%m-%d}", "for real work take clock: out of the settings"
        )
        return
    yield from against_sources(patient)
    if is_there(parse_url(patient.url)):
        with Store.open(patient.url) as store:
            yield from _against_the_past(store, patient.system_now)
            if store.on_postgresql:
                yield from _against_the_server(store, patient.system_now)


def _against_the_past(store: Store, now: datetime) -> Iterator[Diagnosis]:
    runs = store.runs(limit=1)
    if runs and runs[0].started_at > now + CLOCK_OFF:
        said = f"the last run began at {runs[0].started_at:%Y-%m-%d %H:%M} UTC, which has not come yet"
        yield failed("clock", said, "set the clock, by NTP where possible")


def _against_the_server(store: Store, now: datetime) -> Iterator[Diagnosis]:
    with store.reading() as connection:
        theirs = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    apart = abs(theirs - now)
    told = f"{apart.total_seconds():,.0f} s apart from the database's clock"
    if apart > CLOCK_OFF:
        yield (failed if apart > CLOCK_WRONG else warning)("clock", told, "set both clocks by NTP")
    else:
        yield ok("clock", told)
