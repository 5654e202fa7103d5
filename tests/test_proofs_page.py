"""The page of proofs: sorted, whole, and never written while a proof is owed that nobody explains."""

import importlib.util
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType

import pytest

from tests.proofs.ledger import FOLDER, Control, Shown, counted, entries

ROOT = Path(__file__).parents[1]


@pytest.fixture
def proofs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The generator, writing into a folder of the test."""
    spec = importlib.util.spec_from_file_location("proofs", ROOT / "docs" / "proofs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "PAGE", tmp_path / "docs" / "reference" / "proofs.md")
    module.PAGE.parent.mkdir(parents=True)
    return module


def enter(folder: Path, *found: Shown | Control) -> Path:
    folder.mkdir(exist_ok=True)
    for number, entry in enumerate(found):
        (folder / f"{number}.json").write_text(json.dumps(asdict(entry)), encoding="utf-8")
    return folder


KILLED = Shown(
    "C2 C3", "no digest is lost", "all points", "185 of 185 points; 2 mails doubled", "7", "SQLite", "t.py::a[x]"
)
ALSO = Shown("C2 C3", "no digest is lost", "all points", "190 of 190 points", "8", "PostgreSQL", "t.py::a[y]")
EARLY = Shown("C10", "an acknowledged row stays.", "100 rounds", "100 of 100 | <b>", test="t.py::c")
GUARD = Shown("S6", "nothing is lost", "0 lost", "0 of 10,000", test="t.py::d")
NAIVE = Control("C2", "the outbox", "6 of 178 digests were lost", "t.py::b")


def everything_but(proofs: ModuleType, *left_out: str) -> list[Shown]:
    return [Shown(fault, "a claim", "a goal", "a figure") for fault in proofs.REQUIRED if fault not in left_out]


def test_the_page_tells_each_proof_once_at_its_first_fault(proofs: ModuleType):
    text = proofs.page([GUARD, EARLY, NAIVE, ALSO, KILLED])
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == ["## C2", "## C3", "## C10", "## S6"]
    assert (
        "## C2\n\n*Kill -9 at every system call that changes something.*\n\n"
        "**Claimed.** No digest is lost.\n\n"
        "* To be reached: All points.\n"
        "* Seen on PostgreSQL: 190 of 190 points. Seed 8.\n"
        "* Seen on SQLite: 185 of 185 points; 2 mails doubled. Seed 7.\n"
        "* `t.py::a`\n\n"
        "With the protection taken away:\n\n"
        "* Without: *the outbox*. 6 of 178 digests were lost. `t.py::b`\n\n"
        "## C3\n\n*Kill -9 at each named point between two steps.*\n\n"
        "Shown together with [C2](#c2).\n\nThere is no negative control.\n" in text
    )
    assert "| [C2](#c2) | kill -9 at every system call that changes something | 2 | 1 |\n" in text


def test_what_was_found_without_one_protection_several_times_stands_on_a_line_each(proofs: ModuleType):
    again = Control("C2", "the outbox", "9 of 200 digests were lost", "t.py::b[pg]")
    told = "* Without: *the outbox*.\n  * 6 of 178 digests were lost.\n  * 9 of 200 digests were lost.\n  * `t.py::b`\n"
    assert told in proofs.page([KILLED, NAIVE, again])


def test_foreign_signs_do_not_break_the_page(proofs: ModuleType):
    assert "* Seen: 100 of 100 \\| \\<b>.\n" in proofs.page([EARLY])


def test_ids_are_in_the_order_of_the_page_whatever_they_are_told_with(proofs: ModuleType):
    mixed = ["R1", "X17", "X1", "Z3", "F9", "M3", "S13", "C18", "C2"]
    assert sorted(mixed, key=proofs.place) == ["C2", "C18", "S13", "M3", "F9", "X1", "X17", "R1", "Z3"]
    assert proofs.ids_of(Shown("C1, C2/C16", "", "", "")) == ["C1", "C2", "C16"]


def test_a_fault_without_a_proof_or_a_reason_is_an_error_and_nothing_is_written(
    proofs: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(proofs, "WITHOUT_PROOF", {})
    folder = enter(tmp_path / "kept", *everything_but(proofs, "C15"), NAIVE)
    assert proofs.main([str(folder)]) == 1
    assert "error: C15 (a long pause) has no proof: let one call show('C15', …)" in capsys.readouterr().err
    assert not proofs.PAGE.exists()
    monkeypatch.setattr(proofs, "WITHOUT_PROOF", {"C15": "it takes a fortnight"})
    assert proofs.main([str(folder)]) == 0
    text = proofs.PAGE.read_text(encoding="utf-8")
    assert text == proofs.page(entries(folder))
    assert "\n## Without a proof\n\n* **C15**, a long pause: it takes a fortnight\n" in text
    assert "warning: C1 has no negative control" in capsys.readouterr().err


def test_a_reason_for_which_there_is_a_proof_now_is_an_error(proofs: ModuleType, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(proofs, "WITHOUT_PROOF", {"C1": "too hard"})
    assert proofs.problems(everything_but(proofs)) == ["C1 has a proof now: take it out of WITHOUT_PROOF"]


def test_a_folder_that_cannot_be_read_is_said(proofs: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "kept").mkdir()
    assert proofs.main([str(tmp_path / "kept")]) == 2
    (tmp_path / "kept" / "x.json").write_text("{", encoding="utf-8")
    assert proofs.main([str(tmp_path / "kept")]) == 2
    assert proofs.main([]) == 2
    assert "make proof" in capsys.readouterr().err


def test_what_several_processes_count_of_one_proof_is_summed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(FOLDER, str(tmp_path / "ledger"))
    with ProcessPoolExecutor(2, get_context("spawn")) as processes:
        list(processes.map(count_one, range(6)))
    assert counted("C1 SQLite", 8, killed=4, twice=1) == ({"killed": 10, "twice": 1}, "7, 8")
    assert counted("C1 PostgreSQL", 7, killed=2) == ({"killed": 2}, "7")
    assert entries(tmp_path / "ledger") == [], "sums are no entries"
    monkeypatch.delenv(FOLDER)
    assert counted("C1 SQLite", 7, killed=4) == ({"killed": 4}, "7"), "without a folder nothing is kept"


def count_one(_: int) -> None:
    counted("C1 SQLite", 7, killed=1)
