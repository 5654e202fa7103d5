"""Needs that lead nowhere: names that nothing or several things have, and what is gone."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

import pytest

from model.findings import Finding
from model.links import Role
from model.money import Month, MonthAmount
from model.objectives import Level, Objective, StageGate
from model.records import Absence, Outcome, Record
from reconcile.checks.broken_need import BrokenNeed
from reconcile.options import ReconcileOptions
from tests.reconcile.world import DOING, DONE, DROPPED, NOW, Stored

OCT_30 = date(2026, 10, 30)


def example_world() -> Stored:
    """AUR-150 is needed for 30 October and needs HW-9, which was cancelled."""
    stored = Stored()
    stored.objectives = [Objective(id="M-1", name="Reports", level=Level.MEASURE, sponsor="Paul", target=OCT_30)]
    stored.work("AUR-150", date(2026, 10, 20), owner="aisha")
    stored.work("HW-9", date(2026, 10, 1), source="asana", category=DROPPED, resolution="Won't do")
    stored.need("jira:AUR-150", "HW-9", 3)
    stored.link("jira:AUR-150", "M-1", Role.DELIVERS)
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def found(stored: Stored) -> list[Finding]:
    return [each for each in stored.judge().findings if each.check == "broken-need"]


def test_a_need_for_cancelled_work_is_found_with_both_ends_and_who_mends_it(stored: Stored) -> None:
    (finding,) = found(stored)

    assert finding.subjects == ("jira:AUR-150", "asana:HW-9")
    assert finding.title == "AUR-150 waits for HW-9, which was cancelled"
    assert [(step.key, step.says) for step in finding.chain] == [
        ("AUR-150", "waits for HW-9 and 3 days more"),
        ("HW-9", "was cancelled"),
    ]
    told = {(each.key, each.field, each.value) for each in finding.evidence}
    assert told == {("AUR-150", "needs", "HW-9"), ("HW-9", "resolution", "Won't do")}
    assert (finding.cause, finding.impact.days, finding.impact.shares) == ("asana:HW-9", None, ())
    assert (finding.objective_ids, finding.owner, finding.decider) == (("M-1",), "aisha", "Paul")
    assert finding.decide_by == OCT_30
    assert finding.sources == ("asana", "jira")
    assert finding.advice == "Bring HW-9 back into the plan, or remove the need of AUR-150."


def test_a_need_that_leads_to_work_is_whole_even_where_that_is_late_or_has_no_date(stored: Stored) -> None:
    for due in (date(2027, 3, 1), date(2026, 8, 1), None):
        stored.change("asana:HW-9", category=DOING, due=due)
        assert found(stored) == []
    stored.change("asana:HW-9", category=DONE, finished=OCT_30)
    assert found(stored) == []


@pytest.mark.parametrize(
    ("wanted", "title", "advice"),
    [
        (
            "HW-10",
            "AUR-150 waits for HW-10, which is not known anywhere",
            "Name work that exists instead of HW-10, or remove the need of AUR-150.",
        ),
        (
            "TWICE",
            "AUR-150 waits for TWICE, which names several things",
            "Say which of the things called TWICE AUR-150 needs, by its key.",
        ),
        (
            "OPP-1",
            "AUR-150 waits for OPP-1, which is no work that could finish",
            "Name work that exists instead of OPP-1, or remove the need of AUR-150.",
        ),
    ],
)
def test_a_name_that_leads_to_nothing_or_to_several_things_or_to_no_work(
    stored: Stored, wanted: str, title: str, advice: str
) -> None:
    stored.work("TWICE", OCT_30)
    stored.work("TWICE", OCT_30, source="asana")
    stored.deal("OPP-1", None, OCT_30)
    stored.needs_ = [("jira:AUR-150", wanted, 0)]
    (finding,) = found(stored)
    assert (finding.title, finding.advice) == (title, advice)
    assert finding.chain[-1].node == finding.cause == finding.subjects[1]


def test_deleted_moved_and_cancelled_things_lead_nowhere(stored: Stored) -> None:
    stored.change("asana:HW-9", category=DOING)
    for absence, says in ((Absence.DELETED, "was deleted"), (Absence.MOVED, "was moved out of what is read")):
        stored.absences_ = {"asana:HW-9": (absence, NOW)}
        assert [each.title for each in found(stored)] == [f"AUR-150 waits for HW-9, which {says}"]
    stored.absences_ = {}
    stored.objectives.append(
        Objective(id="M-2", name="Hardware", level=Level.MEASURE, stage_gate=StageGate.CANCELLED, stage_reason="x")
    )
    stored.need("objective:M-1", "M-2")
    assert [each.title for each in found(stored)] == ["Reports waits for Hardware, which was cancelled"]


def test_what_has_begun_or_ended_waits_for_nothing(stored: Stored) -> None:
    (finding,) = found(stored)
    for category in (DOING, DONE, DROPPED):
        stored.change("jira:AUR-150", category=category)
        judgement = stored.judge()
        assert found(stored) == []
        assert judgement.gone_because(finding) == "AUR-150 does not wait for it any more"


def test_whoever_looks_after_the_need_owns_it(stored: Stored) -> None:
    stored.terms("jira:AUR-150", owner="dana")
    assert [each.owner for each in found(stored)] == ["dana"]


def test_what_a_deal_or_a_saving_finding_names_as_its_cause_is_not_told_again(stored: Stored) -> None:
    stored.needs_ = []
    for number, wanted in enumerate(("HW-9", "HW-99")):
        stored.deal(f"OPP-{number}", wanted, OCT_30)
        stored.saving(f"M-{number}", wanted, OCT_30, {"2026-11": 1_000})
    assert {each.check for each in stored.judge().findings} >= {"unsupported-commitment", "early-saving"}
    assert found(stored) == []


def test_a_second_broken_need_and_a_saving_without_a_start_are_told_here(stored: Stored) -> None:
    stored.needs_ = []
    deal = stored.deal("OPP-1", "HW-9", OCT_30)
    stored.need(deal, "HW-99")
    saving = stored.saving("M-7", "HW-9", None)
    assert {each.subjects for each in found(stored)} == {(deal, "name:hw-99"), (saving, "asana:HW-9")}


def told(stored: Stored) -> set[tuple[str, tuple[str, ...]]]:
    """Which check tells of what, as far as it is about HW-9."""
    return {(each.check, each.subjects) for each in stored.judge().findings if each.cause == "asana:HW-9"}


BROKEN = ("broken-need", ("jira:AUR-150", "asana:HW-9"))


def test_a_need_behind_a_promise_is_told_once_with_the_promise(stored: Stored) -> None:
    """AUR-150 waits for nothing; as long as nobody was promised anything, that is a finding of its own."""
    assert BROKEN in told(stored)
    promise = stored.deal("OPP-1", "AUR-150", OCT_30)
    assert told(stored) - {BROKEN} >= {("unsupported-commitment", (promise,))}
    assert BROKEN not in told(stored)


@pytest.mark.parametrize("promised", ["AUR-200", "Aurora 4.0", "M-1"])
def test_however_far_behind_the_need_lies_it_is_told_once(stored: Stored, promised: str) -> None:
    """Over work that needs it, a release that holds it, an objective that it delivers."""
    stored.release("Aurora 4.0", None)
    stored.change("jira:AUR-150", releases=("Aurora 4.0",), due=None)
    stored.work("AUR-200", date(2026, 10, 25))
    stored.need("jira:AUR-200", "AUR-150")
    promise = stored.deal("OPP-1", promised, OCT_30)
    found = told(stored)
    assert ("unsupported-commitment", (promise,)) in found
    assert BROKEN not in found


def test_a_need_behind_a_lost_deal_or_a_promise_that_fails_by_something_else_is_told_here(stored: Stored) -> None:
    stored.deal("OPP-1", "AUR-150", OCT_30, outcome=Outcome.LOST)
    assert BROKEN in told(stored)
    stored.work("AA-1", OCT_30, source="aaa", category=DROPPED)
    promise = stored.deal("OPP-2", "AUR-150", OCT_30)
    stored.need(promise, "AA-1")  # as grave, and named first
    assert BROKEN in told(stored)
    assert ("unsupported-commitment", (promise,)) not in told(stored)


def test_a_need_behind_a_saving_is_told_once_with_its_money_unless_nothing_is_booked(stored: Stored) -> None:
    saving = stored.saving("S-1", "AUR-150", OCT_30, {"2026-11": 1_000})
    assert told(stored) == {("early-saving", (saving,))}
    stored.change(saving, plan=(MonthAmount(Month(2026, 11), Decimal(0)),))
    assert told(stored) == {BROKEN}


def test_of_two_broken_needs_behind_a_promise_the_one_that_it_does_not_name_is_told_here(stored: Stored) -> None:
    """Its control: nothing falls silent that nobody else tells."""
    stored.need("jira:AUR-150", "HW-99")
    stored.deal("OPP-1", "AUR-150", OCT_30)
    named = {each.cause for each in stored.judge().findings if each.check == "unsupported-commitment"}
    assert named | {each.cause for each in found(stored)} == {"asana:HW-9", "name:hw-99"}
    assert len(found(stored)) == 1


def test_records_are_looked_up_in_one_batch(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        stored.work(f"B-{number}", OCT_30)
        stored.work(f"C-{number}", OCT_30, category=DROPPED)
        stored.need(f"jira:B-{number}", f"C-{number}")
    asked: list[int] = []
    records = stored.records

    def counting(ids: Iterable[str]) -> Mapping[str, Record]:
        wanted = list(ids)
        asked.append(len(wanted))
        return records(wanted)

    monkeypatch.setattr(stored, "records", counting)
    judgement = stored.judge(with_checks={"broken-need": BrokenNeed()})
    assert len(judgement.findings) == 21
    assert max(asked) >= 42
    assert len(asked) <= 3


def test_an_unknown_name_is_not_judged_while_a_source_is_not_completely_read(stored: Stored) -> None:
    """S6: it may lie in what was not read."""
    stored.needs_ = [("jira:AUR-150", "HW-10", 0)]
    (finding,) = found(stored)
    stored.cover("asana", complete=False, as_of=None)
    judgement = stored.judge()
    assert found(stored) == []
    hold = judgement.hold(finding, None)
    assert hold is not None
    assert hold.because == "HW-10 is not known, and not every source was completely read"


def test_work_that_goes_out_of_sight_resolves_nothing(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.lose("asana:HW-9", Absence.ACCESS_LOST)
    hold = stored.judge().hold(finding, None)
    assert found(stored) == []
    assert hold is not None
    assert "cannot be read any more" in hold.because


def test_the_reason_of_a_resolution_says_what_happened_to_either_end(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.change("asana:HW-9", category=DOING)
    assert stored.judge().gone_because(finding) == "HW-9 due 1 Oct 2026"
    stored.needs_ = []
    assert stored.judge().gone_because(finding) == "AUR-150 does not need HW-9 any more"


def test_where_nothing_says_what_it_needs_the_check_is_blind(stored: Stored) -> None:
    assert "broken-need" not in stored.judge().blind
    stored.needs_ = []
    assert [each.reason for each in stored.judge().blind["broken-need"]] == [
        "no record and no objective says what it needs"
    ]


def without(*names: str) -> ReconcileOptions:
    """The options with these checks switched off."""
    return ReconcileOptions.model_validate({"checks": {name: {"enabled": False} for name in names}})


@pytest.mark.parametrize(
    ("wanted", "check"), [("AUR-150", "unsupported-commitment"), ("HW-9", "dropped-scope"), (None, "early-saving")]
)
def test_what_a_check_that_is_switched_off_would_tell_is_told_here(wanted: str | None, check: str) -> None:
    """HW-9 itself is promised, something behind it is, or a saving waits behind it."""
    stored = example_world()
    waiting = "jira:AUR-150"
    if wanted is None:
        stored.saving("S-1", "AUR-150", OCT_30, {"2026-11": 1_000})
    else:
        promise = stored.deal("OPP-1", wanted, OCT_30)
        waiting = promise if wanted == "HW-9" else waiting
    about = {each.check for each in stored.judge().findings if each.cause == "asana:HW-9"}
    assert check in about
    off = stored.judge(options=without(check)).findings
    told_here = [each.subjects for each in off if each.check == "broken-need"]

    assert [each.check for each in off if each.check == check] == []
    assert (waiting, "asana:HW-9") in told_here
    other = {"unsupported-commitment", "dropped-scope", "early-saving"} - {check}
    silent = stored.judge(options=without(*other)).findings
    assert (waiting, "asana:HW-9") not in [each.subjects for each in silent if each.check == "broken-need"]
