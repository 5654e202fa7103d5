"""Broken files, each named for its mistake; the whole message stands beside it in ``<name>.expected``."""

from pathlib import Path

import pytest

from mapping.document import SourceText
from mapping.load import load_mapping
from model.errors import MappingError
from tests.mapping.samples import OBJECTIVES, SOURCES

BROKEN = Path(__file__).parent / "broken"


@pytest.mark.parametrize("name", sorted(path.stem for path in BROKEN.glob("*.yaml")))
def test_a_broken_file_is_told_with_place_line_and_remedy(name: str) -> None:
    source = SourceText(f"{name}.yaml", (BROKEN / f"{name}.yaml").read_text(encoding="utf-8"))
    sound = SourceText("objectives.yaml", OBJECTIVES)
    is_rules = name.startswith("rules_")
    with pytest.raises(MappingError) as caught:
        load_mapping([sound] if is_rules else [source], [source] if is_rules else [], sources=SOURCES)
    assert str(caught.value) == (BROKEN / f"{name}.expected").read_text(encoding="utf-8").rstrip("\n")


def test_every_expected_message_has_its_broken_file() -> None:
    assert {path.stem for path in BROKEN.glob("*.expected")} == {path.stem for path in BROKEN.glob("*.yaml")}
