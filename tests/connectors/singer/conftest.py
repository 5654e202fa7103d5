"""A scripted tap, and a real one from the package index."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

from connectors.singer import SingerConnector
from connectors.singer import process as tap_process
from tests.connectors.singer.tap_environment import installed_tap
from tests.connectors.singer.world import DbfWorld, ScriptedWorld


@pytest.fixture(scope="session")
def tap_dbf() -> Path:
    return installed_tap("tap-dbf")


@pytest.fixture(scope="session")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where what the real tap said is kept, for tests that ask it the same."""
    return tmp_path_factory.mktemp("tap-said")


@pytest.fixture
def dbf(tmp_path: Path, tap_dbf: Path) -> DbfWorld:
    return DbfWorld(tmp_path, tap_dbf)


@pytest.fixture
def scripted(tmp_path: Path) -> ScriptedWorld:
    """Three tasks."""
    return ScriptedWorld(tmp_path, records=3)


@pytest.fixture
def connect(scripted: ScriptedWorld, request: pytest.FixtureRequest) -> Callable[..., SingerConnector]:
    """Make connectors to the scripted tap; they are closed when the test ends."""

    def make(*context: object, **given: object) -> SingerConnector:
        connector = scripted.connector(*context, **given)  # type: ignore[arg-type]
        request.addfinalizer(connector.close)
        return connector

    return make


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Taps get little time to end."""
    monkeypatch.setattr(tap_process, "GRACE_SECONDS", 0.3)
    monkeypatch.setattr(tap_process, "LINGER_SECONDS", 0.5)


@pytest.fixture
def said() -> Iterator[list[structlog.typing.EventDict]]:
    with structlog.testing.capture_logs() as events:
        yield events
