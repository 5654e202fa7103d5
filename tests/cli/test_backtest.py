"""``driftline backtest`` in its forms. What a replay finds is tested where it is made; here stands how it is told."""

import json
import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cli.backtest_page import page
from cli.backtest_svg import svg
from cli.backtest_view import headline, sentences
from model.findings import Account, Amount, Finding, Impact, Share
from model.money import Money
from pipeline.backtest import Backtest, DayTotals, Disagreement
from pipeline.backtest_endings import Ending
from sandbox.world import Meridian
from state.as_of_store import Reconstruction
from tests.cli.console import driftline

START, END = date(2026, 4, 1), date(2026, 6, 30)
HOSTILE = "</text><script>alert(1)</script> \"x\" onload='y' \u202e\x1b[31m"


def disagreement(
    number: int,
    amount: int,
    first: int,
    days: int,
    ending: Ending = Ending.ACTED,
    account: Account = Account.REVENUE,
    title: str = "a promise",
) -> Disagreement:
    money = (Amount(account, Money(Decimal(amount), "EUR")),)
    return Disagreement(
        finding=Finding(
            check="late-commitment",
            check_version=1,
            subjects=(f"crm:{number}",),
            title=title,
            impact=Impact(7, (Share(f"crm:{number}", money),)),
        ),
        first=START + timedelta(first),
        last=START + timedelta(first + days),
        end=START + timedelta(first + days),
        ending=ending,
        says=f"OPP-{number}: promised date moved",
    )


def replay(*found: Disagreement, risk: int = 0, right: int = 0, source: str = "jira") -> Backtest:
    none: dict[Account, Decimal] = {}
    days = [
        DayTotals(START, 0, none, none, none),
        DayTotals(START + timedelta(30), 1, {Account.REVENUE: Decimal(risk)}, none, {Account.REVENUE: Decimal(right)}),
        DayTotals(END, 0, none, none, none),
    ]
    known = (Reconstruction(source, own=1, rolled_back=3, as_first_read=2, told=("due",)),)
    return Backtest(start=START, end=END, step=1, disagreements=found, days=tuple(days), upkeep=0, reconstruction=known)


def test_the_sentences_say_what_would_have_been_gained_and_count_each_record_once():
    made = replay(
        disagreement(1, 100_000, 0, 10),
        disagreement(1, 100_000, 40, 20),
        disagreement(2, 50_000, 5, 31, Ending.WORK, Account.SAVINGS),
        disagreement(3, 70_000, 90, 0, Ending.NOT_YET),
    )
    told = """\
In the 91 days from 1 Apr 2026 to 30 Jun 2026 the tools disagreed on 4 points, for 4 reasons. \
Behind them stand EUR 170,000 of revenue and EUR 50,000 of savings.
On 2 points somebody changed in a tool what had been promised, typically 15 days (10 to 20) after the tools first \
disagreed. Behind them stand EUR 100,000 of revenue.
1 point ended because the work was changed, 31 days after the tools first disagreed. \
Behind it stand EUR 50,000 of savings.
On 30 Jun 2026, 1 point still stood, the oldest since 30 Jun 2026. Behind it stand EUR 70,000 of revenue."""
    assert list(sentences(made, "EUR")) == told.splitlines()
    assert headline(made) == "The tools typically knew 20 days before people acted"


@pytest.mark.parametrize(
    ("found", "line"),
    [
        ([], "The tools agreed"),
        ([disagreement(1, 1, 0, 5, Ending.NOT_YET)], "What the tools already knew"),
        ([disagreement(1, 1, 0, 0)], "People acted on the day on which the tools first disagreed"),
        ([disagreement(1, 1, 0, 1)], "The tools knew 1 day before people acted"),
        ([disagreement(1, 1, 0, 0), disagreement(2, 1, 0, 1)], "The tools knew up to 1 day before people acted"),
    ],
)
def test_the_headline_claims_no_more_than_was_found(found: list[Disagreement], line: str):
    assert headline(replay(*found)) == line


def test_a_replay_without_a_disagreement_says_so():
    [only] = sentences(replay(), "EUR")
    assert only.endswith("the tools never disagreed about anything that the rules connect.")
    assert "On no day was any money at risk." in svg(replay(), "EUR")


def test_the_picture_rises_and_falls_on_the_days_with_the_height_of_the_money():
    """Day 30 of 91 on 640 pixels lies 211 pixels right of the left edge; 250,000 of 250,000 is the whole height."""
    made = replay(disagreement(1, 250_000, 30, 60), risk=250_000, right=100_000)
    drawn = ElementTree.fromstring(svg(made, "EUR"))
    paths = {each.get("class"): each.get("d", "") for each in drawn.iter("{http://www.w3.org/2000/svg}path")}
    assert paths["risk"] == "M96 176.0 H307.0 V76.0 H729.0 V176.0 H736 V176 H96 Z"
    assert paths["right"] == "M96 176.0 H307.0 V136.0 H729.0 V176.0 H736"
    labels = [each.text for each in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {"Revenue at risk, EUR", "0", "250,000", "1 May", "1 Jun"} <= set(labels)


def test_a_hostile_title_is_never_more_than_a_text():
    made = replay(disagreement(1, 1, 0, 1, title=HOSTILE), source="<b>jira</b>")
    made = replace(made, disagreements=(replace(made.disagreements[0], says=HOSTILE),))
    written = page(made, "EUR", "<img src=x onerror=alert(2)>")
    assert not re.search(r"<(script|img|b)\b", written)
    assert "</text><script>" in unescape(written)
    assert "\u202e" not in written
    assert "\x1b" not in written
    ElementTree.fromstring(svg(made, HOSTILE))


def test_the_page_stands_alone_in_light_and_dark_and_on_paper():
    written = page(replay(*(disagreement(number, number, 0, 1) for number in range(1, 12))), "EUR", "Acme")
    assert not re.search(r"(src|href)=|url\(|@import|<script", written)
    assert set(re.findall(r"https?://[^\"' ]+", written)) <= {"http://www.w3.org/2000/svg"}
    for way in ("prefers-color-scheme: dark", "@media print", "size: A4", "default-src 'none'"):
        assert way in written
    assert "3 more with less money behind them are not listed; all are in the totals above." in written
    assert "jira: 1 record from our own copies; 3 records put back by its own history of due; " in written


def test_the_demo_company_in_text_and_as_a_file(tuesday: Meridian, tmp_path: Path):
    """OPP-0013 is promised too early from 2 June until 17 July: replayed on 1, 16 and 31 July and on 1 August."""
    words = ("backtest", "--from", "2026-07-01", "--to", "2026-08-01", "--step", "15")
    said = driftline(*words, folder=tuesday.folder)
    assert (said.code, said.err) == (0, "")
    [told] = [line for line in said.lines if "Lisboa Elevadores" in line]
    assert told.startswith("before 2 Jul 2026  17 Jul 2026    16  the promise was changed  EUR 130,000 revenue")
    assert told.endswith("OPP-0013: promised date 16 Oct 2026 -> 30 Nov 2026")
    assert said.lines[-1] == "Replayed every 15 days: a first day may be up to that much too late."
    out = tmp_path / "told.json"
    said = driftline(*words[:-2], "--step", "31", "--format", "json", "--out", out, folder=tuesday.folder)
    assert (said.code, said.out, said.err) == (0, "", f"written into {out}\n")
    made = json.loads(out.read_text("utf-8"))
    assert (made["from"], made["to"], made["step"]) == ("2026-07-01", "2026-08-01", 31)
    assert [each["day"] for each in made["days"]] == ["2026-07-01", "2026-08-01"]
    assert made["totals"]["acted"] == {"revenue": {"full": "130000.00", "weighted": "78000.00"}}
    assert made["days"][0]["at_risk"] == {"revenue": "130000.00", "savings": "979000.00"}
    assert made["days"][1]["put_right"] == {"revenue": "130000.00", "savings": "979000.00"}


def test_a_mistyped_year_does_not_go_on_for_hours(tuesday: Meridian):
    said = driftline("backtest", "--from", "1970-01-01", "--to", "2026-09-01", folder=tuesday.folder)
    assert (said.code, said.out) == (2, "")
    assert said.err.splitlines()[0] == "error: 20,698 days to replay are more than 4,000"
    assert said.err.splitlines()[-1] == "hint: begin later (--from), or replay only every so many days (--step)"


def test_mistakes_are_told(tuesday: Meridian, unread: Path, tmp_path: Path):
    said = driftline("backtest", "--from", "2026-09-14", "--to", "2026-09-01", folder=tuesday.folder)
    assert (said.code, said.err.splitlines()[0]) == (2, "error: the last day lies before the first one")
    said = driftline("backtest", "--from", "2026-09-14", folder=unread)
    assert (said.code, said.err.splitlines()[0]) == (2, "error: there is no past to replay: nothing was read yet")
    said = driftline("backtest", "--from", "2026-09-15", "--format", "svg", "--out", tmp_path, folder=tuesday.folder)
    assert said.code == 2
    said = driftline(
        *("backtest", "--from", "2026-09-15", "--format", "svg", "--out", tmp_path / "no" / "x.svg"),
        folder=tuesday.folder,
    )
    assert (said.code, said.err.splitlines()[0]) == (
        2,
        f"error: cannot write {tmp_path / 'no' / 'x.svg'}: No such file or directory",
    )
