"""Chat through Apprise itself: over real HTTP where a service can be reached, and as Slack would get it."""

from typing import Any

import orjson
import pytest
import responses

from digest.channels.chat import ChatSender
from digest.channels.options import ChatOptions
from digest.markdown import render_markdown
from model.errors import DeliveryError
from model.secret import Secret
from tests.digest.channels.receiver import Receiver, a_digest

SUBJECT = "1 decision, EUR 2.4M revenue at risk"
SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#leaders"


def send(url: str, body: str = "Two **words**") -> None:
    ChatSender("leaders-chat", ChatOptions(kind="chat", url=Secret("env:URL", url), timeout_seconds=2)).send(
        SUBJECT, body
    )


def failure(url: str) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        send(url)
    return caught.value


def test_a_service_gets_subject_and_words():
    with Receiver() as receiver:
        send(receiver.url.replace("http://", "json://") + "/digests")
    (request,) = receiver.got
    assert request.json()["title"] == SUBJECT
    assert "words" in request.json()["message"]


def test_a_refusal_is_tried_again_and_shows_no_key():
    with Receiver(500) as receiver:
        error = failure(receiver.url.replace("http://", "json://user:s3cr3t@") + "/k3y")
    assert (error.permanent, error.unknown) == (False, False)
    assert "s3cr3t" not in str(error)
    assert "k3y" not in str(error)


def test_a_redirect_is_not_followed():
    with Receiver() as elsewhere, Receiver(307, {"Location": f"{elsewhere.url}/digests"}) as receiver:
        failure(receiver.url.replace("http://", "json://") + "/?redirect=yes")
    assert elsewhere.got == []


def test_an_address_that_nobody_knows_is_refused_for_good():
    error = failure("pigeon://loft/7")
    assert error.permanent is True
    assert "pigeon" not in error.summary


def test_certificates_cannot_be_waved_through():
    error = failure("jsons://127.0.0.1:9/?verify=no")
    assert error.permanent is True
    assert "certificates" in error.summary


def test_slack_gets_its_own_markup_and_a_hostile_title_mentions_nobody():
    """M13: a title that would call a whole channel or hide a link is words and nothing else."""
    hostile = "<!channel> @here [free money](https://evil.example) *now*"
    with responses.RequestsMock() as net:
        net.post("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", body="ok")
        send(SLACK, render_markdown(a_digest(hostile)))
        said = _said(orjson.loads(net.calls[0].request.body or b"{}"))
    assert "<https://crm.example/OPP-1041|OPP-1041>" in said
    assert "<!channel>" not in said
    assert "@here" not in said
    assert "<https://evil.example" not in said
    assert "*EUR 2.4M*" in said


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(_said(part) for part in value.values())
    if isinstance(value, list):
        return "\n".join(_said(part) for part in value)
    return str(value)
