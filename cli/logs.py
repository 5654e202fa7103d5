"""Logging by structlog: JSON lines off a terminal, readable lines on one; foreign texts cannot forge a line (F10)."""

import logging
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

LONGEST_TEXT = 2000


def configure(*, verbose: bool = False, quiet: bool = False) -> None:
    """Send our lines and the libraries' warnings to stderr.

    ``quiet`` keeps warnings and errors only; ``verbose`` adds the steps between the summary lines.
    """
    level = logging.WARNING if quiet else logging.DEBUG if verbose else logging.INFO
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _single_line,
    ]
    terminal = sys.stderr.isatty()
    last: list[Processor] = (
        [structlog.dev.ConsoleRenderer(colors=True)]
        if terminal
        else [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    _adopt_standard_logging(shared, last)


def _adopt_standard_logging(shared: list[Processor], last: list[Processor]) -> None:
    """Libraries log through the standard library; their warnings get the same form (P10)."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)


def _single_line(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Replace control characters and cut long texts, so that a hostile title stays one line."""
    for key, value in event.items():
        if isinstance(value, str) and key != "exception":
            text = "".join(character if character.isprintable() else " " for character in value)
            event[key] = text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + " …"
    return event
