"""What an audience has not been told yet, gathered from the store: what digests and notices are composed from."""

from collections.abc import Mapping
from datetime import datetime

from config.calendars import calendars_of
from config.load import Configuration
from digest.base import Edition, News
from model.calendars import Calendar
from model.errors import UsageError
from model.findings import TrackedFinding, Transition
from model.runs import Coverage
from pipeline.blindness import blindness
from pipeline.equipment import equipped
from pipeline.expiry import credentials_of
from pipeline.granting import grant_of
from pipeline.judge import business_day
from pipeline.measures import measures_now
from pipeline.notice_notes import told_by_notices
from pipeline.owners import with_owners
from pipeline.view import configured_view
from state.store import Store


def edition_for(store: Store, configuration: Configuration, audience: str, *, now: datetime) -> tuple[Edition, int]:
    """What an audience has not been told yet, with everything that still stands; and the last transition covered."""
    tracked = store.tracked()
    edition, covers = _gathered(store, configuration, audience, tracked, now, thinned=True)
    return equipped(store, configuration, edition, tracked), covers


def plain_edition(store: Store, configuration: Configuration, audience: str, *, now: datetime) -> tuple[Edition, int]:
    """The same without what pictures, the workbook and a triage need, and with every transition."""
    return _gathered(store, configuration, audience, store.tracked(), now, thinned=False)


def _gathered(
    store: Store,
    configuration: Configuration,
    audience: str,
    tracked: Mapping[str, TrackedFinding],
    now: datetime,
    *,
    thinned: bool,
) -> tuple[Edition, int]:
    settings = configuration.settings
    if audience not in settings.digests:
        raise UsageError(
            f"there is no digest named {audience}",
            hint=f"the digests are: {', '.join(settings.digests) or 'none; add one under digests: in the settings'}",
        )
    transitions, covers = store.unheard(store.covered(audience), thinned=thinned)
    options = settings.digests[audience]
    grant = grant_of(store, configuration, options, tracked.values())
    edition = Edition(
        audience=audience,
        options=options,
        now=now,
        zone=settings.business.zone,
        tree=configuration.mapping.tree,
        news=grouped(tracked, transitions),
        standing=tuple(finding for finding in tracked.values() if finding.standing),
        coverage=_coverage(store, configuration),
        currency=settings.business.currency,
        since=_told_at(store, audience),
        credentials=credentials_of(settings.sources),
        blind=blindness(store),
        measures=measures_now(store, configuration, now=now),
        language=options.words,
        outside=grant.outside,
        granted_sources=grant.sources,
        people=settings.people,
        told_at_once=told_by_notices(store, configuration, audience, now=now).at_once(),
        with_owners=with_owners(store, configuration, tracked.values(), now=now),
        calendar=_calendar(configuration, options.calendar, now),
    )
    return edition, covers


def _calendar(configuration: Configuration, name: str, now: datetime) -> Calendar:
    if not name:
        return Calendar()
    settings = configuration.settings
    return calendars_of(settings.calendars, business_day(now, settings.business.zone))[name]


def _told_at(store: Store, audience: str) -> datetime | None:
    noted = store.note(told_note(audience))
    return datetime.fromisoformat(noted) if noted else None


def told_note(audience: str) -> str:
    """Under which key it is noted when an audience was last told."""
    return f"told:{audience}"


def grouped(tracked: Mapping[str, TrackedFinding], transitions: list[Transition]) -> tuple[News, ...]:
    """Transitions by finding; what was there on the first run is no news."""
    steps: dict[str, list[Transition]] = {}
    for step in transitions:
        if not step.baseline and step.fingerprint in tracked:
            steps.setdefault(step.fingerprint, []).append(step)
    return tuple(News(tracked[fingerprint], tuple(found)) for fingerprint, found in steps.items())


def _coverage(store: Store, configuration: Configuration) -> tuple[Coverage, ...]:
    with configured_view(store, configuration) as view:
        return tuple(view.coverage())
