"""Judging: the stored world becomes findings, and findings move through their lives, in one transaction."""

from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from config.load import Configuration
from model.findings import Account, TrackedFinding, Transition
from reconcile.engine import Judgement, reconcile
from reconcile.lifecycle import advance
from state.store import Store


def judge(store: Store, configuration: Configuration, *, now: datetime) -> Judgement:
    """Derive all findings from what is stored; nothing is kept."""
    settings = configuration.settings
    tree = configuration.mapping.tree
    with store.view(objective_ids=[objective.id for objective in tree.objectives]) as view:
        return reconcile(
            view,
            tree,
            settings.reconcile,
            now=now,
            today=business_day(now, settings.business.zone),
            rates=settings.business.rate_table(),
        )


def judge_and_keep(
    store: Store, configuration: Configuration, run_id: int, *, now: datetime, baseline: bool
) -> tuple[Transition, ...]:
    """Derive all findings and store what changed in their lives; give the transitions."""
    judgement = judge(store, configuration, now=now)
    step = advance(
        store.tracked(),
        judgement,
        now=now,
        today=business_day(now, configuration.settings.business.zone),
        baseline=baseline,
        options=configuration.settings.reconcile,
    )
    store.save_findings(run_id, step.tracked, step.transitions)
    return step.transitions


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
