"""A fresh installation already knows the slips of the months before it: the sources' own changelogs tell them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from model.records import Move
from reconcile.baselines import date_histories
from sandbox.meridian.asana import TRAINING_IBERIA
from sandbox.meridian.clock import MONDAY
from sandbox.meridian.people import ACCOUNT_MANAGER, GATEWAY_LEAD, IT, OPERATIONS, address
from sandbox.world import Meridian
from state.store import Store
from tests.acceptance.conftest import Story
from tests.cli.console import driftline
from tests.databases import url_of

MAY = datetime(2026, 5, 18, 9, 0, tzinfo=UTC)
JULY = datetime(2026, 7, 6, 9, 0, tzinfo=UTC)
AUGUST = datetime(2026, 8, 17, 9, 0, tzinfo=UTC)

MOVES = (
    (MAY, date(2026, 3, 31), date(2026, 3, 20), date(2026, 4, 30)),
    (JULY, date(2026, 6, 30), date(2026, 6, 12), date(2026, 6, 30)),
    (AUGUST, date(2026, 9, 18), date(2026, 10, 16), date(2026, 9, 30)),
)
"""When, and to which days the certification, the training in Iberia and Nordwind's promise were moved."""


@contextmanager
def company(folder: Path) -> Iterator[Story]:
    """A company whose dates moved all summer; Driftline reads it for the first time on Monday."""
    with Meridian(folder / "meridian") as world, Store.open(url_of(folder / "driftline.db")) as store:
        for at, gateway, training, promise in MOVES:
            world.clock.set(at)
            world.jira.move_due("AUR-118", gateway, by=address(GATEWAY_LEAD))
            world.asana.move_due(TRAINING_IBERIA, training, by=address(OPERATIONS))
            world.salesforce.move_promise(world.deals["OPP-0001"], promise, by=address(ACCOUNT_MANAGER))
        world.salesforce.move_close(world.deals["OPP-0001"], date(2026, 10, 30), by=address(ACCOUNT_MANAGER))
        world.clock.set(MONDAY)
        world.write_configuration()
        story = Story(world, store, world.folder)
        story.sync()
        yield story


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """To be looked at only."""
    with company(tmp_path_factory.mktemp("first-day")) as story:
        yield story


def moves(story: Story, name: str) -> list[Move]:
    [seen] = story.store.find(name)
    with story.store.view() as view:
        return list(view.moves([seen.record.id]).get(seen.record.id, ()))


def told(story: Story, name: str, field: str) -> list[tuple[datetime, date | None, date | None, str | None]]:
    """The moves with what they say; a stand-in's clock runs on, so the second of a move is left out."""
    return [
        (each.at.replace(minute=0, second=0, microsecond=0), each.old, each.new, each.by)
        for each in moves(story, name)
        if each.field == field
    ]


def test_jira_tells_who_moved_a_due_date_and_when_on_the_first_day(fresh: Story):
    by = address(GATEWAY_LEAD)
    assert told(fresh, "AUR-118", "due")[-2:] == [
        (JULY, date(2026, 3, 31), date(2026, 6, 30), by),
        (AUGUST, date(2026, 6, 30), date(2026, 9, 18), by),
    ]


def test_asana_tells_who_moved_a_due_date_and_when_on_the_first_day(fresh: Story):
    by = address(OPERATIONS)
    assert told(fresh, TRAINING_IBERIA, "due")[-2:] == [
        (JULY, date(2026, 3, 20), date(2026, 6, 12), by),
        (AUGUST, date(2026, 6, 12), date(2026, 10, 16), by),
    ]


def test_salesforce_tells_who_moved_a_promise_and_a_close_date_on_the_first_day(fresh: Story):
    by = address(ACCOUNT_MANAGER)
    assert told(fresh, "OPP-0001", "promised_date")[-2:] == [
        (JULY, date(2026, 4, 30), date(2026, 6, 30), by),
        (AUGUST, date(2026, 6, 30), date(2026, 9, 30), by),
    ]
    assert told(fresh, "OPP-0001", "close_date") == [(AUGUST, date(2026, 9, 25), date(2026, 10, 30), by)]


def test_the_slips_before_it_add_up_on_the_first_day(fresh: Story):
    """AUR-118: 18 September is set first to 31 March (171 days earlier), then moved by 91 and by 80 days."""
    [due] = [each for each in date_histories(moves(fresh, "AUR-118")) if each.field == "due"]
    assert (due.original, due.now) == (date(2026, 9, 18), date(2026, 9, 18))
    assert (due.pushes, due.pushed_days, due.pulls, due.pulled_days) == (2, 171, 1, 171)


def test_show_tells_a_person_on_the_first_day(fresh: Story):
    said = driftline("show", "AUR-118", folder=fresh.world.folder)
    assert said.code == 2  # this story keeps its state elsewhere; the command line reads for itself
    assert driftline("sync", folder=fresh.world.folder).code == 0
    said = driftline("show", "AUR-118", folder=fresh.world.folder)
    assert "pushed twice by 171 days together and pulled in once by 171 days, now on the day against 18 Sep" in said.out
    assert f"due: 30 Jun 2026 → 18 Sep 2026  by {address(GATEWAY_LEAD)}" in said.out


def test_what_was_known_on_the_first_day_stays_and_grows_by_what_moves_then(tmp_path: Path):
    """J19: Jira keeps no history of a version's date; our revisions are its only witness, from the first reading on."""
    with company(tmp_path) as story:
        before = moves(story, "AUR-118")
        assert moves(story, "Aurora 4.0") == []
        story.world.move_to_tuesday()
        story.world.jira.move_release("AUR", "Aurora 4.0", date(2026, 10, 9), by=address(IT))
        story.sync()
        assert moves(story, "AUR-118")[:-1] == before
        [only] = moves(story, "Aurora 4.0")
        assert (only.old, only.new, only.by) == (date(2026, 9, 30), date(2026, 10, 9), None)
