"""Digests on channels: the same outbox, the same news, another way out."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from config.settings import Settings
from digest.channels.webhook import signature
from model.deliveries import DeliveryState
from pipeline.notify import prepare
from pipeline.outbox import deliver
from sandbox.http import Fault, Response
from state.store import Store
from tests.digest.channels.receiver import Receiver
from tests.digest.smtp_servers import Line, Mailbox, running, scripted
from tests.pipeline.company import RECIPIENTS, Company

SLOT = "2026-09-15"
READY, SENT, FAILED, UNKNOWN = DeliveryState.READY, DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNKNOWN
KEY = "a-shared-secret-of-thirty-letters"


def hide(folder: Path, name: str, text: str) -> str:
    """Put a secret into a file of the company and give the reference to it."""
    path = folder / name
    path.touch(mode=0o600)
    path.write_text(text)
    return f"file:{name}"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running_receiver:
        yield running_receiver


@pytest.fixture
def tuesday(tuesday: Company, receiver: Receiver) -> Company:
    """The leaders' digest goes to a webhook and a chat too."""
    hook = hide(tuesday.folder, "hook-url", f"{receiver.url}/hook")
    chat = hide(tuesday.folder, "chat-url", receiver.url.replace("http://", "json://") + "/chat")
    tuesday.settings["channels"] = {
        "board": {
            "kind": "webhook",
            "url": hook,
            "secret": hide(tuesday.folder, "hook-key", KEY),
            "timeout_seconds": 2,
        },
        "leaders-chat": {"kind": "chat", "url": chat, "timeout_seconds": 2},
    }
    tuesday.settings["digests"]["leaders"]["channels"] = ["board", "leaders-chat"]
    tuesday.write()
    return tuesday


def sent(store: Store, company: Company) -> dict[str, DeliveryState]:
    return {row.recipient: row.state for row in deliver(store, company.configuration, now=company.now)}


def told_to(receiver: Receiver, path: str) -> list[bytes]:
    return [request.body for request in receiver.got if request.path == path]


def test_every_way_tells_the_same_news_once(store: Store, tuesday: Company, receiver: Receiver):
    digest, rows = prepare(store, tuesday.configuration, "leaders", slot=SLOT, now=tuesday.now)
    assert {row.recipient for row in rows} == {*RECIPIENTS, "channel:board", "channel:leaders-chat"}
    assert len({(row.covers_after, row.covers) for row in rows}) == 1
    mailbox = Mailbox()
    with running(mailbox) as port:
        tuesday.settings["mail"]["smtp"]["port"] = port
        tuesday.write()
        assert set(sent(store, tuesday).values()) == {SENT}
        assert sent(store, tuesday) == {}
    (hook,), (chat,) = told_to(receiver, "/hook"), told_to(receiver, "/chat")
    assert orjson.loads(hook)["subject"] == orjson.loads(chat)["title"] == digest.subject
    assert len(mailbox.received) == len(RECIPIENTS)


def test_what_is_sent_is_signed_with_the_configured_secret(store: Store, tuesday: Company, receiver: Receiver):
    prepare(store, tuesday.configuration, "leaders", slot=SLOT, now=tuesday.now)
    sent(store, tuesday)
    (request,) = (request for request in receiver.got if request.path == "/hook")
    headers = {name.lower(): value for name, value in request.headers.items()}
    said = signature(KEY, headers["webhook-id"], headers["webhook-timestamp"], request.body)
    assert headers["webhook-signature"] == said


def test_a_channel_that_fails_keeps_nobody_else_back_and_is_tried_again(
    store: Store, tuesday: Company, receiver: Receiver
):
    prepare(store, tuesday.configuration, "leaders", slot=SLOT, now=tuesday.now)
    receiver.add_fault(Fault("POST /hook", Response({}, 503)))
    first = sent(store, tuesday)
    assert (first["channel:board"], first["channel:leaders-chat"]) == (READY, SENT)
    assert sent(store, tuesday)["channel:board"] is SENT
    assert len(told_to(receiver, "/chat")) == 1


def test_a_receiver_that_hangs_up_gets_the_same_digest_with_the_same_id(
    store: Store, tuesday: Company, receiver: Receiver
):
    """M3: it may have it already, and can tell by the id."""
    tuesday.settings["channels"]["board"]["timeout_seconds"] = 0.1
    tuesday.write()
    prepare(store, tuesday.configuration, "leaders", slot=SLOT, now=tuesday.now)
    receiver.add_fault(Fault("POST /hook", delay_seconds=0.3))
    assert sent(store, tuesday)["channel:board"] is UNKNOWN
    assert sent(store, tuesday)["channel:board"] is SENT
    ids = {request.headers["webhook-id"] for request in receiver.got if request.path == "/hook"}
    assert len(ids) == 1


def test_a_digest_may_go_out_on_channels_alone(store: Store, tuesday: Company, receiver: Receiver):
    del tuesday.settings["mail"]
    del tuesday.settings["digests"]["leaders"]["recipients"]
    tuesday.write()
    prepare(store, tuesday.configuration, "leaders", slot=SLOT, now=tuesday.now)
    assert sent(store, tuesday) == {"channel:board": SENT, "channel:leaders-chat": SENT}
    assert len(receiver.got) == 2


def test_what_waits_for_a_channel_that_was_taken_out_of_the_settings_goes_on_waiting(store: Store, tuesday: Company):
    prepare(store, tuesday.configuration, "leaders", slot=SLOT, now=tuesday.now)
    del tuesday.settings["channels"]
    del tuesday.settings["digests"]["leaders"]["channels"]
    tuesday.write()
    assert "channel:board" not in sent(store, tuesday)
    waiting = {row.recipient: row.state for row in store.deliveries()}
    assert waiting["channel:board"] is READY


def test_a_digest_for_nobody_is_a_mistake():
    with pytest.raises(ValueError, match="needs recipients, channels or both"):
        Settings.model_validate({"version": 1, "digests": {"leaders": {}}})


def test_a_mail_whose_fate_is_unknown_waits_for_somebodys_word_where_that_is_asked_for(store: Store, tuesday: Company):
    """M3, on_ambiguous: hold."""
    del tuesday.settings["digests"]["leaders"]["channels"]
    tuesday.settings["mail"]["on_ambiguous"] = "hold"
    tuesday.write()
    prepare(store, tuesday.configuration, "leaders", slot=SLOT, now=tuesday.now)
    with scripted(Line.take_message) as (broken, heard):
        tuesday.settings["mail"]["smtp"] |= {"port": broken, "timeout_seconds": 0.5}
        tuesday.write()
        assert UNKNOWN in sent(store, tuesday).values()
        heard()
    mailbox = Mailbox()
    with running(mailbox) as port:
        tuesday.settings["mail"]["smtp"]["port"] = port
        tuesday.write()
        assert len(sent(store, tuesday)) == len(RECIPIENTS) - 1
        again = deliver(store, tuesday.configuration, now=tuesday.now, again=True)
    assert [row.state for row in again] == [SENT]
    assert len(mailbox.received) == len(RECIPIENTS)
