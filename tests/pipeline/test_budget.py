"""The budget of a person and week: what is over it is counted, told later, and never lost."""

from dataclasses import replace
from datetime import date

import pytest

from pipeline.readers import Readers
from state.store import Store
from tests.digest.editions import aurora, erp, unsupported_rollout
from tests.pipeline.company import RECIPIENTS, Company
from tests.pipeline.desk import Desk

ANN, BOB = RECIPIENTS
ROLLOUT = unsupported_rollout()


@pytest.fixture
def desk(store: Store, company: Company) -> Desk:
    """Monday, 14 September."""
    return Desk(company, store)


def budget(desk: Desk, **options: object) -> None:
    desk.set(budget={"unless_decided_within_days": None, **options})


class TestMails:
    def test_what_the_mails_of_a_week_do_not_hold_is_told_in_the_next_week(self, desk: Desk):
        budget(desk, mails_per_week=1)
        desk.finds(*aurora())
        first = desk.digest()
        assert set(first) == {ANN, BOB}
        assert "held back" not in first[ANN]
        desk.passes(days=1)
        desk.finds(*erp())
        assert desk.digest() == {}
        desk.passes(days=1)
        assert desk.digest() == {}
        desk.passes(days=5)
        later = desk.digest()
        assert set(later) == {ANN, BOB}
        assert "[new]" in later[ANN]
        assert "ERP-7" in later[ANN]

    def test_one_address_in_two_audiences_has_one_budget_and_the_others_get_their_mail(self, desk: Desk):
        budget(desk, mails_per_week=1)
        desk.company.settings["digests"]["others"] = {"recipients": ["ANN@acme.example"]}
        desk.company.write()
        desk.finds(*aurora())
        assert len(desk.digest("others")) == 1
        assert set(desk.digest()) == {BOB}

    def test_what_one_reader_missed_is_told_to_that_reader_alone(self, desk: Desk):
        """The others heard it in time; nobody hears anything twice."""
        budget(desk, mails_per_week=1)
        desk.company.settings["digests"]["others"] = {"recipients": [ANN]}
        desk.company.write()
        desk.finds(*aurora())
        desk.digest("others")
        assert set(desk.digest()) == {BOB}
        desk.passes(days=7)
        desk.finds(*erp())
        monday = desk.digest()
        assert "1 of the news was held back by your budget before." in monday[ANN]
        assert "was held back" not in monday[BOB]
        assert monday[ANN].count("[new]") > monday[BOB].count("[new]")

    def test_what_must_be_decided_soon_breaks_the_budget_and_says_what_else_is_held_back(self, desk: Desk):
        budget(desk, mails_per_week=1, unless_decided_within_days=2)
        desk.finds(*erp())
        desk.digest()
        desk.passes(days=1)
        far = [replace(each, cause="jira:far", decide_by=date(2026, 12, 1)) for each in aurora()]
        desk.finds(replace(ROLLOUT, decide_by=date(2026, 9, 17)), *far)
        told = desk.digest()
        assert "1 more held back by your budget of 1 mail a week." in told[ANN]
        assert "SCAN-3" in told[ANN]
        assert "AUR-118" not in told[ANN].partition("Numbers")[0]
        desk.passes(days=6)
        assert "AUR-118" in desk.digest()[ANN]

    def test_a_heartbeat_does_not_say_that_there_is_no_news_when_some_is_held_back(self, desk: Desk):
        budget(desk, mails_per_week=1)
        desk.set(leaders={"heartbeat": True})
        desk.finds(*aurora())
        desk.digest()
        desk.passes(days=1)
        desk.finds(*erp())
        assert desk.digest() == {}


class TestNews:
    def test_the_weightiest_news_comes_first_and_the_rest_is_counted_and_told_later(self, desk: Desk):
        budget(desk, news_per_week=1)
        desk.finds(*aurora(), *erp())
        first = desk.digest()[ANN]
        assert "1 more held back by your budget of 1 piece of news a week." in first
        assert "AUR-118" in first
        assert "ERP-7" not in first
        assert "unchanged" not in first
        desk.passes(days=1)
        assert desk.digest() == {}
        desk.passes(days=6)
        monday = desk.digest()[ANN]
        assert "1 of the news was held back by your budget before." in monday
        assert "ERP-7" in monday
        desk.passes(days=1)
        assert desk.digest() == {}

    def test_totals_stay_true_whatever_is_held_back(self, desk: Desk):
        budget(desk, news_per_week=1)
        desk.finds(*aurora(), *erp())
        numbers = desk.digest()[ANN].partition("Numbers")[2]
        assert "2,400,000 2,400,000" in numbers
        assert "Savings lost 0 965,000" in numbers


class TestNotices:
    def test_a_notice_is_one_of_the_mails_of_a_week(self, desk: Desk):
        desk.set(leaders={"at_once": {"minimum_severity": "minor"}})
        budget(desk, mails_per_week=1)
        desk.tell_at_once()
        desk.finds(*aurora())
        assert set(desk.tell_at_once()) == {ANN, BOB}
        desk.received()
        desk.passes(days=1)
        assert desk.digest() == {}
        desk.passes(days=6)
        assert "told at once on Mon 14 Sep" in desk.digest()[ANN]

    def test_a_reader_whose_budget_is_used_up_gets_no_notice_and_hears_it_as_new(self, desk: Desk):
        desk.company.settings["digests"]["others"] = {"recipients": [ANN]}
        desk.set(leaders={"at_once": {"minimum_severity": "minor"}})
        budget(desk, mails_per_week=1)
        desk.tell_at_once()
        desk.finds(ROLLOUT)
        desk.digest("others")
        assert set(desk.tell_at_once()) == {BOB}
        desk.received()
        desk.passes(days=7)
        monday = desk.digest()
        assert "[new]" in monday[ANN]
        assert "told at once on Mon 14 Sep" in monday[BOB]


def test_what_a_notice_told_is_not_counted_again_when_the_digest_tells_it(desk: Desk):
    desk.set(leaders={"at_once": {"minimum_severity": "minor"}})
    budget(desk, news_per_week=2)
    desk.tell_at_once()
    desk.finds(*aurora())
    desk.tell_at_once()
    desk.received()
    desk.set(leaders={"at_once": {"minimum_severity": "critical"}})
    desk.finds(*erp())
    desk.passes(days=1)
    text = desk.digest()[ANN]
    assert ("told at once on Mon 14 Sep" in text, "[new]" in text, "held back" in text) == (True, True, False)


def test_killed_between_the_notes_and_the_rows_nothing_is_lost_or_counted_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    """C1: what is noted for a slot counts only when the slot has rows."""
    budget(desk, news_per_week=1)
    desk.finds(*aurora(), *erp())

    def killed(*_args: object) -> None:
        raise KeyboardInterrupt

    for step in ("commit", "add_deliveries"):
        with monkeypatch.context() as patched:
            patched.setattr(Readers if step == "commit" else Store, step, killed)
            with pytest.raises(KeyboardInterrupt):
                desk.digest()
        assert desk.store.deliveries() == []
    desk.passes(days=1)
    assert "1 more held back by your budget of 1 piece of news a week." in desk.digest()[ANN]
    desk.passes(days=6)
    assert "1 of the news was held back" in desk.digest()[ANN]


def test_without_a_budget_nothing_is_noted(desk: Desk):
    desk.finds(*aurora())
    desk.digest()
    assert (desk.store.note("news-told:leaders"), desk.store.note("held-back:leaders")) == (None, None)
