"""What holds for any plan and for every installed check: monotonous in dates, indifferent to order, money counted
once, cycles survived, nothing concluded from what was not read."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.findings import Account, Impact, Severity, combined
from model.links import Role
from model.money import Money, Month, MonthAmount, RateTable
from model.objectives import Level, Objective, Tolerance
from model.records import Absence, Deal, Light, Saving, StatusCategory
from reconcile.impact import lost_share, revenue_share
from reconcile.lifecycle import advance
from reconcile.options import ReconcileOptions
from tests.examples import examples
from tests.reconcile.world import DOING, DONE, DROPPED, EUR, NOW, TODAY, TODO, YESTERDAY, Stored

quick = settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
future = st.integers(0, 200).map(lambda days: TODAY + timedelta(days))
week = st.integers(0, 7).map(lambda days: TODAY + timedelta(days))
"""So close together that many things fall on the same day."""
COUNT = 7
OBJECTIVES = 3
MONTHS = tuple(f"2026-{month:02}" for month in range(9, 13))
PLANNED = 31_000

COMPARES_PLANS = {
    "far-milestone": "the objective against today: the days are how far away it is without a step between",
    "missing-enabler": "one side of the plan against the other: the two come closer when the first one moves",
    "outdated-plan": "the promise against a former date of the plan: the days are a gain",
}
"""Checks whose days do not tell how late something is against what was promised, approved or booked."""

HANDS_OVER = {"crosses-period": "inside the tolerance; beyond it schedule-slip tells"}
"""Checks that fall silent when something gets so much later that another check tells it."""


@dataclass(frozen=True)
class Plan:
    """A drawn plan; needs run from higher to lower numbers, so that it has no cycle unless one is asked for."""

    due: tuple[date | None, ...]
    duration: tuple[int, ...]
    categories: tuple[StatusCategory, ...]
    lights: tuple[Light | None, ...]
    needs: tuple[tuple[int, int, int], ...]
    parents: tuple[int | None, ...]
    members: frozenset[int]
    release: date
    deals: tuple[tuple[int, date, int], ...]
    savings: tuple[tuple[int, date, tuple[int | None, ...]], ...]
    targets: tuple[date | None, ...]
    tolerances: tuple[int, ...]
    delivers: tuple[tuple[int, int], ...]

    def stored(self) -> Stored:
        stored = Stored(objectives=[self._objective(number) for number in range(OBJECTIVES)])
        for source in ("jira", "salesforce", "savings"):
            stored.cover(source)
        stored.release("R", self.release)
        for number, due in enumerate(self.due):
            parent = self.parents[number]
            stored.work(
                f"A-{number}",
                due,
                start=due - timedelta(self.duration[number]) if due else None,
                category=self.categories[number],
                light=self.lights[number],
                parent=None if parent is None else f"A-{parent}",
                releases=("R",) if number in self.members else (),
            )
        for dependent, wanted, lag in self.needs:
            stored.need(f"jira:A-{dependent}", f"A-{wanted}", lag)
        for work, objective in self.delivers:
            stored.link(f"jira:A-{work}", f"O-{objective}", Role.DELIVERS)
        self._add_money(stored)
        return stored

    def _objective(self, number: int) -> Objective:
        return Objective(
            id=f"O-{number}",
            name=f"Objective {number}",
            level=Level.MEASURE if number else Level.PROGRAM,
            parent="O-0" if number else None,
            target=self.targets[number],
            tolerance=Tolerance(days=self.tolerances[number]),
            implementation=Light.GREEN,
            budget=Money(Decimal(90_000), "EUR"),
        )

    def _add_money(self, stored: Stored) -> None:
        for number, (target, day, amount) in enumerate(self.deals):
            deal = stored.deal(f"D-{number}", "R" if target == COUNT else f"A-{target}", day, amount)
            stored.link(deal, f"O-{number % OBJECTIVES}")
        for number, (target, day, forecast) in enumerate(self.savings):
            cells = tuple(
                MonthAmount(Month.parse(month), Decimal(amount))
                for month, amount in zip(MONTHS, forecast, strict=True)
                if amount is not None
            )
            plan = dict.fromkeys(MONTHS, PLANNED)
            saving = stored.saving(f"S-{number}", f"A-{target}", day, plan, forecast=cells)
            stored.link(saving, f"O-{number % OBJECTIVES}", Role.SAVES)

    def with_slack(self, days: int) -> "Plan":
        """The plan of people who promised, booked and targeted later, tolerate more and leave less between things."""
        later = timedelta(days)
        return replace(
            self,
            deals=tuple((target, day + later, amount) for target, day, amount in self.deals),
            savings=tuple((target, day + later, forecast) for target, day, forecast in self.savings),
            targets=tuple(target and target + later for target in self.targets),
            tolerances=tuple(
                # A child that sets none takes that of its parent.
                tolerance + days if tolerance or not number else 0
                for number, tolerance in enumerate(self.tolerances)
            ),
            needs=tuple((dependent, wanted, max(0, lag - days)) for dependent, wanted, lag in self.needs),
        )


@st.composite
def plans(draw, *, dates=None, categories=(TODO, DOING), cyclic: bool = False) -> Plan:
    days = future if draw(st.booleans()) else week
    numbers = st.integers(0, COUNT - 1)
    pairs = st.tuples(numbers, numbers, st.integers(0, 10))
    needs = draw(st.lists(pairs, max_size=8))
    parents = [draw(st.none() | st.integers(0, number - 1)) if number else None for number in range(COUNT)]
    if not cyclic:
        # A child may be needed by, or need, work of a higher number only if no parent lies between: keep them apart.
        parents = [None] * COUNT if needs else parents
        needs = [(max(one, other), min(one, other), lag) for one, other, lag in needs if one != other]
    amounts = st.tuples(*[st.none() | st.sampled_from([0, 10_000, PLANNED, 50_000])] * len(MONTHS))
    return Plan(
        due=tuple(draw(days if dates is None else dates) for _ in range(COUNT)),
        duration=tuple(draw(st.integers(0, 30)) for _ in range(COUNT)),
        categories=tuple(draw(st.sampled_from(categories)) for _ in range(COUNT)),
        lights=tuple(draw(st.sampled_from([None, Light.GREEN])) for _ in range(COUNT)),
        needs=tuple(needs),
        parents=tuple(parents),
        members=draw(st.frozensets(numbers)),
        release=draw(days),
        deals=tuple(
            draw(st.lists(st.tuples(st.integers(0, COUNT), days, st.integers(0, 10**6)), min_size=1, max_size=4))
        ),
        savings=tuple(draw(st.lists(st.tuples(numbers, days, amounts), max_size=2))),
        targets=tuple(draw(st.none() | days) for _ in range(OBJECTIVES)),
        tolerances=tuple(draw(st.sampled_from([0, 5])) for _ in range(OBJECTIVES)),
        delivers=tuple(draw(st.lists(st.tuples(numbers, st.integers(0, OBJECTIVES - 1)), max_size=4, unique=True))),
    )


anything = plans(
    dates=st.none() | st.integers(-60, 200).map(lambda days: TODAY + timedelta(days)) | week,
    categories=(TODO, DOING, DONE, DROPPED),
    cyclic=True,
)


def days_late(stored: Stored) -> dict[tuple[str, ...], dict[str, int]]:
    """By how much each subject is late, by check."""
    findings = stored.judge().findings
    assert all(finding.check != "unsupported-commitment" for finding in findings)
    late: dict[tuple[str, ...], dict[str, int]] = {}
    for finding in findings:
        if finding.check not in COMPARES_PLANS:
            late.setdefault(finding.subjects, {})[finding.check] = finding.impact.days or 0
    return late


def is_as_late(check: str, days: int, after: dict[str, int]) -> bool:
    """Whether a subject is still found at least as late, by the same check or by the one that takes over."""
    told = [late for other, late in after.items() if other == check or check in HANDS_OVER]
    return max(told, default=-1) >= days


@quick
@given(plans(), st.integers(0, COUNT - 1), st.integers(1, 60))
def test_moving_a_due_date_later_never_lowers_the_days(plan, number, days):
    before = days_late(plan.stored())
    later = plan.stored()
    later.change(f"jira:A-{number}", due=plan.due[number] + timedelta(days))
    after = days_late(later)

    for subjects, late in before.items():
        assert all(is_as_late(check, days, after.get(subjects, {})) for check, days in late.items())


@quick
@given(plans(), st.integers(1, 60))
def test_moving_a_release_later_never_lowers_the_days(plan, days):
    before = days_late(plan.stored())
    later = plan.stored()
    later.change("jira:R", release_date=plan.release + timedelta(days))
    after = days_late(later)

    for subjects, late in before.items():
        assert all(is_as_late(check, days, after.get(subjects, {})) for check, days in late.items())


@quick
@given(plans(), st.integers(1, 60))
def test_adding_slack_never_adds_a_finding(plan, days):
    """Slack is a later promise, start of a saving or target, a wider tolerance, or a shorter lag."""
    before = days_late(plan.stored())
    after = days_late(plan.with_slack(days).stored())

    assert after.keys() <= before.keys()
    for subjects, late in after.items():
        assert max(late.values()) <= max(before[subjects].values())


@quick
@given(anything, st.randoms(use_true_random=False))
def test_the_order_of_input_never_matters(plan, random):
    stored = plan.stored()

    def shuffle(values):
        values = list(values)
        random.shuffle(values)
        return values

    judged, again = stored.judge(), stored.shuffled(shuffle).judge()

    assert judged.findings == again.findings
    assert judged.unjudged == again.unjudged
    assert judged.blind == again.blind


@quick
@given(anything)
def test_totals_never_exceed_the_sum_of_distinct_records(plan):
    """Over all findings together, however many checks and objectives tell of a record, no record counts twice."""
    findings = plan.stored().judge().findings
    total = combined([finding.impact for finding in findings])

    assert total.full(Account.REVENUE) <= sum(amount for _, _, amount in plan.deals)
    assert total.weighted(Account.REVENUE) <= total.full(Account.REVENUE)
    assert total.full(Account.SAVINGS) <= Decimal(PLANNED) * len(MONTHS) * len(plan.savings)
    assert total.full(Account.COST) <= Decimal(90_000) * OBJECTIVES
    for account in Account:
        assert total.full(account) <= sum((finding.impact.full(account) for finding in findings), Decimal(0))


@quick
@given(anything)
def test_any_plan_is_judged_to_its_end_and_every_chain_ends(plan):
    """Cycles and dead ends are named; nothing hangs, and no promise is both late and unsupported."""
    judgement = plan.stored().judge()

    checks_of: dict[tuple[str, ...], set[str]] = {}
    for finding in judgement.findings:
        checks_of.setdefault(finding.subjects, set()).add(finding.check)
        assert finding.evidence
        assert finding.severity in Severity
        if finding.chain:
            assert finding.chain[0].node in finding.subjects
            assert finding.chain[-1].node == finding.cause
    assert not any({"late-commitment", "unsupported-commitment"} <= checks for checks in checks_of.values())
    prints = [finding.fingerprint for finding in judgement.findings]
    assert len(set(prints)) == len(prints)


@quick
@given(anything, st.sampled_from(["jira", "salesforce", "savings"]), anything)
def test_a_source_that_was_not_completely_read_never_resolves_anything(plan, source, other):
    """S6, with whatever the broken source left behind: another plan altogether."""
    options = ReconcileOptions()
    first = advance({}, plan.stored().judge(), now=NOW, today=TODAY, baseline=True, options=options)
    tracked = {entry.fingerprint: entry for entry in first.tracked}
    broken = other.stored()
    broken.cover(source, complete=False, as_of=YESTERDAY)
    step = advance(tracked, broken.judge(), now=NOW, today=TODAY, baseline=False, options=options)

    touched = {
        transition.fingerprint
        for transition in step.transitions
        if transition.kind.value in ("resolved", "worsened", "improved")
    }
    assert all(source not in tracked[key].finding.sources for key in touched)


@quick
@given(anything)
def test_every_finding_rests_on_the_sources_of_what_it_is_about(plan):
    """Without them nothing could hold it while one of them is not read (S6). What is only about what the objectives'
    file says rests on none."""
    for finding in plan.stored().judge().findings:
        about = {node.partition(":")[0] for node in finding.subjects} - {"objective", "name", "claims"}
        assert finding.sources or not about, finding.check
        assert about <= set(finding.sources), finding.check


@quick
@given(anything, st.integers(0, COUNT - 1), st.sampled_from([Absence.ACCESS_LOST, Absence.UNOBSERVED]))
def test_work_that_goes_out_of_sight_never_resolves_what_rests_on_it(plan, number, absence):
    options = ReconcileOptions()
    stored = plan.stored()
    stored.need("jira:none", f"A-{number}")
    first = advance({}, stored.judge(), now=NOW, today=TODAY, baseline=True, options=options)
    tracked = {entry.fingerprint: entry for entry in first.tracked}
    stored.lose(f"jira:A-{number}", absence)
    step = advance(tracked, stored.judge(), now=NOW, today=TODAY, baseline=False, options=options)

    resolved = {each.fingerprint for each in step.transitions if each.kind.value == "resolved"}
    assert all(tracked[key].finding.cause != f"jira:A-{number}" for key in resolved)


# --- decimals against fractions ---------------------------------------------------------------------------------

cents = st.integers(-(10**9), 10**12).map(lambda number: Decimal(number).scaleb(-2))
exactly = settings(max_examples=examples(100), deadline=None)


def rounded(exact: Fraction) -> Decimal:
    """To cents, half to even, without ever leaving the fractions."""
    return Decimal(round(exact * 100)).scaleb(-2)


@exactly
@given(st.dictionaries(st.integers(1, 12), cents, max_size=6), future, st.integers(0, 150))
def test_what_a_saving_loses_is_exact_to_the_cent(plan, start, days):
    end = start + timedelta(days)
    cells = tuple(MonthAmount(Month(2026, month), amount) for month, amount in plan.items())
    share = lost_share(
        Saving(source="s", native_id="1", key="1", title="", currency="EUR", plan=cells), start, end, EUR
    )

    exact = {}
    for month, amount in plan.items():
        first, after = date(2026, month, 1), Month(2026, month).last + timedelta(1)
        lost, covered = (min(end, after) - max(start, first)).days, (after - max(start, first)).days
        if amount > 0 and lost > 0:
            exact[f"2026-{month:02}"] = rounded(Fraction(amount) * lost / covered)
    assert {amount.period: amount.full.amount for amount in share.amounts} == exact


@exactly
@given(cents.filter(lambda amount: amount > 0), future, st.integers(0, 400))
def test_what_a_run_rate_loses_is_a_365th_a_day_to_the_cent(rate, start, days):
    saving = Saving(source="s", native_id="1", key="1", title="", currency="EUR", run_rate=Money(rate, "EUR"))
    share = lost_share(saving, start, start + timedelta(days), EUR)
    by_month: dict[str, int] = {}
    for day in range(days):
        month = str(Month.of(start + timedelta(day)))
        by_month[month] = by_month.get(month, 0) + 1

    assert {amount.period: amount.full.amount for amount in share.amounts} == {
        month: rounded(Fraction(rate) * number / 365) for month, number in by_month.items()
    }


@exactly
@given(
    st.lists(st.tuples(cents, st.integers(0, 100), st.sampled_from(["EUR", "USD"])), min_size=1, max_size=5),
    st.integers(1, 10**6).map(lambda number: Decimal(number).scaleb(-5)),
)
def test_revenue_is_exact_in_full_and_weighted_and_adds_up_exactly(deals, rate):
    rates = RateTable("EUR", (("USD", rate),), TODAY)
    exact_full, exact_weighted, shares = Fraction(0), Fraction(0), []
    for number, (amount, percent, currency) in enumerate(deals):
        deal = Deal(
            source="s",
            native_id=str(number),
            key="",
            title="",
            amount=Money(abs(amount), currency),
            probability=Decimal(percent) / 100,
        )
        converted = Fraction(abs(amount)) * (1 if currency == "EUR" else Fraction(rate))
        exact_full += Fraction(rounded(converted))
        exact_weighted += Fraction(rounded(converted * percent / 100))
        shares.append(revenue_share(deal, rates))
    total = combined([Impact(shares=tuple(shares)), Impact(shares=tuple(shares))])  # told twice, counted once

    assert Fraction(total.full(Account.REVENUE)) == exact_full
    assert Fraction(total.weighted(Account.REVENUE)) == exact_weighted
