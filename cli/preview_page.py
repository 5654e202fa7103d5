"""A mail as ``driftline digest preview`` shows it: on the terminal, as JSON, in files and in a browser."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cli.browser import show
from cli.output import print_json, say, say_text, talk

if TYPE_CHECKING:
    from digest.base import Digest


@dataclass(frozen=True, slots=True)
class PreviewFiles:
    """Where a preview goes besides the terminal."""

    html: Path | None = None
    message: Path | None = None
    browser: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One mail; without a text nothing would go out, for the reason given. ``message`` is the whole of it in bytes."""

    reason: str
    recipients: Sequence[str]
    language: str
    subject: str = ""
    text: str = ""
    html: str = ""
    attachments: Mapping[str, bytes] = field(default_factory=dict)
    message: bytes = b""
    head: str = ""

    @property
    def empty(self) -> bool:
        return not self.text


def shown_digest(
    digest: "Digest | None",
    *,
    reason: str,
    recipients: Sequence[str],
    language: str,
    message: bytes = b"",
    head: str = "",
) -> Shown:
    """A composed digest, rendered; None stands for what cannot be composed yet."""
    from digest.render import render_html, render_text

    if digest is None or digest.empty:
        subject = digest.subject if digest else ""
        return Shown(reason=reason, recipients=recipients, language=language, subject=subject)
    return Shown(
        reason=reason,
        recipients=recipients,
        language=language,
        subject=digest.subject,
        text=render_text(digest),
        html=render_html(digest, alone=True),
        attachments={each.name: each.content for each in digest.attachments},
        message=message,
        head=head,
    )


def print_shown(mail: Shown, files: PreviewFiles, *, as_json: bool) -> None:
    """Print it, and write what was asked for."""
    if not mail.empty:
        _write(mail, files)
    if as_json:
        known = {"subject": mail.subject, "empty": mail.empty, "reason": mail.reason, "text": mail.text}
        said = {"attachments": list(mail.attachments), "recipients": mail.recipients, "language": mail.language}
        print_json(known | said)
    elif mail.empty:
        talk(f"Would send nothing: {mail.reason}")
    else:
        nobody = f"Nobody gets it in {mail.language}; it would be:"
        talk(mail.head or (f"Would send to {', '.join(mail.recipients)}:" if mail.recipients else nobody))
        if mail.attachments:
            talk(f"Attached: {', '.join(mail.attachments)}")
        say(f"Subject: {mail.subject}")
        say()
        say_text(mail.text)


def _write(mail: Shown, files: PreviewFiles) -> None:
    if files.message is not None:
        files.message.write_bytes(mail.message)
    page = files.html
    if page is None and files.browser:
        page = Path(tempfile.mkdtemp(prefix="driftline-")) / "digest.html"
    if page is None:
        return
    page.write_text(mail.html, encoding="utf-8")
    for name, content in mail.attachments.items():
        page.with_name(Path(name).name).write_bytes(content)
    if files.browser and not show(page):
        talk(f"No browser took {page}")
