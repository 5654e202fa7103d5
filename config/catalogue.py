"""Every option with its type, default, sentence and example, read from the Options classes.

The sample settings, the reference page and the checks on documentation are made from it, so they cannot drift.
"""

import json
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from zoneinfo import ZoneInfo

import yaml
from pydantic import AwareDatetime, TypeAdapter
from pydantic.fields import FieldInfo

from model.options import Options
from model.secret import Secret

_TYPE_TEXTS: Mapping[Any, tuple[str, Any]] = {
    str: ("text", None),
    bool: ("true or false", True),
    int: ("whole number", None),
    float: ("number", None),
    Decimal: ("number", None),
    date: ("date", date(2026, 10, 1)),
    datetime: ("time", "2026-10-01T06:00:00Z"),
    AwareDatetime: ("time with an offset", "2026-10-01T06:00:00Z"),
    time: ("time of day", "07:30"),
    timedelta: ("duration", "2h"),
    Path: ("path", None),
    ZoneInfo: ("time zone", "Europe/Vienna"),
    Secret: ("secret reference", "env:NAME_OF_A_VARIABLE"),
}
"""How a type is called in texts, and a value to show where an option names no example; None where none would help."""


class Shape(StrEnum):
    """How often the options of a nested class occur."""

    ONCE = "once"
    BY_NAME = "by name"
    LISTED = "listed"


STEPS: Mapping[Shape, tuple[str, ...]] = {Shape.ONCE: (), Shape.BY_NAME: ("<name>",), Shape.LISTED: ("[]",)}
"""What stands between an option and the options nested in it, in the path of the latter."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option as it is told to people.

    Texts of values are YAML on one line. ``example_text`` is empty when the option names no example and its type
    suggests none.
    """

    name: str
    type_text: str
    sentence: str
    required: bool
    default_text: str
    example_text: str
    nested: type[Options] | None = None
    shape: Shape = Shape.ONCE


def options_of(options_type: type[Options]) -> tuple[Option, ...]:
    """The options of one class, in the order of their declaration."""
    return tuple(_option(field.alias or name, field) for name, field in options_type.model_fields.items())


def every_option(
    options_type: type[Options], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], type[Options], Option]]:
    """Every option below a class: its path, the class that declares it, and its texts."""
    for option in options_of(options_type):
        here = (*path, option.name)
        yield here, options_type, option
        if option.nested is not None:
            yield from every_option(option.nested, (*here, *STEPS[option.shape]))


def yaml_text(value: Any) -> str:
    """A value as YAML on one line."""
    text = yaml.safe_dump(_plain(value), default_flow_style=True, allow_unicode=True, sort_keys=False, width=10_000)
    return text.removesuffix("\n").removesuffix("\n...")


def _option(name: str, field: FieldInfo) -> Option:
    annotation: Any = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
    nested, shape = _nested(annotation)
    required = field.is_required()
    default = None if required else _dumped(annotation, field.get_default(call_default_factory=True))
    example = field.examples[0] if field.examples else _example(annotation, default)
    return Option(
        name=name,
        type_text=_type_text(annotation),
        sentence=" ".join((field.description or "").replace("``", "`").split()),
        required=required,
        default_text="" if required else yaml_text(default),
        example_text="" if example is None else yaml_text(example),
        nested=nested,
        shape=shape,
    )


def _dumped(annotation: Any, value: Any) -> Any:
    """The value as it is written in YAML, by the type's own serializer."""
    return _plain(TypeAdapter(annotation).dump_python(value, exclude_defaults=True, warnings=False))


def _example(annotation: Any, default: Any) -> Any:
    """A value to show: another one than the default where there is a choice."""
    if isinstance(default, bool):
        return not default
    if others := [choice for choice in _choices(annotation) if choice != default]:
        return others[0]
    return _example_of(annotation) if default in (None, [], {}) else default


def _choices(annotation: Any) -> Sequence[Any]:
    """The values that a choice allows, as they are written; none for any other type."""
    present = _present(annotation)
    if get_origin(present) is Literal:
        return get_args(present)
    if isinstance(present, type) and issubclass(present, Enum):
        return [_dumped(annotation, member) for member in present]
    return ()


def _example_of(annotation: Any) -> Any:
    if choices := _choices(annotation):
        return choices[0]
    annotation = _present(annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (list, tuple, set, frozenset, Sequence):
        each = _example_of(arguments[0])
        return None if each is None else [each]
    try:
        return _TYPE_TEXTS.get(annotation, ("", None))[1]
    except TypeError:  # an annotation that cannot be a key
        return None


def _type_text(annotation: Any) -> str:
    if choices := _choices(annotation):
        return _one_of(choices)
    annotation = _present(annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is dict or origin is Mapping:
        return f"by name, each {_type_text(arguments[1])}"
    if origin in (list, tuple, set, frozenset, Sequence):
        return f"list, each {_type_text(arguments[0])}"
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_type_text(argument) for argument in arguments))
    if isinstance(annotation, type) and issubclass(annotation, Options):
        return "options"
    return _TYPE_TEXTS.get(annotation, (str(getattr(annotation, "__name__", annotation)).lower(), None))[0]


def _one_of(choices: Sequence[Any]) -> str:
    texts = [yaml_text(choice) for choice in choices]
    return texts[0] if len(texts) == 1 else "one of " + ", ".join(texts)


def _nested(annotation: Any) -> tuple[type[Options] | None, Shape]:
    annotation = _present(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Options):
        return annotation, Shape.ONCE
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is dict or origin is Mapping:
        return _nested(arguments[1])[0], Shape.BY_NAME
    if origin in (list, tuple, Sequence):
        return _nested(arguments[0])[0], Shape.LISTED
    return None, Shape.ONCE


def _present(annotation: Any) -> Any:
    """The type without Annotated and without None."""
    if get_origin(annotation) is Annotated:
        return _present(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        arguments = [argument for argument in get_args(annotation) if argument is not type(None)]
        if len(arguments) == 1:
            return _present(arguments[0])
    return annotation


def _plain(value: Any) -> Any:
    """A value of plain YAML types."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return json.loads(str(value))
    if isinstance(value, (ZoneInfo, Path, time)):
        return str(value)
    if isinstance(value, Mapping):
        return {str(_plain(key)): _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(part) for part in value]
    return value
