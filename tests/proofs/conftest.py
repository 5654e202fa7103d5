"""What all proofs about a company have in common: a secret that nobody uses, and no log between the figures."""

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DRIFTLINE_PROOF", "unused")
    with capture_logs():
        yield
