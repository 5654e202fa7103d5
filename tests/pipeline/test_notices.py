"""Notices: told within the run that finds something, once, whatever is killed when; and told so by the next digest."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import structlog

from digest.language import ENGLISH
from digest.render import render_text
from model.deliveries import DeliveryState
from model.errors import StateError
from model.findings import Acceptance, Decided, FindingState, Impact, TransitionKind
from pipeline import notices
from pipeline.measures import measures_now
from pipeline.notice_notes import is_notice, notice_audience
from pipeline.notices import begin_notices, notice_now, tell_at_once
from state.store import Store
from tests.digest.editions import aurora, erp, unsupported_rollout
from tests.pipeline.company import RECIPIENTS, Company, without_mail
from tests.pipeline.desk import Desk, text_of

ANN, BOB = RECIPIENTS
WAIT = [replace(each, cause="jira:other", decide_by=date(2026, 12, 1)) for each in erp()]


@pytest.fixture
def desk(store: Store, company: Company) -> Desk:
    """Monday morning at a company whose leaders are told at once; nothing has happened."""
    desk = Desk(company, store)
    desk.set(leaders={"at_once": {"minimum_severity": "minor", "minimum_money": 100_000}})
    begin_notices(store, company.configuration)
    return desk


@pytest.fixture
def told(desk: Desk) -> Desk:
    """Six promises broke, and the leaders were told within the run."""
    desk.finds(*aurora())
    desk.tell_at_once()
    desk.received()
    return desk


class TestWithinTheRun:
    def test_a_notice_is_in_the_outbox_when_the_run_ends_and_nothing_is_sent(self, store: Store, tuesday: Company):
        desk = Desk(tuesday, store)
        desk.set(leaders={"at_once": {"minimum_severity": "minor"}})
        tuesday.slip(date(2027, 2, 1))
        tuesday.pass_time(hours=1)
        tuesday.sync(store)
        rows = desk.notices()
        assert [row.recipient for row in rows] == [ANN, BOB]
        assert {row.state for row in rows} == {DeliveryState.READY}
        assert rows[0].subject.startswith("At once: 1 decision, EUR 3.6M revenue, due ")
        assert "The digest of Wed 16 Sep tells the rest." in text_of(rows[0])
        assert len({row.message_id for row in rows}) == 2

    def test_a_notice_that_cannot_be_composed_fails_no_run_and_is_told_by_the_next(
        self, store: Store, tuesday: Company, monkeypatch: pytest.MonkeyPatch
    ):
        desk = Desk(tuesday, store)
        desk.set(leaders={"at_once": {"minimum_severity": "minor"}})
        with monkeypatch.context() as patched:
            patched.setattr(notices, "compose_notice", lambda *_args: 1 / 0)
            tuesday.slip(date(2027, 2, 1))
            tuesday.pass_time(hours=1)
            assert tuesday.sync(store).outcome.value == "done"
        assert desk.notices() == []
        assert set(desk.tell_at_once()) == {ANN, BOB}

    def test_a_killed_run_that_kept_its_findings_is_told_by_the_next(
        self, store: Store, tuesday: Company, monkeypatch: pytest.MonkeyPatch
    ):
        desk = Desk(tuesday, store)
        desk.set(leaders={"at_once": {"minimum_severity": "minor"}})

        def killed(_run: object) -> None:
            raise StateError("killed")

        with monkeypatch.context() as patched:
            patched.setattr(store, "finish_run", killed)
            tuesday.slip(date(2027, 2, 1))
            with pytest.raises(StateError):
                tuesday.sync(store)
        assert desk.notices() == []
        assert set(desk.tell_at_once()) == {ANN, BOB}

    def test_six_promises_that_one_release_breaks_are_one_card_in_one_mail(self, desk: Desk):
        desk.finds(*aurora())
        text = desk.tell_at_once()[ANN]
        assert (text.count("Decides"), "6 deals" in text) == (1, True)

    def test_a_run_without_news_tells_nothing(self, told: Desk):
        assert told.tell_at_once() == {}

    def test_what_happened_before_an_audience_was_to_be_told_at_once_is_left_to_its_digest(
        self, store: Store, company: Company
    ):
        desk = Desk(company, store)
        desk.finds(*aurora())
        desk.set(leaders={"at_once": {"minimum_severity": "minor"}})
        assert desk.tell_at_once() == {}

    def test_without_a_mail_server_nothing_counts_as_told(self, desk: Desk):
        desk.finds(*aurora())
        assert tell_at_once(desk.store, without_mail(desk.company.configuration), now=desk.now) == []
        assert set(desk.tell_at_once()) == {ANN, BOB}


@pytest.mark.parametrize(
    ("at_once", "mails"),
    [
        ({"minimum_money": 2_000_000}, 2),
        ({"minimum_money": 4_000_000}, 0),
        ({"minimum_money": {"savings": 1}}, 0),
        ({"minimum_money": {"revenue": 2_000_000}}, 2),
        ({"minimum_money": 4_000_000, "decide_within_days": 1}, 2),
        ({"minimum_money": 4_000_000, "decide_within_days": 0}, 0),
    ],
)
def test_money_or_a_near_last_day_crosses_the_threshold(desk: Desk, at_once: dict[str, Any], mails: int):
    """The first day to decide is Tuesday, 15 September."""
    desk.set(leaders={"at_once": {"minimum_severity": "minor", **at_once}})
    desk.finds(*aurora())
    assert len(desk.tell_at_once()) == mails


class TestNeverTwice:
    def test_the_next_digest_says_that_it_was_told_at_once_and_not_that_it_is_new(self, told: Desk):
        told.passes(days=1)
        text = told.digest()[ANN]
        assert "[told at once on Mon 14 Sep]" in text
        assert "[new]" not in text
        assert {row.reason for row in told.store.deliveries() if not is_notice(row.audience)} == {"6 told at once"}

    def test_what_worsens_after_the_notice_is_told_by_the_digest_as_worsened(self, told: Desk):
        told.worsens(*aurora())
        assert told.tell_at_once() == {}
        told.passes(days=1)
        text = told.digest()[ANN]
        assert ("[worsened]" in text, "told at once" in text) == (True, False)

    def test_what_resolved_after_the_notice_is_told_as_resolved(self, told: Desk):
        told.finds(*aurora(), kind=TransitionKind.RESOLVED)
        told.passes(days=1)
        assert "[resolved]" in told.digest()[ANN]

    def test_a_digest_ends_what_a_notice_began(self, told: Desk):
        told.passes(days=1)
        told.digest()
        told.passes(days=1)
        assert told.digest() == {}
        told.worsens(*aurora())
        told.passes(days=1)
        assert "told at once" not in told.digest()[ANN]

    def test_a_notice_that_every_server_refused_told_nobody(self, desk: Desk):
        desk.finds(*aurora())
        desk.tell_at_once()
        for row in desk.notices():
            assert row.id is not None
            desk.store.mark_delivery(row.id, DeliveryState.FAILED, now=desk.now, error="no")
        desk.passes(days=1)
        assert "[new]" in desk.digest()[ANN]

    @pytest.mark.parametrize("step", ["keep", "add_deliveries", "set_note"])
    def test_killed_between_any_two_steps_a_restart_loses_and_doubles_nothing(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch, step: str
    ):
        """C1, M12: before the note of what is told, between it and the rows, and between these and the note of how far
        was looked."""
        desk.finds(*aurora())
        real = desk.store.set_note

        def killed(*args: Any, **_named: Any) -> Any:
            if step != "set_note" or str(args[0]).startswith("notices-seen"):
                raise KeyboardInterrupt
            return real(*args)

        with monkeypatch.context() as patched:
            patched.setattr(notices if step == "keep" else desk.store, step, killed)
            with pytest.raises(KeyboardInterrupt):
                desk.tell_at_once()
        assert len(desk.notices()) == (2 if step == "set_note" else 0)
        desk.passes(minutes=5)
        desk.tell_at_once()
        desk.tell_at_once()
        rows = desk.notices()
        assert len(rows) == len({row.message_id for row in rows}) == 2
        assert "6 deals" in text_of(rows[0])
        desk.received()
        desk.passes(days=1)
        assert "[told at once on Mon 14 Sep]" in desk.digest()[ANN]

    def test_what_came_between_the_kill_and_the_restart_is_a_notice_of_its_own(self, desk: Desk):
        desk.finds(*aurora())
        desk.tell_at_once()
        desk.store.set_note("notices-seen:leaders", "0")
        desk.finds(*WAIT)
        desk.passes(minutes=5)
        assert "AUR-118" not in desk.tell_at_once()[ANN]
        assert len(desk.notices()) == 4


class TestRate:
    def test_after_the_last_notice_of_a_day_the_rest_waits_for_the_digest_and_the_notice_says_so(self, desk: Desk):
        desk.set(leaders={"at_once": {"minimum_severity": "minor", "at_most_per_day": 1}})
        desk.finds(*aurora())
        text = desk.tell_at_once()[ANN]
        assert "This was the only notice of today. The digest of Tue 15 Sep tells the rest." in text
        desk.finds(*WAIT)
        assert desk.tell_at_once() == {}
        desk.received()
        desk.passes(hours=18)
        assert desk.tell_at_once() == {}
        assert "[new]" in desk.digest()[ANN]

    def test_a_second_run_with_news_of_its_own_is_a_second_notice(self, told: Desk):
        told.finds(*WAIT)
        assert "AUR-118" not in told.tell_at_once()[ANN]
        assert len({row.slot for row in told.notices()}) == 2

    def test_what_was_too_much_for_one_notice_makes_no_second_one(self, desk: Desk):
        causes = [replace(aurora()[0], subjects=(f"crm:{n}",), cause=f"jira:{n}") for n in range(5)]
        desk.finds(*causes)
        assert "2 more causes wait." in desk.tell_at_once()[ANN]
        desk.finds(replace(unsupported_rollout(), cause="jira:77"))
        assert "AUR-118" not in desk.tell_at_once()[ANN]


@pytest.fixture
def watched(desk: Desk) -> Desk:
    """The digest of Monday told of four savings that must be decided by Friday; two days before is near."""
    desk.set(leaders={"at_once": {"minimum_severity": "minor", "minimum_money": 10**9, "decide_within_days": 2}})
    desk.tell_at_once()
    desk.finds(*erp())
    assert desk.tell_at_once() == {}
    desk.digest()
    return desk


def until(desk: Desk, day: int) -> None:
    """The night in which a day of September begins."""
    desk.company.now = datetime(2026, 9, day - 1, 22, 5, tzinfo=UTC)


class TestLastDayComesNear:
    def test_it_is_told_in_the_night_in_which_it_comes_near_and_once(self, watched: Desk):
        until(watched, 15)
        assert watched.tell_at_once() == {}
        until(watched, 16)
        told = watched.tell_at_once()
        assert set(told) == {ANN, BOB}
        assert "The last day to decide comes near: 2 days left. EUR 970k of savings at risk." in told[ANN]
        assert told[ANN].count("Decides") == 1
        row = watched.notices()[0]
        assert row.subject == "At once: 1 decision, EUR 970k savings, due Fri 18 Sep - 16 Sep"
        assert row.reason == "at once: the last day of 4 findings comes near"
        for day in (17, 18, 19, 22):
            watched.received()
            until(watched, day)
            assert watched.tell_at_once() == {}

    def test_a_run_after_midnight_tells_it_although_nothing_changed(self, store: Store, tuesday: Company):
        desk = Desk(tuesday, store)
        desk.set(leaders={"at_once": {"minimum_severity": "minor", "minimum_money": 10**9, "decide_within_days": 5}})
        tuesday.now = datetime(2026, 9, 24, 6, tzinfo=UTC)
        tuesday.sync(store)
        desk.digest()
        newest = store.newest_transition()
        for day, mails in ((26, 2), (27, 2), (33, 2)):
            tuesday.now = datetime(2026, 9, 1, 22, 5, tzinfo=UTC) + timedelta(days=day - 2)
            tuesday.sync(store)
            assert len(desk.notices()) == mails
        assert store.newest_transition() == newest
        assert "The last day to decide comes near: 5 days left." in text_of(desk.notices()[0])

    def test_a_last_day_that_passed_and_is_carried_along_with_each_day_is_the_same(self, watched: Desk):
        """What nobody decided in time is to be decided today, on every day."""
        until(watched, 16)
        watched.tell_at_once()
        for day in (19, 20, 25):
            until(watched, day)
            watched.rejudges(*(replace(each, decide_by=date(2026, 9, day)) for each in erp()))
            assert watched.tell_at_once() == {}

    def test_a_day_that_moves_is_told_again(self, watched: Desk):
        until(watched, 16)
        watched.tell_at_once()
        watched.received()
        watched.rejudges(*(replace(each, decide_by=date(2026, 9, 30)) for each in erp()))
        assert watched.tell_at_once() == {}
        until(watched, 28)
        assert "2 days left" in watched.tell_at_once()[ANN]

    def test_what_is_near_at_the_first_look_or_the_first_reading_is_left_to_the_digest(self, desk: Desk):
        desk.finds(*aurora())
        desk.set(leaders={"at_once": {"minimum_severity": "minor", "minimum_money": 10**9, "decide_within_days": 2}})
        desk.store.set_note("notices-seen:leaders", str(desk.store.newest_transition()))
        assert desk.tell_at_once() == {}
        desk.finds(*WAIT, baseline=True)
        desk.rejudges(*(replace(each, decide_by=date(2026, 9, 16)) for each in WAIT))
        assert desk.tell_at_once() == {}
        desk.passes(days=1)
        assert desk.tell_at_once() == {}

    @pytest.mark.parametrize("how", ["resolved", "accepted", "decided", "quiet", "grave", "foreign"])
    def test_only_what_waits_for_a_decision_of_this_audience_is_told(self, watched: Desk, how: str):
        if how == "resolved":
            watched.finds(*erp(), kind=TransitionKind.RESOLVED)
        elif how == "grave":
            watched.set(leaders={"at_once": {"minimum_severity": "critical", "decide_within_days": 2}})
        elif how == "foreign":
            watched.set(leaders={"checks": ["late-commitment"]})
        else:
            word = {"says": "Wait", "by": "Lena", "owner": "Tom", "until": date(2026, 12, 1)}
            lives: dict[str, dict[str, Any]] = {
                "accepted": {
                    "state": FindingState.ACCEPTED,
                    "acceptance": Acceptance("Lena", "no second shift", date(2026, 12, 1)),
                },
                "decided": {
                    "state": FindingState.ACKNOWLEDGED,
                    "decision": Decided(**word, at=watched.now, before=Impact(21)),  # type: ignore[arg-type]
                },
                "quiet": {"inhibited_by": "the programme is on hold"},
            }
            watched.lives(erp(), **lives[how])
        until(watched, 16)
        assert watched.tell_at_once() == {}

    def test_what_the_digest_told_when_it_was_near_is_told_by_no_notice(self, watched: Desk):
        watched.company.now = datetime(2026, 9, 16, 5, tzinfo=UTC)
        watched.finds(*aurora())
        assert set(watched.digest()) == {ANN, BOB}
        assert watched.tell_at_once() == {}
        until(watched, 17)
        assert watched.tell_at_once() == {}

    def test_a_digest_that_every_server_refused_told_nobody_of_it(self, watched: Desk):
        watched.company.now = datetime(2026, 9, 16, 5, tzinfo=UTC)
        watched.finds(*aurora())
        for row in watched.digest_rows():
            assert row.id is not None
            watched.store.mark_delivery(row.id, DeliveryState.FAILED, now=watched.now, error="no")
        assert "2 days left" in watched.tell_at_once()[ANN]

    def test_who_was_told_by_the_digest_alone_hears_it_once(self, watched: Desk):
        """The mail of the other reader was refused."""
        watched.company.now = datetime(2026, 9, 16, 5, tzinfo=UTC)
        watched.finds(*aurora())
        watched.digest()
        told = json.loads(watched.store.note("digest-asked:leaders") or "")
        told["told"][0]["to"] = [ANN]
        watched.store.set_note("digest-asked:leaders", json.dumps(told))
        assert set(watched.tell_at_once()) == {BOB}

    def test_a_cause_told_in_part_is_told_of_the_part_whose_day_comes_near(self, watched: Desk):
        first, *others = erp()
        watched.rejudges(*(replace(each, decide_by=date(2026, 9, 24)) for each in others))
        until(watched, 16)
        assert "EUR 390k of savings at risk" in watched.tell_at_once()[ANN]
        watched.received()
        until(watched, 22)
        watched.rejudges(replace(first, decide_by=date(2026, 9, 22)))
        text = watched.tell_at_once()[ANN]
        assert "2 days left. EUR 580k of savings at risk" in text

    def test_beyond_the_notices_of_a_day_it_waits_for_the_next_day(self, watched: Desk):
        watched.set(leaders={"at_once": {"minimum_severity": "minor", "at_most_per_day": 1, "decide_within_days": 2}})
        until(watched, 16)
        watched.finds(*aurora())
        watched.rejudges(*(replace(each, decide_by=date(2026, 9, 25)) for each in erp()))
        assert "6 deals" in watched.tell_at_once()[ANN]
        watched.received()
        watched.rejudges(*erp())
        assert watched.tell_at_once() == {}
        until(watched, 17)
        assert "The last day to decide comes near: 1 day left." in watched.tell_at_once()[ANN]

    def test_what_is_too_much_for_one_mail_is_told_on_the_next_day(self, watched: Desk):
        many = [replace(erp()[0], subjects=(f"crm:{n}",), cause=f"jira:{n}") for n in range(5)]
        watched.finds(*many)
        watched.passes(minutes=5)
        watched.company.now = datetime(2026, 9, 15, 5, tzinfo=UTC)
        watched.digest()
        until(watched, 16)
        text = watched.tell_at_once()[ANN]
        assert "Last days to decide come near, the first: 2 days left." in text
        assert "3 more causes wait. What waits is told tomorrow." in text
        watched.received()
        assert watched.tell_at_once() == {}
        until(watched, 17)
        assert "waits" not in watched.tell_at_once()[ANN]
        watched.received()
        until(watched, 18)
        assert watched.tell_at_once() == {}

    def test_a_budget_that_is_used_up_holds_it_back_unless_it_is_near_enough(self, watched: Desk):
        watched.set(budget={"mails_per_week": 1, "unless_decided_within_days": 1})
        until(watched, 16)
        assert watched.tell_at_once() == {}
        until(watched, 17)
        assert set(watched.tell_at_once()) == {ANN, BOB}

    def test_working_days_count_where_the_audience_has_a_calendar(self, watched: Desk):
        """Wednesday is off: on Tuesday only Thursday and Friday are left."""
        watched.set(calendars={"plant": {"off": ["2026-09-16"]}}, leaders={"calendar": "plant"})
        until(watched, 15)
        assert "comes near: 2 working days left." in watched.tell_at_once()[ANN]

    def test_together_with_news_it_is_one_notice(self, watched: Desk):
        until(watched, 16)
        watched.finds(*aurora())
        text = watched.tell_at_once()[ANN]
        assert len(watched.notices()) == 2
        assert "EUR 2.4M of revenue at risk; EUR 970k of savings at risk." in text
        assert "The last day to decide comes near: 2 days left." in text
        assert "The digest of Wed 16 Sep tells the rest." in text

    @pytest.mark.parametrize("step", ["keep", "add_deliveries", "keep_coming_due"])
    def test_killed_between_any_two_steps_it_is_told_once(
        self, watched: Desk, monkeypatch: pytest.MonkeyPatch, step: str
    ):
        until(watched, 16)

        def killed(*_args: Any, **_named: Any) -> Any:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(watched.store if step == "add_deliveries" else notices, step, killed)
            with pytest.raises(KeyboardInterrupt):
                watched.tell_at_once()
        watched.passes(minutes=5)
        watched.tell_at_once()
        watched.tell_at_once()
        rows = watched.notices()
        assert len(rows) == len({row.message_id for row in rows}) == 2
        assert "4 savings" in text_of(rows[0])

    def test_a_notice_that_every_server_refused_is_made_again_on_the_next_day(self, watched: Desk):
        until(watched, 16)
        watched.tell_at_once()
        for row in watched.notices():
            assert row.id is not None
            watched.store.mark_delivery(row.id, DeliveryState.FAILED, now=watched.now, error="no")
        assert watched.tell_at_once() == {}
        until(watched, 17)
        assert "1 day left" in watched.tell_at_once()[ANN]

    def test_a_channel_is_told_too_and_once(self, watched: Desk):
        for name, text in (("url", "http://127.0.0.1:9/hook"), ("key", "a-shared-secret-of-thirty-letters")):
            (watched.company.folder / name).touch(mode=0o600)
            (watched.company.folder / name).write_text(text)
        watched.set(channels={"board": {"kind": "webhook", "url": "file:url", "secret": "file:key"}})
        watched.set(leaders={"channels": ["board"]})
        watched.company.now = datetime(2026, 9, 16, 5, tzinfo=UTC)
        watched.finds(*WAIT)
        watched.digest_rows()
        watched.rejudges(*(replace(each, decide_by=date(2026, 9, 17)) for each in erp()))
        rows = tell_at_once(watched.store, watched.company.configuration, now=watched.now)
        assert {row.recipient for row in rows} == {ANN, BOB, "channel:board"}
        until(watched, 17)
        assert tell_at_once(watched.store, watched.company.configuration, now=watched.now) == []

    def test_where_nothing_is_near_no_edition_is_gathered(self, watched: Desk, monkeypatch: pytest.MonkeyPatch):
        until(watched, 15)
        monkeypatch.setattr(notices, "plain_edition", lambda *_args, **_named: 1 / 0)
        monkeypatch.setattr(watched.store, "tracked", lambda: 1 / 0)
        with structlog.testing.capture_logs() as logs:
            watched.tell_at_once()
        assert logs == []

    def test_a_preview_shows_it_before_and_after(self, watched: Desk):
        until(watched, 16)
        store, configuration = watched.store, watched.company.configuration
        seen, gone = notice_now(store, configuration, "leaders", words=ENGLISH, now=watched.now)
        assert seen is not None
        assert gone is False
        assert watched.tell_at_once()[ANN] == " ".join(render_text(seen).split())
        again, gone = notice_now(store, configuration, "leaders", words=ENGLISH, now=watched.now)
        assert again is not None
        assert (again.subject, gone) == (seen.subject, True)


def test_a_preview_shows_what_would_go_out_and_then_what_went_out(desk: Desk):
    desk.finds(*aurora())
    store, configuration = desk.store, desk.company.configuration
    seen, gone = notice_now(store, configuration, "leaders", words=ENGLISH, now=desk.now)
    assert seen is not None
    assert gone is False
    assert desk.tell_at_once()[ANN] == " ".join(render_text(seen).split())
    again, gone = notice_now(store, configuration, "leaders", words=ENGLISH, now=desk.now)
    assert again is not None
    assert (again.subject, gone) == (seen.subject, True)


def test_a_change_counts_as_told_when_the_notice_was_sent(store: Store, tuesday: Company):
    """The reality latency ends with the first mail, whichever kind it is."""
    desk = Desk(tuesday, store)
    desk.set(leaders={"at_once": {"minimum_severity": "minor"}})
    store.set_note("notices-seen:leaders", "0")
    desk.tell_at_once()
    desk.received()
    tuesday.pass_time(days=3)
    desk.digest()
    measured = measures_now(store, tuesday.configuration, now=tuesday.now)
    assert measured is not None
    assert measured.first_mail.measured == 8
    assert measured.first_mail.worst_seconds is not None
    assert measured.first_mail.worst_seconds < 3600


def test_the_name_of_notices_in_the_outbox_can_be_no_digest():
    assert is_notice(notice_audience("leaders"))
    assert not is_notice("leaders")


def test_a_channel_of_the_audience_gets_the_notice_too(desk: Desk):
    for name, text in (("url", "http://127.0.0.1:9/hook"), ("key", "a-shared-secret-of-thirty-letters")):
        (desk.company.folder / name).touch(mode=0o600)
        (desk.company.folder / name).write_text(text)
    desk.set(channels={"board": {"kind": "webhook", "url": "file:url", "secret": "file:key"}})
    desk.set(leaders={"channels": ["board"]})
    desk.finds(*aurora())
    rows = tell_at_once(desk.store, desk.company.configuration, now=desk.now)
    [told] = [row for row in rows if row.recipient not in RECIPIENTS]
    assert told.audience == notice_audience("leaders")
    assert b"At once: 1 decision" in told.message
    assert len({row.message_id for row in rows}) == 3
