from pathlib import Path

import pytest

from tests.connectors.contract import ConnectorContract, World, full_read, records_of
from tests.connectors.singer.world import DbfWorld, ScriptedWorld


class TestSingerContractWithATapThatGoesOnFromItsState(ConnectorContract):
    @pytest.fixture
    def world(self, tmp_path: Path) -> World:
        return ScriptedWorld(tmp_path)


class TestSingerContractWithTapDbf(ConnectorContract):
    """A real tap from the package index. It reads its files whole on every run, with a state or without."""

    @pytest.fixture
    def world(self, tmp_path: Path, tap_dbf: Path, memory: Path) -> World:
        return DbfWorld(tmp_path, tap_dbf, memory=memory)

    def test_what_changed_since_the_cursor_is_read(self, world: World, opened) -> None:
        first = opened()
        full_read(first)
        changed = world.change_one()
        again = {record.native_id: record for record in records_of(opened().changed(first.next_cursor()))}
        assert again[changed].due.isoformat() == "2026-12-01"

    def test_a_cursor_after_which_nothing_changed_yields_nothing_and_breaks_nothing(self, world: World, opened) -> None:
        """A record may come twice: what this tap tells again equals what it told before."""
        connector = opened()
        before = full_read(connector)
        assert records_of(opened().changed(world.idle_cursor(connector))) == before
