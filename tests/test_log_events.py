"""Every line of the log has words, and the words are about lines that are written; so with the metrics."""

import ast
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from prometheus_client.parser import text_string_to_metric_families

from model.log_events import LOG_EVENTS, LogEvent
from tests.deploy.test_monitoring import every_metric

ROOT = Path(__file__).parents[1]


def module_of_docs(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


log_reference = module_of_docs("log_reference")


def test_every_event_of_the_log_has_words_and_no_words_are_left_over():
    """What fails here says what to add, and where."""
    assert "\n".join(log_reference.problems(log_reference.lines())) == ""


def test_words_say_what_to_do_where_something_went_wrong():
    levels = {line.event: line.levels for line in log_reference.lines()}
    told = {name for name, event in LOG_EVENTS.items() if event.action}
    assert {name for name, found in levels.items() if {"error", "warning"} & set(found)} <= told
    assert all(event.meaning.endswith(".") and event.action[-1:] in ("", ".") for event in LOG_EVENTS.values())


SOURCE = """
import structlog
log = structlog.get_logger("x")
def say(fatal):
    counts = {"read": 1, "changed": 2}
    log.info("a.read", source="x", **counts)
    (log.warning if fatal else log.debug)("a.said", line="x")
    log.bind(run=1).error("a.failed", error="x", **fatal.told)
    other.info("not.ours")
"""


def test_levels_and_fields_are_read_from_the_source():
    found = [(line.event, line.levels, line.fields, line.more) for line in log_reference.lines_of(SOURCE, "a.py")]
    assert found == [
        ("a.read", ("info",), ("source", "read", "changed"), False),
        ("a.said", ("warning", "debug"), ("line",), False),
        ("a.failed", ("error",), ("run", "error"), True),
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("log.info('a.new', source=1)", "a.new has no words; add to LOG_EVENTS in model/log_events.py"),
        ("log.info(name, source=1)", "the name of an event is to be a plain text"),
        ("pass", "a.known is not written any more: take it out"),
    ],
)
def test_what_is_missing_is_said_with_what_to_write(line: str, said: str):
    source = f"import structlog\nlog = structlog.get_logger()\ndef say(name, fields):\n    {line}\n"
    found = list(log_reference.lines_of(source, "a.py"))
    told = log_reference.problems(found, {"a.known": LogEvent("It is known.")})
    assert said in "\n".join(told)


def test_every_metric_that_the_program_names_stands_on_the_page():
    """The page is made from an example, which a new metric without a value there would escape."""
    families = {family.name for family in text_string_to_metric_families(every_metric())}
    assert names_in((ROOT / "service" / "metrics.py").read_text(encoding="utf-8")) - families == set(), (
        "let every_metric in tests/deploy/test_monitoring.py give these a value, then: make docs"
    )


def names_in(source: str) -> set[str]:
    """The first words of the calls that make metrics, as they are exposed."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            first = node.args[0]
            makes = node.func.id.endswith("MetricFamily") or node.func.id in ("_gauge", "_PerSource")
            if makes and isinstance(first, ast.Constant) and isinstance(first.value, str):
                found.add(f"driftline_{first.value.removeprefix('driftline_')}")
    return found


def test_a_metric_that_is_not_on_the_page_would_be_noticed():
    """The negative control."""
    assert names_in('_gauge("new_things", "New.", 1)') == {"driftline_new_things"}
