"""JSON Schemas of the settings, objectives, rule and check files, for editors that check while one types."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from config.check_schema import ChecksFile
from config.settings import NAME_PATTERN, Settings
from connectors.registry import connector_kinds, connector_type
from mapping.schema import ObjectivesFile, RulesFile

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

SCHEMA_NAMES = ("driftline.schema.json", "objectives.schema.json", "mapping.schema.json", "checks.schema.json")


def settings_schema() -> dict[str, Any]:
    """The schema of driftline.yaml; which options a source has depends on its ``kind``."""
    types = {kind: connector_type(kind).options_type for kind in connector_kinds()}
    models: list[type[BaseModel]] = [Settings, *types.values()]
    references, definitions = models_json_schema([(model, "validation") for model in models])
    defined: dict[str, Any] = definitions["$defs"]
    settings = defined.pop(_name_of(references[Settings, "validation"]))
    choices = []
    for kind, options_type in types.items():
        reference = references[options_type, "validation"]
        _fix_kind(defined[_name_of(reference)], kind)
        choices.append({"if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]}, "then": reference})
    sources = settings["properties"]["sources"]
    sources["propertyNames"] = {"pattern": NAME_PATTERN}
    sources["additionalProperties"] = {
        "type": "object",
        "properties": {"kind": {"enum": list(types), "description": "Which connector reads it."}},
        "required": ["kind"],
        "allOf": choices,
    }
    settings["properties"]["digests"]["propertyNames"] = {"pattern": NAME_PATTERN}
    defined.pop("SourceOptions", None)
    return {"$schema": _DIALECT, **settings, "title": "Settings of Driftline", "$defs": defined}


def objectives_schema() -> dict[str, Any]:
    """The schema of objectives files."""
    return _schema(ObjectivesFile, "Objectives of Driftline")


def rules_schema() -> dict[str, Any]:
    """The schema of rule files."""
    return _schema(RulesFile, "Rules of Driftline")


def checks_schema() -> dict[str, Any]:
    """The schema of files with checks of one's own."""
    return _schema(ChecksFile, "Checks of Driftline")


def write_schemas(folder: Path) -> list[Path]:
    """Write the schemas into a folder, over older ones; tell which files they are."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in schema_files().items():
        path = folder / name
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def schema_files() -> dict[str, str]:
    """File name to text of each schema."""
    schemas = (settings_schema(), objectives_schema(), rules_schema(), checks_schema())
    return {
        name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        for name, schema in zip(SCHEMA_NAMES, schemas, strict=True)
    }


def _schema(model: type[BaseModel], title: str) -> dict[str, Any]:
    return {"$schema": _DIALECT, **model.model_json_schema(), "title": title}


def _name_of(reference: dict[str, Any]) -> str:
    name: str = reference["$ref"].rpartition("/")[2]
    return name


def _fix_kind(definition: dict[str, Any], kind: str) -> None:
    """Let the options of one kind accept that kind only, and ask for it."""
    definition["properties"]["kind"] = {"const": kind, "description": "Which connector reads it."}
    definition["required"] = sorted({*definition.get("required", ()), "kind"})
