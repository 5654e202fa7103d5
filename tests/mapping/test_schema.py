"""The JSON Schemas that editors use come from the same models as the checks."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from pydantic import BaseModel

from mapping.document import SourceText, parse
from mapping.schema import ObjectivesFile, RulesFile
from tests.mapping.samples import OBJECTIVES, RULES

BROKEN = Path(__file__).parent / "broken"
IN_THE_SCHEMA = (
    "rules_unknown_condition",
    "rules_empty_condition",
    "rules_release_read_as_number",
    "rules_weight_out_of_range",
    "rules_unknown_role",
    "rules_lag_without_unit",
    "rules_missing_keys",
    "rules_not_a_list",
    "rules_other_version",
    "objectives_money_with_separators",
    "objectives_no_such_month",
    "objectives_unknown_level",
    "objectives_list_of_owners",
)


def errors_of(model: type[BaseModel], value: Any) -> list[str]:
    schema = model.model_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(value)]


@pytest.mark.parametrize(("model", "text"), [(ObjectivesFile, OBJECTIVES), (RulesFile, RULES)])
def test_a_sound_file_fits_its_schema(model: type[BaseModel], text: str) -> None:
    assert errors_of(model, parse(SourceText("a.yaml", text)).value) == []


@pytest.mark.parametrize("name", IN_THE_SCHEMA)
def test_an_editor_sees_the_mistake_too(name: str) -> None:
    model = RulesFile if name.startswith("rules_") else ObjectivesFile
    value = parse(SourceText(name, (BROKEN / f"{name}.yaml").read_text(encoding="utf-8"))).value
    assert errors_of(model, value)


@pytest.mark.parametrize("model", [ObjectivesFile, RulesFile])
def test_every_key_is_described(model: type[BaseModel]) -> None:
    schema = model.model_json_schema()
    definitions = {schema["title"]: schema, **schema["$defs"]}
    missing = [
        f"{title}.{name}"
        for title, definition in definitions.items()
        for name, key in definition.get("properties", {}).items()
        if not key.get("description")
    ]
    assert missing == []


def test_a_condition_may_be_one_value_or_a_list_in_the_schema() -> None:
    head = {"version": 1, "rules": [{"name": "a", "role": "saves", "objective": "ORG"}]}
    for match in ({"key": "A-1"}, {"key": ["A-1", 7]}, {"kind": "deal"}, {"fields": {"Score": [1.5, True, "x"]}}):
        value = yaml.safe_load(yaml.safe_dump(head))
        value["rules"][0]["match"] = match
        assert errors_of(RulesFile, value) == []
