"""What each reader's digest would tell on a morning, and how often each finding was told."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from digest.brief import sort_edition
from model.findings import Transition
from pipeline.notify import edition_for, prepare
from tests.proofs.living import Living, morning

_TELLING = frozenset({"opened", "reopened", "resolved", "worsened", "improved", "settled"})


def mail_settings(programmes: int) -> dict[str, Any]:
    """A digest for leaders, who read everything, and one for each programme."""
    smtp = {"host": "127.0.0.1", "security": "none"}
    programme = {f"p{number}": [f"P-{number}"] for number in range(programmes)}
    return {
        "mail": {"sender": "driftline@acme.example", "smtp": smtp},
        "digests": {
            "leaders": {"recipients": ["coo@acme.example"]},
            **{
                name: {"recipients": [f"{name}@acme.example"], "objectives": objectives}
                for name, objectives in programme.items()
            },
        },
    }


@dataclass
class Readers:
    """How many causes were new or worse in each mail, how many eased, and how often each finding was told."""

    fresh: dict[str, list[int]] = field(default_factory=dict)
    eased: dict[str, list[int]] = field(default_factory=dict)
    told: Counter[str] = field(default_factory=Counter)

    def read(self, living: Living, day: date) -> None:
        """Compose the mail of every reader, and count it as read."""
        for audience in living.configuration.settings.digests:
            now = morning(day)
            edition, _ = edition_for(living.store, living.configuration, audience, now=now)
            brief = sort_edition(edition)
            self.fresh.setdefault(audience, []).append(len(brief.fresh))
            self.eased.setdefault(audience, []).append(len(brief.eased))
            prepare(living.store, living.configuration, audience, slot=day.isoformat(), now=now)


def told_steps(living: Living) -> Counter[str]:
    """How often each finding was told, by its fingerprint."""
    steps: list[Transition] = living.store.transitions()
    return Counter(
        step.fingerprint for step in steps if step.kind.value in _TELLING and not step.quiet and not step.baseline
    )
