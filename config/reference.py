"""The reference page of the settings, generated from the Options classes."""

from collections.abc import Iterator, Sequence

from config.catalogue import STEPS, Option, Shape, options_of
from config.settings import Settings
from connectors.registry import BUILT_IN, connector_kinds, connector_type

_INTRODUCTION = """\
# Settings

<!-- Generated from the Options classes: to change a text, change the sentence below the option in the code. -->

Every option of `driftline.yaml`, in the order of the file.
An option without a default must be set.
Durations are written as `30s`, `15m`, `2h`, `1d` or `1w`.
Secrets are written as references: `env:NAME`, `file:PATH` or `command:PROGRAM ARGUMENTS`.
Relative paths start at the folder of the settings file.
Unknown keys are errors.
"""


def settings_reference() -> str:
    """The whole page as Markdown."""
    parts = [_INTRODUCTION]
    for option in options_of(Settings):
        parts.append(_section(option))
        if option.name == "sources":
            parts += [_source(kind) for kind, offered_by in connector_kinds().items() if offered_by == BUILT_IN]
    return "\n".join(parts)


def _section(option: Option) -> str:
    inside = option.name != "sources"  # the options of sources follow, kind by kind
    return f"## `{option.name}`\n\n" + "\n".join(_texts(option, (option.name,), "###", inside=inside))


def _source(kind: str) -> str:
    options_type = connector_type(kind).options_type
    lines = [f"### Sources of the kind `{kind}`", "", _sentences(options_type.__doc__ or ""), ""]
    for option in options_of(options_type):
        if option.name != "kind":
            lines += _option(option, (f"sources.<{kind}>",), "####")
    return "\n".join(lines)


def _option(option: Option, path: Sequence[str], heading: str) -> Iterator[str]:
    here = (*path, option.name)
    yield f"{heading} `{'.'.join(here)}`"
    yield ""
    yield from _texts(option, here, heading, inside=True)


def _texts(option: Option, here: Sequence[str], heading: str, *, inside: bool) -> Iterator[str]:
    yield _sentences(option.sentence)
    yield ""
    facts = list(_facts(option))
    yield from [*facts, ""] if facts else []
    if inside and option.nested is not None:
        for each in options_of(option.nested):
            yield from _option(each, (*here, *STEPS[option.shape]), heading)


def _facts(option: Option) -> Iterator[str]:
    """Type, default and example; a group of options that may be left out has nothing to tell but its example."""
    group = option.nested is not None and option.shape is Shape.ONCE
    if not group:
        yield f"* Type: {option.type_text}"
    if option.required:
        yield "* Required"
    elif not group:
        yield f"* Default: {_value(option.default_text)}"
    if option.example_text not in ("", "{}"):
        yield f"* Example: {_value(f'{option.name}: {option.example_text}')}"


def _value(text: str) -> str:
    if text in ("null", "[]", "{}"):
        return "none"
    return f"`{text}`"


def _sentences(text: str) -> str:
    """One sentence per line, so that a change shows as a change of that sentence."""
    return " ".join(text.split()).replace(". ", ".\n")
