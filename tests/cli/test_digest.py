"""``driftline digest``: the mail as it would go out, and sent once however often it is asked for."""

from collections.abc import Callable
from pathlib import Path

from sandbox.world import Meridian
from tests.cli.console import driftline

Change = Callable[[Path, str, str], None]
PREVIEW_FIELDS = {"subject", "empty", "reason", "recipients", "text"}
DELIVERY_FIELDS = {"audience", "recipient", "slot", "message_id", "subject", "reason", "state", "error"}


def test_a_preview_prints_the_mail_and_says_who_would_get_it(tuesday: Meridian, tmp_path: Path):
    page = tmp_path / "digest.html"
    said = driftline("digest", "preview", "leaders", "--html", page, folder=tuesday.folder)
    assert said.code == 0
    assert said.err == "Would send to martin.keller@meridian.example, claire.dubois@meridian.example:\n"
    assert said.lines[0].startswith("Subject: 5 decisions (2 triage), EUR 2.3M revenue at risk")
    assert "AUR-118" in said.out
    assert "<html" in page.read_text("utf-8")
    assert tuesday.mail.mails() == []
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
    said = driftline("digest", "send", "leaders", "--json", folder=copy)
    assert said.code == 3
    assert all(set(row) == DELIVERY_FIELDS for row in said.json)
    assert all(row["error"] and row["state"] != "sent" for row in said.json)
    again = driftline("digest", "send", "leaders", folder=copy)
    assert again.code == 3
    assert again.lines[0].endswith("what went wrong")
    assert tuesday.mail.mails() == []


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
