"""Texts of custom checks: named placeholders and nothing else, so that foreign text stays text."""

import re
from collections.abc import Collection, Mapping

from reconcile.custom.definition import DefinitionError, Template

PLACEHOLDERS: Mapping[str, str] = {
    "key": "what people call the subject",
    "title": "its title, or the name of the objective",
    "claim": "what the claim says",
    "against": "what it is compared with",
    "difference": "by how much they differ; not for lights",
    "objective": "the name of the objective that it serves",
    "owner": "who answers for it",
    "decider": "who may decide",
    "source": "the source that tells the subject",
    "money": "what hangs on it; only with impact",
}
"""The placeholders, each with what is put in its place."""
LONGEST_FOREIGN = 120
"""Characters of a foreign text that are shown."""

_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


def template_of(text: str, allowed: Collection[str]) -> Template:
    """Read a text; ``{{`` and ``}}`` stand for the brackets themselves.

    Raise DefinitionError for a bracket that is not closed and for a placeholder that is not allowed.
    """
    parts, names, at = [""], [], 0
    for found in _PART.finditer(text):
        parts[-1] += text[at : found.start()]
        at = found.end()
        if found[0] in ("{{", "}}"):
            parts[-1] += found[0][0]
        elif found[1] is None:
            hint = "write a placeholder as {key}, and the bracket itself as {{ or }}"
            raise DefinitionError(f"{found[0]} stands alone", hint, found.start())
        elif found[1] not in allowed:
            message = f"there is no placeholder {{{found[1]}}} here" if found[1] else "the placeholder has no name"
            hint = f"placeholders: {', '.join(f'{{{name}}}' for name in allowed)}"
            raise DefinitionError(message, hint, found.start())
        else:
            names.append(found[1])
            parts.append("")
    parts[-1] += text[at:]
    return Template(tuple(parts), tuple(names))


def filled(template: Template, values: Mapping[str, str]) -> str:
    """Put the values in; what stands in a value is never read as a placeholder."""
    told = [template.parts[0]]
    for name, part in zip(template.names, template.parts[1:], strict=True):
        told += [foreign(values.get(name, "")), part]
    return "".join(told)


def foreign(text: str) -> str:
    """A text of a source on one line: without control characters, and not longer than anybody reads."""
    words = "".join(each if each.isprintable() else " " for each in text).split()
    line = " ".join(words)
    return line if len(line) <= LONGEST_FOREIGN else f"{line[: LONGEST_FOREIGN - 1]}…"
