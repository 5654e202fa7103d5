"""Judging: the stored world becomes findings, and findings move through their lives, in one transaction."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from config.calendars import calendars_of
from config.load import Configuration
from model.findings import Account, TrackedFinding, Transition, TransitionKind
from model.spans import spanned
from pipeline.blindness import keep_blindness
from pipeline.link import Linking
from pipeline.mapping_change import Reach, note_judged, with_causes
from pipeline.memory import without_collecting
from pipeline.resolution import with_movers
from pipeline.standing import Earlier, Standing
from pipeline.view import configured_view
from reconcile.engine import Judgement, reconcile, reconcile_again
from reconcile.lifecycle import Advance, advance
from state.store import Store

JUDGED_SOURCES_NOTE = "judged-sources"
NO_CHANGE = Reach(())


def judge(store: Store, configuration: Configuration, *, now: datetime) -> Judgement:
    """Derive all findings from what is stored; nothing is kept."""
    with judging(store, configuration, now=now) as judgement:
        return judgement


@contextmanager
def judging(
    store: Store, configuration: Configuration, *, now: datetime, earlier: Earlier | None = None
) -> Iterator[Judgement]:
    """Derive all findings from what is stored, or where an earlier judgement still holds those that the changes since
    can reach. Until the block ends, the judgement can still look up records to say why a finding is gone."""
    settings = configuration.settings
    if earlier is not None:
        with configured_view(store, configuration) as view:
            world = earlier.world_for(view)
            if world is not None:
                yield reconcile_again(
                    world, view, earlier.touched, earlier.told, now=now, with_checks=configuration.checks
                )
                return
    with configured_view(store, configuration) as view:
        yield reconcile(
            view,
            configuration.mapping.tree,
            settings.reconcile,
            now=now,
            today=business_day(now, settings.business.zone),
            rates=settings.business.rate_table(),
            calendars=calendars_of(settings.calendars, business_day(now, settings.business.zone)),
            with_checks=configuration.checks,
        )


@spanned("judge")
def judge_and_keep(
    store: Store,
    configuration: Configuration,
    run_id: int | None,
    *,
    now: datetime,
    reach: Reach = NO_CHANGE,
    standing: Standing | None = None,
    linking: Linking | None = None,
) -> tuple[Transition, ...]:
    """Derive all findings and store what changed in their lives; give the transitions.

    With ``standing`` only what the changes since its judgement can reach is judged, if nothing else is different;
    ``linking`` tells what they did to links. The outcome is the same.

    What opens on a source that was never judged before was there before anybody looked: it is a baseline and no news.
    What comes or goes because of the mapping, as far as ``reach`` tells, says so.
    """
    today, revision = business_day(now, configuration.settings.business.zone), store.last_revision()
    earlier = standing.take(store, configuration, linking, today) if standing and not reach.changes else None
    remembered = (earlier.transition, earlier.known) if earlier is not None else None
    with without_collecting, judging(store, configuration, now=now, earlier=earlier) as judgement:
        del earlier
        step = None
        found = {finding.fingerprint for finding in judgement.findings}
        while step is None:
            newest = store.newest_transition()
            known = remembered[1] if remembered and remembered[0] == newest else store.known_findings()
            again = {key for key, each in known.items() if key in found or judgement.judges(each.check, each.subject)}
            tracked = store.stored_findings(again)
            covered = {entry.source for entry in judgement.coverage if entry.as_of is not None}
            judged = _judged_sources(store, covered, known)
            fresh = covered - judged
            options = configuration.settings.reconcile
            led = advance(tracked, judgement, now=now, today=today, baseline=False, options=options)
            led = with_movers(_with_baseline(led, tracked, fresh), tracked, store, configuration.settings.business.zone)
            led = with_causes(led, tracked, reach, configuration)
            # Somebody may have accepted a finding meanwhile: then all of them are led on again from there.
            nothing = not (led.tracked or led.transitions)
            if nothing or store.save_findings(run_id, led.tracked, led.transitions, since=newest):
                step = led
    if judgement.scopes is None:
        keep_blindness(store, judgement)
    if fresh:
        # After the findings: killed in between, what opens next rests on sources that the stored findings name.
        store.set_note(JUDGED_SOURCES_NOTE, " ".join(sorted(judged | fresh)))
    note_judged(store, reach)
    if standing is not None:
        # What somebody decides meanwhile has a later number, and then all findings are read again.
        known_until = newest + len(step.transitions)
        standing.keep(
            judgement,
            step,
            known,
            configuration=configuration,
            today=today,
            revision=revision,
            transition=known_until,
        )
    return step.transitions


def _judged_sources(store: Store, covered: AbstractSet[str], known: Collection[str]) -> set[str]:
    """The sources that some run has judged, all of those that are covered now among them: what is noted, and where
    that is not all, what stored findings rest on."""
    noted = set((store.note(JUDGED_SOURCES_NOTE) or "").split())
    if covered <= noted:
        return noted
    return noted.union(source for entry in store.stored_findings(known).values() for source in entry.finding.sources)


def _with_baseline(step: Advance, tracked: Mapping[str, TrackedFinding], fresh: AbstractSet[str]) -> Advance:
    """Mark what opened on a source that is judged for the first time."""
    baseline = {
        entry.fingerprint
        for entry in step.tracked
        if entry.fingerprint not in tracked and not fresh.isdisjoint(entry.finding.sources)
    }
    return replace(
        step,
        tracked=tuple(replace(each, baseline=True) if each.fingerprint in baseline else each for each in step.tracked),
        transitions=tuple(
            replace(each, baseline=True)
            if each.fingerprint in baseline and each.kind is TransitionKind.OPENED
            else each
            for each in step.transitions
        ),
    )


def business_day(now: datetime, zone: ZoneInfo) -> date:
    """The calendar day that the business lives in at this moment."""
    return now.astimezone(zone).date()


def gravest_first(tracked: Iterable[TrackedFinding]) -> list[TrackedFinding]:
    """Order findings by severity, then by money, then by days; equal ones by their fingerprint."""

    def rank(entry: TrackedFinding) -> tuple[object, ...]:
        impact = entry.finding.impact
        amount = max(impact.full(account) for account in Account)
        return (-entry.finding.severity, -amount, -(impact.days or 0), entry.fingerprint)

    return sorted(tracked, key=rank)
