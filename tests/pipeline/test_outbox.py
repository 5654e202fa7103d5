"""Sending what waits: each answer is recorded at once, no refusal keeps the others back, nothing is lost (M1-M4)."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email import message_from_bytes

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from digest.deliver import Sender
from model.deliveries import Delivery, DeliveryState
from model.errors import StateError
from pipeline.notify import prepare
from pipeline.outbox import GIVE_UP_AFTER, deliver
from pipeline.pauses import Pauses
from pipeline.window import windows
from state.store import Store
from tests.databases import url_of
from tests.digest.smtp_servers import Line, Mailbox, running, scripted
from tests.pipeline.company import RECIPIENTS, Company, without_mail

SLOT = "2026-09-15"
READY, SENT, FAILED, UNKNOWN = (
    DeliveryState.READY,
    DeliveryState.SENT,
    DeliveryState.FAILED,
    DeliveryState.UNKNOWN,
)


class Picky(Mailbox):
    """Refuses some recipients with an answer of their own."""

    def __init__(self, **refused: str) -> None:
        super().__init__()
        self.refused = {f"{name}@acme.example": answer for name, answer in refused.items()}

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"


@pytest.fixture
def tuesday(store: Store, tuesday: Company) -> Company:
    """Tuesday's digest waits in the outbox."""
    prepare(store, tuesday.configuration, "leaders", slot=SLOT, now=tuesday.now)
    return tuesday


@pytest.fixture
def picky(tuesday: Company) -> Iterator[Picky]:
    mailbox = Picky()
    with running(mailbox) as port:
        tuesday.settings["mail"]["smtp"]["port"] = port
        tuesday.write()
        yield mailbox


def go(store: Store, company: Company, pauses: Pauses | None = None) -> list[Delivery]:
    return deliver(store, company.configuration, now=company.now, pauses=pauses)


def states(store: Store) -> list[DeliveryState]:
    return [row.state for row in store.deliveries()]


def ids(mailbox: Mailbox) -> list[str]:
    return [str(message_from_bytes(content)["Message-ID"]) for _, _, content in mailbox.received]


def test_each_recipient_gets_the_stored_message_and_the_row_says_so(store: Store, tuesday: Company, picky: Picky):
    rows = go(store, tuesday)
    assert rows == store.deliveries(messages=False)
    assert [(row.state, row.attempts, row.sent_at) for row in rows] == [(SENT, 1, tuesday.now)] * 2
    assert [recipients for _, recipients, _ in picky.received] == [[name] for name in RECIPIENTS]
    assert ids(picky) == [row.message_id for row in rows]
    assert go(store, tuesday) == []


def test_a_recipient_who_is_refused_for_good_is_recorded_and_the_others_get_their_mail(
    store: Store, tuesday: Company, picky: Picky
):
    """M2, M3."""
    picky.refused = {RECIPIENTS[0]: "550 5.1.1 no such user"}
    rows = go(store, tuesday)
    assert [row.state for row in rows] == states(store) == [FAILED, SENT]
    assert "550" in rows[0].error
    assert store.deliveries()[0].error == rows[0].error
    picky.refused = {}
    assert go(store, tuesday) == []
    assert len(picky.received) == 1


def test_a_temporary_refusal_is_tried_again_after_pauses_that_grow(store: Store, tuesday: Company, picky: Picky):
    """M1: greylisting ends with one mail."""
    picky.refused = {RECIPIENTS[0]: "451 4.7.1 come back later"}
    pauses = Pauses()
    assert [row.state for row in go(store, tuesday, pauses)] == [READY, SENT]
    tries = []
    for minute in range(1, 20):
        tuesday.pass_time(minutes=1)
        if minute == 17:
            picky.refused = {}
        tries += [(minute, row.state) for row in go(store, tuesday, pauses)]
    assert tries == [(1, READY), (3, READY), (7, READY), (15, READY)]
    tuesday.pass_time(minutes=12)
    [row] = go(store, tuesday, pauses)
    assert (row.state, row.attempts) == (SENT, 6)
    assert len(picky.received) == 2


def test_somebody_who_asks_for_it_sends_at_once(store: Store, tuesday: Company, picky: Picky):
    picky.refused = {RECIPIENTS[0]: "451 4.7.1 come back later"}
    go(store, tuesday)
    picky.refused = {}
    assert [row.state for row in go(store, tuesday)] == [SENT]


def test_a_server_that_cannot_be_reached_loses_nothing(store: Store, tuesday: Company, picky: Picky):
    """M4."""
    port = tuesday.settings["mail"]["smtp"]["port"]
    tuesday.settings["mail"]["smtp"]["port"] = 1
    tuesday.write()
    rows = go(store, tuesday)
    assert [row.state for row in rows] == [READY, READY]
    assert "cannot be reached" in rows[0].error
    tuesday.settings["mail"]["smtp"]["port"] = port
    tuesday.write()
    assert [row.state for row in go(store, tuesday)] == [SENT, SENT]


def test_a_link_that_breaks_after_the_text_leaves_the_fate_unknown_and_the_same_mail_goes_again(
    store: Store, tuesday: Company, picky: Picky
):
    """M1, M3: the server took the message and never said so."""
    port = tuesday.settings["mail"]["smtp"]["port"]
    with scripted(Line.take_message) as (broken, heard):
        tuesday.settings["mail"]["smtp"] |= {"port": broken, "timeout_seconds": 0.5}
        tuesday.write()
        first = go(store, tuesday)
        taken = b"".join(heard())
    assert first[0].state is UNKNOWN
    assert first[0].message_id.encode() in taken
    tuesday.settings["mail"]["smtp"]["port"] = port
    tuesday.write()
    assert [row.state for row in go(store, tuesday)] == [SENT, SENT]
    assert ids(picky) == [row.message_id for row in store.deliveries()]


class Killed(BaseException):
    """The process ends here; nothing of ours runs any more."""


def test_a_process_that_dies_after_the_acceptance_sends_the_same_mail_once_more_and_loses_none(
    store: Store, tuesday: Company, picky: Picky, monkeypatch: pytest.MonkeyPatch
):
    """M1, C3: the one window in which a mail is doubled, and then with the same Message-ID."""
    real = Sender.send

    def dies_when_accepted(self: Sender, recipient: str, message: bytes, _accepted: Callable[[], None]) -> None:
        real(self, recipient, message)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Sender, "send", dies_when_accepted)
        with pytest.raises(Killed):
            go(store, tuesday)
    assert len(picky.received) == 1
    assert states(store) == [DeliveryState.SENDING, READY]
    with Store.open(url_of(tuesday.folder / "state.db")) as restarted:
        rows = go(restarted, tuesday)
        assert [row.state for row in restarted.deliveries()] == [SENT, SENT]
        assert go(restarted, tuesday) == []
    assert [row.attempts for row in rows] == [2, 1]
    expected = [row.message_id for row in rows]
    assert ids(picky) == [expected[0], *expected]
    first, again, _ = (content for _, _, content in picky.received)
    assert first == again


def test_how_long_it_took_to_note_each_mail_as_sent_is_counted(store: Store, tuesday: Company, picky: Picky):
    """M1, M3."""
    before = windows.told()
    go(store, tuesday)
    after = windows.told()
    assert sum(after.counts) == sum(before.counts) + 2
    assert after.seconds > before.seconds


def test_a_state_that_fails_right_after_the_acceptance_ends_the_sending_and_loses_nothing(
    store: Store, tuesday: Company, picky: Picky, monkeypatch: pytest.MonkeyPatch
):
    """C5: nobody may call the mail refused."""
    real = Store.mark_delivery

    def fails(self: Store, delivery_id: int, state: DeliveryState, *, now: datetime, error: str = "") -> None:
        if state is SENT:
            raise StateError("the disk of the state fails")
        real(self, delivery_id, state, now=now, error=error)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "mark_delivery", fails)
        with pytest.raises(StateError):
            go(store, tuesday)
    assert states(store) == [DeliveryState.SENDING, READY]
    assert [row.state for row in go(store, tuesday)] == [SENT, SENT]
    first, again, _ = ids(picky)
    assert first == again


def test_a_process_that_dies_before_the_acceptance_doubles_nothing(
    store: Store, tuesday: Company, picky: Picky, monkeypatch: pytest.MonkeyPatch
):
    def dies(*_args: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Sender, "send", dies)
        with pytest.raises(Killed):
            go(store, tuesday)
    assert [row.state for row in go(store, tuesday)] == [SENT, SENT]
    assert len(ids(picky)) == len(set(ids(picky))) == 2


def test_a_mistake_while_one_mail_is_sent_keeps_back_no_other(
    store: Store, tuesday: Company, picky: Picky, monkeypatch: pytest.MonkeyPatch
):
    real = Sender.send

    def fails_for_the_first(self: Sender, recipient: str, message: bytes, accepted: Callable[[], None]) -> None:
        if recipient == RECIPIENTS[0]:
            raise UnicodeError("a mistake with a secret in it")
        real(self, recipient, message, accepted)

    monkeypatch.setattr(Sender, "send", fails_for_the_first)
    rows = go(store, tuesday)
    assert [row.state for row in rows] == [UNKNOWN, SENT]
    assert rows[0].error == "unexpected UnicodeError while sending"


def test_a_mail_is_given_up_after_days_and_recorded(store: Store, tuesday: Company, picky: Picky):
    """M1: as long as mail servers try."""
    picky.refused = {RECIPIENTS[0]: "452 4.2.2 mailbox full"}
    go(store, tuesday)
    tuesday.now += GIVE_UP_AFTER
    assert [row.state for row in go(store, tuesday)] == [READY]
    tuesday.now += timedelta(minutes=1)
    assert go(store, tuesday) == []
    given_up = store.deliveries()[0]
    assert given_up.state is FAILED
    assert given_up.error.startswith("given up after 5 days: ")
    assert "452" in given_up.error


def test_the_wish_to_stop_is_heard_between_two_mails(store: Store, tuesday: Company, picky: Picky):
    """C16."""
    stop = threading.Event()

    async def stop_then_store(_server: SMTP, _session: Session, envelope: Envelope) -> str:
        stop.set()
        return "250 stored"

    picky.handle_DATA = stop_then_store  # type: ignore[method-assign]
    rows = deliver(store, tuesday.configuration, now=tuesday.now, stop=stop)
    assert [row.state for row in rows] == [SENT]
    assert states(store) == [SENT, READY]


def test_without_a_mail_server_what_waits_goes_on_waiting(store: Store, tuesday: Company):
    assert deliver(store, without_mail(tuesday.configuration), now=tuesday.now) == []
    assert states(store) == [READY, READY]


def test_the_admin_is_told_once_of_a_recipient_who_is_refused_for_good(store: Store, tuesday: Company, picky: Picky):
    """M3: the refusal is told where somebody can mend it."""
    picky.refused["ann@acme.example"] = "550 5.1.1 no such user"
    tuesday.settings["mail"]["admin"] = "admin@acme.example"
    tuesday.write()
    assert [row.state for row in go(store, tuesday)] == [FAILED, SENT]
    assert [row.state for row in go(store, tuesday)] == [SENT]
    assert go(store, tuesday) == []
    told = picky.received[-1]
    assert told[1] == ["admin@acme.example"]
    message = message_from_bytes(told[2])
    assert message["Subject"] == "Driftline: ann@acme.example was not told"
    words = " ".join(str(message.get_payload(0)).replace("=\n", "").split())
    assert "550 5.1.1 no such user" in words
    assert "correct it under the digest" in words


def test_a_refused_mail_to_the_admin_makes_no_other(store: Store, tuesday: Company, picky: Picky):
    picky.refused["ann@acme.example"] = "550 5.1.1 no such user"
    picky.refused["admin@acme.example"] = "550 5.1.1 no such user"
    tuesday.settings["mail"]["admin"] = "admin@acme.example"
    tuesday.write()
    assert [row.state for row in go(store, tuesday)] == [FAILED, SENT]
    assert [row.state for row in go(store, tuesday)] == [FAILED]
    assert go(store, tuesday) == []
