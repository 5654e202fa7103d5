"""The texts that the code says, found in its syntax: what ``say``, ``count``, ``phrase`` and the marks are given."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter

ROOT = Path(__file__).parents[2]
ROOMS = ("digest", "pipeline")

Texts = tuple[str, str | None]
"""A text, and its form for several where it is counted."""


@cache
def said() -> dict[Texts, str]:
    """Every text of the code that a reader may see in another language, with the file that says it."""
    found: dict[Texts, str] = {}
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    found.update(dict.fromkeys(_texts(node), str(path.relative_to(ROOT))))
    return found


def _texts(call: ast.Call) -> Iterator[Texts]:
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    function = call.func.id if isinstance(call.func, ast.Name) else ""
    arguments = call.args
    if method == "say" or function == "marked":
        yield from _single(arguments[:1])
    elif function == "phrase":
        yield from _single(arguments[1:2])
    elif function == "Section":
        yield from _single(arguments[2:3])
    elif (method == "count" and len(arguments) == 3) or function == "counted":
        forms = [argument.value for argument in arguments[-2:] if isinstance(argument, ast.Constant)]
        if len(forms) == 2:
            yield forms[0], forms[1]


def _single(arguments: list[ast.expr]) -> Iterator[Texts]:
    for argument in arguments:
        for node in ast.walk(argument):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
                yield node.value, None


def places(text: str) -> set[str]:
    """The named places of a text."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
