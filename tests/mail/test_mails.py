"""Every kind of mail, looked at by checkers of somebody else: what mail programs know, and what screen readers need.

They are programs for Node, pinned in ``package-lock.json``. ``make check`` installs them where there is npm; without
them these tests are skipped, except where DRIFTLINE_MAIL_CHECKS says that they are required.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.mail.mails import mails

HERE = Path(__file__).parent
REQUIRED = os.environ.get("DRIFTLINE_MAIL_CHECKS") == "required"
THERE = shutil.which("node") is not None and (HERE / "node_modules").is_dir()

DEGRADES = {
    "@media": "without it the mail is light and 640 px wide, and scales down",
    "<style> element": "holds only what stands in @media; everything else is inline",
    "<body> element": "is replaced by a <div>; the background stands on the cell inside as well",
    "border-radius": "chips have square corners",
    "border-spacing": "cellspacing says the same",
    "white-space": "a figure may break",
    "overflow-wrap": "a very long word is cut or widens the table",
    "word-break": "a very long word is cut or widens the table",
    "overflow": "part of overflow-wrap in the data of the checker",
    "role attribute": "a screen reader tells of layout tables too",
    "height property": "of line-height in the data of the checker; lines are as high as their font",
    "text-decoration": "links keep their colour",
}
"""What some mail programs do not know, and what a reader then sees. Nothing else may be used."""

pytestmark = pytest.mark.skipif(not (THERE or REQUIRED), reason="the checkers are not installed: make mail-checks")


def checked(folder: Path, pages: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """What both checkers say, by the name of the mail; one process for all of them."""
    files = {}
    for name, html in pages.items():
        path = folder / f"{re.sub('[^a-z]+', '-', name.lower())}.html"
        path.write_text(html, encoding="utf-8")
        files[str(path)] = name
    done = subprocess.run(
        ["node", "check.mjs", *files], cwd=HERE, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return {files[file]: told for file, told in json.loads(done.stdout).items()}


BAD = """<!doctype html><html><head><title>x</title></head><body>
<div style="display:flex;position:fixed;background-image:url(x.png)"><img src="cid:1"><a href="https://x.example"></a>
</div></body></html>"""
"""The negative control: layout that Outlook does not know, no language, a picture and a link without words."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    return checked(tmp_path_factory.mktemp("mails"), {**mails(), "bad": BAD})


def test_every_mail_uses_only_what_mail_programs_know_or_can_do_without(told: dict[str, dict[str, Any]]):
    """M7."""
    assert told.keys() == {*mails(), "bad"}
    used = {name: sorted(set(found["unsupported"]) - set(DEGRADES)) for name, found in told.items() if name != "bad"}
    assert {name: titles for name, titles in used.items() if titles} == {}


def test_every_mail_can_be_listened_to(told: dict[str, dict[str, Any]]):
    """M8."""
    barriers = {name: found["barriers"] for name, found in told.items() if name != "bad" and found["barriers"]}
    assert barriers == {}


def test_a_mail_that_mail_programs_do_not_know_or_nobody_can_listen_to_is_noticed(told: dict[str, dict[str, Any]]):
    """The negative control of both."""
    assert {"display:flex", "position"} <= set(told["bad"]["unsupported"])
    kinds = {barrier.partition(":")[0] for barrier in told["bad"]["barriers"]}
    assert {"html-has-lang", "image-alt", "link-name"} <= kinds


def test_nothing_is_excused_that_no_mail_uses(told: dict[str, dict[str, Any]]):
    used = {title for name, found in told.items() if name != "bad" for title in found["unsupported"]}
    assert set(DEGRADES) == used
