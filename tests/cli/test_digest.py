"""``driftline digest``: the mail as it would go out, and sent once however often it is asked for."""

import re
from collections.abc import Callable
from pathlib import Path

from cli.workspace import read_store
from config.load import load
from digest.findings_language import recognised
from digest.language import Language
from sandbox.world import Meridian
from tests.cli.console import driftline

Change = Callable[[Path, str, str], None]
PREVIEW_FIELDS = {"subject", "empty", "reason", "recipients", "language", "text", "attachments"}
DELIVERY_FIELDS = {"audience", "recipient", "slot", "message_id", "subject", "reason", "state", "error"}


def test_a_preview_prints_the_mail_and_says_who_would_get_it(tuesday: Meridian, tmp_path: Path):
    page, before = tmp_path / "digest.html", tuesday.mail.mails()
    said = driftline("digest", "preview", "leaders", "--html", page, folder=tuesday.folder)
    assert said.code == 0
    assert said.err == "Would send to martin.keller@meridian.example, claire.dubois@meridian.example:\n"
    assert said.lines[0].startswith("Subject: 5 decisions (2 triage), EUR 2.3M revenue at risk")
    assert "AUR-118" in said.out
    assert "<html" in page.read_text("utf-8")
    assert tuesday.mail.mails() == before
    assert driftline("status", "--json", folder=tuesday.folder).json["deliveries"] == {}


def test_the_json_of_a_preview_has_the_documented_fields(tuesday: Meridian):
    told = driftline("digest", "preview", "leaders", "--json", folder=tuesday.folder).json
    assert set(told) == PREVIEW_FIELDS
    assert told["empty"] is False
    assert told["subject"] in driftline("digest", "preview", "leaders", folder=tuesday.folder).out


def test_a_digest_is_sent_once_to_each_recipient_however_often_it_is_asked_for(monday: Meridian):
    driftline("sync", folder=monday.folder)
    monday.move_to_tuesday()
    driftline("sync", folder=monday.folder)
    preview = driftline("digest", "preview", "leaders", folder=monday.folder)
    sent = driftline("digest", "send", "leaders", folder=monday.folder)
    assert sent.code == 0
    assert [line.split()[:2] for line in sent.lines[1:]] == [
        ["martin.keller@meridian.example", "sent"],
        ["claire.dubois@meridian.example", "sent"],
    ]
    mails = [path.read_bytes() for path in monday.mail.mails()]
    assert len(mails) == 2
    assert preview.lines[0].encode() in mails[0]
    again = driftline("digest", "send", "leaders", folder=monday.folder)
    assert (again.code, again.out) == (0, "")
    assert again.err.startswith("Nothing to send: ")
    assert len(monday.mail.mails()) == 2
    assert driftline("digest", "preview", "leaders", folder=monday.folder).err.startswith("Would send nothing: ")


def test_a_mail_server_that_is_down_ends_with_3_and_says_what_went_wrong(
    copy: Path, tuesday: Meridian, changed: Change
):
    changed(copy / "driftline.yaml", f"port: {tuesday.mail.port}", "port: 9")
    before = tuesday.mail.mails()
    said = driftline("digest", "send", "leaders", "--json", folder=copy)
    assert said.code == 3
    assert all(set(row) == DELIVERY_FIELDS for row in said.json)
    assert all(row["error"] and row["state"] != "sent" for row in said.json)
    again = driftline("digest", "send", "leaders", folder=copy)
    assert again.code == 3
    assert again.lines[0].endswith("what went wrong")
    assert tuesday.mail.mails() == before


def test_an_audience_that_does_not_exist_is_refused_with_the_nearest(tuesday: Meridian):
    for verb in ("preview", "send"):
        said = driftline("digest", verb, "leader", folder=tuesday.folder)
        assert (said.code, said.out) == (2, "")
        assert said.err == "error: there is no digest named leader\nhint: did you mean 'leaders'?\n"


def test_before_the_first_sync_there_is_nothing_to_send(unread: Path):
    said = driftline("digest", "preview", "leaders", folder=unread)
    assert (said.code, said.out) == (0, "")
    assert said.err == "Would send nothing: nothing was read yet; run driftline sync\n"
    told = driftline("digest", "preview", "leaders", "--json", folder=unread).json
    assert (set(told), told["empty"]) == (PREVIEW_FIELDS, True)
    sent = driftline("digest", "send", "leaders", folder=unread)
    assert (sent.code, sent.err) == (0, "Nothing to send: nothing was read yet; run driftline sync\n")
    assert list((unread / "state").iterdir()) == []


TITLES = re.compile(
    r"Certify the safety gateway|Order the sorter hardware|Train partners in Iberia|<https?:[^>]*>|\w+@\S+"
)
"""English that belongs to the company's records."""


def test_the_german_mail_has_no_english_left(tuesday: Meridian, tmp_path: Path):
    page = tmp_path / "digest.html"
    said = driftline("digest", "preview", "leaders", "--language", "de", "--html", page, folder=tuesday.folder)
    assert said.err.startswith("Nobody gets it in de; it would be:")
    assert said.lines[0].startswith("Subject: 5 Entscheidungen (2 Triage), 2,3 Mio. EUR Umsatzrisiko, bis Mi 16. Sep")
    left = re.findall(
        r"\b(?:the|is|has|by|to|for|from|with|days?|late|revenue|savings|more|since|week|decisions?)\b",
        TITLES.sub("", " ".join(said.out.split())).replace("driftline findings", ""),
    )
    assert left == []
    assert '<html lang="de"' in page.read_text("utf-8")


def test_a_preview_in_a_language_that_nobody_wrote_names_those_there_are(tuesday: Meridian):
    said = driftline("digest", "preview", "leaders", "--language", "xx", folder=tuesday.folder)
    assert said.code == 2
    assert "there is no language 'xx'" in said.err
    assert "the languages are: en, de" in said.err


def test_the_first_recipient_says_in_which_language_a_preview_is(copy: Path, changed: Change):
    german = "- {address: martin.keller@meridian.example, language: de}"
    changed(copy / "driftline.yaml", "- martin.keller@meridian.example", german)
    said = driftline("digest", "preview", "leaders", "--json", folder=copy).json
    assert (said["language"], said["recipients"]) == ("de", ["martin.keller@meridian.example"])
    english = driftline("digest", "preview", "leaders", "--language", "en", "--json", folder=copy).json
    assert (english["language"], english["recipients"]) == ("en", ["claire.dubois@meridian.example"])


def test_every_finding_of_the_company_and_what_became_of_it_is_known_in_german(tuesday: Meridian):
    german = Language("de", "de")
    with read_store(load(tuesday.folder / "driftline.yaml")) as store:
        assert store is not None
        findings = [tracked.finding for tracked in store.tracked().values()]
        texts = [step.reason for step in store.transitions(after=0)]
    for finding in findings:
        texts += [finding.title, finding.advice, *(step.says for step in finding.chain)]
        texts += [option.says for option in finding.options]
    assert len(findings) > 10
    assert [text for text in dict.fromkeys(filter(None, texts)) if not recognised(german, text)] == []


def test_the_very_message_that_is_previewed_is_sent_and_can_be_shown_again(monday: Meridian, tmp_path: Path):
    """--eml writes what the mail server gets, but for the time; --as-of reads it back from the outbox."""
    driftline("sync", folder=monday.folder)
    monday.move_to_tuesday()
    driftline("sync", folder=monday.folder)
    message, page, again = tmp_path / "digest.eml", tmp_path / "page.html", tmp_path / "again.html"
    before = driftline("digest", "preview", "leaders", "--eml", message, "--html", page, folder=monday.folder)
    assert driftline("digest", "send", "leaders", folder=monday.folder).code == 0
    sent = sorted(monday.mail.mails())[0].read_bytes()
    assert _without_time(message.read_bytes()) == _without_time(sent)
    former = driftline("digest", "preview", "leaders", "--as-of", "2026-09-20", "--html", again, folder=monday.folder)
    assert former.out == before.out
    assert former.err.startswith("Composed for 2026-09-15, sent to martin.keller@meridian.example, ")
    assert "AUR-118" in again.read_text("utf-8")
    told = driftline("digest", "preview", "leaders", "--as-of", "2026-09-20", "--json", folder=monday.folder).json
    assert set(told) == PREVIEW_FIELDS
    lost = driftline("digest", "preview", "leaders", "--as-of", "2026-09-14", folder=monday.folder)
    assert (lost.code, "no mail of leaders is stored up to 2026-09-14" in lost.err) == (2, True)


def _without_time(message: bytes) -> bytes:
    """The clock of the demo goes on between the two, and what is attached is drawn by it."""
    text = re.sub(rb"\r\nDate: [^\r]*", b"", message.replace(b"=\r\n", b""))
    return re.sub(rb"=_[0-9a-f]{32}", b"boundary", text)


def test_only_what_may_have_arrived_is_sent_again_on_request(copy: Path):
    said = driftline("digest", "resend", folder=copy)
    assert (said.code, said.err) == (0, "Nothing to send: no mail waits\n")


def test_what_cannot_be_shown_says_how_to_ask(tuesday: Meridian, tmp_path: Path):
    both = driftline("digest", "preview", "--owner", "a@b.example", "--as-of", "2026-09-15", folder=tuesday.folder)
    assert (both.code, "--as-of shows a digest" in both.err) == (2, True)
    other = driftline("digest", "preview", "--owner", "a@b.example", "--eml", tmp_path / "x", folder=tuesday.folder)
    assert (other.code, "--eml writes a digest" in other.err) == (2, True)
    day = driftline("digest", "preview", "leaders", "--as-of", "soon", folder=tuesday.folder)
    assert (day.code, "--as-of soon is not a date" in day.err) == (2, True)
