"""A Jira Data Center behind a running server, in place of the Cloud site."""

from collections.abc import Iterator

import pytest

from sandbox.jira import JiraServer, JiraSite


@pytest.fixture
def server(site: JiraSite) -> Iterator[JiraServer]:
    """Under a context path, as many companies run it (J39)."""
    with JiraServer(site, page_size=3, deployment="Server", prefix="/jira") as server:
        yield server
