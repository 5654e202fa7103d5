"""Webhooks: real HTTP to a receiver on loopback that is kind, refuses, redirects, hangs up or hangs."""

import base64
import hashlib
import hmac
import socket
import threading
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from digest.channels.options import WebhookOptions
from digest.channels.payload import message_id, payload
from digest.channels.webhook import WebhookSender
from digest.render import render_text
from model.errors import DeliveryError
from model.secret import Secret
from sandbox.http import Fault
from tests.digest.channels.receiver import Receiver, a_digest
from tests.digest.smtp_servers import self_signed
from tests.ports import free_port

NOW = datetime(2026, 9, 8, 5, 0, tzinfo=UTC)
KEY = "a-shared-secret-of-thirty-letters"
BODY = payload(a_digest(), audience="leaders", slot="2026-09-08", now=NOW)
ID = message_id("leaders", "2026-09-08", "board")


def send(url: str, key: str = KEY, timeout: float = 5.0) -> None:
    options = WebhookOptions(
        kind="webhook", url=Secret("env:URL", url), secret=Secret("env:KEY", key), timeout_seconds=timeout
    )
    WebhookSender("board", options).send(ID, BODY, now=NOW)


def failure(url: str, **changes: object) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        send(url, **changes)  # type: ignore[arg-type]
    return caught.value


def test_a_receiver_can_verify_who_sent_it_and_when():
    with Receiver() as receiver:
        send(f"{receiver.url}/digests")
    (request,) = receiver.got
    headers = {name.lower(): value for name, value in request.headers.items()}
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + request.body
    expected = base64.b64encode(hmac.new(KEY.encode(), signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == (ID, str(int(NOW.timestamp())))
    assert request.body == BODY


def test_the_body_says_the_same_as_the_mail_and_names_its_blocks():
    told = orjson.loads(BODY)
    assert (told["type"], told["version"], told["audience"], told["slot"]) == (
        "driftline.digest",
        1,
        "leaders",
        "2026-09-08",
    )
    assert told["text"] == render_text(a_digest())
    (card,) = told["sections"][1]["blocks"]
    assert (card["kind"], card["code"], card["chips"][0]["text"]) == ("decision", "a1b2c3d4", "worsened")
    assert card["facts"][0]["content"][0] == {
        "kind": "link",
        "text": "OPP-1041",
        "url": "https://crm.example/OPP-1041",
    }


def test_the_id_is_the_same_for_the_same_digest_and_another_for_any_other():
    """M2: a receiver can drop what comes twice."""
    assert message_id("leaders", "2026-09-08", "board") == ID
    assert len({ID, message_id("leaders", "2026-09-09", "board"), message_id("leaders", "2026-09-08", "bi")}) == 3


@pytest.mark.parametrize(
    ("status", "permanent"),
    [(400, True), (401, True), (404, True), (410, True), (408, False), (429, False), (503, False)],
)
def test_a_refusal_is_for_good_only_where_asking_again_cannot_help(status: int, *, permanent: bool):
    with Receiver(status) as receiver:
        error = failure(f"{receiver.url}/digests")
    assert (error.permanent, error.unknown) == (permanent, False)
    assert error.summary == f"the webhook board: answered {status}"


def test_a_redirect_is_not_followed():
    with Receiver() as elsewhere, Receiver(307, {"Location": f"{elsewhere.url}/digests"}) as receiver:
        error = failure(f"{receiver.url}/digests")
    assert error.permanent is True
    assert elsewhere.got == []


@pytest.mark.parametrize("url", ["http://example.com/hook", "ftp://example.com/x", "example.com/hook", "https://"])
def test_an_address_that_is_readable_on_the_way_is_refused_before_anything_is_sent(url: str):
    error = failure(url)
    assert error.permanent is True
    assert "nothing was sent" in error.summary
    assert "example.com" not in str(error)


def test_a_secret_that_can_be_guessed_is_refused_before_anything_is_sent():
    with Receiver() as receiver:
        error = failure(f"{receiver.url}/digests", key="short")
    assert (error.permanent, receiver.got) == (True, [])
    assert "short" not in error.summary.replace("shorter", "")


def test_a_receiver_that_is_not_there_is_tried_again():
    error = failure(f"http://127.0.0.1:{free_port()}/k3y")
    assert (error.permanent, error.unknown) == (False, False)
    assert "k3y" not in str(error)


def test_a_link_that_breaks_before_the_answer_leaves_the_fate_unknown():
    """M3: the receiver may have it; the id tells it so."""
    with Receiver() as receiver:
        receiver.add_fault(Fault("POST", delay_seconds=0.4))
        error = failure(f"{receiver.url}/digests", timeout=0.1)
    assert (error.permanent, error.unknown) == (False, True)


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path):
    _, context = self_signed(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            try:
                context.wrap_socket(connection, server_side=True).close()
            except OSError:
                connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        error = failure(f"https://127.0.0.1:{listener.getsockname()[1]}/hook")
        thread.join(5)
    assert error.permanent is True
    assert "certificate is not trusted" in error.summary
