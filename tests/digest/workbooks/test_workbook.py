"""The workbook opened again: every number traced, every record counted once, and no text that is a formula."""

import io
import zipfile
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest
from openpyxl import Workbook, load_workbook

from digest.base import Edition, Named
from digest.brief import sort_edition
from digest.language import Language
from digest.workbooks import workbook as writing
from digest.workbooks.workbook import workbook_of
from model.findings import Account, Claim, Finding, Impact, Share
from model.money import Money
from tests.digest.editions import (
    NOW,
    accepted,
    aurora,
    coverage,
    edition,
    erp,
    late_deal,
    opened,
    three_causes,
    tracked,
)


def made(given: Edition) -> bytes:
    writing._made.cache_clear()
    return workbook_of(sort_edition(given)).content


def read(given: Edition) -> Workbook:
    return load_workbook(io.BytesIO(made(given)))


def rows(given: Edition, sheet: str) -> list[dict[str, object]]:
    heads, *others = read(given)[sheet].iter_rows(values_only=True)
    return [dict(zip(map(str, heads), row, strict=True)) for row in others]


def totals(given: Edition, column: str = "Counted") -> dict[str, object]:
    return {str(row["Account"]): row[column] for row in rows(given, "Records") if row["Record"] == "Total"}


def test_every_finding_is_a_row_with_its_money_and_who_decides():
    first = rows(three_causes(), "Findings")[0]
    assert len(rows(three_causes(), "Findings")) == 11
    assert first | {"Evidence at": ""} == {
        "Code": first["Code"],
        "Severity": "critical",
        "State": "open",
        "Check": "late-commitment",
        "Finding": "OPP-1041 promises Aurora 4.0 47 days before it can be delivered",
        "Objective": "M-AURORA Aurora 4.0 in the market",
        "Open since": datetime(2026, 9, 7),
        "Promise": "Salesforce OPP-1041",
        "Promised": datetime(2026, 9, 30),
        "Forecast by": "Jira AUR-118",
        "Forecast": datetime(2026, 11, 16),
        "Days late": 47,
        "Revenue at risk, EUR": 620_000,
        "of it in 2026": None,
        "weighted": 496_000,
        "Savings lost, EUR": None,
        "Not converted": None,
        "Decider": "Priya Nair",
        "Decide by": datetime(2026, 9, 15),
        "Owner": "Dana Petrov",
        "Cause": "AUR-118 Ledger cut-over",
        "Evidence at": "",
    }


def test_the_totals_are_those_of_the_mail_and_no_formula():
    given = three_causes()
    brief = sort_edition(given)
    assert totals(given) == {
        "revenue": brief.after.full(Account.REVENUE),
        "savings": brief.after.full(Account.SAVINGS),
    }
    assert totals(given, "Counted, weighted")["revenue"] == brief.after.weighted(Account.REVENUE)
    assert all(cell.data_type != "f" for sheet in read(given) for row in sheet.iter_rows() for cell in row)


def test_a_record_that_several_findings_name_counts_once_with_its_largest_amount():
    deal = late_deal("OPP-1041", "Northwind", 620_000, "0.80")
    twin = replace(deal, check="hidden-red", impact=late_deal("OPP-1041", "", 640_000, "0.10").impact)
    given = edition([opened(deal), opened(twin)])
    listed = [row for row in rows(given, "Records") if row["Record"] != "Total"]
    assert [(row["Amount"], row["Counted"], row["Counted, weighted"]) for row in listed] == [
        (640_000, 640_000, 0),
        (620_000, 0, 496_000),
    ]
    assert totals(given) == {"revenue": 640_000}
    assert totals(given, "Counted, weighted") == {"revenue": 496_000}


def test_what_is_accepted_is_listed_and_not_counted():
    first, second, *_ = aurora()
    life = accepted(second, NOW.date())
    given = edition([opened(first)], [tracked(first), life])
    assert [row["State"] for row in rows(given, "Findings")] == ["open", "accepted"]
    assert totals(given) == {"revenue": 620_000}


def test_money_without_a_rate_is_listed_in_its_own_currency_and_in_no_total():
    deal = replace(aurora()[0], impact=Impact(3, (Share("salesforce:1", (), Money(Decimal(500), "USD")),)))
    given = edition([opened(deal)])
    assert [(row["Account"], row["Currency"], row["Amount"]) for row in rows(given, "Records")] == [
        ("not converted", "USD", 500)
    ]
    assert rows(given, "Findings")[0]["Not converted"] == "USD 500.00"


def test_a_record_is_named_and_linked_as_the_store_knows_it():
    named = {"salesforce:OPP-1041": Named("0061", "Northwind", "https://crm.example/0061")}
    sheet = read(replace(edition([opened(aurora()[0])]), named=named))["Records"]
    assert [sheet["A2"].value, sheet["B2"].value] == ["0061", "Northwind"]
    assert sheet["K2"].hyperlink.target == "https://crm.example/0061"
    hidden = replace(edition([opened(aurora()[0])]), named=named, outside={"salesforce:OPP-1041": ("0061",)})
    assert read(hidden)["Records"]["A2"].value == "OPP-1041"


def test_a_file_is_named_without_its_folders():
    claim = Claim("objectives", "AURORA-4", "approved for 30 Sep", None, "/etc/driftline/objectives.yaml:32")
    deal = replace(aurora()[0], commitment=claim, forecast=None, evidence=())
    named = {"salesforce:OPP-1041": Named("P-11", "", r"C:\\shares\\Plan 2026.xlsx!Savings!E4")}
    given = replace(edition([opened(deal)]), named=named)
    assert rows(given, "Findings")[0]["Promise"] == "Objectives AURORA-4"
    assert rows(given, "Findings")[0]["Evidence at"] == "objectives.yaml:32"
    assert rows(given, "Records")[0]["Found at"] == "Plan 2026.xlsx!Savings!E4"


HOSTILE = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "\t=1+1",
    "\r=1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example")',
    "#REF!",
    "\uff1d1+1",
]


def hostile(number: int, text: str) -> Finding:
    claim = Claim("Sales", text, text, None, "javascript:alert(1)")
    deal = late_deal(f"OPP-{number}", "Northwind", 1000, "0.5")
    return replace(deal, title=text, owner=text, decider=text, commitment=claim, forecast=claim, evidence=())


def test_no_text_becomes_a_formula():
    """X29, F6: it stays a text also when somebody edits the cell or saves the sheet as CSV."""
    named = {f"salesforce:OPP-{number}": Named(text, text, text) for number, text in enumerate(HOSTILE)}
    book = read(replace(edition([opened(hostile(*each)) for each in enumerate(HOSTILE)]), named=named))
    held = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in held} <= {"s", "n", "d"}
    dangerous = [cell for cell in held if str(cell.value)[:1] in "=+-@#\uff1d"]
    assert all(cell.quotePrefix for cell in dangerous)
    for text in {each.strip() for each in HOSTILE}:
        times = sum(each.strip() == text for each in HOSTILE)
        assert len([cell for cell in held if cell.value == text]) >= 5 * times
    assert not [cell for cell in held if cell.hyperlink]


def test_only_plain_addresses_become_links():
    named = {"tracker:row 14": Named("row 14", "Licences", "savings.xlsx!Plan!F14")}
    book = read(replace(three_causes(), named=named))
    found = {str(row[-1].value): row[-1].hyperlink for sheet in book for row in sheet.iter_rows(min_row=2)}
    assert found["savings.xlsx!Plan!F14"] is None
    assert {link.target for link in found.values() if link} == {text for text in found if text.startswith("https:")}
    assert len([link for link in found.values() if link]) > 3


def test_the_same_brief_gives_the_same_bytes():
    """Whenever it is written; no time of writing is left in it."""
    content = made(three_causes())
    assert made(three_causes()) == content
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        assert {part.date_time for part in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert parts.read("docProps/core.xml").count(b"2026-09-08T05:00:00Z") == 2


def test_readers_of_one_language_share_one_workbook():
    writing._made.cache_clear()
    first = workbook_of(sort_edition(three_causes()))
    assert workbook_of(sort_edition(three_causes())) is first
    german = replace(three_causes(), language=Language("de", "de"))
    assert workbook_of(sort_edition(german)) is not first
    assert workbook_of(sort_edition(edition([opened(aurora()[0])]))) is not first


def test_it_is_ready_to_read():
    book = read(three_causes())
    sheet = book["Findings"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("B2", "A1:W12")
    assert sheet.column_dimensions["E"].width == 60
    assert (sheet["M2"].number_format, sheet["G2"].number_format) == ("#,##0", "yyyy-mm-dd")
    assert sheet["A1"].font.bold
    # The totals stay out of what people sort and filter.
    assert book["Records"].auto_filter.ref == "A1:K12"
    assert [row[0].value for row in book["Records"].iter_rows(min_row=13)] == ["Total", "Total"]


def test_german_readers_get_german_heads():
    book = read(replace(three_causes(), language=Language("de", "de")))
    assert book.sheetnames == ["Befunde", "Datensätze", "Erläuterung"]
    assert [cell.value for cell in book["Befunde"][1]][:3] == ["Code", "Gewicht", "Status"]


def test_it_says_how_fresh_its_sources_are():
    broken = coverage("salesforce", complete=False, error="the token was refused")
    given = replace(three_causes(), coverage=(coverage("jira"), broken, coverage("tracker", as_of=None)))
    told = {row[0]: row[1:] for row in read(given)["About"].iter_rows(values_only=True)}
    assert told["As of: jira"] == (datetime(2026, 9, 8, 6, 55), None)
    assert told["As of: salesforce"] == (
        datetime(2026, 9, 8, 6, 55),
        "could not be read since: the token was refused",
    )
    assert told["As of: tracker"][0] == "never read completely; its numbers are missing"
    assert told["Findings"][0] == 11


def test_what_is_too_large_for_a_mail_lists_the_weightiest_and_says_so(monkeypatch: pytest.MonkeyPatch):
    whole = len(made(edition([*map(opened, aurora()), *map(opened, erp())])))
    monkeypatch.setattr(writing, "MOST_BYTES", whole - 400)
    book = read(edition([*map(opened, aurora()), *map(opened, erp())]))
    listed = book["Findings"].max_row - 1
    assert 1 <= listed < 10
    assert book["Findings"]["E2"].value.startswith("OPP-1041")
    told = {row[0]: row[1] for row in book["About"].iter_rows(max_col=2, values_only=True)}
    assert told["Findings"].startswith(f"{listed} of 10 findings: the weightiest")
    assert told["Total"].startswith("The totals are those of the findings listed here")


def test_a_finding_that_is_held_or_silenced_says_so():
    first, second, *_ = aurora()
    lives = [tracked(first, held_since=NOW), tracked(second, inhibited_by="P-COST is on hold")]
    states = [row["State"] for row in rows(edition([], lives), "Findings")]
    assert states == ["open, not re-checked", "open, not counted"]
