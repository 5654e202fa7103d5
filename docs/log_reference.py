"""The page of log events: names, levels and fields are read from the source, the words from ``model/log_events.py``."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from model.log_events import LOG_EVENTS, LogEvent

ROOT = Path(__file__).parents[1]
LEVELS = ("critical", "error", "warning", "info", "debug")
_METHODS = {"exception": "error", "warn": "warning", **{level: level for level in LEVELS}}
_NOT_OURS = frozenset({"tests", "benchmarks", "docs", "deploy"})
_WORDS = "model/log_events.py"

_INTRODUCTION = """\
# The log

Driftline writes its log to stderr: one JSON object to a line when nobody watches, plain lines on a terminal.
Each line has `timestamp` (UTC), `level` and `event`; what else it has is told below.
`log.level` in the settings says from which level on lines are written.
Texts of others are cut to 2,000 characters and stand on one line whatever they hold, and no secret is ever among them.
Lines of level `warning` and above may also come from libraries; their `event` is a sentence.

```json
{"source": "jira", "read": 812, "changed": 14, "absent": 0, "set_aside": 0,
 "event": "source.read", "level": "info", "timestamp": "2026-09-15T05:00:04.120512Z"}
```

What to do about what one sees is told [by symptom](../how-to/operate.md#by-symptom).
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One place in the source that writes a line; ``more`` when it has fields that only the running program knows."""

    event: str
    levels: tuple[str, ...]
    fields: tuple[str, ...]
    more: bool
    path: str
    number: int

    @property
    def place(self) -> str:
        return f"{self.path}:{self.number}"


def lines() -> list[Line]:
    """Every place that writes to the log, by event."""
    found = [line for path in _sources() for line in lines_of(path.read_text(encoding="utf-8"), _near(path))]
    return sorted(found, key=lambda line: (line.event, line.path, line.number))


def problems(found: Sequence[Line], words: Mapping[str, LogEvent] = LOG_EVENTS) -> list[str]:
    """What is missing between the lines of the source and the words about them, and what to write where."""
    told = []
    for line in found:
        if not line.event:
            told.append(f"{line.place}: the name of an event is to be a plain text, as in log.info('source.read', …)")
        elif line.event not in words:
            asked = f'    "{line.event}": LogEvent("What it means.", "What to do, or nothing."),'
            told.append(f"{line.place}: {line.event} has no words; add to LOG_EVENTS in {_WORDS}:\n{asked}")
    written = {line.event for line in found}
    told += [f"{name} is not written any more: take it out of {_WORDS}" for name in words if name not in written]
    names = list(words)
    told += [
        f"{name} stands in the wrong place of {_WORDS}: the events are in the order of the alphabet"
        for name, right in zip(names, sorted(names), strict=True)
        if name != right
    ][:1]
    return told


def lines_of(text: str, path: str) -> Iterator[Line]:
    """The lines that one file writes."""
    if "structlog" not in text:
        return
    tree = ast.parse(text, path)
    loggers = _loggers(tree)
    for scope in _scopes(tree):
        literal = _dictionaries(scope)
        for call in _calls(scope):
            levels = _levels(call.func, loggers)
            if levels:
                fields, more = _fields(call, literal)
                yield Line(_name(call), levels, fields, more, path, call.lineno)


def log_page() -> Iterator[str]:
    """The page: an overview by level, then each event."""
    found = lines()
    events = {line.event: [each for each in found if each.event == line.event] for line in found}
    yield f"{_INTRODUCTION}\n| Level | Events |\n|---|---|\n"
    for level in LEVELS:
        names = [f"[{name}](#{_anchor(name)})" for name, places in events.items() if level in _all_levels(places)]
        if names:
            yield f"| {level} | {', '.join(names)} |\n"
    for name, places in events.items():
        words = LOG_EVENTS.get(name, LogEvent("…"))
        yield f"\n## {name}\n\n{words.meaning}\n\n"
        if words.action:
            yield f"* **What to do.** {words.action}\n"
        yield f"* **Level.** {' or '.join(_all_levels(places))}\n"
        fields = [f"`{field}`" for field in dict.fromkeys(field for place in places for field in place.fields)]
        if any(place.more for place in places):
            fields.append("what it was to do")
        yield f"* **Fields.** {', '.join(fields) or 'none'}\n"
        yield f"* **From.** {', '.join(dict.fromkeys(f'`{place.path}`' for place in places))}\n"


def _anchor(name: str) -> str:
    return name.replace(".", "")


def _all_levels(places: Sequence[Line]) -> list[str]:
    return [level for level in LEVELS if any(level in place.levels for place in places)]


def _sources() -> Iterator[Path]:
    for path in sorted(ROOT.iterdir()):
        if path.suffix == ".py":
            yield path
        elif (path / "__init__.py").exists() and path.name not in _NOT_OURS:
            yield from sorted(path.rglob("*.py"))


def _near(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _loggers(tree: ast.Module) -> set[str]:
    """The names under which a module keeps what structlog gives it."""
    return {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and "get_logger" in ast.dump(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _scopes(tree: ast.Module) -> Iterator[ast.AST]:
    """The module and each function in it, each without the functions inside."""
    yield tree
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _within(scope: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(scope):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child
            yield from _within(child)


def _calls(scope: ast.AST) -> Iterator[ast.Call]:
    return (node for node in _within(scope) if isinstance(node, ast.Call))


def _dictionaries(scope: ast.AST) -> dict[str, list[str]]:
    """The keys of the literal dicts that a function keeps under a name."""
    found: dict[str, list[str]] = {}
    for node in _within(scope):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict) and isinstance(node.targets[0], ast.Name):
            keys = [
                key.value for key in node.value.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)
            ]
            if len(keys) == len(node.value.keys):
                found[node.targets[0].id] = keys
    return found


def _levels(function: ast.expr, loggers: set[str]) -> tuple[str, ...]:
    """Under which levels a call writes; none for a call of something else."""
    if isinstance(function, ast.IfExp):
        return _levels(function.body, loggers) + _levels(function.orelse, loggers)
    if isinstance(function, ast.Attribute) and function.attr in _METHODS and _is_logger(function.value, loggers):
        return (_METHODS[function.attr],)
    return ()


def _is_logger(value: ast.expr, loggers: set[str]) -> bool:
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "bind":
        value = value.func.value
    return isinstance(value, ast.Name) and value.id in loggers


def _name(call: ast.Call) -> str:
    first = call.args[0] if len(call.args) == 1 else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""


def _fields(call: ast.Call, literal: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], bool]:
    found: list[str] = []
    more = False
    bound = call.func.value if isinstance(call.func, ast.Attribute) else None
    for keyword in [*(bound.keywords if isinstance(bound, ast.Call) else ()), *call.keywords]:
        if keyword.arg is not None:
            found.append(keyword.arg)
        elif isinstance(keyword.value, ast.Name) and keyword.value.id in literal:
            found += literal[keyword.value.id]
        else:
            more = True
    return tuple(found), more
