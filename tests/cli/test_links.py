"""``driftline links``: what serves what, coverage by count and by money, and the gaps by name."""

from collections.abc import Callable
from pathlib import Path

from sandbox.world import Meridian
from tests.cli.console import at_a_terminal, driftline, without_escapes

Change = Callable[[Path, str, str], None]
FIELDS = {"records", "more", "coverage", "gaps"}


def test_each_record_is_one_line_with_its_objective_rule_and_money(tuesday: Meridian):
    said = driftline("links", "--limit", "0", folder=tuesday.folder)
    assert (said.code, said.err) == (0, "")
    [line] = [line for line in said.lines if line.startswith("OPP-0001")]
    for part in ("salesforce", "M-101 promises", "deals-promise-a-launch", "EUR 480,000"):
        assert part in line
    assert sum(line.startswith("OPP-") for line in said.lines) == 18


def test_coverage_is_by_count_and_by_money_per_source_and_per_owner(tuesday: Meridian):
    lines = driftline("links", "--limit", "1", folder=tuesday.folder).lines
    table = {line.split()[0]: line.split() for line in lines if line}
    assert table["asana"][:4] == ["asana", "13", "92", "%"]
    assert table["salesforce"] == ["salesforce", "18", "100", "%", "EUR", "3,710,000", "100", "%", "–"]
    assert table["all"][1:4] == ["82", "98", "%"]
    assert table["lena.brandt@meridian.example"][1:4] == ["31", "96", "%"]
    assert "and 81 more records (--limit 0 lists all)" in lines


def test_the_gaps_say_what_hangs_in_the_air_and_what_it_is_worth(tuesday: Meridian):
    said = driftline("links", folder=tuesday.folder)
    gaps = said.out[said.out.index("\ngaps\n") :]
    assert "work without objective" in gaps
    assert "2, EUR 220,000" in gaps
    assert "work that leads to no money or KPI  10 " in gaps
    assert "path to impact: 81 % of 53 linked work items lead to money or a KPI" in said.lines
    assert "OPP-0018, OPP-0017" in gaps


def test_deals_that_no_rule_matches_are_a_gap_with_their_money(copy: Path, changed: Change):
    changed(copy / "mapping" / "salesforce.yaml", "match: {kind: deal}", "match: {kind: deal, key: OPP-0001}")
    said = driftline("links", "--unlinked", folder=copy)
    assert "open deals without objective" in said.out
    assert not any(line.startswith("OPP-0001 ") for line in said.lines)
    found = driftline("links", "--unlinked", "--json", folder=copy).json
    deals = found["gaps"]["deals_without_objective"]
    assert deals["tally"]["records"] == sum(each["account"] == "revenue" for each in found["records"])
    assert found["coverage"]["impact"] == {"work": 53, "leading": 43}
    [sums] = found["coverage"]["by_source"]["salesforce"]["sums"]
    assert (sums["total"], sums["linked"]) == ("3710000", "1310000")


def test_filters_choose_records_by_source_owner_and_objective(tuesday: Meridian):
    def keys(*options: str) -> set[str]:
        found = driftline("links", "--json", *options, folder=tuesday.folder).json
        assert set(found) == FIELDS
        return {each["key"] for each in found["records"]}

    assert keys("--unlinked") == {"1209000000000024"}
    assert keys("--source", "procurement") == {"P-11", "P-12", "P-13", "P-14"}
    assert len(keys("--objective", "ROLL-OUT")) == 10
    assert keys("--objective", "M-201") == {"M-201"}
    assert keys("--source", "savings", "--owner", "JONAS.WEBER@meridian.example") <= keys("--source", "savings")
    assert not any(key.startswith("OPP") for key in keys("--owner", "lena.brandt@meridian.example"))


def test_a_name_that_does_not_exist_is_refused_with_the_nearest(tuesday: Meridian):
    for option, wrong, near in (
        ("--source", "jria", "did you mean 'jira'?"),
        ("--objective", "M-1001", "did you mean 'M-101'?"),
        ("--owner", "lena.brand@meridian.example", "did you mean 'lena.brandt@meridian.example'?"),
    ):
        said = driftline("links", option, wrong, folder=tuesday.folder)
        assert (said.code, said.out) == (2, "")
        assert near in said.err
    assert driftline("links", "--unlinked", "--objective", "M-101", folder=tuesday.folder).code == 2


def test_at_a_terminal_no_line_is_wider_than_the_window(tuesday: Meridian):
    for columns in (80, 120):
        screen = without_escapes(at_a_terminal("links", "--limit", "5", folder=tuesday.folder, columns=columns))
        assert max(map(len, screen.splitlines())) <= columns
        assert "@meridian.example" in screen
        assert "EUR 3,710,000" in screen


def test_before_the_first_sync_there_is_nothing_to_list_and_no_state_is_made(unread: Path):
    said = driftline("links", folder=unread)
    assert (said.code, said.out) == (0, "")
    assert said.err == "No links: nothing was read yet; run driftline sync\n"
    assert set(driftline("links", "--json", folder=unread).json) == FIELDS
    assert list((unread / "state").iterdir()) == []
