"""Every option is documented where it is declared, and stands on the reference page."""

from typing import Annotated

import pytest
from pydantic import TypeAdapter

from config.catalogue import every_option
from config.reference import settings_reference
from config.settings import Settings
from connectors.registry import connector_kinds, connector_type
from mapping.document import SourceText, parse

EVERY = [(".".join(path), option) for path, _, option in every_option(Settings)] + [
    (f"sources.<{kind}>." + ".".join(path), option)
    for kind in connector_kinds()
    for path, _, option in every_option(connector_type(kind).options_type)
]


@pytest.mark.parametrize(("path", "option"), EVERY, ids=[path for path, _ in EVERY])
def test_every_option_has_a_sentence_and_a_type(path, option):
    assert option.sentence.endswith("."), f"write a docstring below the field {path}"
    assert len(option.sentence) > 5
    assert option.type_text
    assert "`" not in option.type_text


FIELDS = [
    (".".join(path), declared_by, option)
    for kind_or_settings in (Settings, *(connector_type(kind).options_type for kind in connector_kinds()))
    for path, declared_by, option in every_option(kind_or_settings)
]


@pytest.mark.parametrize(
    ("declared_by", "option"), [field[1:] for field in FIELDS], ids=[f"{each[1].__name__}-{each[0]}" for each in FIELDS]
)
def test_every_example_and_default_is_accepted_by_its_option(declared_by, option):
    """Read from YAML and checked by the field's own type; rules between several options are left out."""
    fields = {field.alias or name: field for name, field in declared_by.model_fields.items()}
    field = fields[option.name]
    accepted = TypeAdapter(Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation)
    texts = [option.example_text] if option.nested is None else []
    texts += [] if option.required else [option.default_text]
    for text in filter(None, texts):
        accepted.validate_python(parse(SourceText("option.yaml", f"value: {text}\n")).value["value"])


def test_every_option_stands_on_the_reference_page():
    page = settings_reference()
    shown = [path for path, _ in EVERY if not path.endswith(">.kind") and "sources.<name>" not in path]
    missing = [path for path in shown if f"## `{path}`\n" not in page]
    assert missing == []
    assert page.count("Required") > 5


def test_an_option_is_told_with_type_default_and_example():
    page = settings_reference()
    assert (
        "### `business.zone`\n\n"
        "The time zone in which a day begins and ends, dates are read and digests go out.\n\n"
        "* Type: time zone\n"
        "* Default: `Europe/Berlin`\n"
        "* Example: `zone: Europe/Vienna`\n"
    ) in page


def test_the_page_is_the_same_every_time():
    assert settings_reference() == settings_reference()
