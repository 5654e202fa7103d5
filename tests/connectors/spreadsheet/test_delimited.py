"""Text files (.csv, .tsv): delimiter, encoding, addresses; what may never be guessed (S11, X5, X6, X14, X16, X22)."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.errors import Problem, SourceContentError, SourceError, SourceGoneError, SourceUnavailableError
from model.money import Month, MonthAmount
from model.reading import Container
from model.records import Light
from tests.connectors.spreadsheet.books import COLUMNS, connector, extract, read, reasons
from tests.examples import examples

GERMAN = (
    "Maßnahmen;;;\r\n\r\nNo.;Name;Start;Amount\r\n"
    "M-1;Kühlung;01.10.2026;1.234,56 €\r\nM-2;Öl;;-\r\nSumme;;;1.234,56\r\n"
)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return tmp_path / "Tracker.csv"


def test_a_german_export_is_read_below_its_title_rows(book: Path) -> None:
    """X6, X16: header found, numbers by locale, the totals row left out, each value with its row and column."""
    book.write_text(GERMAN, encoding="utf-8-sig", newline="")
    found = extract(book)
    first, second = found.records
    assert (first.native_id, first.title) == ("rows/M-1", "Kühlung")
    assert (first.baseline, first.planned_start) == (Decimal("1234.56"), date(2026, 10, 1))
    assert first.provenance["baseline"] == "Tracker.csv!D4"
    assert (second.baseline, second.planned_start) == (None, None)
    assert [row.number for row in found.table.totals] == [6]


@pytest.mark.parametrize(
    ("name", "delimiter"), [("T.csv", ";"), ("T.csv", ","), ("T.csv", "\t"), ("T.csv", "|"), ("T.tsv", "\t")]
)
def test_the_delimiter_is_told_by_the_headers(name: str, delimiter: str, tmp_path: Path) -> None:
    """Counting characters would take the decimal commas: there are more of them than of anything else."""
    rows = [["No.", "Name", "Start", "Amount"], ["M-1", "a", "", '"1,5"'], ["M-2", "b", "", '"2,5"']]
    (tmp_path / name).write_text("".join(delimiter.join(row) + "\n" for row in rows))
    assert [record.baseline for record in extract(tmp_path / name).records] == [Decimal("1.5"), Decimal("2.5")]


def test_decimal_commas_do_not_win_over_the_delimiter(book: Path) -> None:
    book.write_text("No.;Name;Start;Amount\n1,5;1,5;;1,5\n2,5;2,5;;2,5\n")
    assert [record.key for record in extract(book).records] == ["1,5", "2,5"]


def test_excels_own_first_line_names_the_delimiter_and_is_no_row(book: Path) -> None:
    book.write_text("sep=|\nNo.|Name|Start|Amount\nM-1|a;b,c||5\n")
    assert read(book)["M-1"].provenance["baseline"] == "Tracker.csv!D2"
    assert read(book)["M-1"].title == "a;b,c"


def test_a_delimiter_that_cannot_be_told_is_asked_for(book: Path) -> None:
    book.write_text("No.;Name|x,Start\nNo.,Name|y;Start\n")
    with pytest.raises(SourceContentError, match=r"the delimiter of Tracker\.csv cannot be told") as caught:
        extract(book, columns={"key": "No.", "title": {"header": "Start", "optional": True}})
    assert caught.value.problems[0].hint == "set delimiter: in the source's settings"
    assert extract(book, columns={"key": "No."}, delimiter=";").header.row == 1


def test_a_header_that_is_gone_is_named_with_those_that_are_there(book: Path) -> None:
    """X15: also when no header is there by which to tell the delimiter."""
    book.write_text("Nr;Bezeichnung;Beginn;Betrag\nM-1;a;;1\n")
    with pytest.raises(SourceGoneError, match="the headers there are: Nr, Bezeichnung, Beginn, Betrag"):
        extract(book)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_is_read_with_and_without_its_mark(encoding: str, book: Path) -> None:
    book.write_bytes(GERMAN.encode(encoding))
    assert read(book)["M-1"].title == "Kühlung"


def test_an_old_encoding_is_read_only_when_it_is_configured(book: Path) -> None:
    book.write_bytes(GERMAN.encode("cp1252"))
    with pytest.raises(SourceContentError, match="is not utf-8: line 1 holds the byte 0xdf") as caught:
        extract(book)
    assert caught.value.problems[0].location == f"{book}:1"
    assert "fallback_encoding: cp1252" in caught.value.problems[0].hint
    found = read(book, fallback_encoding="cp1252")
    assert (found["M-1"].title, found["M-1"].baseline) == ("Kühlung", Decimal("1234.56"))


def test_the_fallback_never_garbles_a_file_that_is_utf8(book: Path) -> None:
    book.write_bytes(GERMAN.encode())
    assert read(book, fallback_encoding="cp1252")["M-1"].title == "Kühlung"


def test_no_cut_inside_a_line_is_ever_read_as_a_smaller_file(book: Path) -> None:
    """S11: a cut at the end of a line cannot be told; the guard against mass changes stands behind that."""
    for encoding in ("utf-8", "utf-16"):
        content = GERMAN.encode(encoding)
        for cut in range(len(content)):
            book.write_bytes(content[:cut])
            if not content[:cut].decode(encoding, "ignore").endswith(("\n", "\r")):
                with pytest.raises(SourceError):
                    extract(book)
    book.write_bytes(GERMAN.encode())
    assert len(extract(book).records) == 2


def test_a_last_line_without_an_end_is_taken_for_a_file_still_being_written(book: Path) -> None:
    """S11."""
    book.write_text(GERMAN.rstrip())
    with pytest.raises(SourceUnavailableError, match="is incomplete or being written") as caught:
        extract(book)
    assert caught.value.problems[0].hint == "if this lasts, end its last line, or set final_line_break: false"
    assert len(extract(book, final_line_break=False).records) == 2


@pytest.mark.parametrize(
    ("content", "error", "said"),
    [
        (b"", SourceUnavailableError, "incomplete or being written"),
        (b"No.;Name\nM-1;a\n\0\0\0\0", SourceUnavailableError, "incomplete or being written"),
        (b"No.;Na\0me\nM-1;a\n", SourceContentError, "is not a text file"),
        (b"\xef\xbb\xbf<html>Sign in</html>\n", SourceContentError, "is a web page"),
        (b'No.;Name;Start;Amount\nM-1;"a;;1\nM-2;b;;2\n', SourceContentError, "row 2 of Tracker.csv is not quoted"),
        (b'No.;Name;Start;Amount\nM-1;"a"b;;1\n', SourceContentError, "row 2 of Tracker.csv is not quoted as CSV"),
        (b"PK\x03\x04" + b"\0" * 40 + b"\n", SourceContentError, r"is a workbook \(.xlsx\), not a text file"),
    ],
)
def test_a_file_that_is_no_table_ends_in_one_located_error(
    content: bytes, error: type[SourceError], said: str, book: Path
) -> None:
    """X22, S11."""
    book.write_bytes(content)
    with pytest.raises(error, match=said) as caught:
        extract(book)
    assert str(book) in caught.value.problems[0].location
    assert caught.value.problems[0].hint


def test_text_under_the_name_of_a_workbook_is_refused(tmp_path: Path) -> None:
    """X22: programs export CSV and call it .xls."""
    (tmp_path / "T.xls").write_text(GERMAN)
    with pytest.raises(SourceContentError, match="is not an Excel workbook"):
        extract(tmp_path / "T.xls")


def test_errors_that_were_exported_as_text_are_errors(book: Path) -> None:
    """X5: in German and English spelling; a text that only begins like one is a text."""
    book.write_text("No.;Name;Start;Amount\nM-1;#NV is unknown;;#BEZUG!\nM-2;b;#N/A;2\n#WERT!;c;;3\nM-4;d;;4\n")
    assert list(read(book)) == ["M-4"]
    assert reasons(book)["rows/M-1"] == "D2: Amount holds the error #BEZUG!"
    assert reasons(book)["rows/M-2"] == "C3: Start holds the error #N/A"
    assert list(extract(book).unreadable_keys) == ["Tracker.csv!A4"]


def test_a_formula_is_a_text_and_no_number(book: Path) -> None:
    book.write_text("No.;Name;Start;Amount\nM-1;a;;=2+3\n")
    assert "is not a number" in reasons(book)["rows/M-1"]


def test_an_ambiguous_number_is_set_aside_with_its_cell(book: Path) -> None:
    """X6."""
    book.write_text("No.;Name;Start;Amount\nM-1;a;;1.234\n")
    assert "D2: Amount '1.234' is ambiguous" in reasons(book, locale=None)["rows/M-1"]
    assert read(book, locale="de")["M-1"].baseline == 1234
    assert read(book, locale="en")["M-1"].baseline == Decimal("1.234")


def test_a_row_that_a_stray_delimiter_has_shifted_is_set_aside_and_nothing_is_proved_absent(book: Path) -> None:
    """The cells behind it stand under the wrong headers, and so may the key."""
    book.write_text("No.,Name,Start,Amount\nM-1,Press, old,,5\nM-2,b,,6\nM-3,c,,7,,\n")
    found = extract(book)
    assert [record.key for record in found.records] == ["M-2", "M-3"]
    assert "it has more fields than the header" in reasons(book)["rows/M-1"]
    with pytest.raises(SourceContentError, match=r"Tracker\.csv!A2 cannot be read"):
        connector(book).census(Container("rows", ""))


def test_quoted_line_breaks_count_as_one_row(book: Path) -> None:
    book.write_text('"No.";Name;Start;"Amount"\nM-1;"Press\n\nline; 2";;5\nM-2;"say ""b""";;6\n')
    found = read(book)
    assert found["M-1"].title == "Press line; 2"
    assert found["M-2"].title == 'say "b"'
    assert found["M-2"].provenance["title"] == "Tracker.csv!B3"


def test_month_columns_are_read_by_their_own_headers(book: Path) -> None:
    """X14: a merged header above them leaves no trace in a text file, so asking for it is refused."""
    book.write_text("No.;Name;Plan Okt 26;Plan Nov 26;Okt 26\nM-1;a;1,5;0;9\n")
    columns = {"key": "No.", "title": "Name"}
    found = read(book, columns=columns, months=[{"series": "plan", "header": "Plan {month}"}])
    assert found["M-1"].plan == (MonthAmount(Month(2026, 10), Decimal("1.5")), MonthAmount(Month(2026, 11), Decimal(0)))
    with pytest.raises(SourceContentError, match="cannot be found under 'Plan': no merged headers are told"):
        extract(book, columns=columns, months=[{"series": "plan", "group": "Plan"}])


def test_a_bare_month_takes_no_year_from_a_header_that_may_not_span_it(book: Path) -> None:
    """X14: with the year of 'Plan 2026' only its first column would be read, and the others lost."""
    book.write_text(";;Plan 2026;;\nNo.;Name;Okt;Nov;Dez\nM-1;a;1;2;3\n")
    with pytest.raises(SourceGoneError, match="no column 'months of plan'"):
        extract(book, columns={"key": "No."}, months=[{"series": "plan"}])


def test_a_text_file_has_limits_too(book: Path) -> None:
    """F4."""
    book.write_text("No.;Name;Start;Amount\n" + "M-1;a;;1\n" * 50)
    with pytest.raises(SourceContentError, match="it has more than 100 cells"):
        extract(book, most_cells=100)


def test_a_probe_names_the_reader_and_the_delimiter(book: Path) -> None:
    book.write_text(GERMAN.replace(";", "|"), newline="")
    probe = connector(book).probe()
    assert probe.server == "Tracker.csv: rows, header in row 3, columns A:D, read by text, delimiter '|'"
    assert [container.name for container in connector(book).roster()] == ["Tracker.csv"]


def test_lights_are_read_by_their_words(book: Path) -> None:
    book.write_text("No.;Name;RAG\nM-1;a;amber\n")
    assert (
        read(
            book,
            columns=COLUMNS
            | {
                "light": "RAG",
                "planned_start": {"header": "x", "optional": True},
                "baseline": {"header": "y", "optional": True},
            },
        )["M-1"].light
        is Light.YELLOW
    )


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300))
def test_any_bytes_end_in_a_reading_or_a_located_error(content: bytes, book: Path) -> None:
    """X22: nothing but a SourceError leaves the reader."""
    book.write_bytes(b"No.;Name;Start;Amount\n" + content)
    problems: list[Problem] = []
    try:
        extract(book, fallback_encoding="cp1252")
    except SourceError as error:
        problems += error.problems
    assert all(problem.location for problem in problems)
