"""One digest to one message: its headers, its parts, and what no title can add to them."""

import email
import email.policy
from dataclasses import replace
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.base import Digest, SectionBlocks, Small, line
from digest.compose import compose
from digest.deliver import build_message
from digest.options import MailOptions
from digest.render import render_html, render_text
from model.errors import DeliveryError
from tests.digest.editions import NOW, two_causes
from tests.digest.reading import page, without_addresses, words
from tests.examples import examples

MAIL = MailOptions.model_validate({"sender": "driftline@acme.example", "smtp": {"host": "smtp.acme.example"}})
HEADERS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Content-Language",
    "References",
    "List-Unsubscribe",
    "Auto-Submitted",
    "Precedence",
    "X-Auto-Response-Suppress",
    "MIME-Version",
    "Content-Type",
]


def build(digest: Digest | None = None, mail: MailOptions = MAIL, **changes: object) -> tuple[str, bytes]:
    given = {"recipient": "coo@acme.example", "audience": "leaders", "slot": "2026-09-08", "now": NOW} | changes
    return build_message(digest or compose(two_causes()), mail=mail, **given)  # type: ignore[arg-type]


def parsed(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert message.defects == []
    return message


def test_a_message_holds_both_parts_and_they_say_the_same():
    """M9."""
    digest = compose(two_causes())
    message = parsed(build(digest)[1])
    assert message.get_content_type() == "multipart/alternative"
    text, html = message.iter_parts()
    assert text.get_content_type() == "text/plain"
    assert html.get_content_type() == "text/html"
    assert text.get_content().replace("\r\n", "\n") == render_text(digest)
    assert html.get_content().replace("\r\n", "\n") == render_html(digest)
    assert words(without_addresses(text.get_content())) == words(page(html.get_content()).text)


def test_the_headers_tell_people_and_machines_what_it_is():
    """M9, M10; reliability M9."""
    message = parsed(build()[1])
    assert message.keys() == HEADERS
    assert message["From"] == "Driftline <driftline@acme.example>"
    assert message["To"] == "coo@acme.example"
    assert message["Subject"] == "2 decisions, EUR 2.4M revenue at risk, first due Tue 15 Sep - 8 Sep, week 37"
    assert message["Date"] == "Tue, 08 Sep 2026 05:00:00 +0000"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Precedence"] == "bulk"
    assert message["List-Unsubscribe"] == "<mailto:driftline@acme.example?subject=unsubscribe%20leaders>"


def test_requests_to_leave_go_to_the_configured_address():
    mail = MAIL.model_copy(update={"unsubscribe": "it@acme.example"})
    assert parsed(build(mail=mail)[1])["List-Unsubscribe"].startswith("<mailto:it@acme.example?")


def test_the_same_message_is_built_again_byte_for_byte():
    """M2: a resend can be recognised."""
    assert build() == build()


def test_the_message_id_depends_on_audience_slot_and_recipient_only():
    """M2, M12."""
    message_id, raw = build()
    assert message_id == parsed(raw)["Message-ID"]
    assert message_id.endswith("@acme.example>")
    assert len(message_id.partition("@")[0]) == 33
    assert build(replace(compose(two_causes()), subject="else"), now=NOW.replace(year=2027))[0] == message_id
    others = {
        build(slot="2026-09-09")[0],
        build(recipient="cfo@acme.example")[0],
        build(audience="finance")[0],
        build(audience="leaders2026", slot="-09-08")[0],
    }
    assert len(others | {message_id}) == 5


def test_the_mails_of_one_audience_to_one_person_are_one_thread():
    """M11."""
    first, second = parsed(build()[1]), parsed(build(slot="2026-09-09")[1])
    assert first["References"] == second["References"]
    assert first["References"] != parsed(build(audience="finance")[1])["References"]
    assert first["References"] != first["Message-ID"]


def test_the_domain_is_configured_and_long_ones_do_not_break_the_header():
    mail = MAIL.model_copy(update={"message_id_domain": "a" * 60 + "." + "b" * 60 + "." + "c" * 60 + ".example"})
    message_id, raw = build(mail=mail)
    assert parsed(raw)["Message-ID"].replace("\r\n", "").strip() == message_id
    assert b"=?" not in raw.split(b"\r\n\r\n")[0]


def test_a_long_audience_does_not_break_the_way_to_leave():
    raw = build(audience="a-very-long-name-for-an-audience-of-this-")[1]
    message = parsed(raw)
    assert message["List-Unsubscribe"].count("<mailto:") == 1
    assert b"=?" not in raw.split(b"\r\n\r\n")[0]


def test_the_subject_stands_on_the_line_of_its_name():
    assert b"\r\nSubject: 2 decisions, EUR 2.4M revenue at risk" in build()[1]


def test_a_name_with_umlauts_is_encoded_and_read_back():
    mail = MAIL.model_copy(update={"sender_name": "Führung, Strategie"})
    message = parsed(build(mail=mail)[1])
    assert message["From"].addresses[0].display_name == "Führung, Strategie"
    assert message["From"].addresses[0].addr_spec == "driftline@acme.example"


def test_every_byte_is_plain_ascii_with_crlf_and_no_line_is_too_long():
    raw = build(replace(compose(two_causes()), title="Größe 発売日 → 👩"))[1]
    raw.decode("ascii")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998


@pytest.mark.parametrize("recipient", ["", "nobody", "a@b\r\nBcc: x@acme.example", "<a@b>", "a@b, c@d"])
def test_what_is_no_address_makes_no_message(recipient: str):
    with pytest.raises(DeliveryError, match="is no mail address") as caught:
        build(recipient=recipient)
    assert caught.value.permanent is True


SEPARATORS = ["\r\n", "\r", "\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"]


@pytest.mark.parametrize("separator", SEPARATORS)
def test_a_line_break_in_a_title_adds_no_header(separator: str):
    """M5 of reliability: eight separators."""
    hostile = f"x{separator}Bcc: everyone@acme.example{separator}{separator}<b>body</b>"
    digest = replace(compose(two_causes()), subject=hostile, title=hostile)
    message = parsed(build(digest, mail=MAIL.model_copy(update={"sender_name": hostile}), audience=hostile)[1])
    assert message.keys() == HEADERS
    assert message["Bcc"] is None
    assert message["Subject"] == "x Bcc: everyone@acme.example <b>body</b>"


@settings(max_examples=examples(150), deadline=None)
@given(st.text(alphabet=st.characters(codec=None), max_size=200))
def test_no_text_adds_a_header_or_makes_a_message_fail(text: str):
    """Reliability M5."""
    blocks = (SectionBlocks("news", text, (Small(line(text)),)),)
    digest = Digest(subject=text, title=text, blocks=blocks, empty=False, reason=text)
    message = parsed(
        build(digest, mail=MAIL.model_copy(update={"sender_name": text[:60]}), audience=text, slot=text)[1]
    )
    assert message.keys() == HEADERS
    assert len(list(message.iter_parts())) == 2
