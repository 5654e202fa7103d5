"""The same story with the state in PostgreSQL comes to the same figures."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from model.deliveries import DeliveryState
from model.findings import Account, combined
from sandbox.world import Meridian
from state.store import Store
from tests.acceptance.conftest import Story
from tests.databases import in_postgresql


@pytest.fixture
def story_on_postgresql(tmp_path: Path) -> Iterator[Story]:
    with in_postgresql() as url, Meridian(tmp_path / "meridian") as world, Store.open(url) as store:
        yield Story(world, store, world.folder)


def test_two_days_at_meridian_come_to_the_same_figures(story_on_postgresql: Story):
    story = story_on_postgresql
    story.sync()
    story.world.move_to_tuesday()
    run = story.sync()
    assert (run.opened, run.resolved, run.standing) == (18, 1, 20)
    together = combined([tracked.finding.impact for tracked in story.standing().values()])
    assert together.full(Account.REVENUE) == Decimal(2_260_000)
    assert together.weighted(Account.REVENUE) == Decimal(1_721_000)
    assert together.full(Account.SAVINGS) == Decimal(979_000)
    assert [row.state for row in story.send("2026-09-15")] == [DeliveryState.SENT, DeliveryState.SENT]
