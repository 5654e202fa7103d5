"""What holds for any plan: monotonous in dates, indifferent to order, money counted once, cycles survived."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.findings import Account, combined
from model.records import Absence, StatusCategory
from reconcile.lifecycle import advance
from reconcile.options import ReconcileOptions
from tests.reconcile.world import DOING, DONE, DROPPED, NOW, TODAY, TODO, YESTERDAY, Stored

quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
future = st.integers(0, 200).map(lambda days: TODAY + timedelta(days))
COUNT = 7


@dataclass(frozen=True)
class Plan:
    """A drawn plan; needs run from higher to lower numbers, so that it has no cycle unless one is asked for."""

    due: tuple[date | None, ...]
    duration: tuple[int, ...]
    categories: tuple[StatusCategory, ...]
    needs: tuple[tuple[int, int, int], ...]
    parents: tuple[int | None, ...]
    members: frozenset[int]
    release: date
    deals: tuple[tuple[int, date, int], ...]
    savings: tuple[tuple[int, date], ...]

    def stored(self) -> Stored:
        stored = Stored()
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
                parent=None if parent is None else f"A-{parent}",
                releases=("R",) if number in self.members else (),
            )
        for dependent, wanted, lag in self.needs:
            stored.need(f"jira:A-{dependent}", f"A-{wanted}", lag)
        for number, (target, day, amount) in enumerate(self.deals):
            stored.deal(f"D-{number}", "R" if target == COUNT else f"A-{target}", day, amount)
        for number, (target, day) in enumerate(self.savings):
            plan = {f"2026-{month:02}": 31_000 for month in range(9, 13)}
            stored.saving(f"S-{number}", f"A-{target}", day, plan)
        return stored


@st.composite
def plans(draw, *, dates=future, categories=(TODO, DOING), cyclic: bool = False) -> Plan:
    numbers = st.integers(0, COUNT - 1)
    pairs = st.tuples(numbers, numbers, st.integers(0, 10))
    needs = draw(st.lists(pairs, max_size=8))
    parents = [draw(st.none() | st.integers(0, number - 1)) if number else None for number in range(COUNT)]
    if not cyclic:
        # A child may be needed by, or need, work of a higher number only if no parent lies between: keep them apart.
        parents = [None] * COUNT if needs else parents
        needs = [(max(one, other), min(one, other), lag) for one, other, lag in needs if one != other]
    return Plan(
        due=tuple(draw(dates) for _ in range(COUNT)),
        duration=tuple(draw(st.integers(0, 30)) for _ in range(COUNT)),
        categories=tuple(draw(st.sampled_from(categories)) for _ in range(COUNT)),
        needs=tuple(needs),
        parents=tuple(parents),
        members=draw(st.frozensets(numbers)),
        release=draw(future),
        deals=tuple(
            draw(st.lists(st.tuples(st.integers(0, COUNT), future, st.integers(0, 10**6)), min_size=1, max_size=4))
        ),
        savings=tuple(draw(st.lists(st.tuples(numbers, future), max_size=2))),
    )


anything = plans(
    dates=st.none() | st.integers(-60, 200).map(lambda days: TODAY + timedelta(days)),
    categories=(TODO, DOING, DONE, DROPPED),
    cyclic=True,
)


def days_late(stored: Stored) -> dict[tuple[str, ...], int]:
    findings = stored.judge().findings
    assert all(finding.check != "unsupported-commitment" for finding in findings)
    return {finding.subjects: finding.impact.days or 0 for finding in findings}


@quick
@given(plans(), st.integers(0, COUNT - 1), st.integers(1, 60))
def test_moving_a_due_date_later_never_lowers_the_days(plan, number, days):
    before = days_late(plan.stored())
    later = plan.stored()
    later.change(f"jira:A-{number}", due=plan.due[number] + timedelta(days))
    after = days_late(later)

    for subjects, late in before.items():
        assert after.get(subjects, 0) >= late


@quick
@given(plans(), st.integers(1, 60))
def test_moving_a_release_later_never_lowers_the_days(plan, days):
    before = days_late(plan.stored())
    later = plan.stored()
    later.change("jira:R", release_date=plan.release + timedelta(days))
    after = days_late(later)

    for subjects, late in before.items():
        assert after.get(subjects, 0) >= late


@quick
@given(plans(), st.integers(1, 60))
def test_adding_slack_never_adds_a_finding(plan, days):
    """Slack is a later promise, a later planned start of a saving, or a shorter lag."""
    before = days_late(plan.stored())
    slack = plan.stored()
    for number, (_, day, _) in enumerate(plan.deals):
        slack.change(f"salesforce:D-{number}", promised_date=day + timedelta(days))
    for number, (_, day) in enumerate(plan.savings):
        slack.change(f"savings:S-{number}", planned_start=day + timedelta(days))
    slack.needs_ = [(dependent, wanted, max(0, lag - days)) for dependent, wanted, lag in slack.needs_]
    after = days_late(slack)

    assert after.keys() <= before.keys()
    assert all(late <= before[subjects] for subjects, late in after.items())


@quick
@given(anything, st.randoms(use_true_random=False))
def test_the_order_of_input_never_matters(plan, random):
    stored = plan.stored()

    def shuffle(values):
        values = list(values)
        random.shuffle(values)
        return values

    assert stored.judge().findings == stored.shuffled(shuffle).judge().findings


@quick
@given(anything)
def test_totals_never_exceed_the_sum_of_distinct_records(plan):
    total = combined([finding.impact for finding in plan.stored().judge().findings])

    assert total.full(Account.REVENUE) <= sum(amount for _, _, amount in plan.deals)
    assert total.weighted(Account.REVENUE) <= total.full(Account.REVENUE)
    assert total.full(Account.SAVINGS) <= Decimal(31_000) * 4 * len(plan.savings)


@quick
@given(anything)
def test_any_plan_is_judged_to_its_end_and_every_chain_ends(plan):
    """Cycles and dead ends are named; nothing hangs, and nothing is both late and unsupported."""
    judgement = plan.stored().judge()

    checks_of: dict[tuple[str, ...], list[str]] = {}
    for finding in judgement.findings:
        checks_of.setdefault(finding.subjects, []).append(finding.check)
        assert finding.chain[0].node == finding.subjects[0]
        assert finding.chain[-1].node == finding.cause
        assert finding.evidence
        assert finding.severity
    assert all(len(checks) == 1 for checks in checks_of.values())


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
