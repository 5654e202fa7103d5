"""Commented-out options: every option that a settings file leaves at its default, with its sentence and default.

A template marks the places with ``#: PATH``: for a part that it sets itself come the options that it left out there,
for any other part the whole part. ``#: own PATH`` leaves out what every source has.
"""

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from config.catalogue import Option, Shape, options_of, yaml_text
from config.settings import Settings
from connectors.base import SourceOptions
from connectors.registry import connector_type
from model.options import Options

WIDTH = 110

_EMPTY = ("null", "[]", "{}")

_MARK = re.compile(r"( *)#: (own )?([a-z_.]+)")


def expanded(template: str) -> str:
    """The template with every mark replaced by the commented-out options of that place."""
    given = yaml.safe_load(template)
    lines: list[str] = []
    for line in template.splitlines():
        mark = _MARK.fullmatch(line)
        lines += _at(mark, given) if mark else [line]
    return "\n".join(lines) + "\n"


def _at(mark: re.Match[str], given: Mapping[str, Any]) -> Iterator[str]:
    *above, last = mark[3].split(".")
    options_type, value = _found(above, given)
    if last not in value:
        yield from _commented(next(each for each in options_of(options_type) if each.name == last), mark[1])
        return
    options_type, value = _found([*above, last], given)
    left_out = set(value) | (set(SourceOptions.model_fields) if mark[2] else set())
    for option in options_of(options_type):
        if option.name not in left_out:
            yield from _commented(option, mark[1])


def _found(path: Sequence[str], given: Mapping[str, Any]) -> tuple[type[Options], Mapping[str, Any]]:
    """The class whose options stand at a path, and what the template sets there."""
    options_type: type[Options] = Settings
    value: Any = given
    for part in path:
        value = value[part]
        nested = {option.name: option.nested for option in options_of(options_type)}.get(part)
        if nested is not None:
            options_type = nested
        elif "kind" in value:
            options_type = connector_type(value["kind"]).options_type
    return options_type, value


def _commented(option: Option, indent: str, inside: str = "") -> Iterator[str]:
    """One option: its sentence, then the option behind ``#``, so that taking one ``#`` away from each line sets it."""
    prefix = f"{indent}#{inside}# " if inside else f"{indent}# "
    yield from textwrap.wrap(_text(option), WIDTH, initial_indent=prefix, subsequent_indent=prefix)
    key = f"{indent}#{inside}{option.name}:"
    if option.nested is not None and option.shape is Shape.ONCE:
        yield key if option.nested.model_fields else f"{key} {{}}"
        for each in options_of(option.nested):
            yield from _commented(each, indent, f"{inside}  ")
        yield from (f"{indent}#{inside}  {key}: {value}" for key, value in _free_keys(option, option.nested))
        return
    value = (option.example_text or "…") if option.required else option.default_text
    if len(key) + len(value) < WIDTH:
        yield f"{key} {value}"
        return
    yield key
    block = yaml.safe_dump(yaml.safe_load(value), allow_unicode=True, sort_keys=False, width=WIDTH)
    yield from (f"{indent}#{inside}  {line}" for line in block.splitlines())


def _free_keys(option: Option, nested: type[Options]) -> Iterator[tuple[str, str]]:
    """Keys of the example that are free to choose, such as currencies."""
    example = yaml.safe_load(option.example_text) if option.example_text else None
    if isinstance(example, dict):
        known = {each.name for each in options_of(nested)}
        yield from ((key, yaml_text(value)) for key, value in example.items() if key not in known)


def _text(option: Option) -> str:
    shown = option.required or option.default_text not in _EMPTY or option.nested is not None
    return option.sentence if shown or not option.example_text else f"{option.sentence} Example: {option.example_text}"
