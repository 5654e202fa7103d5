"""A stored mail read back from its bytes: text, page, pictures and attachments."""

from cli.former_mail import FormerMail
from digest.base import Attachment
from digest.render import render_text
from model.deliveries import Delivery, DeliveryState
from tests.digest.editions import NOW
from tests.digest.test_mail_body import built, digest

SHEET = Attachment(
    "findings.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK\x03\x04rows"
)


def former() -> FormerMail:
    mail = digest(SHEET)
    content = built(mail)
    row = Delivery(
        audience="leaders",
        recipient="coo@acme.example",
        slot="2026-09-08",
        message_id="<1@acme.example>",
        subject=mail.subject,
        reason=mail.reason,
        message=b"",
        covers=1,
        state=DeliveryState.SENT,
        created_at=NOW,
    )
    return FormerMail(row, ("coo@acme.example",), content)


def test_the_text_is_that_of_the_mail():
    assert former().text.replace("\r\n", "\n").split() == render_text(digest(SHEET)).split()


def test_the_page_can_be_opened_alone_because_its_pictures_lie_inside():
    page = former().html
    assert "data:image/png;base64," in page
    assert "cid:" not in page


def test_attachments_come_out_byte_for_byte_and_pictures_are_none():
    assert former().attachments == {"findings.xlsx": SHEET.content}


def test_the_mail_says_its_language():
    assert former().language == "en"
