"""``driftline trace``: what causes a record or a finding and what it hits, as text, as a picture and as JSON."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from model.reading import Page
from sandbox.world import Meridian
from state.store import Store
from tests.cli.console import ESCAPE, driftline
from tests.databases import url_of

NODE_FIELDS = {
    *("node", "key", "kind", "title", "source", "says", "day", "binds", "compared", "days", "money", "unconverted"),
    *("serves", "again", "skipped", "hidden", "branches"),
}
SVG = "{http://www.w3.org/2000/svg}"
NOW = datetime(2026, 9, 15, 8, 0, tzinfo=UTC)


def test_a_record_tells_what_it_hits_with_days_and_money_the_most_first(tuesday: Meridian):
    said = driftline("trace", "AUR-118", folder=tuesday.folder)
    assert (said.code, said.err) == (0, "")
    assert said.lines[:5] == [
        "AUR-118 Certify the safety gateway",
        "work in jira",
        "",
        "what causes it, the cause last",
        "  AUR-118 Certify the safety gateway (work in jira): due 16 Nov 2026",
    ]
    start = said.lines.index("what it hits")
    assert said.lines[start + 3] == "  ├─ Aurora 4.0 (release in jira): contains it; now 16 Nov 2026"
    assert said.lines[start + 4] == (
        "  │  ├─ OPP-0004 Helvetia Post Aurora 4.0 (deal in salesforce): promised for 1 Oct 2026; waits for it; "
        "now 16 Nov 2026; 46 days late, EUR 640,000 at risk; for M-101"
    )
    assert "late by it: 5 deals, 1 objective" in said.lines
    assert "objectives behind that: M-101" in said.lines
    assert "revenue at risk: EUR 2,040,000 in full, EUR 1,611,000 weighted by probability" in said.lines


def test_the_money_is_that_of_the_findings_with_this_cause(tuesday: Meridian):
    """The two ways to the same figure: the walk, and the findings that name the record as their cause."""
    [traced] = driftline("trace", "AUR-118", "--json", folder=tuesday.folder).json
    findings = driftline("findings", "--check", "late-commitment", "--json", folder=tuesday.folder).json
    caused = [each for each in findings if each["finding"]["cause"] == traced["hits"]["node"]]
    full = sum(float(each["totals"]["revenue"]["full"]) for each in caused)
    assert float(traced["totals"]["revenue"]["full"]) == full == 2_040_000


def test_a_finding_leads_to_its_cause_and_to_what_else_that_decides(tuesday: Meridian):
    said = driftline("trace", "9bac7357", folder=tuesday.folder)
    causes = said.lines.index("what causes it, the cause last")
    assert said.lines[causes + 2 : causes + 4] == [
        "  └─ Aurora 4.0 (release in jira): waits for AUR-118",
        "     └─ AUR-118 Certify the safety gateway (work in jira): due 16 Nov 2026",
    ]
    assert said.lines[-1] == "AUR-118 decides 6 more promises: driftline trace AUR-118"


def test_a_chain_over_a_duration_and_a_lag_leads_to_the_savings(tuesday: Meridian):
    """ERP-90 15 Oct + 7 days of ERP-100 = 22 Oct; M-204 begins 14 days later, 5 Nov instead of 1 Nov."""
    lines = driftline("trace", "ERP-90", folder=tuesday.folder).lines
    assert any("ERP-100 ERP go-live Europe" in line and "then takes 7 days; now 22 Oct 2026" in line for line in lines)
    assert any("M-204" in line and "4 days late, EUR 20,000 lost" in line for line in lines)
    assert "savings lost: EUR 979,000" in lines


def test_all_follows_what_does_not_bind_as_well(tuesday: Meridian):
    few = driftline("trace", "ERP-90", folder=tuesday.folder)
    whole = driftline("trace", "ERP-90", "--all", folder=tuesday.folder)
    assert few.lines[-1] == "4 more hang on it without being decided by it; --all shows them"
    assert any("ERP-70" in line and line.endswith("does not bind") for line in whole.lines)
    assert "savings lost: EUR 979,000" in whole.lines
    assert "ERP-120" in whole.out
    assert "ERP-120" not in few.out


def test_a_name_of_an_objective_and_of_a_record_shows_both(tuesday: Meridian):
    traced = driftline("trace", "M-201", "--json", folder=tuesday.folder).json
    assert [each["causes"]["kind"] for each in traced] == ["objective", "saving"]
    assert driftline("trace", "savings:M-201", folder=tuesday.folder).lines[1] == "saving in savings"


def test_on_a_terminal_lines_are_wrapped_under_their_branch(tuesday: Meridian):
    for columns in (80, 100):
        said = driftline("trace", "ERP-90", folder=tuesday.folder, columns=columns)
        assert all(len(line) <= columns for line in said.lines)
        assert "     ├─ P-11 Catalogue buying in the new ERP (saving in procurement): booked" in said.out


def test_the_json_has_the_documented_fields(tuesday: Meridian):
    [traced] = driftline("trace", "9bac7357", "--json", folder=tuesday.folder).json
    assert set(traced) == {"finding", "causes", "hits", "totals", "unconverted", "others", "cause_hits"}
    assert traced["finding"].startswith("9bac7357")
    assert set(traced["causes"]) == NODE_FIELDS
    hit = traced["hits"]
    assert (hit["days"], hit["day"], hit["money"]["revenue"]["full"]) == (47, "2026-11-16", "480000.00")


def test_the_picture_stands_alone_and_shows_every_node(tuesday: Meridian, tmp_path: Path):
    said = driftline("trace", "OPP-0001", "--svg", tmp_path / "trace.svg", folder=tuesday.folder)
    assert said.err == f"drawn into {tmp_path / 'trace.svg'}\n"
    root = ET.parse(tmp_path / "trace.svg").getroot()
    assert root.tag == f"{SVG}svg"
    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= {
        "svg",
        "title",
        "style",
        "rect",
        "text",
        "path",
        "g",
    }
    boxes = list(root.iter(f"{SVG}g"))
    assert len(boxes) == 3
    texts = [each.text for each in root.iter(f"{SVG}text")]
    assert {"AUR-118 Certify the safety gat…", "Aurora 4.0", "47 days late, EUR 480,000 at risk"} <= set(texts)


def test_a_hostile_title_is_only_a_text_in_the_picture_and_in_the_tree(copy: Path, tmp_path: Path):
    """F10: neither markup nor escape codes nor direction marks get through."""
    hostile = '</text><script>alert(1)</script>\x1b[2J\x00\u202e & "quotes" \' ]]>'
    with Store.open(url_of(copy / "state" / "driftline.db")) as store:
        [seen] = store.find("AUR-118")
        record = replace(seen.record, title=hostile.replace("\x00", ""), key="<i>AUR-118</i>")
        store.save_page(store.start_run(NOW, baseline=False), Page([record]), "jira", NOW)
    said = driftline("trace", "OPP-0001", "--svg", tmp_path / "trace.svg", folder=copy)
    text = (tmp_path / "trace.svg").read_text(encoding="utf-8")
    root = ET.fromstring(text)
    assert not list(root.iter(f"{SVG}script"))
    assert not list(root.iter(f"{SVG}i"))
    assert any("<i>AUR-118</i>" in (each.text or "") for each in root.iter(f"{SVG}text"))
    for forbidden in (ESCAPE, "\u202e"):
        assert forbidden not in text
        assert forbidden not in said.out


def test_wide_letters_do_not_leave_their_box():
    from cli.trace_svg import _cut

    assert _cut("日" * 30, 20) == "日" * 9 + "…"
    assert _cut("a" * 20, 20) == "a" * 20
    assert _cut("a" * 21, 20) == "a" * 19 + "…"


def test_a_file_that_cannot_be_written_is_told(tuesday: Meridian, tmp_path: Path):
    said = driftline("trace", "OPP-0001", "--svg", tmp_path / "no" / "trace.svg", folder=tuesday.folder)
    assert said.code == 2
    assert said.err.startswith("error: cannot write")


def test_a_picture_of_a_name_with_several_meanings_is_refused(tuesday: Meridian, tmp_path: Path):
    said = driftline("trace", "M-201", "--svg", tmp_path / "trace.svg", folder=tuesday.folder)
    assert said.code == 2
    assert "hint: name one of: objective:M-201, savings:Maßnahmen/M-201" in said.err
    for name in ("objective:M-201", "savings:Maßnahmen/M-201"):
        assert driftline("trace", name, "--svg", tmp_path / "trace.svg", folder=tuesday.folder).code == 0


@pytest.mark.parametrize(
    ("name", "hint"), [("AUR-11", "did you mean 'AUR-110'?"), ("PROCURMENT", "did you mean 'PROCUREMENT'?")]
)
def test_an_unknown_name_gets_the_nearest_one(tuesday: Meridian, name: str, hint: str):
    said = driftline("trace", name, folder=tuesday.folder)
    assert (said.code, said.out) == (2, "")
    assert said.err == f"error: there is no record, objective or finding {name}\nhint: {hint}\n"


def test_the_beginning_of_several_ids_asks_for_more_digits(tuesday: Meridian):
    assert driftline("trace", "e", folder=tuesday.folder).err.startswith("error: e begins ")


def test_before_the_first_sync_it_says_what_to_do(unread: Path):
    said = driftline("trace", "AUR-118", folder=unread)
    assert said.err == "error: there is no record or finding AUR-118: nothing was read yet\nhint: run driftline sync\n"
