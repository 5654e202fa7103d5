"""``docs/how-to/pictures-a-workbook-and-a-triage.md``: its settings are taken, its figures are those of the code."""

import re
from pathlib import Path

import yaml

from digest.options import DigestOptions
from digest.plots.money_at_risk import LEAST_CHANGES, LEAST_DAYS
from digest.plots.slip import LEAST_MOVES
from digest.workbooks.workbook import MOST_BYTES

PAGE = (Path(__file__).parents[1] / "docs" / "how-to" / "pictures-a-workbook-and-a-triage.md").read_text("utf-8")


def test_the_settings_of_the_page_are_taken_and_are_mostly_the_usual_ones():
    [block] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    given = yaml.safe_load(block)["digests"]["leaders"]
    options = DigestOptions.model_validate(given)
    assert options.triage is not None
    assert options.triage == type(options.triage).model_validate({"weekday": "tue"})
    bare = DigestOptions.model_validate({"recipients": given["recipients"]})
    assert (bare.plots, bare.workbook, bare.triage) == (True, False, None)


def test_the_figures_of_the_page_are_those_of_the_code():
    assert LEAST_MOVES == 2
    assert "moved at least twice" in PAGE
    assert (LEAST_CHANGES, LEAST_DAYS) == (3, 14)
    assert "at least three times in two weeks or more" in PAGE
    assert MOST_BYTES == 2_000_000
    assert "under 2 MB" in PAGE
