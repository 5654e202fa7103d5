"""What is stored and configured under examination: credentials, sources that are held, audiences nobody is in."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from model.deliveries import Delivery, DeliveryState
from pipeline.doctor import Diagnosis, Patient, failed, ok, warning
from pipeline.expiry import credentials_of
from pipeline.judge import business_day
from pipeline.timetable import Timetable
from state.engine import parse_url
from state.schema import is_there
from state.store import Store

STALE_INTERVALS = 3
"""After so many missed intervals a source counts as stale."""
LEAST_STALE = timedelta(hours=1)


def credentials(patient: Patient) -> Iterator[Diagnosis]:
    """Those whose end the settings tell."""
    settings = patient.configuration.settings
    today = business_day(patient.now, settings.business.zone)
    told = credentials_of(settings.sources)
    remedy = "make new ones, put them where the settings point to, and write their last day in expires_on"
    for each in told:
        said = f"the credentials of {each.source} {each.when(today)} ({each.last_day})"
        if each.last_day < today:
            yield failed("credentials", said, remedy)
        elif each.end_soon(today):
            yield warning("credentials", said, remedy)
    if not any(each.end_soon(today) for each in told):
        silent = len(settings.sources) - len(told)
        more = f"; of {silent} the settings do not tell when they end (expires_on)" if silent else ""
        yield ok("credentials", f"none ends soon{more}")


def sources(patient: Patient) -> Iterator[Diagnosis]:
    """What is held, what fails, what is stale, and what is left over of sources that are gone."""
    configured = patient.configuration.settings.sources
    zone = patient.configuration.settings.business.zone
    if not configured:
        yield warning("sources", "no source is configured", "add one under sources: in the settings")
    if not is_there(parse_url(patient.url)):
        return
    with Store.open(patient.url) as store:
        with store.view() as view:
            coverage = {entry.source: entry for entry in view.coverage(counted=False)}
        for name, options in configured.items():
            entry = coverage.get(name)
            held = store.held(name)
            if held is not None:
                yield warning("sources", _held(name, held.since, held.reason), f"driftline sources approve {name}")
            elif entry is None or entry.as_of is None:
                why = f": {entry.error}" if entry and entry.error else ""
                yield warning("sources", f"{name} was never read completely{why}", f"driftline sources probe {name}")
            elif not entry.complete:
                said = f"{name} fails since {_moment(entry.as_of)}: {entry.error or 'it was not read to its end'}"
                yield warning("sources", said, f"driftline sources probe {name}")
            elif patient.now > _stale_at(Timetable(name, options, zone), entry.as_of):
                yield warning("sources", f"{name} was last read on {_moment(entry.as_of)}", "start driftline run")
            else:
                yield ok("sources", f"{name} was read completely on {_moment(entry.as_of)}")
        yield from _left_over(store, {*coverage, *store.stored_sources()} - set(configured))


def _stale_at(timetable: Timetable, read_at: datetime) -> datetime:
    return max(read_at + LEAST_STALE, timetable.overdue_at(read_at, STALE_INTERVALS))


def _left_over(store: Store, names: set[str]) -> Iterator[Diagnosis]:
    for name in sorted(names):
        held = store.held(name)
        if held is not None:
            said = f"{name} is no longer configured, and is held since {_moment(held.since)}"
            yield warning("sources", said, "put it back into the settings, or leave it: it holds nothing else up")
        else:
            yield warning(
                "sources",
                f"{name} is no longer configured; what it told last still counts",
                "put it back into the settings, or take it out of the rules",
            )


def _held(name: str, since: datetime | None, reason: str) -> str:
    return f"{name} is held{f' since {_moment(since)}' if since else ''}: {reason}"


def audiences(patient: Patient) -> Iterator[Diagnosis]:
    """Whether somebody is told, and reached."""
    settings = patient.configuration.settings
    if not settings.digests:
        yield warning("audiences", "nobody is told anything", "add one under digests: in the settings")
        return
    last: dict[tuple[str, str], Delivery] = {}
    if is_there(parse_url(patient.url)):
        with Store.open(patient.url) as store:
            last = {(row.audience, row.recipient): row for row in store.deliveries(messages=False)}
    reached = 0
    for name, options in settings.digests.items():
        ends = [last.get((name, address)) for address in options.readers]
        refused = [row for row in ends if row is not None and row.state is DeliveryState.FAILED]
        if not options.readers and not options.channels:
            yield warning("audiences", f"nobody is in {name}", f"add recipients to digests.{name}")
        elif refused and len(refused) == len(ends):
            yield failed(
                "audiences", f"nobody in {name} got the last digest: {refused[0].error}", "correct the addresses"
            )
        else:
            reached += 1
            for row in refused:
                yield warning("audiences", f"{name}: {row.recipient} was refused: {row.error}", "correct the address")
    yield ok("audiences", f"somebody is in {reached} of {len(settings.digests)}")


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
