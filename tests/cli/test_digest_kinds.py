"""The mails beside the digest: a notice goes out with the run that finds something, and both kinds can be looked at."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.world import Meridian
from state.store import Store
from tests.cli.console import driftline
from tests.databases import url_of

PREVIEW_FIELDS = {"subject", "empty", "reason", "recipients", "language", "text", "attachments"}
OWNER = "tomas.silva@meridian.example"


def tell_at_once(folder: Path) -> None:
    path = folder / "driftline.yaml"
    threshold = "    at_once: {minimum_money: 300000, decide_within_days: 3}"
    text = path.read_text("utf-8").replace("  leaders:\n", f"  leaders:\n{threshold}\n")
    path.write_text(f"{text}\nowners:\n  domains: [meridian.example]\n", "utf-8")


@pytest.fixture
def told(copy: Path) -> Path:
    """The demo company on Tuesday, with leaders who are to be told at once from the first news on."""
    tell_at_once(copy)
    with Store.open(url_of(copy / "state" / "driftline.db")) as store:
        store.set_note("notices-seen:leaders", "0")
    return copy


def test_a_run_sends_what_cannot_wait_and_says_so(
    tuesday: Meridian, told: Path, changed: Callable[[Path, str, str], None], tmp_path: Path
):
    """The mail server of this company is down, so the notices wait; what they told counts as told."""
    would = driftline("digest", "preview", "leaders", "--notice", folder=told)
    assert would.err.startswith("Would send to martin.keller@meridian.example")
    assert would.lines[0].startswith("Subject: At once: 2 decisions, EUR 2.0M revenue, first due Wed 16 Sep")
    changed(told / "driftline.yaml", f"port: {tuesday.mail.port}", "port: 9")
    said = driftline("sync", "savings", folder=told)
    assert said.code == 0
    assert "told at once: 0 mails sent; 2 not accepted yet" in said.err
    page = tmp_path / "notice.html"
    gone = driftline("digest", "preview", "leaders", "--notice", "--html", page, folder=told)
    assert gone.out == would.out
    assert gone.err.startswith("Has gone out already to martin.keller@meridian.example")
    assert "<html" in page.read_text("utf-8")
    assert "[told at once on Tue 15 Sep]" in driftline("digest", "preview", "leaders", folder=told).out


def test_a_notice_can_be_looked_at_in_another_language_and_as_json(told: Path):
    said = driftline("digest", "preview", "leaders", "--notice", "--language", "de", "--json", folder=told).json
    assert (set(said), said["language"], said["empty"]) == (PREVIEW_FIELDS, "de", False)
    assert said["subject"].startswith("Sofort: 2 Entscheidungen")


def test_a_preview_shows_the_to_do_mail_of_an_owner(told: Path):
    said = driftline("digest", "preview", "--owner", OWNER, folder=told)
    assert (said.code, said.err) == (0, f"Would send to {OWNER}:\n")
    assert "AUR-118 › Aurora 4.0 › OPP-0004" in " ".join(said.out.split())
    seen = driftline("digest", "preview", "--owner", OWNER, "--json", folder=told).json
    assert (set(seen), seen["recipients"]) == (PREVIEW_FIELDS, [OWNER])


def test_owners_are_sent_their_to_do_mails_once(
    tuesday: Meridian, told: Path, changed: Callable[[Path, str, str], None]
):
    changed(told / "driftline.yaml", f"port: {tuesday.mail.port}", "port: 9")
    said = driftline("digest", "send", "--owners", "--json", folder=told)
    assert said.code == 3
    assert OWNER in {row["recipient"] for row in said.json}
    again = driftline("digest", "send", "--owners", "--json", folder=told)
    assert {row["message_id"] for row in again.json} == {row["message_id"] for row in said.json}
    refused = driftline("digest", "send", "leaders", "--owners", folder=told)
    assert (refused.code, "name an audience or the owners" in refused.err) == (2, True)


def test_what_cannot_be_shown_is_refused(told: Path):
    for args, message in (
        ((), "name an audience or an owner"),
        (("leaders", "--owner", OWNER), "name an audience or an owner"),
        (("--notice", "--owner", OWNER), "name an audience or an owner"),
        (("--owner", "x@elsewhere.example"), "in none of the domains"),
        (("leader", "--notice"), "there is no digest named leader"),
    ):
        said = driftline("digest", "preview", *args, folder=told)
        assert (said.code, said.out) == (2, "")
        assert message in said.err


def test_an_audience_that_is_told_nothing_at_once_says_how_to(tuesday: Meridian):
    said = driftline("digest", "preview", "leaders", "--notice", folder=tuesday.folder)
    assert said.code == 2
    assert "add at_once:" in said.err


def test_without_owners_in_the_settings_a_preview_says_how_to(tuesday: Meridian):
    said = driftline("digest", "preview", "--owner", OWNER, folder=tuesday.folder)
    assert said.code == 2
    assert "add owners:" in said.err


def test_before_anything_was_read_nothing_would_go_out(unread: Path, changed: Callable[[Path, str, str], None]):
    changed(unread / "driftline.yaml", "  leaders:\n", "  leaders:\n    at_once: {}\n")
    said = driftline("digest", "preview", "leaders", "--notice", folder=unread)
    assert (said.code, said.out) == (0, "")
    assert "nothing was read yet" in said.err
