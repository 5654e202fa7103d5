"""``driftline objectives``: the tree with what serves it, the flat list, and the way to a workbook and back."""

from pathlib import Path

import pytest
from openpyxl import load_workbook

from sandbox.world import Meridian
from tests.cli.console import at_a_terminal, driftline, without_escapes


def test_piped_the_tree_is_one_line_per_objective_indented_by_its_level(tuesday: Meridian):
    said = driftline("objectives", "tree", folder=tuesday.folder)
    assert (said.code, said.err) == (0, "")
    rows = {line.split()[0]: line for line in said.lines[1:27]}
    assert rows["MERIDIAN"].startswith("MERIDIAN")
    assert rows["M-101"].startswith(" " * 10 + "M-101 ")
    for part in ("measure", "paul.novak@meridian.example", "12 promises", "EUR 2,880,000 deals"):
        assert part in rows["M-101"]
    assert "53 delivers, 18 promises, 10 saves" in rows["MERIDIAN"]
    assert "reported: work green" in rows["ROLL-OUT"]
    assert "26 objectives, 26 with work" in said.lines


def test_at_a_terminal_the_tree_is_drawn_and_fits_the_window(tuesday: Meridian):
    for columns in (80, 120):
        screen = without_escapes(at_a_terminal("objectives", "tree", folder=tuesday.folder, columns=columns))
        lines = screen.splitlines()
        assert max(map(len, lines)) <= columns
        assert any(line.startswith("├─ GROWTH Software growth ") for line in lines)
        assert any(line.startswith("│  │        └─ M-102 Ship Aurora ") for line in lines)
        assert any(line.startswith("└─ OPERATIONS ") for line in lines)
        assert any(line.rstrip().endswith("EUR 2,880,000 deals") for line in lines)


def test_a_part_of_the_tree_can_be_looked_at(tuesday: Meridian):
    said = driftline("objectives", "tree", "ROLL-OUT", folder=tuesday.folder)
    assert [line.split()[0] for line in said.lines[1:5]] == ["ROLL-OUT", "M-301", "M-302", "M-303"]
    wrong = driftline("objectives", "tree", "ROLLOUT", folder=tuesday.folder)
    assert wrong.code == 2
    assert "did you mean 'ROLL-OUT'?" in wrong.err


def test_the_json_nests_the_children_and_gives_the_coverage(tuesday: Meridian):
    [found] = driftline("objectives", "tree", "AURORA-LAUNCH", "--json", folder=tuesday.folder).json
    assert [child["id"] for child in found["children"]] == ["M-101", "M-102"]
    coverage = found["coverage"]
    assert set(coverage) == {"own", "below", "tally", "waits", "has_work"}
    assert coverage["below"] == {"promises": 12, "delivers": 14}
    assert coverage["tally"]["sums"] == [
        {"account": "revenue", "currency": "EUR", "total": "2880000", "linked": "2880000"}
    ]


def test_an_objective_that_nothing_delivers_says_so(copy: Path):
    path = copy / "objectives.yaml"
    path.write_text(
        path.read_text("utf-8") + "\n  - id: IDLE\n    level: project\n    parent: GROWTH\n    name: Idle\n", "utf-8"
    )
    said = driftline("objectives", "tree", folder=copy)
    [line] = [line for line in said.lines if line.strip().startswith("IDLE")]
    assert "no work" in line
    assert "27 objectives, 26 with work" in said.lines


def test_before_the_first_sync_the_tree_stands_without_coverage(unread: Path):
    said = driftline("objectives", "tree", folder=unread)
    assert said.err == "No coverage: nothing was read yet; run driftline sync\n"
    assert "served by" not in said.out
    assert driftline("objectives", "tree", "M-101", "--json", folder=unread).json[0]["coverage"] is None


def test_the_list_names_each_objective_with_its_place(tuesday: Meridian):
    said = driftline("objectives", "list", folder=tuesday.folder)
    assert said.lines[-1] == "26 objectives"
    [line] = [line for line in said.lines if line.startswith("M-101")]
    assert "objectives.yaml:49" in line
    assert len(driftline("objectives", "list", "--json", folder=tuesday.folder).json) == 26


def test_a_workbook_goes_out_and_comes_back_as_a_file_that_means_the_same(copy: Path, tmp_path: Path):
    book, text = tmp_path / "o.xlsx", copy / "objectives.yaml"
    before = driftline("objectives", "list", "--json", folder=copy).json
    assert driftline("objectives", "export", book, folder=copy).code == 0
    assert load_workbook(book).sheetnames == ["Objectives", "Baselines", "Needs", "Values"]
    refused = driftline("objectives", "import", book, "-o", text, folder=copy)
    assert refused.code == 2
    assert "write over it with --force" in refused.err
    said = driftline("objectives", "import", book, "-o", text, "--force", folder=copy)
    assert (said.code, said.out) == (0, "")
    assert "# Objectives!A2" in text.read_text("utf-8")
    after = driftline("objectives", "list", "--json", folder=copy).json
    for each in (*before, *after):
        del each["location"]
    assert after == before
    assert driftline("objectives", "import", book, folder=copy).out == text.read_text("utf-8")


def test_a_mistake_in_the_workbook_is_told_with_its_cell_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from openpyxl import Workbook

    monkeypatch.chdir(tmp_path)
    made = Workbook()
    sheet = made.active
    assert sheet is not None
    for row in (["ID", "Name", "Level"], ["M-1", "One", "mesure"]):
        sheet.append(row)
    made.save("t.xlsx")
    said = driftline("objectives", "import", "t.xlsx", "-o", "o.yaml")
    assert (said.code, said.out) == (2, "")
    assert said.err.splitlines()[:3] == [
        "error: 'mesure' is not an allowed value",
        "  --> t.xlsx!Sheet!C2",
        "   |  mesure",
    ]
    assert not Path("o.yaml").exists()
    assert driftline("objectives", "import", "none.xlsx").code == 2
