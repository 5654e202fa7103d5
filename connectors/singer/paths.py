"""Finds a field of a stream by its path: in a schema, and in a record."""

from collections.abc import Iterator, Mapping
from typing import Any

ANY = "any"


def type_at(schema: Mapping[str, Any], path: str) -> str | None:
    """What a schema says of a field: ``string date-time``; ``any`` when it does not tell, None when it is not there."""
    named = _properties(schema)
    if path in named:
        return _type(named[path])
    nodes: list[Any] = [schema]
    for step in path.split("."):
        found = [named[step] for node in nodes if step in (named := _properties(node))]
        if not found:
            return ANY if any(_is_open(node) for node in nodes) else None
        nodes = found
    return _type(nodes[0])


def fields_of(schema: Mapping[str, Any], prefix: str = "", depth: int = 3) -> Iterator[tuple[str, str]]:
    """Every field that a schema names with its type, down to ``depth`` objects."""
    for name, node in _properties(schema).items():
        if depth > 1 and _properties(node):
            yield from fields_of(node, f"{prefix}{name}.", depth - 1)
        else:
            yield f"{prefix}{name}", _type(node)


def value_at(record: Any, path: str) -> Any:
    """The value of a field; of a list of objects the list of each one's. None where there is none."""
    if isinstance(record, Mapping) and path in record:
        return record[path]
    first, _, rest = path.partition(".")
    if isinstance(record, list):
        return [value for part in record if (value := value_at(part, path)) is not None]
    if not isinstance(record, Mapping) or not rest:
        return None
    return value_at(record.get(first), rest)


def _properties(node: Any) -> Mapping[str, Any]:
    """The fields that an object names, or the objects of a list, or any alternative."""
    if not isinstance(node, Mapping):
        return {}
    alternatives = [part for key in ("anyOf", "oneOf", "allOf") for part in node.get(key) or ()]
    known = [node.get("properties"), *(_properties(part) for part in [*alternatives, node.get("items")])]
    return {name: value for one in known if isinstance(one, Mapping) for name, value in one.items()}


def _is_open(node: Any) -> bool:
    """Whether an object may have fields that its schema does not name."""
    if not isinstance(node, Mapping) or "$ref" in node or "patternProperties" in node:
        return True
    kind = _type(node)
    holds_fields = kind == ANY or "object" in kind or "array" in kind
    return node.get("additionalProperties") is True or (holds_fields and not _properties(node))


def _type(node: Any) -> str:
    if not isinstance(node, Mapping):
        return ANY
    parts = [node, *(part for key in ("anyOf", "oneOf") for part in node.get(key) or () if isinstance(part, Mapping))]
    types: list[str] = []
    for part in parts:
        told = part.get("type")
        names = [told] if isinstance(told, str) else [str(name) for name in told or ()]
        style = f" {part['format']}" if isinstance(part.get("format"), str) else ""
        types += [f"{name}{style if name == 'string' else ''}" for name in names if name != "null"]
    return " or ".join(sorted(set(types))) or ANY
