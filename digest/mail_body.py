"""The parts of a mail, from a digest to bytes: the same for every recipient, so they are made once.

``mixed(alternative(text, related(html, pictures)), attachments)``; a level that holds nothing of its own is left out.
"""

import hashlib
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from functools import lru_cache

from digest.base import Attachment, Digest, Picture
from digest.render import render_html, render_text

_KEPT = 4
"""So many bodies are kept: a digest in a few languages goes to many recipients."""


@dataclass(frozen=True, slots=True)
class MailBody:
    """The headers that say what the body is, each with its line end, and the body."""

    headers: bytes
    content: bytes


@lru_cache(maxsize=_KEPT)
def mail_body(digest: Digest) -> MailBody:
    """Both parts, the pictures and the attachments. The same digest gives the same bytes."""
    # Seven bits, quoted-printable or base64: no server on the way has a reason to re-encode it.
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    message.set_content(render_text(digest), cte="quoted-printable")
    message.add_alternative(render_html(digest), subtype="html", cte="quoted-printable")
    _relate(message, digest)
    for attachment in digest.attachments:
        _attach(message, attachment)
    _set_boundaries(message)
    headers, _, content = message.as_bytes().partition(b"\r\n\r\n")
    return MailBody(_ordered(headers), content)


def _relate(message: EmailMessage, digest: Digest) -> None:
    """Put the pictures beside the HTML that shows them; the same picture once."""
    pictures = [block for section in digest.blocks for block in section.blocks if isinstance(block, Picture)]
    html = list(message.iter_parts())[1]
    assert isinstance(html, EmailMessage)
    for picture in dict.fromkeys(pictures):
        html.add_related(
            picture.png,
            maintype="image",
            subtype="png",
            cid=f"<{picture.content_id}>",
            filename=f"{picture.name}.png",
            disposition="inline",
        )
    if pictures:
        html.set_param("type", "text/html")


def _attach(message: EmailMessage, attachment: Attachment) -> None:
    kind, *parameters = (part.strip() for part in attachment.media_type.split(";"))
    maintype, _, subtype = kind.partition("/")
    named = dict(parameter.split("=", 1) for parameter in parameters)
    message.add_attachment(
        attachment.content, maintype=maintype, subtype=subtype, filename=attachment.name, params=named
    )


def _set_boundaries(message: EmailMessage) -> None:
    """What parts the parts is drawn from all that they hold: no text can know it, and it is the same again."""
    seed = hashlib.sha256()
    multiparts = [part for part in message.walk() if part.is_multipart()]
    for part in message.walk():
        if not part.is_multipart():
            seed.update(part.as_bytes())
    for number, part in enumerate(multiparts):
        drawn = hashlib.sha256(seed.digest() + bytes([number])).hexdigest()[:32]
        part.set_boundary(f"=_{drawn}")


def _ordered(headers: bytes) -> bytes:
    """The version first, as mail programs write it."""
    lines = headers.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ").split(b"\r\n")
    return b"".join(line + b"\r\n" for line in sorted(lines, key=lambda line: not line.startswith(b"MIME-Version")))
