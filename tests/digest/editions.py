"""Editions that the digest's tests are told: a sold launch date that slips, an ERP go-live that slips, and more."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from digest.base import Edition, News
from digest.options import DigestOptions
from model.findings import (
    Acceptance,
    Account,
    Amount,
    Claim,
    Evidence,
    Finding,
    FindingState,
    Impact,
    Severity,
    Share,
    Step,
    TrackedFinding,
    Transition,
    TransitionKind,
)
from model.money import Money
from model.objectives import Level, Objective, ObjectiveTree
from model.runs import Coverage

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 9, 8, 5, 0, tzinfo=UTC)
"""Tuesday 8 September 2026, 07:00 in Berlin, week 37."""
SINCE = NOW - timedelta(days=1)
JIRA = "https://acme.atlassian.net/browse"
CRM = "https://acme.lightning.force.com/lightning/r/Opportunity"

TREE = ObjectiveTree(
    (
        Objective(id="ORG", name="Acme", level=Level.ORGANIZATION),
        Objective(id="P-GROW", name="Growth", level=Level.PROGRAM, parent="ORG"),
        Objective(id="M-AURORA", name="Aurora 4.0 in the market", level=Level.MEASURE, parent="P-GROW"),
        Objective(id="P-COST", name="Cost", level=Level.PROGRAM, parent="ORG"),
        Objective(id="M-ERP", name="One ERP", level=Level.MEASURE, parent="P-COST"),
    )
)

DEALS = (
    ("OPP-1041", "Northwind Logistics", 620_000, "0.80"),
    ("OPP-1017", "Fabrikam Rail", 540_000, "0.60"),
    ("OPP-1052", "Contoso Health", 480_000, "0.90"),
    ("OPP-1033", "Adventure Works", 310_000, "0.50"),
    ("OPP-1060", "Tailspin Toys", 250_000, "0.60"),
    ("OPP-1029", "Wingtip Foods", 200_000, "0.40"),
)
SAVINGS = (
    ("row 14", "Warehouse licences", 390_000),
    ("row 15", "Invoice clearing", 275_000),
    ("row 22", "Legacy hosting", 180_000),
    ("row 23", "Print and post", 120_000),
)


def revenue(record: str, full: int, probability: str) -> Share:
    amount = Decimal(full)
    return Share(
        record,
        (Amount(Account.REVENUE, Money(amount, "EUR"), Money(amount * Decimal(probability), "EUR")),),
    )


def savings(record: str, full: int, periods: tuple[str, ...]) -> Share:
    each = Decimal(full) / len(periods)
    return Share(record, tuple(Amount(Account.SAVINGS, Money(each, "EUR"), None, period) for period in periods))


def late_deal(
    key: str, customer: str, full: int, probability: str, days: int = 47, promise: date = date(2026, 9, 30)
) -> Finding:
    """A deal that was sold on Aurora 4.0, which waits for AUR-118."""
    ready = promise + timedelta(days=days)
    return Finding(
        check="late-commitment",
        check_version=1,
        subjects=(f"salesforce:{key}", "jira:10118"),
        title=f"{key} promises Aurora 4.0 {days} days before it can be delivered",
        objective_ids=("M-AURORA",),
        commitment=Claim(
            "Salesforce", key, f"promises {promise.day} {promise:%b} {promise.year}", promise, f"{CRM}/{key}/view"
        ),
        forecast=Claim("Jira", "AUR-118", f"is due {ready.day} {ready:%b} {ready.year}", ready, f"{JIRA}/AUR-118"),
        impact=Impact(days, (revenue(f"salesforce:{key}", full, probability),)),
        cause="jira:10118",
        chain=(
            Step(f"salesforce:{key}", key, customer, "promised 30 Sep 2026", promise, f"{CRM}/{key}/view"),
            Step("jira:v400", "Aurora 4.0", "Aurora 4.0", "releases 16 Nov 2026", ready),
            Step("jira:10118", "AUR-118", "Ledger cut-over", "due 16 Nov 2026", ready, f"{JIRA}/AUR-118"),
        ),
        evidence=(
            Evidence(
                "jira:10118",
                "AUR-118",
                "due",
                ready.isoformat(),
                f"{JIRA}/AUR-118",
                NOW,
                old=promise.isoformat(),
                by="Ben Kuhn",
                at=NOW - timedelta(hours=15),
            ),
        ),
        severity=Severity.CRITICAL,
        owner="Dana Petrov",
        decider="Priya Nair",
        decide_by=date(2026, 9, 15),
        advice=f"Move the promise of Aurora 4.0 to {ready.day} {ready:%b}, or bring AUR-118 forward by {days} days?",
        sources=("salesforce", "jira"),
    )


def early_saving(row: str, name: str, full: int, days: int = 21) -> Finding:
    """A saving that the tracker books before the ERP go-live can bring it."""
    ready = date(2026, 10, 1) + timedelta(days=days)
    return Finding(
        check="early-saving",
        check_version=1,
        subjects=(f"tracker:{row}", "jira:20007"),
        title=f"{name} is booked {days} days before its enabler can deliver it",
        objective_ids=("M-ERP",),
        commitment=Claim(
            "Savings tracker", row, "books from 1 Oct 2026", date(2026, 10, 1), f"savings.xlsx!Plan!F{row[-2:]}"
        ),
        forecast=Claim("Jira", "ERP-7", f"goes live {ready.day} Oct 2026", ready, f"{JIRA}/ERP-7"),
        impact=Impact(days, (savings(f"tracker:{row}", full, ("2026-10",)),)),
        cause="jira:20007",
        chain=(
            Step(f"tracker:{row}", row, name, "books from 1 Oct 2026", date(2026, 10, 1)),
            Step("jira:20007", "ERP-7", "ERP go-live", f"due {ready.day} Oct 2026", ready, f"{JIRA}/ERP-7"),
        ),
        evidence=(
            Evidence(
                "jira:20007",
                "ERP-7",
                "due",
                ready.isoformat(),
                f"{JIRA}/ERP-7",
                NOW,
                old="2026-10-01",
                by="Ines Wolf",
                at=NOW - timedelta(hours=20),
            ),
        ),
        severity=Severity.MAJOR,
        owner="Tom Albers",
        decider="Lena Fischer",
        decide_by=date(2026, 9, 18),
        advice=f"Re-plan the four ERP savings from {ready.day} Oct, or bring ERP-7 forward by {days} days?",
        sources=("tracker", "jira"),
    )


def unsupported_rollout() -> Finding:
    """A promised roll-out that no work supports."""
    return Finding(
        check="unsupported-commitment",
        check_version=1,
        subjects=("asana:5501",),
        title="Nothing supports the roll-out in region South on 1 Dec",
        objective_ids=("P-GROW",),
        commitment=Claim(
            "Asana", "Roll-out South", "is promised for 1 Dec 2026", date(2026, 12, 1), "https://app.asana.com/0/1/5501"
        ),
        forecast=Claim("Jira", "SCAN-3", "Won't do", None, f"{JIRA}/SCAN-3"),
        impact=Impact(None, (revenue("salesforce:OPP-1099", 150_000, "0.30"),)),
        cause="jira:30003",
        chain=(
            Step("asana:5501", "Roll-out South", "Roll-out South", "promised", date(2026, 12, 1)),
            Step("jira:30003", "SCAN-3", "Buy hand scanners", "Won't do", None, f"{JIRA}/SCAN-3"),
        ),
        severity=Severity.MAJOR,
        owner="Maria Rossi",
        decider="Priya Nair",
        decide_by=date(2026, 9, 10),
        advice="Fund SCAN-3 again, or withdraw the roll-out in region South?",
        sources=("asana", "jira"),
    )


def tracked(finding: Finding, state: FindingState = FindingState.OPEN, **changes: object) -> TrackedFinding:
    life = TrackedFinding(
        finding=finding,
        state=state,
        opened_at=SINCE + timedelta(hours=9),
        changed_at=SINCE + timedelta(hours=9),
        judged_at=NOW - timedelta(minutes=5),
        told=finding.impact,
    )
    return replace(life, **changes)  # type: ignore[arg-type]


def happened(life: TrackedFinding, *kinds: TransitionKind, before: Impact | None = None, reason: str = "") -> News:
    steps = tuple(
        Transition(
            fingerprint=life.fingerprint,
            kind=kind,
            at=SINCE + timedelta(hours=9),
            reason=reason,
            before=before,
            after=None if kind is TransitionKind.RESOLVED else life.finding.impact,
        )
        for kind in kinds
    )
    return News(life, steps)


def opened(finding: Finding) -> News:
    return happened(tracked(finding), TransitionKind.OPENED, reason="found")


def resolved(finding: Finding, reason: str = "the work is done in time") -> News:
    return happened(
        tracked(finding, FindingState.RESOLVED), TransitionKind.RESOLVED, before=finding.impact, reason=reason
    )


def accepted(finding: Finding, until: date) -> TrackedFinding:
    return tracked(finding, FindingState.ACCEPTED, acceptance=Acceptance("Lena Fischer", "no second shift", until))


def coverage(name: str, **changes: object) -> Coverage:
    given = Coverage(name, 412, 380, NOW - timedelta(minutes=5))
    return replace(given, **changes)  # type: ignore[arg-type]


SOURCES = (coverage("jira"), coverage("salesforce"), coverage("tracker"), coverage("asana"))


def aurora(count: int | None = None) -> list[Finding]:
    return [late_deal(*deal) for deal in DEALS[:count]]


def erp() -> list[Finding]:
    return [early_saving(*saving) for saving in SAVINGS]


def old_deal() -> Finding:
    """A deal on another release, which was late and is not any more."""
    return replace(
        late_deal("OPP-0988", "Litware Energy", 120_000, "0.70", days=9),
        subjects=("salesforce:OPP-0988", "jira:10077"),
        cause="jira:10077",
        chain=(Step("jira:10077", "BOR-77", "Borealis export", "due 9 Oct 2026", None, f"{JIRA}/BOR-77"),),
        evidence=(),
        title="OPP-0988 promises Borealis 2.1 9 days before it can be delivered",
    )


def edition(
    news: list[News] | None = None,
    standing: list[TrackedFinding] | None = None,
    sources: tuple[Coverage, ...] = SOURCES,
    since: datetime | None = SINCE,
    **options: object,
) -> Edition:
    news = news or []
    settings = DigestOptions.model_validate({"recipients": ("coo@acme.example",), **options})
    return Edition(
        audience="leaders",
        options=settings,
        now=NOW,
        zone=ZONE,
        tree=TREE,
        news=tuple(news),
        standing=tuple(standing if standing is not None else [n.tracked for n in news if n.tracked.standing]),
        coverage=sources,
        currency="EUR",
        since=since,
    )


def two_causes() -> Edition:
    """Six deals on one late release, four savings on one late go-live, and one finding that resolved."""
    return edition([*map(opened, aurora()), *map(opened, erp()), resolved(old_deal())])


def three_causes() -> Edition:
    """The two, and a roll-out that nothing supports: twelve findings."""
    return edition([*map(opened, aurora()), *map(opened, erp()), opened(unsupported_rollout()), resolved(old_deal())])


def failed_source() -> Edition:
    """The two causes a day later: the go-live slips another week, and the CRM could not be read."""
    held = NOW - timedelta(hours=13)
    life = [tracked(f, held_since=held, held_because="salesforce was not read") for f in aurora()]
    worse = [early_saving(row, name, full + 40_000, days=28) for row, name, full in SAVINGS]
    news = [
        happened(tracked(after), TransitionKind.WORSENED, before=before.impact, reason="7 days later")
        for before, after in zip(erp(), worse, strict=True)
    ]
    sources = tuple(
        coverage("salesforce", complete=False, as_of=held, error="the token was refused")
        if c.source == "salesforce"
        else c
        for c in SOURCES
    )
    return edition(news, [*life, *(entry.tracked for entry in news)], sources)
