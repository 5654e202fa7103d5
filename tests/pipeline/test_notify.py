"""One digest as a whole: what it tells, that it is committed before anything is sent, and that nothing is lost."""

import re
from datetime import date, datetime
from email import message_from_bytes, policy

import pytest

from digest.base import Digest, Edition
from model.deliveries import Delivery, DeliveryState
from model.errors import ConfigurationError, StateError, UsageError
from model.findings import TransitionKind
from pipeline import readers
from pipeline.notify import deliver, edition_for, prepare
from state.store import Store
from tests.digest.smtp_servers import running
from tests.pipeline.company import RECIPIENTS, Company, without_mail

SLOT = "2026-09-15"


def compose(store: Store, company: Company, slot: str = SLOT) -> list[Delivery]:
    _, rows = prepare(store, company.configuration, "leaders", slot=slot, now=company.now)
    return rows


def news(store: Store, company: Company) -> list[tuple[TransitionKind, ...]]:
    edition, _ = edition_for(store, company.configuration, "leaders", now=company.now)
    return sorted(tuple(step.kind for step in told.transitions) for told in edition.news)


def test_rows_are_committed_for_every_recipient_and_nothing_is_sent(store: Store, tuesday: Company):
    rows = compose(store, tuesday)
    assert [row.recipient for row in rows] == list(RECIPIENTS)
    assert store.deliveries() == rows
    assert {row.state for row in rows} == {DeliveryState.READY}
    assert {row.covers for row in rows} == {8}
    assert len({row.message_id for row in rows}) == 2
    mail = message_from_bytes(rows[0].message, policy=policy.default)
    assert (mail["To"].addresses[0].addr_spec, mail["Message-ID"]) == (RECIPIENTS[0], rows[0].message_id)


def test_each_recipient_gets_the_mail_in_their_language_and_each_language_is_composed_once(
    store: Store, tuesday: Company, monkeypatch: pytest.MonkeyPatch
):
    composed: list[str] = []

    def counting(edition: Edition) -> Digest:
        composed.append(edition.language.code)
        return real(edition)

    real = readers.compose
    monkeypatch.setattr(readers, "compose", counting)
    german = {"address": "dora@acme.example", "language": "de", "numbers": "de_CH"}
    tuesday.settings["digests"]["leaders"]["recipients"] += [german, {"address": "emil@acme.example"}]
    tuesday.write()
    rows = compose(store, tuesday)
    assert composed == ["en", "de"]
    assert [row.recipient for row in rows] == [*RECIPIENTS, "dora@acme.example", "emil@acme.example"]
    mails = [message_from_bytes(row.message, policy=policy.default) for row in rows]
    pages = [mail.get_body(("html",)) for mail in mails]
    assert [re.findall(r'<html lang="(\w+)"', page.get_content()) for page in pages if page] == [
        *(["en"] for _ in RECIPIENTS),
        ["de"],
        ["en"],
    ]
    assert "KW 38" in mails[-2]["Subject"]
    assert "week 38" in mails[-1]["Subject"]


def test_a_slot_that_is_composed_twice_is_one_mail_for_each_recipient(store: Store, tuesday: Company):
    """M12."""
    rows = compose(store, tuesday)
    assert compose(store, tuesday) == []
    assert store.deliveries() == rows


def test_what_happens_after_a_slot_was_composed_is_told_by_the_next_to_everybody(store: Store, tuesday: Company):
    """A recipient who is added later the same day must not make the news count as told to the others."""
    compose(store, tuesday)
    tuesday.slip(date(2027, 2, 1))
    tuesday.settings["digests"]["leaders"]["recipients"].append("cleo@acme.example")
    tuesday.write()
    tuesday.pass_time(hours=2)
    tuesday.sync(store)
    assert compose(store, tuesday) == []
    assert news(store, tuesday) == [(TransitionKind.WORSENED,)] * 8
    tuesday.pass_time(days=1)
    rows = compose(store, tuesday, "2026-09-16")
    assert [row.recipient for row in rows] == [*RECIPIENTS, "cleo@acme.example"]


def test_a_killed_process_composes_its_slot_again_and_tells_when_the_audience_was_told(
    store: Store, tuesday: Company, monkeypatch: pytest.MonkeyPatch
):
    """C1: killed after the rows were committed and before it was noted when."""

    def killed(*_args: object) -> None:
        raise StateError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(Store, "set_note", killed)
        with pytest.raises(StateError):
            compose(store, tuesday)
    told_at = tuesday.now
    assert len(store.deliveries()) == 2
    tuesday.pass_time(hours=1)
    assert compose(store, tuesday) == []
    edition, _ = edition_for(store, tuesday.configuration, "leaders", now=tuesday.now)
    assert edition.since == told_at


def test_a_digest_without_news_makes_no_row_and_says_why(store: Store, company: Company):
    company.slip()
    company.sync(store)
    digest, rows = prepare(store, company.configuration, "leaders", slot=SLOT, now=company.now)
    assert (digest.empty, rows, store.deliveries()) == (True, [], [])
    assert "no news" in digest.reason


def test_what_an_empty_slot_passed_over_is_not_lost(store: Store, company: Company):
    company.sync(store)
    assert compose(store, company, "2026-09-14") == []
    company.slip()
    company.pass_time(days=1)
    company.sync(store)
    assert len(compose(store, company)) == 2


def test_the_baseline_is_no_news_and_its_changes_are(store: Store, company: Company):
    company.slip()
    company.sync(store)
    assert news(store, company) == []
    company.slip(date(2027, 2, 1))
    company.pass_time(days=1)
    company.sync(store)
    assert news(store, company) == [(TransitionKind.WORSENED,)] * 8


def test_an_unknown_audience_is_a_mistake_that_names_the_known_ones(store: Store, company: Company):
    with pytest.raises(UsageError, match="no digest named bosses") as raised:
        prepare(store, company.configuration, "bosses", slot=SLOT, now=company.now)
    assert "leaders" in raised.value.problems[0].hint


def test_without_a_mail_server_nothing_is_committed(store: Store, tuesday: Company):
    with pytest.raises(ConfigurationError, match="no mail server"):
        prepare(store, without_mail(tuesday.configuration), "leaders", slot=SLOT, now=tuesday.now)
    assert store.deliveries() == []
    assert len(news(store, tuesday)) == 8


def test_a_source_that_was_never_read_and_one_that_is_not_configured_any_more(store: Store, company: Company):
    """The digest names the first and is silent about the second."""
    company.sync(store, "crm")

    def covered() -> list[tuple[str, bool]]:
        edition, _ = edition_for(store, company.configuration, "leaders", now=company.now)
        return [(entry.source, entry.complete) for entry in edition.coverage]

    assert covered() == [("crm", True), ("jira", False)]
    company.settings["sources"]["sales"] = company.settings["sources"].pop("crm")
    company.write(rules={"version": 1, "rules": []})
    assert covered() == [("jira", False), ("sales", False)]


class TestAfterDaysWithoutAMailServer:
    """M4: one mail tells everything once; nothing about a finding is dropped."""

    def test_the_newest_digest_takes_the_place_of_those_nobody_received(self, store: Store, tuesday: Company):
        tuesday.send(store, SLOT)
        tuesday.pass_time(days=1)
        tuesday.jira.move_due("WEB-2", date(2027, 3, 1), by="x@acme.example")
        tuesday.sync(store)
        tuesday.send(store, "2026-09-16")
        tuesday.pass_time(days=1)
        assert news(store, tuesday) == []
        with running(
            tuesday.mailbox,
        ) as port:
            tuesday.settings["mail"]["smtp"]["port"] = port
            tuesday.write()
            tuesday.org.set_stage(tuesday.deals["D-1"], "Closed Lost", by="sam.okoro@acme.example")
            tuesday.pass_time(minutes=1)
            tuesday.sync(store)
            sent = tuesday.send(store, "2026-09-17")
        assert [(row.slot, row.state) for row in sent] == [("2026-09-17", DeliveryState.SENT)] * 2
        assert len(tuesday.mailbox.received) == 2
        failed = store.deliveries(states={DeliveryState.FAILED})
        assert {row.slot for row in failed} == {SLOT, "2026-09-16"}
        assert sent[0].reason == "8 new, 1 resolved"

    def test_since_when_is_told_from_the_last_digest_that_somebody_received(
        self, store: Store, tuesday: Company, monkeypatch: pytest.MonkeyPatch
    ):
        since: list[datetime | None] = []
        real = readers.compose

        def watched(edition: Edition) -> Digest:
            since.append(edition.since)
            return real(edition)

        monkeypatch.setattr(readers, "compose", watched)
        compose(store, tuesday)
        tuesday.pass_time(days=1)
        with running(tuesday.mailbox) as port:
            tuesday.settings["mail"]["smtp"]["port"] = port
            tuesday.write()
            tuesday.send(store, "2026-09-16")
        told_at = tuesday.now
        tuesday.slip(date(2027, 2, 1))
        tuesday.pass_time(days=1)
        tuesday.sync(store)
        compose(store, tuesday, "2026-09-17")
        tuesday.pass_time(days=1)
        compose(store, tuesday, "2026-09-18")
        assert since == [None, None, told_at, told_at]
        states = {row.slot: row.state for row in store.deliveries()}
        assert states == {
            SLOT: DeliveryState.FAILED,
            "2026-09-16": DeliveryState.SENT,
            "2026-09-17": DeliveryState.FAILED,
            "2026-09-18": DeliveryState.READY,
        }

    def test_a_digest_that_one_of_two_received_is_not_taken_back(self, store: Store, tuesday: Company):
        """The other one would never hear its news."""
        first, second = compose(store, tuesday)
        assert first.id is not None
        assert second.id is not None
        store.mark_delivery(first.id, DeliveryState.SENDING, now=tuesday.now)
        store.mark_delivery(first.id, DeliveryState.SENT, now=tuesday.now)
        tuesday.slip(date(2027, 2, 1))
        tuesday.pass_time(days=1)
        tuesday.sync(store)
        compose(store, tuesday, "2026-09-16")
        waiting = store.deliveries(states={DeliveryState.READY})
        assert [(row.slot, row.recipient) for row in waiting] == [
            (SLOT, RECIPIENTS[1]),
            ("2026-09-16", RECIPIENTS[0]),
            ("2026-09-16", RECIPIENTS[1]),
        ]

    def test_a_kill_while_it_is_taken_back_sends_none_of_it(
        self, store: Store, tuesday: Company, monkeypatch: pytest.MonkeyPatch
    ):
        """C1: half a slot that is sent would count as told, and the other half would never hear it."""
        compose(store, tuesday)
        tuesday.pass_time(days=1)
        real, calls = Store.mark_delivery, []

        def dies_at_the_second(*arguments: object, **named: object) -> None:
            calls.append(arguments)
            if len(calls) == 2:
                raise StateError("killed")
            real(*arguments, **named)  # type: ignore[arg-type]

        with monkeypatch.context() as patched:
            patched.setattr(Store, "mark_delivery", dies_at_the_second)
            with pytest.raises(StateError):
                compose(store, tuesday, "2026-09-16")
        assert [row.state for row in store.deliveries()] == [DeliveryState.FAILED, DeliveryState.READY]
        with running(tuesday.mailbox) as port:
            tuesday.settings["mail"]["smtp"]["port"] = port
            tuesday.write()
            assert deliver(store, tuesday.configuration, now=tuesday.now) == []
            sent = tuesday.send(store, "2026-09-16")
        assert [row.slot for row in sent] == ["2026-09-16"] * 2
        assert sent[0].reason == "8 new"
        assert {row.state for row in store.deliveries() if row.slot == SLOT} == {DeliveryState.FAILED}
