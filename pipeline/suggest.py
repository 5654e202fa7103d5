"""Proposals for what is stored and unlinked, and their way into a rule file as comments."""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from config.files import read_file
from config.load import Configuration
from mapping.document import Document, SourceText, parse
from mapping.facts import FIELD
from mapping.suggest import ROLES, Suggesting, Suggestion
from model.errors import UsageError, UserError
from model.records import Record
from pipeline.coverage import matches
from pipeline.link import names_of
from pipeline.objectives_text import scalar
from state.store import Store

_NAME = re.compile(r"(?m)^[ #]*- name: [\"']?(.*?)[\"']?\s*$")
MOST_UNLINKED = 20_000
"""Unlinked records that are looked at; a mapping that leaves more has other worries."""


@dataclass(frozen=True, slots=True)
class Suggested:
    """The proposals, the number of unlinked records and how many of them were looked at."""

    suggestions: tuple[Suggestion, ...]
    unlinked: int
    looked_at: int


def suggest(store: Store, configuration: Configuration, today: date, *, source: str | None = None) -> Suggested:
    """Propose rules for the stored records that none matches, of one source or of all."""
    unlinked: list[Record] = []
    number = 0
    for record, match in matches(store, configuration, today):
        if not match.links and record.kind in ROLES and source in (None, record.source):
            number += 1
            if len(unlinked) < MOST_UNLINKED:
                unlinked.append(record)
    if not unlinked:
        return Suggested((), 0, 0)
    suggesting = Suggesting(configuration.mapping.tree, names_of(store), unlinked)
    for record, match in matches(store, configuration, today):
        if match.links:
            suggesting.learn(record, match.links)
    return Suggested(suggesting.suggestions(), number, len(unlinked))


def append_suggestions(path: Path, suggestions: Sequence[Suggestion], taken: Sequence[str], today: date) -> int:
    """Append rules to a rule file as comments, and tell how many were new to it.

    What the file holds stays as it is, byte for byte. ``taken`` are the names of existing rules. The file is read
    before and after, with the rules as comments and without, and written only if all of that is sound.

    Raise UserError when the file is no rule file that can take them.
    """
    try:
        before = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", hint="name an existing rule file") from error
    source = read_file(path)
    document = parse(source)
    indent = _indent(document, source)
    newline = "\r\n" if "\r\n" in source.text else "\n"
    fresh = [each for each in suggestions if not _is_there(source.text, _rule(each, "x", indent))]
    if not fresh:
        return 0
    names = _names(fresh, [*taken, *_NAME.findall(source.text)])
    added = [f"{indent}## Proposed by driftline suggest on {today.isoformat()}; take '# ' off a rule to use it."]
    for each, name in zip(fresh, names, strict=True):
        added += ["", *(f"{indent}# {line.removeprefix(indent)}" for line in _rule(each, name, indent))]
    joint = "" if source.text.endswith("\n") else newline
    appended = joint + newline + newline.join(added) + newline
    _check(source, document, appended, len(fresh), indent)
    _replace(path, before + appended.encode())
    return len(fresh)


def _indent(document: Document, source: SourceText) -> str:
    """The blanks before each rule's dash; raise UsageError where nothing can be added at the end of the file."""
    rules = document.get(("rules",))
    if not isinstance(rules, list) or not rules or list(document.value)[-1] != "rules":
        raise UsageError(
            "rules cannot be added at the end of this file",
            location=source.path,
            hint="name a file that ends with rules: and has at least one",
        )
    line = source.text.removeprefix("\ufeff").splitlines()[document.order(("rules", 0))[0]]
    found = re.match(r"( *)- ", line)
    if found is None:
        location = document.location(("rules", 0))
        raise UsageError(
            "the rules are not written as a list of blocks", location=location, hint="begin each with '- '"
        )
    return found[1]


def _rule(each: Suggestion, name: str, indent: str) -> list[str]:
    """The lines of a rule, with why it is proposed above it."""
    named = ", ".join(_one_line(key) for key in each.keys[:3])
    rest = f" and {len(each.keys) - 3:,} more" if len(each.keys) > 3 else ""
    values = [scalar(value) for value in each.values]
    value = values[0] if len(values) == 1 else f"[{', '.join(values)}]"
    if each.condition.startswith(FIELD):
        asked = [f"{indent}    fields:", f"{indent}      {scalar(each.condition.removeprefix(FIELD))}: {value}"]
    else:
        asked = [f"{indent}    {each.condition}: {value}"]
    if each.container:
        asked.append(f"{indent}    container: {scalar(each.container)}")
    return [
        f"{indent}# {each.confidence} % sure, because {_one_line(each.reason)}; it would link {named}{rest}",
        f"{indent}- name: {scalar(name)}",
        f"{indent}  role: {each.role.value}",
        f"{indent}  objective: {scalar(each.objective_id)}",
        f"{indent}  source: {scalar(each.source)}",
        f"{indent}  match:",
        f"{indent}    kind: {each.kind.value}",
        *asked,
    ]


def _is_there(text: str, lines: Sequence[str]) -> bool:
    """Whether the file has the rule already, as a comment or not, under whatever name."""
    body = "\n".join(line.strip() for line in lines[2:])
    stripped = "\n".join(line.strip().removeprefix("#").strip() for line in text.splitlines())
    return body in stripped


def _names(suggestions: Sequence[Suggestion], taken: Sequence[str]) -> list[str]:
    used = {name.casefold() for name in taken}
    names = []
    for each in suggestions:
        base = f"suggested {each.objective_id}"
        name = next(name for name in _numbered(base) if name.casefold() not in used)
        used.add(name.casefold())
        names.append(name)
    return names


def _numbered(base: str) -> Iterator[str]:
    yield base
    number = 2
    while True:
        yield f"{base} {number}"
        number += 1


def _check(source: SourceText, document: Document, appended: str, number: int, indent: str) -> None:
    """Read the file as it will be, and as it will be without the comment signs; raise UsageError if that fails."""
    without = re.sub(rf"(?m)^({indent})# ", r"\1", appended)
    try:
        kept = parse(SourceText(source.path, source.text + appended)).value
        used = parse(SourceText(source.path, source.text + without)).value
    except UserError as error:
        raise UsageError(
            "rules added at the end of this file would not be read", location=source.path, hint="end it with a rule"
        ) from error
    if kept != document.value or len(used["rules"]) != len(document.value["rules"]) + number:
        raise UsageError(
            "rules added at the end of this file would change it", location=source.path, hint="end it with a rule"
        )


def _replace(path: Path, content: bytes) -> None:
    """Put the new content in the file's place, whole, with its permissions."""
    target = path.resolve()
    draft = target.with_name(f".{target.name}.new")
    try:
        draft.write_bytes(content)
        shutil.copymode(target, draft)
        os.replace(draft, target)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise UsageError(f"{path} cannot be written: {error.strerror}", hint="check its permissions") from error


def _one_line(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)
