"""A Jira Cloud site behind a running server, and connectors to it; a module may put another one in its place."""

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.base import ReadContext
from connectors.jira import JiraConnector
from sandbox.jira import JiraServer, JiraSite
from tests.connectors.contract import context_at
from tests.connectors.jira.world import build_site, options_for


@pytest.fixture
def site() -> JiraSite:
    return build_site()


@pytest.fixture
def server(site: JiraSite) -> Iterator[JiraServer]:
    server = JiraServer(site, page_size=3)
    with server:
        yield server


@pytest.fixture
def connect(server: JiraServer, request: pytest.FixtureRequest) -> Any:
    """Make connectors with other options; they are closed when the test ends."""

    def make(context: ReadContext | None = None, **given: Any) -> JiraConnector:
        connector = JiraConnector("jira", options_for(server, **given), context or context_at())
        request.addfinalizer(connector.close)
        return connector

    return make
