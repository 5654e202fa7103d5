"""``driftline findings``: the table, its figures, its filters, and what must never come through."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from model.findings import FindingState
from sandbox.world import Meridian
from state.store import Store
from tests.cli.console import ESCAPE, at_a_terminal, command_line, driftline, without_escapes
from tests.databases import url_of

FIELDS = {
    *("fingerprint", "totals", "so_what", "finding", "state", "opened_at", "changed_at", "judged_at", "told"),
    *("held_since", "held_because", "acceptance", "decision", "inhibited_by", "flips", "flapping"),
    "baseline",
}
JUDGEMENT = {
    *("check", "check_version", "subjects", "title", "objective_ids", "commitment", "forecast", "impact", "cause"),
    *("chain", "evidence", "severity", "owner", "decider", "decide_by", "advice", "options", "sources", "upkeep"),
    *("triage",),
}
HOSTILE = "Deal\x1b]0;owned\x07\x1b[2J\u202egnp.exe\nffffffff  critical  forged\r\x9b31m"


def test_every_finding_is_one_line_for_programs_with_its_days_money_and_decider(tuesday: Meridian):
    said = driftline("findings", folder=tuesday.folder)
    assert said.code == 0
    assert said.err == ""
    assert ESCAPE not in said.out
    [nordwind] = [line for line in said.lines if "Nordwind Logistik" in line]
    assert nordwind.split()[1:6] == ["critical", "47", "EUR", "480,000", "revenue"]
    assert "Paul Novak (VP Sales) 16 Sep 2026" in " ".join(nordwind.split())
    assert nordwind.endswith("the work now says 16 Nov 2026 (47 days later)")


def test_the_totals_count_each_record_once_and_keep_the_accounts_apart(tuesday: Meridian):
    said = driftline("findings", folder=tuesday.folder)
    assert "revenue at risk: EUR 2,260,000 in full, EUR 1,721,000 weighted by probability" in said.lines
    assert "savings lost: EUR 979,000" in said.lines
    count = len(driftline("findings", "--json", folder=tuesday.folder).json)
    assert f"{count} findings; driftline show FINDING tells the whole of one" in said.lines


def test_the_gravest_stand_first(tuesday: Meridian):
    rank = {"critical": 0, "major": 1, "minor": 2, "notice": 3}
    found = driftline("findings", "--json", folder=tuesday.folder).json
    order = [rank[each["finding"]["severity"]] for each in found]
    assert order == sorted(order)


def test_the_json_has_the_documented_fields(tuesday: Meridian):
    found = driftline("findings", "--json", folder=tuesday.folder).json
    assert len(found) >= 11
    assert all(set(each) == FIELDS for each in found)
    assert all(set(each["finding"]) == JUDGEMENT for each in found)
    [verde] = [each for each in found if "Verde Energia" in each["finding"]["title"]]
    assert verde["totals"] == {"revenue": {"full": "220000.00", "weighted": "110000.00"}}
    assert verde["finding"]["decide_by"] == "2026-10-17"
    assert verde["state"] == "open"
    assert verde["so_what"].startswith("Software growth › ")
    assert verde["so_what"].endswith("Sell Aurora to launch customers: EUR 220,000 revenue")


def test_resolved_findings_are_shown_only_when_asked_for(tuesday: Meridian):
    assert "Lund Foods" not in driftline("findings", folder=tuesday.folder).out
    everything = driftline("findings", "--all", folder=tuesday.folder)
    assert "15 Dec 2026 (15 days later) [resolved]" in everything.out
    # What is resolved weighs nothing.
    assert "revenue at risk: EUR 2,260,000 in full" in everything.out


def test_findings_of_one_check_or_below_one_objective_are_chosen(tuesday: Meridian):
    early = driftline("findings", "--check", "early-saving", "--json", folder=tuesday.folder).json
    assert {each["finding"]["check"] for each in early} == {"early-saving"}
    assert len(early) == 5
    below = driftline("findings", "--objective", "AURORA", "--json", folder=tuesday.folder).json
    assert sum(each["finding"]["check"] == "late-commitment" for each in below) == 5
    assert {"M-101"} <= {each for found in below for each in found["finding"]["objective_ids"]}


@pytest.mark.parametrize(
    ("option", "name", "hint"),
    [
        ("--check", "early-savings", "did you mean 'early-saving'?"),
        ("--objective", "AURORRA", "did you mean 'AURORA'?"),
    ],
)
def test_a_filter_that_names_nothing_is_refused_with_the_nearest_name(
    tuesday: Meridian, option: str, name: str, hint: str
):
    said = driftline("findings", option, name, folder=tuesday.folder)
    assert said.code == 2
    assert said.out == ""
    assert f"error: there is no {option.removeprefix('--')} {name}" in said.err
    assert hint in said.err


def test_before_the_first_sync_it_says_kindly_what_to_do_and_makes_nothing(unread: Path):
    said = driftline("findings", folder=unread)
    assert (said.code, said.out) == (0, "")
    assert said.err == "No findings: nothing was read yet; run driftline sync\n"
    assert driftline("findings", "--json", folder=unread).json == []
    assert list((unread / "state").iterdir()) == []


def test_no_finding_is_no_error(copy: Path):
    with Store.open(url_of(copy / "state" / "driftline.db")) as store:
        store.save_findings(None, [replace(each, state=FindingState.RESOLVED) for each in store.tracked().values()], [])
    said = driftline("findings", folder=copy)
    assert (said.code, said.err) == (0, "No findings.\n")
    assert all(line.startswith("cannot judge") for line in said.lines)


def test_a_hostile_title_cannot_steer_the_terminal_or_forge_a_line(copy: Path):
    """F10: control characters, direction marks and line breaks come from titles that anybody may write."""
    with Store.open(url_of(copy / "state" / "driftline.db")) as store:
        one = next(each for each in store.tracked().values() if each.standing)
        store.save_findings(None, [replace(one, finding=replace(one.finding, title=HOSTILE))], [])
    said = driftline("findings", folder=copy)
    shown = driftline("show", one.fingerprint[:8], folder=copy)
    for text in (said.out, shown.out):
        assert not {ESCAPE, "\x07", "\u202e", "\r", "\x9b"}.intersection(text)
        assert not any(line.startswith("ffffffff") for line in text.splitlines())
        assert "gnp.exe ffffffff" in text
    listed = [line for line in said.lines if not line.startswith(("cannot judge", "extra cost"))]
    assert len(listed) == len(driftline("findings", "--json", folder=copy).json) + 4
    watched = driftline("findings", folder=copy, columns=100).out
    assert "owned" in watched
    assert f"{ESCAPE}]0" not in watched
    assert f"{ESCAPE}[2J" not in watched


@pytest.mark.parametrize("columns", [80, 140])
def test_at_a_terminal_the_table_keeps_to_its_width_and_its_numbers_stand_flush_right(tuesday: Meridian, columns: int):
    screen = driftline("findings", folder=tuesday.folder, columns=columns).out
    lines = without_escapes(screen).splitlines()
    assert f"{ESCAPE}[1;31mcritical" in screen
    assert max(map(len, lines)) <= columns
    assert "─" * columns in lines
    [first] = [line for line in lines if line.startswith("9bac7357")]
    assert first.split()[-3:] == ["47", "EUR", "480,000"]
    assert len({len(line) for line in lines if line.endswith(("EUR 640,000", "EUR 14,000"))}) == 1
    assert "→ Paul Novak (VP Sales), by 16 Sep 2026" in without_escapes(screen)


def test_at_a_real_terminal_of_100_columns_every_row_fits(tuesday: Meridian):
    lines = without_escapes(at_a_terminal("findings", folder=tuesday.folder, columns=100)).splitlines()
    assert lines[0].split() == ["finding", "severity", "what", "disagrees,", "and", "who", "decides", "days", "money"]
    assert lines[1] == "─" * 100
    assert max(map(len, lines)) <= 100
    count = len(driftline("findings", "--json", folder=tuesday.folder).json)
    assert sum(1 for line in lines if line[8:10] == "  " and line[:8].isalnum()) == count


def test_no_color_leaves_no_escape_code_at_a_terminal(tuesday: Meridian):
    for command in (("findings",), ("show", "9bac7357"), ("status",), ("show", "NOPE"), ("check",)):
        plain = driftline(*command, folder=tuesday.folder, columns=100, NO_COLOR="1")
        assert ESCAPE not in plain.out + plain.err, command
    assert ESCAPE in driftline("show", "NOPE", folder=tuesday.folder, columns=100).err


def test_a_reader_that_goes_away_is_no_error(tuesday: Meridian):
    """As ``driftline findings | head -1``: neither a traceback nor an exit code that means findings."""
    for words in (["findings"], ["--help"]):
        with subprocess.Popen(
            command_line(*words, folder=tuesday.folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as running:
            assert running.stdout is not None
            assert running.stderr is not None
            running.stdout.close()
            err = running.stderr.read()
            code = running.wait(timeout=30)
        assert (code, err) == (0, b"")


def test_forced_colour_does_not_reach_a_pipe(tuesday: Meridian):
    assert ESCAPE not in driftline("findings", folder=tuesday.folder, FORCE_COLOR="1").out


def test_findings_that_one_record_makes_late_stand_together_most_money_first(tuesday: Meridian):
    said = driftline("findings", "--check", "late-commitment", "--by", "cause", folder=tuesday.folder)
    assert said.lines[:2] == [
        "AUR-118 Certify the safety gateway: due 16 Nov 2026",
        "  EUR 2,040,000 revenue; 5 findings; decides Paul Novak (VP Sales), by 16 Sep 2026",
    ]
    assert "  9bac7357       OPP-0001  47 days late  EUR 480,000 revenue" in said.lines
    [cause] = driftline("findings", "--check", "late-commitment", "--by", "cause", "--json", folder=tuesday.folder).json
    assert set(cause) == {"cause", "key", "says", "totals", "decide_by", "deciders", "findings"}
    assert (cause["key"], len(cause["findings"])) == ("AUR-118", 5)
    assert cause["totals"]["revenue"]["full"] == "2040000.00"


def test_the_money_is_summed_up_along_the_tree_with_each_record_once(tuesday: Meridian):
    said = driftline("findings", "--by", "objective", folder=tuesday.folder)
    assert any(line.split()[0] == "M-201" and line.endswith("EUR 420,000 savings") for line in said.lines)
    sums = {
        each["objective"]: each["totals"]
        for each in driftline("findings", "--by", "objective", "--json", folder=tuesday.folder).json
    }
    # 420 + 315 + 210 + 20 thousand in the ERP, 14 thousand in procurement; the slip of the go-live counts none twice.
    assert sums["ERP"]["savings"]["full"] == "965000.00"
    assert sums["COST"]["savings"]["full"] == sums["MERIDIAN"]["savings"]["full"] == "979000.00"


def test_what_cannot_be_judged_stands_below_the_findings_and_only_there(tuesday: Meridian):
    said = driftline("findings", folder=tuesday.folder)
    about = "value-slip, because no saving of procurement has a forecast"
    assert any(line.startswith("cannot judge") for line in said.lines)
    chosen = driftline("findings", "--check", "value-slip", folder=tuesday.folder)
    assert any(line.endswith(about) for line in chosen.lines)
    assert "cannot judge" not in driftline("findings", "--check", "late-commitment", folder=tuesday.folder).out


def test_a_slip_beyond_the_trigger_is_marked_for_triage_in_the_list_and_told_with_its_size(tuesday: Meridian):
    told = json.loads(driftline("findings", "--json", folder=tuesday.folder).out)
    marked = {each["fingerprint"]: each["finding"]["triage"] for each in told}
    lines = {line.split()[0]: line for line in driftline("findings", folder=tuesday.folder).lines if line}
    assert any(marked.values())
    assert not all(marked.values())
    for fingerprint, triage in marked.items():
        assert ("[triage]" in lines[fingerprint[:8]]) is (triage is not None)
    fingerprint, triage = next((key, mark) for key, mark in marked.items() if mark)
    said = driftline("show", fingerprint, folder=tuesday.folder).out
    assert f"{triage['slip']} slip of {triage['percent']} %: the agenda turns from status to triage" in said
    other = next(key for key, mark in marked.items() if not mark)
    assert "triage" not in driftline("show", other, folder=tuesday.folder).out
