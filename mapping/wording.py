"""Validation mistakes in plain words: what was expected, which name was probably meant, which values are allowed."""

import difflib
import re
import types
import typing
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, ValidationError

from mapping.strict_yaml import Loc
from model.keys import normalise_key

MOST_MISTAKES = 200
"""Mistakes of one file that are shown at once."""
MOST_NAMES = 30
"""Known names that a hint lists when none of them is near."""
_PARTS = re.compile(r"(days|seconds|microseconds)=(-?\d+)")

_EXPECTED = {
    "string_type": "text",
    "string_sub_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "decimal_type": "a number",
    "decimal_parsing": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "iterable_type": "a list",
    "dict_type": "keys with values",
    "mapping_type": "keys with values",
    "model_type": "keys with values",
    "model_attributes_type": "keys with values",
    "dataclass_type": "keys with values",
    "date_type": "a date such as 2026-09-30",
    "date_parsing": "a date such as 2026-09-30",
    "date_from_datetime_parsing": "a date such as 2026-09-30",
    "date_from_datetime_inexact": "a date without a time of day",
    "datetime_type": "a date and time",
    "datetime_parsing": "a date and time",
    "time_type": "a time of day such as 07:00",
    "time_parsing": "a time of day such as 07:00",
    "time_delta_type": "a length of time such as 2h",
    "time_delta_parsing": "a length of time such as 2h",
    "url_type": "a web address",
    "url_parsing": "a web address such as https://example.com",
    "url_scheme": "a web address such as https://example.com",
}
_BOUNDS = {
    "greater_than": ("greater than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake at one place of a value. ``at_key``: the key itself is meant, not what stands behind it."""

    loc: Loc
    message: str
    hint: str = ""
    at_key: bool = False


def mistakes(
    error: ValidationError, model: type[BaseModel], existing: Callable[[Loc], Loc]
) -> tuple[list[Mistake], int]:
    """Say in words what a validation found, and how many mistakes more there are than anybody would read.

    ``existing`` drops from a place what the file does not have: pydantic adds the names of a union's branches, which
    then become one mistake.
    """
    found: list[Mistake] = []
    expected: dict[Loc, list[str]] = {}
    details = error.errors(include_url=False)
    for detail in details[:MOST_MISTAKES]:
        loc, kind = tuple(detail["loc"]), detail["type"]
        if phrase := _EXPECTED.get(kind):
            place = existing(loc)
            expected.setdefault(place, [])
            if phrase not in expected[place]:
                expected[place].append(phrase)
                if len(expected[place]) > 1:
                    found = [mistake for mistake in found if mistake.loc != place]
                found.append(_wrong_type(place, expected[place], detail["input"]))
        else:
            found.append(_mistake(loc, kind, detail, model))
    return list(dict.fromkeys(found)), max(0, len(details) - MOST_MISTAKES)


def _wrong_type(loc: Loc, expected: Sequence[str], seen: Any) -> Mistake:
    hint = ""
    if "text" in expected and isinstance(seen, float):
        hint = "write it in quotes, so that no digit is lost"
    elif "text" in expected and isinstance(seen, int):
        hint = f'write it in quotes: "{_as_written(seen)}"'
    elif "text" in expected and seen is None:
        hint = "write a value, or remove the key"
    elif expected == ["a list"] and isinstance(seen, Mapping):
        hint = "begin each entry with '- '"
    return Mistake(loc, f"expected {' or '.join(expected)}, found {_kind_of(seen)}", hint)


def _mistake(loc: Loc, kind: str, detail: Any, model: type[BaseModel]) -> Mistake:
    context: Mapping[str, Any] = detail.get("ctx") or {}
    if loc and loc[-1] == "[key]":
        return replace(_mistake(loc[:-1], kind, detail, model), at_key=True)
    if kind == "extra_forbidden":
        return Mistake(loc, f"unknown key '{loc[-1]}'", did_you_mean(str(loc[-1]), _known_keys(model, loc[:-1])), True)
    if kind == "missing":
        return Mistake(loc[:-1], f"'{loc[-1]}' is missing", f"add {loc[-1]}: …", True)
    if kind == "union_tag_not_found":
        return Mistake(loc, f"{context.get('discriminator')} is missing", "say which kind it is", True)
    if kind == "union_tag_invalid":
        name, tag = str(context.get("discriminator")).strip("'"), str(context.get("tag"))
        allowed = str(context.get("expected_tags")).replace("'", "").split(", ")
        return Mistake((*loc, name), f"'{tag[:60]}' is not an allowed value", did_you_mean(tag, allowed, "one of"))
    if kind in {"enum", "literal_error"}:
        allowed = _allowed(model, loc)
        shown = "" if isinstance(detail["input"], (dict, list)) else f"'{_as_written(detail['input'])}' is "
        return Mistake(loc, f"{shown}not an allowed value", did_you_mean(str(detail["input"]), allowed, "one of"))
    if kind in _BOUNDS:
        words, bound = _BOUNDS[kind]
        return Mistake(loc, f"the value must be {words} {_bound(context.get(bound))}")
    if kind in {"too_short", "string_too_short"}:
        return Mistake(loc, "the value must not be empty", "write a value, or remove the key")
    if kind in {"value_error", "assertion_error"}:
        return Mistake(loc, str(context.get("error") or detail["msg"]))
    text = str(detail["msg"])
    return Mistake(loc, text[:1].lower() + text[1:])


def did_you_mean(name: str, known: Iterable[str], label: str = "known") -> str:
    """A hint for a name that does not exist: the nearest known one, otherwise all of them when they are few."""
    names = list(known)
    if near := nearest(name, names):
        return f"did you mean '{near}'?"
    if names and len(names) <= MOST_NAMES:
        return f"{label}: {', '.join(names)}"
    return ""


def nearest(name: str, known: Collection[str]) -> str | None:
    """The known name that is spelled most like this one; None when none is near. Case and spaces do not count."""
    wanted = normalise_key(name[:100]).replace("-", "_")
    folded = {normalise_key(each).replace("-", "_"): each for each in reversed(list(known))}
    if wanted in folded:
        return folded[wanted]
    likely = [each for each in folded if abs(len(each) - len(wanted)) <= max(3, len(wanted) // 2)]
    close = difflib.get_close_matches(wanted, likely, n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def _bound(value: Any) -> str:
    """A limit as somebody would write it; of a length of time pydantic tells how Python spells it."""
    told = str(value)
    if not told.startswith("datetime.timedelta("):
        return told
    seconds = round(timedelta(**{unit: int(count) for unit, count in _PARTS.findall(told)}).total_seconds())
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds and seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def _kind_of(seen: Any) -> str:
    if seen is None:
        return "nothing"
    if isinstance(seen, bool):
        return "true or false"
    if isinstance(seen, (int, float)):
        return "a number"
    if isinstance(seen, str):
        return "text"
    return "a list" if isinstance(seen, (list, tuple)) else "keys with values"


def _as_written(seen: Any) -> str:
    if isinstance(seen, bool):
        return str(seen).lower()
    return "nothing" if seen is None else str(seen)[:60]


def _known_keys(model: type[BaseModel], loc: Loc) -> list[str]:
    keys = [
        field.alias or name
        for found in _at(model, loc)
        if _is_model(found)
        for name, field in found.model_fields.items()
    ]
    return list(dict.fromkeys(keys))


def _allowed(model: type[BaseModel], loc: Loc) -> list[str]:
    values: list[str] = []
    for found in _at(model, loc):
        if isinstance(found, type) and issubclass(found, Enum):
            values += [str(member.value) for member in found]
        elif typing.get_origin(found) is Literal:
            values += [str(value) for value in typing.get_args(found)]
    return list(dict.fromkeys(values))


def _at(model: type[BaseModel], loc: Loc) -> list[Any]:
    """The types that a place of the value may have, found by walking the fields of the model."""
    current: list[Any] = [model]
    for part in loc:
        below = [each for annotation in current for each in _below(annotation, part)]
        if below:
            current = below
    return current


def _below(annotation: Any, part: str | int) -> Iterator[Any]:
    arguments = typing.get_args(annotation)
    origin = typing.get_origin(annotation)
    if _is_model(annotation):
        for name, field in annotation.model_fields.items():
            if part in {name, field.alias}:
                yield from _members(field.annotation)
    elif isinstance(origin, type) and issubclass(origin, Mapping) and len(arguments) == 2:
        yield from _members(arguments[1])
    elif isinstance(part, int) and arguments and origin is not Literal:
        yield from _members(arguments[0])


def _members(annotation: Any) -> Iterator[Any]:
    """A type without ``Annotated``, and each branch of a union."""
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        yield from _members(typing.get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for branch in typing.get_args(annotation):
            yield from _members(branch)
    else:
        yield annotation


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
