"""The log is put back as it was after every test."""

import logging
from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    before = (logging.root.level, list(logging.root.handlers))
    levels = {name: logging.getLogger(name).level for name in ("urllib3", "apprise")}
    yield
    structlog.reset_defaults()
    logging.root.setLevel(before[0])
    logging.root.handlers[:] = before[1]
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
