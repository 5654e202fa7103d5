"""A workspace with two projects, to which each test may add."""

from collections.abc import Iterator

import pytest

from tests.connectors.asana.office import Office, running_office


@pytest.fixture
def office() -> Iterator[Office]:
    with running_office() as office:
        yield office
