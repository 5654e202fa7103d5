"""Whatever happens to a file of custom checks, reading it and running its examples ends in words for its author."""

from hypothesis import given, settings
from hypothesis import strategies as st

from config.check_examples import failures
from config.custom_checks import load_checks
from config.settings import Settings
from mapping.document import SourceText
from model.errors import UserError
from tests.config.test_custom_checks_broken import SOUND, ZONE
from tests.config.test_mutations import edited, edits
from tests.examples import examples

SETTINGS = Settings(version=1)


@settings(max_examples=examples(120), deadline=None)
@given(changes=st.lists(edits(), min_size=1, max_size=3))
def test_a_mutated_file_is_sound_or_refused_with_places(changes) -> None:
    text = SOUND
    for change in changes:
        text = edited(text, change)
    try:
        loaded = load_checks([SourceText("own.yaml", text)], extra=frozenset({"Region"}), currency="EUR", zone=ZONE)
        problems = list(failures(loaded.examples, loaded.checks, SETTINGS))
    except UserError as error:
        problems = list(error.problems)
    for problem in problems:
        assert problem.message
        assert problem.location.startswith("own.yaml")
