"""The decision paper of one finding: what is stored about it, ready to be written."""

from datetime import datetime

from config.load import Configuration
from digest.language import ENGLISH, Language
from digest.papers.paper import Paper
from digest.papers.recommend import Materiality
from model.causes import cause_key
from model.findings import TrackedFinding
from state.store import Store


def materiality_of(configuration: Configuration) -> Materiality:
    """By how much money something must differ to count, as the settings say."""
    options = configuration.settings.reconcile
    return Materiality(options.materiality_percent, options.materiality_floor)


def paper_about(
    store: Store, configuration: Configuration, tracked: TrackedFinding, *, now: datetime, words: Language = ENGLISH
) -> Paper:
    """What the paper about a finding is written from, with the others of its cause that stand."""
    cause = cause_key(tracked.finding)
    others = sorted(
        (
            each
            for each in store.tracked().values()
            if each.standing and each.fingerprint != tracked.fingerprint and cause_key(each.finding) == cause
        ),
        key=lambda each: each.fingerprint,
    )
    return Paper(
        tracked=tracked,
        others=tuple(others),
        tree=configuration.mapping.tree,
        now=now,
        zone=configuration.settings.business.zone,
        currency=configuration.settings.business.currency,
        materiality=materiality_of(configuration),
        words=words,
    )
