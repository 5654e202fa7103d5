"""Logging by structlog: JSON lines off a terminal, readable lines on one; foreign texts cannot forge a line (F10)."""

import logging
import sys
from typing import Any

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, Processor

from cli.output import coloured
from cli.repeated_lines import RepeatedLines
from cli.wording import clean
from model.secret import without_secrets

LONGEST_TEXT = 2000
_QUOTE_ADDRESSES = {"urllib3": logging.ERROR, "apprise": logging.CRITICAL}
"""Libraries whose lower messages quote whole addresses, with the keys that stand in some of them (X1)."""


def configure(level: int = logging.INFO) -> None:
    """Send our lines of this level and above, and the libraries' warnings, to stderr."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _single_line,
    ]
    last = _for_a_terminal() if sys.stderr.isatty() else _for_programs()
    repeated = RepeatedLines()
    structlog.configure(
        processors=[repeated, *shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    _adopt_standard_logging(shared, last, repeated, max(level, logging.WARNING))


def _for_a_terminal() -> list[Processor]:
    # A traceback with the values of local variables would show tokens, and so does the formatter that is the default.
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=coloured(sys.stderr), exception_formatter=plain)]


def _for_programs() -> list[Processor]:
    transformer = ExceptionDictTransformer(show_locals=False)
    return [structlog.processors.ExceptionRenderer(transformer), structlog.processors.JSONRenderer(ensure_ascii=False)]


def _adopt_standard_logging(
    shared: list[Processor], last: list[Processor], repeated: RepeatedLines, level: int
) -> None:
    """Libraries log through the standard library; their warnings get the same form (P10)."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(repeated)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, least in _QUOTE_ADDRESSES.items():
        logging.getLogger(name).setLevel(least)


def _single_line(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Replace control characters and cut long texts, so that a hostile title stays one line; hide secrets (X1)."""
    for key, value in event.items():
        if isinstance(value, str) and key != "exception":
            text = clean(without_secrets(value))
            event[key] = text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + " …"
    return event
