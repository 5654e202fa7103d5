"""Every settings file of ``docs/how-to/tell-a-chat-or-a-program.md`` is sound as it stands."""

import re
from pathlib import Path

import pytest
import yaml

from config.settings import Settings

PAGE = (Path(__file__).parents[1] / "docs" / "how-to" / "tell-a-chat-or-a-program.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(# driftline\.yaml.*?)```", PAGE, re.S)


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_settings_of_the_page_are_sound(text: str):
    given = {"version": 1, **yaml.safe_load(text)}
    assert Settings.model_validate(given).mail is not None


def test_there_are_examples_for_each_way():
    assert len(EXAMPLES) == 3
    first = Settings.model_validate(yaml.safe_load(EXAMPLES[0]))
    assert {channel.kind for channel in first.channels.values()} == {"chat", "webhook"}
    assert first.digests["operations"].recipients == ()
