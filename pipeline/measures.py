"""Measuring ourselves at the end of a run: what opened and ended since the last time is followed up, and the figures
are stored if any of them can be another one."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from decimal import Decimal

from config.load import Configuration
from digest.audiences.interest import meets
from model.findings import Account
from model.measures import LinkedMoney, LinkedShare, Measures, Opening
from pipeline.notice_notes import announced
from pipeline.openings import follow
from reconcile.measures import measure
from state.store import Store

STORED_EVERY = timedelta(hours=1)
"""How often a process that judges only what changes can reach stores its measures: they go through everything."""
MEASURED_NOTE = "measured-of"
"""The note that tells of what the stored measures were taken: transitions, mails, records and mapping."""


def keep_measures(store: Store, configuration: Configuration, run_id: int, *, now: datetime, whole: bool) -> bool:
    """Follow up what happened to findings, and store the measures of a run if they can be others than the last ones;
    tell whether that was done.

    ``whole`` says that the run judged everything. One that did not stores them at most every ``STORED_EVERY``.
    """
    news = store.unmeasured()
    if news:
        follow(store, configuration, news, now)
    last = next((each.measures for each in store.measures()), None)
    if last is not None and not whole and now - last.at < STORED_EVERY:
        return False
    noted, heard, stored = store.note(MEASURED_NOTE), _heard(store), _stored(store, configuration)
    if last is not None and noted == f"{heard} {stored}":
        return False
    counted = last.coverage if last is not None and noted is not None and noted.endswith(f" {stored}") else None
    coverage = counted or linked_share(store, configuration, now)
    store.save_measures(run_id, _measured(store, configuration, now, coverage))
    store.set_note(MEASURED_NOTE, f"{heard} {stored}")
    return True


def _heard(store: Store) -> str:
    """What latencies and decisions rest on."""
    sent = store.last_sent()
    return f"{store.newest_transition()} {sent.isoformat() if sent else 'never'}"


def _stored(store: Store, configuration: Configuration) -> str:
    """What coverage rests on."""
    return f"{store.last_revision()} {configuration.mapping.fingerprint}"


def measures_now(store: Store, configuration: Configuration, *, now: datetime) -> Measures | None:
    """The measures with the mails that were sent since the last run; coverage as it was counted last. None before
    anything was measured."""
    last = next((each.measures for each in store.measures()), None)
    return _measured(store, configuration, now, last.coverage) if last else None


def _measured(store: Store, configuration: Configuration, now: datetime, coverage: LinkedShare | None) -> Measures:
    openings = store.openings()
    since = min((each.opened_at for each in openings), default=now)
    announcements = [*store.announcements(since), *announced(store, configuration)]
    return measure(openings, announcements, _told_of(store, configuration, openings), now=now, coverage=coverage)


def _told_of(
    store: Store, configuration: Configuration, openings: Collection[Opening]
) -> Callable[[str, Opening], bool]:
    """Which audience is told of what; of one that is not configured any more it is no longer known: of everything."""
    tree, people = configuration.mapping.tree, configuration.settings.people
    digests = configuration.settings.digests
    choosy = {name for name, each in digests.items() if each.chooses}
    findings = store.findings_of({each.fingerprint for each in openings}) if choosy else {}
    granted = {name: tree.subtree(each.objectives) for name, each in digests.items() if each.objectives}

    def told_of(audience: str, opening: Opening) -> bool:
        options = digests.get(audience)
        if options is None:
            return True
        if opening.severity < options.minimum_severity:
            return False
        tracked = findings.get(opening.fingerprint)
        if audience in choosy and (tracked is None or not meets(tracked, options, people)):
            return False
        return audience not in granted or not granted[audience].isdisjoint(opening.objective_ids)

    return told_of


def linked_share(store: Store, configuration: Configuration, now: datetime) -> LinkedShare:
    """How much of what is stored serves an objective; money with a rate is told in the base currency."""
    with store.view() as view:
        counts = view.coverage()
    rates = configuration.settings.business.rate_table()
    sums: dict[tuple[Account, str], list[Decimal]] = {}
    unpriced = 0
    for each in store.carried():
        if each.money is None:
            unpriced += 1
            continue
        money = rates.convert(each.money) or each.money
        both = sums.setdefault((each.account, money.currency), [Decimal(0), Decimal(0)])
        both[0] += money.amount
        both[1] += money.amount if each.linked else 0
    return LinkedShare(
        counted_at=now,
        records=sum(each.linkable for each in counts),
        linked=sum(each.linked for each in counts),
        unpriced=unpriced,
        money=tuple(LinkedMoney(*key, *both) for key, both in sorted(sums.items())),
    )
