"""The page for the summary of a job, read back by a CommonMark parser."""

from markdown_it import MarkdownIt

from cli.reports.markdown import MOST, report
from tests.cli.reports.runs import told

PARSER = MarkdownIt("commonmark").enable("table")


def test_the_page_names_runs_sources_and_findings():
    lines = report(told()).splitlines()
    assert lines[2] == "2 opened, 1 resolved, 3 standing; **1 at or above critical**"
    assert "| jira | complete | 50 | 3 |" in lines
    (late,) = (line for line in lines if "OPP-1 promises" in line)
    assert late.startswith("| **critical** | OPP-1 promises Aurora 4.0 47 days before it can be delivered | ")
    assert "EUR 620,000 revenue" in late
    assert any("(not re-checked)" in line for line in lines)


def test_hostile_words_leave_the_tables_as_they_are():
    tokens = PARSER.parse(report(told()))
    assert sum(token.type == "table_open" for token in tokens) == 2
    assert sum(token.type == "tr_open" for token in tokens) == 3 + 4
    assert not any(token.type in ("html_block", "code_block") for token in tokens)
    inside = [child.type for token in tokens for child in token.children or []]
    assert "html_inline" not in inside


def test_a_long_list_has_an_end():
    page = told()
    many = type(page)(
        run=page.run,
        standing=page.standing * 50,
        limit=page.limit,
        tree=page.tree,
        currency=page.currency,
        version=page.version,
        settings=page.settings,
    )
    lines = report(many).splitlines()
    assert lines[-1] == "50 more: driftline findings"
    assert sum(line.endswith("` |") for line in lines) == MOST
