"""The file on its way to the reader: missing, locked, half-written, of another kind, hostile (S11, F4-F7, X20-X24)."""

import io
import os
import time
import zipfile
from pathlib import Path

import pytest

from connectors.spreadsheet import file as file_module
from connectors.spreadsheet.file import read_workbook_file
from model.errors import ConfigurationError, SourceContentError, SourceError, SourceGoneError, SourceUnavailableError
from tests.connectors.spreadsheet.books import HEADER, calculate, connector, extract, rewrite_part, save, write

SHEET = "xl/worksheets/sheet1.xml"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "Tracker.xlsx"
    write(path, [HEADER, ("M-1", "Press", None, 5)])
    return path


def test_no_cut_of_a_file_is_ever_read_as_a_smaller_file(book: Path) -> None:
    """S11: at every cut the answer is 'not yet'; the whole file is the control."""
    content = book.read_bytes()
    assert extract(book).records
    for cut in [*range(0, len(content), 37), len(content) - 1]:
        book.write_bytes(content[:cut])
        with pytest.raises(SourceError):
            extract(book)


@pytest.mark.parametrize("content", [b"", b"\0" * 500, b"PK\x03\x04 and then nothing"])
def test_a_file_that_is_not_whole_yet_keeps_the_stored_rows(content: bytes, book: Path) -> None:
    """S11, X22, X23: an empty placeholder, a preallocated file, a cut archive."""
    book.write_bytes(content)
    with pytest.raises(SourceUnavailableError) as caught:
        extract(book)
    assert "is incomplete or being written; the stored rows stay as they are" in str(caught.value)


def test_a_flipped_byte_in_the_sheet_is_noticed(book: Path) -> None:
    """X23: every part is checked against its checksum before it is read."""
    content = bytearray(book.read_bytes())
    with zipfile.ZipFile(book) as archive:
        start = archive.getinfo(SHEET).header_offset + 80
    content[start] ^= 0xFF
    book.write_bytes(bytes(content))
    with pytest.raises(SourceError):
        extract(book)


def test_a_file_that_changes_while_it_is_read_is_read_at_the_next_run(
    book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S11, X23: stat, read, stat."""
    fdopen = os.fdopen

    def slow_writer(handle: int, mode: str) -> io.BufferedReader:
        with book.open("ab") as other:
            other.write(b"more")
        return fdopen(handle, "rb")

    monkeypatch.setattr(file_module.os, "fdopen", slow_writer)
    with pytest.raises(SourceUnavailableError, match="being written"):
        extract(book)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600, "is protected by a password or is an old .xls workbook"),
        (b"<!doctype html><title>Sign in</title>", "is a web page, not a workbook"),
        (b"No.;Name;Start\nM-1;Press;", "is not an Excel workbook"),
    ],
)
def test_a_file_of_another_kind_is_named_for_what_it_is(content: bytes, said: str, book: Path) -> None:
    """X22: the zip reader calls all of them 'not a zip file'."""
    book.write_bytes(content)
    with pytest.raises(SourceContentError, match=said) as caught:
        extract(book)
    assert caught.value.problems[0].hint


def test_a_zip_that_is_no_workbook_is_refused(book: Path) -> None:
    with zipfile.ZipFile(book, "w") as archive:
        archive.writestr("notes.txt", "nothing")
    with pytest.raises(SourceContentError, match="cannot be read: "):
        extract(book)


def test_a_missing_file_names_the_one_beside_it(book: Path) -> None:
    """X20: a copy is proposed, never taken."""
    book.rename(book.with_name("Tracker (2).xlsx"))
    with pytest.raises(SourceGoneError, match=r"there is no workbook Tracker\.xlsx in ") as caught:
        extract(book)
    assert caught.value.problems[0].hint == "did you mean Tracker (2).xlsx?"


def test_a_missing_directory_is_a_share_that_does_not_answer(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailableError, match="is not there") as caught:
        extract(tmp_path / "share" / "Tracker.xlsx")
    assert caught.value.problems[0].hint == "check that the share is mounted"


def test_a_locked_file_is_busy_and_not_gone(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """X23: what Windows answers while Excel holds the file."""

    def locked(*_arguments: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(file_module.os, "open", locked)
    with pytest.raises(SourceUnavailableError, match="is locked or must not be read by this user") as caught:
        extract(book)
    assert caught.value.problems[0].hint.startswith("close it where it is open")


def test_every_error_names_the_source(tmp_path: Path) -> None:
    with pytest.raises(SourceGoneError) as caught:
        connector(tmp_path / "Tracker.xlsx").probe()
    assert caught.value.problems[0].location.startswith("tracker: ")


def test_only_regular_files_are_read(book: Path, tmp_path: Path) -> None:
    """F7: a pipe does not hang the daemon, a link does not lead out of its directory."""
    pipe, link, folder = (tmp_path / name for name in ("Pipe.xlsx", "Link.xlsx", "Folder.xlsx"))
    os.mkfifo(pipe)
    link.symlink_to(book)
    folder.mkdir()
    began = time.monotonic()
    for path, said in ((pipe, "not a regular file"), (folder, "not a regular file"), (link, "is a symbolic link")):
        with pytest.raises(SourceContentError, match=said):
            extract(path)
    assert time.monotonic() - began < 20


def test_a_file_outside_the_configured_root_is_not_read(book: Path, tmp_path: Path) -> None:
    """F7: links in the path are resolved before it is compared."""
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "way_out").symlink_to(tmp_path)
    assert extract(book, root=tmp_path).records
    for path in (book, tmp_path / "inside" / ".." / "Tracker.xlsx", tmp_path / "inside" / "way_out" / "Tracker.xlsx"):
        with pytest.raises(SourceContentError, match="lies outside"):
            extract(path, root=tmp_path / "inside")


UP = [
    f"{'../' * depth}{rest}" for depth in (1, 2, 3, 8) for rest in ("Tracker.xlsx", "etc/passwd", "proc/self/environ")
]
ELSEWHERE = [
    "/etc/passwd",
    "/etc/shadow",
    "/proc/self/environ",
    "/proc/self/mem",
    "/dev/zero",
    "/dev/stdin",
    "/dev/null",
]
LINKS = [
    f"link{number}/{rest}" for number in (1, 2, 3) for rest in ("Tracker.xlsx", "../Tracker.xlsx", "x/../Tracker.xlsx")
]
ODD = [
    "pipe",
    "link-file",
    "link-twice",
    "link-loop",
    "folder",
    "socket",
    "gone",
    ".",
    "..",
    "folder/../../Tracker.xlsx",
]
DOTTED = [f"./{path}" for path in UP] + [f"folder/{path}" for path in UP[3:]]


@pytest.mark.parametrize("given", [*UP, *ELSEWHERE, *LINKS, *ODD, *DOTTED])
def test_no_path_leads_out_of_the_configured_root(given: str, book: Path, tmp_path: Path) -> None:
    """F7: sixty ways to try it; one read inside is the control."""
    root = tmp_path / "inside"
    (root / "folder").mkdir(parents=True)
    (root / "link1").symlink_to(tmp_path)
    (root / "link2").symlink_to("..")
    (root / "link3").symlink_to("/")
    (root / "link-file").symlink_to(book)
    (root / "link-twice").symlink_to(root / "link-file")
    (root / "link-loop").symlink_to(root / "link-loop")
    os.mkfifo(root / "pipe")
    os.mknod(root / "socket", 0o140600)
    book.with_name("copy.xlsx").write_bytes(book.read_bytes())
    (root / "Tracker.xlsx").write_bytes(book.read_bytes())
    assert read_workbook_file(root / "Tracker.xlsx", root, 10**6)
    began = time.monotonic()
    with pytest.raises(SourceError) as caught:
        read_workbook_file(root / given, root, 10**6)
    assert caught.value.problems[0].hint
    assert time.monotonic() - began < 5


def test_a_file_larger_than_the_limit_is_not_read(book: Path) -> None:
    with book.open("r+b") as sparse:
        sparse.truncate(3_000_000_000)
    with pytest.raises(SourceContentError, match="is larger than the limit"):
        extract(book)
    book.write_bytes(b"PK\x03\x04")
    with pytest.raises(SourceContentError, match="is larger than the limit"):
        read_workbook_file(book, None, 3)


def add_part(book: Path, name: str, content: bytes) -> None:
    with zipfile.ZipFile(book, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(book: Path) -> None:
    """F4, X24: by the declared sum, by the ratio of one part and by the number of parts."""
    add_part(book, "xl/media/big.bin", b"\0" * 6_000_000)
    assert book.stat().st_size < 100_000
    with pytest.raises(SourceContentError, match=r"big\.bin unpacks to more than 150 times its size"):
        extract(book)
    with pytest.raises(SourceContentError, match="it unpacks to 6 MB"):
        extract(book, largest_unpacked_megabytes=5)


def test_a_zip_of_very_many_parts_is_refused(book: Path) -> None:
    with zipfile.ZipFile(book, "a") as archive:
        for number in range(2_001):
            archive.writestr(f"xl/part{number}.bin", b"")
    with pytest.raises(SourceContentError, match=r"it has 2,0\d\d parts"):
        extract(book)


def test_a_sheet_of_very_many_empty_rows_is_read_quickly_or_refused(book: Path) -> None:
    """F4, X12: the styled but empty rest of a sheet."""
    rows = "".join(f'<row r="{number}" s="1"/>' for number in range(3, 300_000))
    rewrite_part(book, SHEET, lambda text: text.replace("</sheetData>", rows + "</sheetData>"))
    began = time.monotonic()
    assert [record.key for record in extract(book).records] == ["M-1"]
    with pytest.raises(SourceContentError, match="more than 250,000") as caught:
        extract(book, most_cells=250_000)
    assert time.monotonic() - began < 20
    assert caught.value.problems[0].hint == "delete the empty rows below, or raise most_cells"


def test_one_stray_cell_at_the_far_corner_costs_nothing(book: Path) -> None:
    """F4: a used range of 17 billion cells with three in it."""
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    rewrite_part(book, SHEET, lambda text: text.replace("</sheetData>", far + "</sheetData>"))
    began = time.monotonic()
    assert [record.key for record in extract(book).records] == ["M-1"]
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("reference", ["A1:XFD1048576", "A1:XFD&#49;048576"])
@pytest.mark.parametrize(
    "part", ['<mergeCells><mergeCell ref="{}"/></mergeCells>', '<hyperlinks><hyperlink ref="{}"/></hyperlinks>']
)
def test_a_merge_or_link_of_all_cells_is_refused(part: str, reference: str, book: Path) -> None:
    """F4: openpyxl would make a cell object for each of them."""
    rewrite_part(book, SHEET, lambda text: text.replace("<pageMargins", part.format(reference) + "<pageMargins"))
    with pytest.raises(SourceContentError, match="merges or links too many cells"):
        extract(book)


@pytest.mark.parametrize(
    "declared", ['<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">', '<!ENTITY a SYSTEM "file:///etc/passwd">']
)
def test_entities_are_refused(declared: str, book: Path) -> None:
    """F5, X24."""
    rewrite_part(book, SHEET, lambda text: f"<!DOCTYPE w [{declared}]>" + text.replace("Press", "&a;"))
    with pytest.raises(SourceContentError, match="declares XML entities"):
        extract(book)


def test_xml_in_another_encoding_cannot_hide_entities(book: Path) -> None:
    """F5: the search for declarations reads UTF-8."""
    content = zipfile.ZipFile(book).read(SHEET).decode()
    add_part(book, "xl/worksheets/sheet2.xml", content.encode("utf-16"))
    with pytest.raises(SourceContentError, match="is not UTF-8 XML"):
        extract(book)


def test_without_defusedxml_no_workbook_is_opened(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """F5: the second wall behind the search."""
    import openpyxl

    monkeypatch.setattr(openpyxl, "DEFUSEDXML", False)
    with pytest.raises(ConfigurationError, match="without protection against XML bombs"):
        extract(book)


def test_warnings_of_the_reader_and_doubtful_figures_are_told_in_the_probe(book: Path) -> None:
    """X3, X4, X30."""
    sheet = write(book, [HEADER, ("M-1", "Press", "=TODAY()", 5)])
    assert sheet.parent is not None
    sheet.parent.calculation.calcMode = "manual"
    save(sheet, book)
    calculate(book, {"C2": "46296"})
    rewrite_part(
        book,
        SHEET,
        lambda text: text.replace(
            "</worksheet>", '<extLst><ext uri="{x}"><a xmlns="urn:x"/></ext></extLst></worksheet>'
        ),
    )
    said = " / ".join(problem.message for problem in connector(book).probe().problems)
    assert "the workbook is set to manual calculation" in said
    assert "figures as old as the last save (today's date or another workbook): C2" in said
    assert "openpyxl: Unknown extension is not supported" in said


def test_the_handle_is_closed_before_the_workbook_is_parsed(book: Path) -> None:
    """X23: a held handle would lock the file for the people who work on it."""
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else 0
    source = connector(book)
    source.probe()
    after = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else 0
    assert after == before
