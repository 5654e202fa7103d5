"""The examples of the how-to are settings that load."""

from pathlib import Path

import pytest
import yaml

from connectors.singer import SingerOptions

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "read-any-system-with-a-singer-tap.md"
BLOCKS = [yaml.safe_load(part.split("```")[0]) for part in PAGE.read_text().split("```yaml\n")[1:]]
SOURCES = {name: options for block in BLOCKS for name, options in block.get("sources", {}).items()}


@pytest.mark.parametrize("name", ["plant", "github", "hubspot"])
def test_each_source_of_the_how_to_can_be_configured(name: str):
    assert SingerOptions.model_validate(SOURCES[name]).streams


def test_issues_refer_to_milestones():
    options = SingerOptions.model_validate(SOURCES["github"])
    assert options.referred("issues", "releases") == "issue_milestones"
