"""The JSON Schemas agree with the loader: what it takes they take, what it refuses for its form they refuse."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from config.load import load
from config.sample import SETTINGS, sample_files, write_sample
from config.schema import (
    SCHEMA_NAMES,
    checks_schema,
    objectives_schema,
    rules_schema,
    settings_schema,
    write_schemas,
)
from connectors.registry import connector_kinds, connector_type
from mapping.document import SourceText, parse
from model.errors import UserError
from tests.config.test_sample import uncommented

SETTINGS_SCHEMA = settings_schema()
SCHEMAS = {
    "settings": SETTINGS_SCHEMA,
    "objectives": objectives_schema(),
    "mapping": rules_schema(),
    "checks": checks_schema(),
}


def mistakes(text: str, schema: dict = SETTINGS_SCHEMA) -> list[str]:
    errors = Draft202012Validator(schema).iter_errors(parse(SourceText("file.yaml", text)).value)
    return sorted(".".join(map(str, error.absolute_path)) for error in errors)


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_each_schema_is_a_schema(schema):
    Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema


def test_the_starter_set_is_valid():
    for path, text in sample_files().items():
        if path.endswith(".yaml"):
            kind = {"driftline.yaml": "settings", "objectives.yaml": "objectives"}.get(path, "mapping")
            assert mistakes(text, SCHEMAS[kind]) == [], path


def test_the_starter_set_with_every_option_is_valid():
    assert mistakes(uncommented(sample_files()[SETTINGS])) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("version: 2", "version"),
        ("verson: 1", ""),
        ("version: 1\nlog: {level: loud}", "log.level"),
        ("version: 1\nlog: {colour: red}", "log"),
        ("version: 1\nsources: []", "sources"),
        ("version: 1\nsources: {Jira: {kind: jira}}", "sources"),
        ("version: 1\nsources: {a: {every: 15m}}", "sources.a"),
        ("version: 1\nsources: {a: {kind: jria}}", "sources.a.kind"),
        ("version: 1\nsources: {a: {kind: spreadsheet, pth: a.xlsx, path: a.xlsx}}", "sources.a"),
        ("version: 1\nsources: {a: {kind: spreadsheet, path: a.xlsx, every: 15}}", "sources.a.every"),
        ("version: 1\nsources: {a: {kind: asana, projects: ['1'], token: hunter2}}", "sources.a.token"),
        ("version: 1\nmapping: mapping.yaml", "mapping"),
        ("version: 1\nbusiness: {rates: {USD: 0.9}}", "business.rates"),
        ("version: 1\nbusiness: {rates: {as_of: 2026-01-02, USD: lots}}", "business.rates"),
        ("version: 1\nbusiness: {rates: {as_of: 2026-01-02, Dollar: 1}}", "business.rates"),
        ("version: 1\nbusiness: {currency: Euro}", "business.currency"),
        ("version: 1\ndigests: {a: {recipients: []}}", "digests.a.recipients"),
    ],
)
def test_a_mistake_is_shown_where_it_stands(tmp_path, text, place):
    assert place in mistakes(text)
    (tmp_path / SETTINGS).write_text(text)
    with pytest.raises(UserError):
        load(tmp_path / SETTINGS)


BEYOND_A_SCHEMA = {
    "source_with_a_taken_name",
    "source_read_without_a_pause",
    "source_read_by_both_an_interval_and_a_schedule",
    "source_that_is_left_alone_all_week",
    "source_that_is_never_due",
    "source_with_a_deadline_beyond_that_of_the_daemon",
    "source_with_a_jitter_as_long_as_its_interval",
    "source_with_an_hour_that_no_day_has",
}
"""What no schema can say: how one option goes with another, and dates."""


@pytest.mark.parametrize("path", sorted((Path(__file__).parent / "broken").glob("source_*.yaml")), ids=lambda p: p.stem)
def test_broken_sources_are_refused_by_the_schema_too(path):
    assert bool(mistakes(path.read_text())) is (path.stem not in BEYOND_A_SCHEMA)


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_every_key_is_described(schema):
    definitions = schema.get("$defs", {})

    def is_described(each):
        return "description" in each or "description" in definitions.get(each.get("$ref", "").rpartition("/")[2], {})

    parts = {"": schema, **definitions}
    keys = [(name, key, each) for name, part in parts.items() for key, each in part.get("properties", {}).items()]
    assert len(keys) > 10
    assert [f"{name}.{key}" for name, key, each in keys if not is_described(each)] == []


def test_sources_are_told_apart_by_their_kind():
    sources = SETTINGS_SCHEMA["properties"]["sources"]["additionalProperties"]
    assert sources["properties"]["kind"]["enum"] == list(connector_kinds())
    for choice in sources["allOf"]:
        kind = choice["if"]["properties"]["kind"]["const"]
        definition = SETTINGS_SCHEMA["$defs"][choice["then"]["$ref"].rpartition("/")[2]]
        assert set(definition["properties"]) == set(connector_type(kind).options_type.model_fields)


def test_schemas_are_written_over_older_ones(tmp_path):
    for _ in range(2):
        written = write_schemas(tmp_path / "schema")
    assert [path.name for path in written] == list(SCHEMA_NAMES)
    assert json.loads(written[0].read_text()) == SETTINGS_SCHEMA


def test_the_starter_set_holds_the_same_schemas(tmp_path):
    write_sample(tmp_path / "sample")
    for path in write_schemas(tmp_path / "schema"):
        assert (tmp_path / "sample" / "schema" / path.name).read_text() == path.read_text()
