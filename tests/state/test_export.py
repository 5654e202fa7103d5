"""The export is one picture of the state in flat tables, and no text in it can become a formula."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import StateError, UsageError
from model.links import Link, Role
from model.measures import Latency, Measures
from model.money import Money, Month, MonthAmount
from model.records import Absence, Outcome, Saving
from state.export import TABLES, export
from state.export_files import RISKY, Format, Kind, Table, write_tables
from state.store import Store
from tests.state.test_findings import opened, tracked
from tests.state.worlds import DAY_1, deal, item, release, save


def filled(store: Store) -> None:
    saving = Saving(
        source="tracker",
        native_id="s",
        key="M-1",
        title="Saves",
        currency="EUR",
        plan=(MonthAmount(Month(2026, 9), Decimal("10.10")), MonthAmount(Month(2026, 10), Decimal("0.20"))),
    )
    sold = deal("7", amount=Money(Decimal("-1200.50"), "EUR"), outcome=Outcome.WON, close_date=date(2026, 10, 1))
    work = item("1", title='=cmd|"x"', releases=("r1", "r2"), due=date(2026, 9, 30), custom={"region": "Süd"})
    run = save(store, work, item("2", title="two\nlines; 3"), release("r1", "R1", released=True), sold, saving)
    store.mark_absent(run, "jira", {"2": Absence.ARCHIVED}, DAY_1)
    store.replace_links(["jira:1"], [Link("jira:1", "M-1", Role.DELIVERS, "rule", Decimal("0.5"), "a.yaml:3")], [])
    life = tracked("crm:7")
    store.save_findings(run, [life], [opened(life)])
    store.save_measures(run, Measures(at=DAY_1, told=Latency(3, 60, 90)))


def read(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_table_is_written_with_its_columns_and_rows(store: Store, tmp_path: Path) -> None:
    filled(store)
    folder = tmp_path / "out"
    written = export(store, folder, Format.CSV)
    assert written == {"records": 5, "links": 1, "findings": 1, "transitions": 1, "measures": 1}
    for name, table in TABLES.items():
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            assert next(csv.reader(file)) == [column for column, _ in table.columns]
        assert (folder / f"{name}.csv").stat().st_mode & 0o777 == 0o600
    records = {row["id"]: row for row in read(folder, "records")}
    assert records["jira:1"]["due"] == "2026-09-30"
    assert (records["jira:1"]["kind"], records["jira:1"]["category"]) == ("work_item", "todo")
    assert (records["jira:1"]["releases"], records["jira:1"]["custom"]) == ("r1\nr2", '\'{"region":"Süd"}'[1:])
    assert (records["jira:2"]["absence"], records["jira:2"]["title"]) == ("archived", "two\nlines; 3")
    assert (records["crm:7"]["amount"], records["crm:7"]["amount_currency"]) == ("-1200.50", "EUR")
    assert records["crm:7"]["outcome"] == "won"
    assert (records["jira:r1"]["released"], records["crm:7"]["released"]) == ("true", "")
    assert (records["tracker:s"]["plan_total"], records["tracker:s"]["actual_total"]) == ("10.30", "")
    assert read(folder, "links")[0]["weight"] == "0.5"
    [finding], [step], [measured] = (read(folder, name) for name in ("findings", "transitions", "measures"))
    life = tracked("crm:7")
    assert (finding["fingerprint"], finding["severity"]) == (life.fingerprint, life.finding.severity.label)
    assert (step["sequence"], step["kind"], step["at"]) == ("1", "opened", opened(life).at.isoformat())
    assert (measured["run_id"], measured["told_median_seconds"], measured["records"]) == ("1", "60", "")


def test_a_text_from_a_source_never_becomes_a_formula(store: Store, tmp_path: Path) -> None:
    """M13, X29: an amount below zero is a number all the same."""
    filled(store)
    export(store, tmp_path / "out", Format.CSV)
    titles = [row["title"] for row in read(tmp_path / "out", "records")]
    assert '\'=cmd|"x"' in titles


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12))
def test_no_written_text_begins_like_a_formula_and_each_reads_back(text: str) -> None:
    from state.export_files import _cell

    written = io.StringIO(newline="")
    csv.writer(written).writerow([_cell(text), _cell(Decimal("-1"))])
    [[cell, number]] = csv.reader(io.StringIO(written.getvalue(), newline=""))
    assert cell.lstrip(" ")[:1] not in RISKY
    assert cell in (text, f"'{text}")
    assert number == "-1"


def test_a_second_export_replaces_the_first_and_nothing_else(store: Store, tmp_path: Path) -> None:
    for _ in range(2):
        export(store, tmp_path / "out", Format.CSV)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(f"{name}.csv" for name in TABLES)
    (tmp_path / "out" / "mine.txt").write_text("x")
    with pytest.raises(UsageError, match=r"holds mine\.txt, which is no export"):
        export(store, tmp_path / "out", Format.CSV)
    (tmp_path / "file").write_text("x")
    with pytest.raises(StateError, match="cannot write to"):
        export(store, tmp_path / "file", Format.CSV)


def test_an_export_that_breaks_off_leaves_the_former_file(tmp_path: Path) -> None:
    table = Table("one", (("number", Kind.INTEGER),))

    def breaking() -> Any:
        yield (2,)
        raise StateError("gone")

    write_tables(tmp_path / "out", Format.CSV, [(table, [(1,)])])
    with pytest.raises(StateError, match="gone"):
        write_tables(tmp_path / "out", Format.CSV, [(table, breaking())])
    assert read(tmp_path / "out", "one") == [{"number": "1"}]
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_without_pyarrow_the_message_names_the_extra(
    one_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(UsageError) as caught:
        export(one_store, tmp_path / "out", Format.PARQUET)
    assert caught.value.problems[0].hint == "pip install 'driftline[export]', or use --format csv"
    assert not (tmp_path / "out").exists()


def test_parquet_keeps_types_and_exact_amounts(store: Store, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed, though requirements.lock has it")
    filled(store)
    export(store, tmp_path / "out", Format.PARQUET)
    records = {row["id"]: row for row in parquet.read_table(tmp_path / "out" / "records.parquet").to_pylist()}
    assert records["crm:7"]["amount"] == Decimal("-1200.50")
    assert records["jira:1"]["title"] == '=cmd|"x"'
    assert records["jira:1"]["due"] == date(2026, 9, 30)
    assert (records["jira:r1"]["released"], records["jira:1"]["released"]) == (True, None)
    assert records["jira:1"]["first_seen"] == DAY_1
    for name, table in TABLES.items():
        assert parquet.read_schema(tmp_path / "out" / f"{name}.parquet").names == [each for each, _ in table.columns]


def test_a_number_too_large_for_parquet_is_left_out(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed, though requirements.lock has it")
    table = Table("one", (("number", Kind.NUMBER), ("at", Kind.TIME)))
    rows = [(Decimal("1e40"), None), (Decimal("0.12345678905"), datetime(2026, 1, 1, tzinfo=UTC)), (None, None)]
    write_tables(tmp_path / "out", Format.PARQUET, [(table, rows)])
    told = parquet.read_table(tmp_path / "out" / "one.parquet").to_pylist()
    assert [row["number"] for row in told] == [None, Decimal("0.1234567890"), None]
