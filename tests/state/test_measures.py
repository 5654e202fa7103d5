"""What is kept for the measures: openings, announcements, readings, linked money, and the figures of each run."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from model.deliveries import Delivery, DeliveryState
from model.findings import Account, Finding, Impact, TrackedFinding, Transition, TransitionKind
from model.links import Link, Role
from model.measures import Announcement, Decision, Latency, Measures, ObjectiveLatency, Opening
from model.money import Money, Month, MonthAmount
from model.records import Absence, Outcome, Saving
from model.runs import Run, RunOutcome, SourceOutcome, SourceResult
from state.measures import MOST_OBJECTIVES, THINNED_AFTER, Carried
from state.store import Store
from tests.state.worlds import DAY_1, DAY_2, DAY_3, deal, item, save

HOUR = timedelta(hours=1)


def opened(store: Store, *subjects: str) -> list[Transition]:
    """Findings about these subjects open; their transitions."""
    tracked = [
        TrackedFinding(
            finding=_finding(subject),
            opened_at=DAY_1,
            changed_at=DAY_1,
            judged_at=DAY_1,
            told=Impact(),
        )
        for subject in subjects
    ]
    steps = [Transition(fingerprint=each.fingerprint, kind=TransitionKind.OPENED, at=DAY_1) for each in tracked]
    store.save_findings(None, tracked, steps)
    return store.transitions()


def _finding(subject: str) -> Finding:
    return Finding(check="late-commitment", check_version=1, subjects=(subject,), title="late")


def opening(step: Transition) -> Opening:
    return Opening(
        sequence=step.sequence or 0,
        fingerprint=step.fingerprint,
        opened_at=step.at,
        news=True,
        severity=3,
        objective_ids=("M-1", "M-2"),
        changed_in="jira",
        other="crm",
    )


def test_openings_are_kept_as_they_are_told_last_and_dropped_when_they_ended_long_ago(store: Store):
    first, second = opened(store, "crm:1", "crm:2")
    assert [each.sequence for each in store.unmeasured()] == [first.sequence, second.sequence]
    one, two = opening(first), opening(second)
    store.keep_openings([one, two], until=second.sequence or 0, ended_before=DAY_1)
    assert store.unmeasured() == []
    changed = replace(
        one,
        changed_at=DAY_1 - HOUR,
        ended_at=DAY_2,
        reflected=True,
        reflected_at=DAY_2 - HOUR,
        decision=Decision.COMMITMENT_CHANGED,
    )
    store.keep_openings([changed], until=second.sequence or 0, ended_before=DAY_2)
    assert store.openings() == [changed, two]
    assert store.openings({two.fingerprint}) == [two]
    store.keep_openings([], until=second.sequence or 0, ended_before=DAY_3)
    assert store.openings() == [two]
    assert set(store.findings_of({one.fingerprint})) == {one.fingerprint}


def mail(recipient: str, slot: str, *, covers: int) -> Delivery:
    return Delivery(
        audience="leaders",
        recipient=recipient,
        slot=slot,
        message_id=f"<{recipient}{slot}>",
        subject="",
        reason="",
        message=b"",
        covers_after=0,
        covers=covers,
        created_at=DAY_1,
    )


def test_a_slot_is_announced_when_its_first_mail_is_sent_and_never_by_one_that_failed(store: Store):
    rows = store.add_deliveries([mail("ann", "1", covers=2), mail("bob", "1", covers=2), mail("ann", "2", covers=5)])
    assert (store.announcements(DAY_1), store.last_sent()) == ([], None)
    ends = ((DeliveryState.SENT, DAY_3), (DeliveryState.SENT, DAY_2), (DeliveryState.FAILED, DAY_1))
    for row, (state, at) in zip(rows, ends, strict=True):
        store.mark_delivery(row.id or 0, state, now=at)
    assert store.announcements(DAY_1) == [Announcement("leaders", 0, 2, DAY_1, DAY_2)]
    assert store.announcements(DAY_2 + HOUR) == []
    assert store.last_sent() == DAY_3


def read(store: Store, source: str, outcome: SourceOutcome, began: int, ended: int) -> None:
    """A run that read a source from one hour of the first day to another."""
    times = (DAY_1 + began * HOUR, DAY_1 + ended * HOUR)
    run = store.start_run(times[0], baseline=False)
    result = SourceResult(source=source, outcome=outcome, started_at=times[0], finished_at=times[1])
    store.finish_run(Run(id=run, started_at=times[0], finished_at=times[1], outcome=RunOutcome.DONE, results=(result,)))


def test_the_reading_before_is_the_last_complete_one_of_a_run_that_had_ended(store: Store):
    read(store, "jira", SourceOutcome.COMPLETE, 1, 2)
    read(store, "jira", SourceOutcome.COMPLETE, 3, 4)
    read(store, "jira", SourceOutcome.FAILED, 5, 6)
    read(store, "crm", SourceOutcome.FAILED, 5, 6)
    read(store, "jira", SourceOutcome.COMPLETE, 7, 9)
    assert store.read_before({"jira", "crm"}, DAY_1 + 9 * HOUR) == {"jira": DAY_1 + 3 * HOUR}
    assert store.read_before({"jira"}, DAY_1 + 10 * HOUR) == {"jira": DAY_1 + 7 * HOUR}
    assert store.read_before({"jira"}, DAY_1) == {}


def saving(native_id: str, **fields: object) -> Saving:
    return Saving(source="book", native_id=native_id, key=native_id, title="", currency="EUR", **fields)  # type: ignore[arg-type]


def test_the_money_of_open_deals_and_savings_is_exact_and_says_what_is_linked(store: Store):
    """Lost deals carry nothing; a plan comes before a run-rate; no amount is not zero."""
    amount = Money(Decimal("120000.55"), "USD")
    plan = tuple(MonthAmount(Month(2026, month), Decimal("10.10")) for month in (10, 11))
    save(
        store,
        deal("1", amount=amount),
        deal("2", amount=amount, outcome=Outcome.LOST),
        deal("3"),
        saving("4", plan=plan, run_rate=amount),
        saving("5", run_rate=amount),
        saving("6"),
        item("7"),
    )
    store.replace_links(["crm:1"], [Link("crm:1", "M-1", Role.PROMISES, "deals", Decimal(1), "r.yaml:1")], [])
    assert sorted(store.carried(), key=str) == sorted(
        [
            Carried(Account.REVENUE, True, amount),
            Carried(Account.REVENUE, False, None),
            Carried(Account.SAVINGS, False, Money(Decimal("20.20"), "EUR")),
            Carried(Account.SAVINGS, False, amount),
            Carried(Account.SAVINGS, False, None),
        ],
        key=str,
    )


def test_measures_are_kept_per_run_and_of_a_day_long_past_the_last_ones(store: Store):
    runs = [store.start_run(DAY_1, baseline=False) for _ in range(4)]
    times = [DAY_1, DAY_1 + HOUR, DAY_2, DAY_2 + THINNED_AFTER + HOUR]
    for run, at in zip(runs, times, strict=True):
        store.save_measures(run, Measures(at=at, told=Latency(2, 30, 40, unknown=1)))
    assert [each.run_id for each in store.measures(10)] == [runs[3], runs[2], runs[1]]
    assert store.measures(1)[0].measures == Measures(at=times[3], told=Latency(2, 30, 40, unknown=1))


def test_of_very_many_objectives_those_that_learned_last_are_kept(store: Store):
    learned = [ObjectiveLatency(f"M-{number:03}", Latency(1, number, number), Latency()) for number in range(50)]
    run = store.start_run(DAY_1, baseline=False)
    store.save_measures(run, Measures(at=DAY_1, objectives=tuple(learned)))
    [kept] = store.measures()
    assert kept.measures.objectives == tuple(learned[-MOST_OBJECTIVES:])


def test_absences_are_told_of_the_records_that_are_asked_for(store: Store):
    save(store, item("1"), item("2"))
    assert store.absences_of({"jira:1", "jira:2"}) == {}
    run = store.start_run(DAY_2, baseline=False)
    store.mark_absent(run, "jira", {"1": Absence.DELETED}, DAY_2)
    assert store.absences_of({"jira:1", "jira:2"}) == {"jira:1": Absence.DELETED}
