"""Pictures and attachments in a mail: its structure, its bytes, and that it is whole without any of them."""

import email
import email.policy
from dataclasses import replace
from email.message import EmailMessage

from digest.base import Attachment, Digest, Paragraph, Picture, SectionBlocks, line
from digest.deliver import build_message
from digest.mail_body import mail_body
from digest.options import MailOptions
from digest.render import render_html, render_text
from tests.digest.editions import NOW
from tests.digest.reading import page, words

MAIL = MailOptions.model_validate({"sender": "driftline@acme.example", "smtp": {"host": "smtp.acme.example"}})
PICTURE = Picture("slip", b"\x89PNG not drawn", 'AUR-118 "moved" <3 times>', 520, 272)
SHEET = Attachment("list.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK\r\n.\n" * 40)
ENTRY = Attachment("triage.ics", "text/calendar; method=PUBLISH; charset=utf-8", "BEGIN:VCALENDAR\r\nÜ".encode())


def digest(*attachments: Attachment, picture: bool = True) -> Digest:
    blocks = (Paragraph(line("EUR 2.4M at risk")), *([PICTURE] if picture else []))
    sections = (SectionBlocks("bottom_line", "", blocks),)
    return Digest(
        subject="3 decisions", title="For you", blocks=sections, empty=False, reason="new", attachments=attachments
    )


def built(mail: Digest, recipient: str = "coo@acme.example") -> bytes:
    return build_message(mail, mail=MAIL, recipient=recipient, audience="leaders", slot="2026-09-08", now=NOW)[1]


def parsed(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert [part.defects for part in message.walk() if part.defects] == []
    return message


def structure(message: EmailMessage) -> object:
    kind = message.get_content_type()
    return (kind, *map(structure, message.iter_parts())) if message.is_multipart() else kind  # type: ignore[arg-type]


def test_each_level_is_there_only_where_it_holds_something():
    plain = ("multipart/alternative", "text/plain", "text/html")
    pictured = ("multipart/alternative", "text/plain", ("multipart/related", "text/html", "image/png"))
    assert structure(parsed(built(digest(picture=False)))) == plain
    assert structure(parsed(built(digest()))) == pictured
    assert structure(parsed(built(digest(ENTRY, SHEET)))) == (
        "multipart/mixed",
        pictured,
        "text/calendar",
        SHEET.media_type,
    )


def test_what_is_attached_comes_out_byte_for_byte_under_its_name():
    parts = list(parsed(built(digest(ENTRY, SHEET))).iter_attachments())
    assert [(part.get_filename(), part.get_content_disposition()) for part in parts] == [
        ("triage.ics", "attachment"),
        ("list.xlsx", "attachment"),
    ]
    assert [part.get_payload(decode=True) for part in parts] == [ENTRY.content, SHEET.content]
    assert parts[0]["Content-Type"].params["method"] == "PUBLISH"


def test_the_html_shows_the_picture_that_lies_beside_it():
    mail = parsed(built(digest()))
    html, image = list(list(mail.iter_parts())[1].iter_parts())  # type: ignore[attr-defined]
    shown = {name: value for tag, name, value in page(html.get_content()).attributes if tag == "img"}
    assert f"<{shown['src'].removeprefix('cid:')}>" == image["Content-ID"]
    assert (shown["width"], shown["height"]) == ("520", "272")  # Outlook takes no other
    assert image.get_payload(decode=True) == PICTURE.png


def test_the_mail_says_the_same_without_its_pictures():
    """M8, M9."""
    html, text = page(render_html(digest())), render_text(digest())
    assert PICTURE.alt in text
    assert words(html.text) == words(text)
    assert ("/img", ()) not in html.tags


def test_a_page_for_a_browser_holds_its_pictures():
    assert 'src="data:image/png;base64,' in render_html(digest(), alone=True)


def test_every_recipient_gets_the_same_body_which_is_made_once():
    mail_body.cache_clear()
    mail = digest(ENTRY, SHEET)
    mails = [built(mail, f"reader-{number}@acme.example") for number in range(50)]
    assert mail_body.cache_info().misses == 1
    assert len({raw.split(b"\r\n\r\n", 1)[1] for raw in mails}) == 1
    assert len({raw.split(b"\r\n\r\n", 1)[0] for raw in mails}) == 50


def test_the_bytes_are_the_same_again_and_plain_ascii():
    """M2."""
    first = built(digest(ENTRY, SHEET))
    mail_body.cache_clear()
    assert built(digest(ENTRY, SHEET)) == first
    assert built(digest(replace(SHEET, content=b"other"), ENTRY)) != first
    assert first.isascii()
    assert b"\n" not in first.replace(b"\r\n", b"")


def test_a_text_cannot_end_a_part_early():
    """M5: what parts the parts is drawn from the text itself."""
    raw = built(digest(SHEET))
    boundaries = {part.get_boundary() for part in parsed(raw).walk() if part.is_multipart()}
    hostile = replace(digest(SHEET), title=" ".join(f"--{each}--" for each in sorted(map(str, boundaries))))
    assert structure(parsed(built(hostile))) == structure(parsed(raw))
