"""One judgement: what is held back and why, who is told, and that the order of input never matters."""

from datetime import date
from decimal import Decimal

import pytest

from model.findings import Account, combined
from model.records import Absence
from reconcile.check import Asked, Blind, Check, CheckOptions
from reconcile.checks import checks
from reconcile.engine import reconcile
from reconcile.floats import Floats
from reconcile.options import ReconcileOptions
from tests.reconcile.world import DOING, EUR, NOW, TODAY, YESTERDAY, Stored

SEP_30, NOV_16 = date(2026, 9, 30), date(2026, 11, 16)


@pytest.fixture
def stored() -> Stored:
    stored = Stored()
    for source in ("jira", "salesforce", "savings"):
        stored.cover(source)
    stored.release("Aurora 4.0", SEP_30)
    stored.work("AUR-118", NOV_16, releases=("Aurora 4.0",), category=DOING)
    stored.deal("OPP-1", "Aurora 4.0", SEP_30, 480_000)
    stored.deal("OPP-2", "Aurora 4.0", date(2026, 10, 15), 250_000)
    stored.deal("OPP-3", "Aurora 9", date(2026, 10, 15), 50_000)
    stored.saving("M-1", "AUR-118", date(2026, 10, 1), {"2026-10": 31_000, "2026-11": 30_000})
    return stored


def test_the_gravest_finding_comes_first_whatever_the_order_of_input(stored):
    straight = stored.judge()
    reverse = stored.shuffled(lambda values: list(reversed(values))).judge()

    assert straight.findings == reverse.findings
    assert [finding.subjects[0] for finding in straight.findings][:2] == ["salesforce:OPP-1", "salesforce:OPP-2"]


def test_findings_of_one_cause_share_it_and_their_total_counts_each_record_once(stored):
    findings = stored.judge().findings
    late = [finding for finding in findings if finding.cause == "jira:AUR-118"]

    assert len(late) == 3
    assert combined([finding.impact for finding in late * 2]).full(Account.REVENUE) == Decimal(730_000)


def test_fingerprints_survive_new_dates_texts_and_amounts(stored):
    before = {finding.subjects: finding.fingerprint for finding in stored.judge().findings}
    stored.change("jira:AUR-118", due=date(2026, 12, 1), title="Another title")
    stored.change("salesforce:OPP-1", amount=None, title="Another title")
    after = {finding.subjects: finding.fingerprint for finding in stored.judge().findings}

    assert before == after


def test_an_incomplete_source_holds_what_was_found_with_it_and_nothing_else(stored):
    """S6: only what rests on the source is held."""
    earlier = {finding.subjects[0]: finding for finding in stored.judge().findings}
    stored.cover("savings", complete=False)
    judgement = stored.judge()

    assert judgement.incomplete == {"savings"}
    hold = judgement.hold(earlier["savings:M-1"], None)
    assert hold is not None
    assert (hold.because, hold.since) == ("not completely read: savings (last complete on 14 Sep 2026)", YESTERDAY)
    assert judgement.hold(earlier["salesforce:OPP-1"], None) is None


def test_a_subject_that_cannot_be_seen_holds_its_finding_and_a_deleted_one_does_not(stored):
    earlier = next(each for each in stored.judge().findings if each.subjects == ("salesforce:OPP-1",))
    for absence, held in [(each, each not in (Absence.DELETED, Absence.MOVED)) for each in Absence]:
        stored.absences_ = {"salesforce:OPP-1": (absence, YESTERDAY)}
        judgement = stored.judge()

        assert earlier.subjects not in {finding.subjects for finding in judgement.findings}
        assert (judgement.hold(earlier, None) is not None) is held, absence


def test_a_finding_rests_also_on_the_sources_that_its_subject_waits_for_now(stored):
    """A deal that was re-pointed to work of a source that is not completely read cannot be called on time."""
    earlier = next(each for each in stored.judge().findings if each.subjects == ("salesforce:OPP-1",))
    stored.work("T-1", date(2026, 9, 20), source="asana")
    stored.needs_ = [("salesforce:OPP-1", "T-1", 0)]
    stored.cover("asana", complete=False)

    assert stored.judge().hold(earlier, None) is not None


def test_a_switched_off_check_finds_nothing_and_says_so(stored):
    earlier = next(each for each in stored.judge().findings if each.check == "late-commitment")
    options = ReconcileOptions.model_validate({"checks": {"late-commitment": {"enabled": False}}})
    judgement = stored.judge(options=options)

    assert "late-commitment" not in {finding.check for finding in judgement.findings}
    assert judgement.hold(earlier, None) is None
    assert judgement.gone_because(earlier) == "the check late-commitment is switched off"


def test_what_a_check_found_that_is_not_installed_any_more_is_held(stored):
    earlier = next(each for each in stored.judge().findings if each.check == "late-commitment")
    others = {name: check for name, check in checks().items() if name != "late-commitment"}
    judgement = reconcile(stored, stored.tree, ReconcileOptions(), now=NOW, today=TODAY, rates=EUR, with_checks=others)

    hold = judgement.hold(earlier, None)
    assert hold is not None
    assert hold.because == "the check late-commitment is not installed"


class _Questions(Check[CheckOptions]):
    """Asks about the past of a work item, and cannot judge deals at all."""

    name = "questions"
    title = "Questions"
    options_type = CheckOptions

    def asks(self, world, options):
        return Asked(moves=frozenset({"jira:AUR-118"}), histories=frozenset({"jira:AUR-118"}))

    def find(self, world, options):
        self.told = (world.moves, world.histories)
        yield Blind("no deal has a closing day", ("salesforce",))


def test_a_check_is_told_the_past_it_asked_for_and_what_it_cannot_judge_is_said(stored):
    stored.change("jira:AUR-118", due=date(2026, 12, 1))
    check = _Questions()
    judgement = stored.judge(with_checks={check.name: check})

    moves, histories = check.told
    assert [each.record.due for each in histories["jira:AUR-118"]] == [NOV_16, date(2026, 12, 1)]
    assert moves == {}
    assert judgement.blind == {"questions": (Blind("no deal has a closing day", ("salesforce",)),)}
    assert judgement.findings == ()


def test_an_empty_world_has_no_findings():
    assert Stored().judge().findings == ()


def test_several_thousand_deals_on_one_release_are_judged_in_one_pass(stored):
    """Each list is asked for once; a pass that grew with the square of the deals would not end in time."""
    calls: dict[str, int] = {}
    needs = list(stored.needs())
    for number in range(5_000):
        deal = stored.deal(f"D-{number}", None, SEP_30)
        needs.append(type(needs[0])(deal, "Aurora 4.0", prerequisites=("jira:Aurora 4.0",)))
        stored.needs_.append((deal, "Aurora 4.0", 0))

    class Counting(Stored):
        def __getattribute__(self, name):
            calls[name] = calls.get(name, 0) + 1
            return object.__getattribute__(self, name)

        def needs(self):
            return needs

        def _spine_ids(self):
            return {"jira:AUR-118"}

    counting = Counting(**{name: getattr(stored, name) for name in stored.__dataclass_fields__})

    assert len(counting.judge().findings) == 5_004
    assert calls["observed"] == calls["needs"] == 1
    assert calls["moves"] == 2, "once for the checks that ask for them, once for the evidence"
    assert calls.get("records", 0) <= 1


def test_only_checks_that_say_so_ask_by_when_things_are_needed(stored, monkeypatch):
    """What was worked out for them is let go of before the others run, and would be worked out once more."""
    stored.work("AUR-200", NOV_16)
    stored.need("jira:AUR-200", "NOBODY-1")
    worked_out = []
    gone_through = Floats._gone_through

    def noted(floats, within):
        if floats.late_by is None:
            worked_out.append(within)
        return gone_through(floats, within)

    monkeypatch.setattr(Floats, "_gone_through", noted)
    found = {finding.check for finding in stored.judge().findings}

    assert "broken-need" in found, "which asks for them"
    assert len(worked_out) == 1
