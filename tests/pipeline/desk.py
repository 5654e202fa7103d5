"""A configured company whose findings a test writes itself: nothing is read, so what is told can be tried quickly."""

from dataclasses import dataclass, replace
from datetime import datetime
from email import message_from_bytes, policy
from typing import Any

from model.deliveries import Delivery, DeliveryState
from model.findings import Finding, FindingState, Impact, TrackedFinding, Transition, TransitionKind
from pipeline.notice_notes import is_notice
from pipeline.notices import tell_at_once
from pipeline.notify import prepare
from state.store import Store
from tests.pipeline.company import Company


@dataclass
class Desk:
    """The company, its state, and what happens there."""

    company: Company
    store: Store

    @property
    def now(self) -> datetime:
        return self.company.now

    def set(self, **settings: Any) -> None:
        """Change the settings; a digest's options go under its name."""
        for name, value in settings.items():
            if name in self.company.settings["digests"]:
                self.company.settings["digests"][name] |= value
            else:
                self.company.settings[name] = value
        self.company.write()

    def finds(
        self,
        *findings: Finding,
        kind: TransitionKind = TransitionKind.OPENED,
        before: Impact | None = None,
        baseline: bool = False,
    ) -> None:
        """A run finds something new, or something about what it found before."""
        known = self.store.tracked()
        tracked, steps = [], []
        for finding in findings:
            life = known.get(finding.fingerprint)
            opened = life.opened_at if life else self.now
            state = FindingState.RESOLVED if kind is TransitionKind.RESOLVED else FindingState.OPEN
            earlier = life.finding.impact if life else None
            tracked.append(
                TrackedFinding(
                    finding=finding,
                    state=state,
                    opened_at=opened,
                    changed_at=self.now,
                    judged_at=self.now,
                    told=finding.impact,
                )
            )
            steps.append(
                Transition(
                    fingerprint=finding.fingerprint,
                    kind=kind,
                    at=self.now,
                    before=before or earlier,
                    after=finding.impact,
                    baseline=baseline,
                )
            )
        self.store.save_findings(None, tracked, steps)

    def rejudges(self, *findings: Finding) -> None:
        """A run finds the same again, with words or days that are no change of its life."""
        known = self.store.tracked()
        lives = [replace(known[each.fingerprint], finding=each, judged_at=self.now) for each in findings]
        self.store.save_findings(None, lives, [])

    def lives(self, findings: list[Finding], **life: Any) -> None:
        """Somebody decided about findings."""
        known = self.store.tracked()
        self.store.save_findings(None, [replace(known[each.fingerprint], **life) for each in findings], [])

    def worsens(self, *findings: Finding, days: int = 30) -> None:
        moved = [replace(each, impact=replace(each.impact, days=(each.impact.days or 0) + days)) for each in findings]
        self.finds(*moved, kind=TransitionKind.WORSENED)

    def tell_at_once(self) -> dict[str, str]:
        """The end of a run: each reader's notice."""
        return texts(tell_at_once(self.store, self.company.configuration, now=self.now))

    def digest(self, audience: str = "leaders") -> dict[str, str]:
        """The digest of this day, received by everybody who gets one: each reader's text."""
        rows = self.digest_rows(audience)
        self.received()
        return texts(rows)

    def digest_rows(self, audience: str = "leaders") -> list[Delivery]:
        """The digest of this day as it waits in the outbox."""
        slot = self.now.date().isoformat()
        return prepare(self.store, self.company.configuration, audience, slot=slot, now=self.now)[1]

    def received(self) -> None:
        """The mail server takes all that waits."""
        for row in self.store.deliveries(states={DeliveryState.READY}):
            assert row.id is not None
            self.store.mark_delivery(row.id, DeliveryState.SENT, now=self.now)

    def notices(self) -> list[Delivery]:
        return [row for row in self.store.deliveries() if is_notice(row.audience)]

    def passes(self, **delta: float) -> None:
        self.company.pass_time(**delta)


def texts(rows: list[Delivery]) -> dict[str, str]:
    return {row.recipient: text_of(row) for row in rows}


def text_of(row: Delivery) -> str:
    part = message_from_bytes(row.message, policy=policy.default).get_body(("plain",))
    assert part is not None
    return " ".join(str(part.get_content()).split())
