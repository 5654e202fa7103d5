"""What every connector promises, as tests. A connector's own test subclasses ``ConnectorContract`` and gives a world.

class TestJiraContract(ConnectorContract):
    @pytest.fixture
    def world(self) -> Iterator[World]:
        with JiraServer(site) as server:
            yield JiraWorld(server)
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from connectors.base import Connector, KnownAnswers, ReadContext
from model.errors import DriftlineError, InterruptedRunError, SourceContentError, SourceError
from model.reading import Container, Cursor, Missing, Page
from model.records import Record

NOW = datetime(2026, 10, 6, 6, 0, tzinfo=UTC)
"""The Tuesday on which contract tests read. Records of a world were last changed at least a day before."""


class InstantStop(threading.Event):
    """A stop event on which waiting takes no time; ``waits`` remembers how long each wait should have been."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0.0)
        return self.is_set()


def context_at(now: datetime = NOW) -> ReadContext:
    """A context whose waits take no time."""
    return ReadContext(now, ZoneInfo("Europe/Berlin"), InstantStop())


class World(ABC):
    """One source with some records, more than fit on one page, none changed on the day of ``NOW``."""

    secrets: Sequence[str] = ()
    """Texts that no error may show."""
    unknown_ids: Sequence[str] = ("999999999",)
    """Well-formed native ids that were never given out."""
    incremental: bool = True
    """Whether an incremental read leaves out what did not change (a changed file is read in full)."""
    answers_html: bool = True
    """Whether ``answer_html`` makes sense."""
    hides_containers: bool = False
    """Whether there are several containers, of which ``hide_container`` takes one away."""

    @abstractmethod
    def connector(self, context: ReadContext) -> Connector:
        """Make a fresh connector to the source as it is now. The contract closes it."""

    @abstractmethod
    def expected_ids(self) -> set[str]:
        """Native ids of everything that is in the source now, side tables included."""

    @abstractmethod
    def change_one(self) -> str:
        """Change one record in the source, a minute after ``NOW``, and return its native id."""

    @abstractmethod
    def remove_one(self) -> str:
        """Delete one record from the source and return its native id."""

    @abstractmethod
    def break_access(self) -> None:
        """Make the source unreadable to us: a wrong credential, a file without permission or gone."""

    def answer_html(self) -> None:
        """Make the source answer something that is not its data: a sign-in page, a file of another kind."""
        raise AssertionError("set answers_html to False or override answer_html")

    def hide_container(self) -> str:
        """Let the source not show one of several configured containers any more, and return its id in the roster."""
        raise AssertionError("set hides_containers to False or override hide_container")

    def idle_cursor(self, connector: Connector) -> Cursor:
        """A cursor after which nothing changed. ``connector`` has just read everything."""
        return Cursor((NOW + timedelta(days=3650)).isoformat())


def records_of(pages: Iterable[Page]) -> list[Record]:
    return [record for page in pages for record in page.records]


def full_read(connector: Connector) -> list[Record]:
    return [*records_of(connector.changed(None)), *records_of(connector.side_tables())]


def known_of(pages: Iterable[Page]) -> KnownAnswers:
    """What a store would know of the answers from which these pages were read."""
    digests = {
        record.native_id: page.digests[record.native_id]
        for page in pages
        for record in page.records
        if record.native_id in page.digests
    }
    return lambda native_ids: {one: digests[one] for one in native_ids if one in digests}


def ids_of(records: Iterable[Record]) -> set[str]:
    return {record.native_id for record in records}


def everything_said(error: BaseException) -> str:
    """All that a log or a traceback would show of an error and its causes."""
    said = []
    link: BaseException | None = error
    while link is not None:
        said += [str(link), repr(link)]
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return "\n".join(said)


Question = Callable[[Connector, Container], object]

QUESTIONS: dict[str, Question] = {
    "probe": lambda connector, _: connector.probe(),
    "roster": lambda connector, _: list(connector.roster()),
    "changed": lambda connector, _: list(connector.changed(None)),
    "census": lambda connector, container: list(connector.census(container)),
    "fetch": lambda connector, _: list(connector.fetch(["999999999"])),
}


class ConnectorContract:
    """The suite. ``world`` must be overridden by a fixture."""

    @pytest.fixture
    def world(self) -> World:
        raise AssertionError("a subclass gives the world")

    @pytest.fixture
    def opened(self, world: World, request: pytest.FixtureRequest) -> Callable[..., Connector]:
        """Make connectors, closed when the test ends."""

        def make(context: ReadContext | None = None) -> Connector:
            connector = world.connector(context or context_at())
            request.addfinalizer(connector.close)
            return connector

        return make

    def test_a_full_read_reaches_the_end_of_the_world(self, world: World, opened) -> None:
        assert ids_of(full_read(opened())) == world.expected_ids()

    def test_everything_is_what_changed_and_the_side_tables_give_together(self, world: World, opened) -> None:
        apart = {record.id: record for record in full_read(opened())}
        assert {record.id: record for record in records_of(opened().everything())} == apart

    def test_walks_of_one_container_each_give_together_what_one_walk_gives(self, world: World, opened) -> None:
        whole = opened()
        if not whole.options.shardable:
            pytest.skip("not read in parts")
        parts: list[Record] = []
        for container in whole.roster():
            part = opened()
            part.only = frozenset({container.id})
            parts += records_of(part.changed(None))
        expected = {record.id: record for record in records_of(whole.changed(None))}
        assert (len(parts), {record.id: record for record in parts}) == (len(expected), expected)

    def test_a_full_read_takes_more_than_one_page_or_none_is_needed(self, world: World, opened) -> None:
        pages = list(opened().changed(None))
        assert pages
        if world.incremental:
            assert len(pages) > 1, "the world must not fit on one page"

    def test_two_full_reads_are_equal(self, world: World, opened) -> None:
        by_id = {record.id: record for record in full_read(opened())}
        assert {record.id: record for record in full_read(opened())} == by_id

    def test_every_record_says_what_it_is_and_where_it_comes_from(self, world: World, opened) -> None:
        connector = opened()
        containers = {container.id for container in connector.roster()}
        for record in full_read(connector):
            assert record.source == connector.name
            assert record.native_id
            assert record.key
            assert record.container in containers
            known = {known.name for known in fields(record)} | set(record.custom)
            assert record.provenance
            assert set(record.provenance) <= known, f"provenance of {record.key} names unknown fields"
            assert all(record.provenance.values())

    def test_times_are_in_utc(self, world: World, opened) -> None:
        for record in full_read(opened()):
            for moment in (record.created, record.changed, *(move.at for move in record.moves)):
                assert moment is None or moment.utcoffset() == timedelta(0)

    def test_a_probe_names_who_we_are_and_what_we_see(self, world: World, opened) -> None:
        connector = opened()
        probe = connector.probe()
        assert probe.server
        assert probe.identity or not connector.identity(), "a source with a sign-in says who we are"
        assert {container.id for container in probe.containers} == {container.id for container in connector.roster()}

    def test_whoever_we_are_stays_the_same_while_nothing_changes(self, world: World, opened) -> None:
        connector = opened()
        before = connector.identity()
        full_read(connector)
        assert connector.identity() == before == opened().identity()

    def test_what_changed_since_the_cursor_is_read(self, world: World, opened) -> None:
        first = opened()
        everything = ids_of(full_read(first))
        cursor = first.next_cursor()
        changed = world.change_one()
        later = opened(context_at(NOW + timedelta(minutes=15)))
        seen = ids_of([*records_of(later.changed(cursor)), *records_of(later.side_tables())])
        assert changed in seen
        if world.incremental:
            assert ids_of(records_of(opened().changed(cursor))) < everything

    def test_a_cursor_after_which_nothing_changed_yields_nothing_and_breaks_nothing(self, world: World, opened) -> None:
        connector = opened()
        full_read(connector)
        again = opened()
        assert records_of(again.changed(world.idle_cursor(connector))) == []
        assert ids_of(full_read(opened())) == world.expected_ids()

    def test_with_known_answers_a_full_read_gives_what_it_would_without(self, world: World, opened) -> None:
        """What is called unchanged is as it was read before; what changed is given, whoever knows its old answer."""
        pages = list(opened().everything())
        before = {record.native_id: record for record in records_of(pages)}
        told = known_of(pages)
        again = list(opened(replace(context_at(), known=told)).everything())
        assert {one for page in again for one in page.unchanged} == told(list(before)).keys()
        assert {**before, **{one.native_id: one for one in records_of(again)}} == before
        changed = world.change_one()
        later = list(opened(replace(context_at(), known=told)).everything())
        assert changed in ids_of(records_of(later))
        unchanged = [one for page in later for one in page.unchanged]
        assert not ids_of(records_of(later)) & set(unchanged)
        whole = {record.native_id: record for record in records_of(opened().everything())}
        merged = {one: before[one] for one in unchanged} | {one.native_id: one for one in records_of(later)}
        assert merged == whole

    def test_nothing_is_unchanged_for_who_reads_it_in_another_way(self, world: World, opened) -> None:
        told = known_of(list(opened().everything()))
        elsewhere = replace(context_at(), zone=ZoneInfo("Pacific/Auckland"), known=told)
        assert not [one for page in opened(elsewhere).everything() for one in page.unchanged]

    def test_what_is_asked_for_by_id_is_given_though_its_answer_is_known(self, world: World, opened) -> None:
        pages = list(opened().everything())
        ids = sorted(ids_of(records_of(pages)))
        given = opened(replace(context_at(), known=known_of(pages))).fetch(ids)
        assert sorted(ids_of(one for one in given if not isinstance(one, Missing))) == ids

    def test_the_census_is_the_full_read(self, world: World, opened) -> None:
        connector = opened()
        counted = [native_id for container in connector.roster() for native_id in connector.census(container)]
        assert set(counted) == world.expected_ids()
        assert len(counted) == len(set(counted))

    def test_what_was_removed_is_missing_from_the_census_and_not_fetched(self, world: World, opened) -> None:
        removed = world.remove_one()
        connector = opened()
        counted = {native_id for container in connector.roster() for native_id in connector.census(container)}
        assert removed not in counted
        assert counted == world.expected_ids()
        assert list(opened().fetch([removed])) == []

    def test_fetching_unknown_ids_gives_nothing(self, world: World, opened) -> None:
        assert list(opened().fetch(list(world.unknown_ids))) == []

    def test_fetching_known_ids_gives_the_records_of_the_full_read(self, world: World, opened) -> None:
        read = records_of(opened().changed(None))
        wanted = [read[0], read[-1]]
        found = list(opened().fetch([record.native_id for record in wanted] + list(world.unknown_ids)))
        assert {record.id: record for record in found} == {record.id: record for record in wanted}

    def test_a_container_that_is_not_shown_any_more_is_lost_and_the_others_are_read(self, world: World, opened) -> None:
        """D.2: it is listed with what to do, and nothing is said of its records."""
        if not world.hides_containers:
            pytest.skip("this source has one container")
        before = full_read(opened())
        hidden = world.hide_container()
        connector = opened()
        roster = {container.id: container for container in connector.roster()}
        assert {container.state for container in roster.values()} == {"visible", "lost"}
        assert roster[hidden].state == "lost"
        assert roster[hidden].problem is not None
        assert roster[hidden].problem.hint, "it says one thing to do"
        after = full_read(connector)
        assert ids_of(after) >= {record.native_id for record in before if record.container != hidden} > set()
        assert hidden not in {record.container for record in after}

    @pytest.mark.parametrize("question", QUESTIONS)
    def test_a_source_that_cannot_be_read_is_an_error_and_never_empty(
        self, world: World, opened, question: str
    ) -> None:
        container = next(iter(opened().roster()))
        world.break_access()
        with pytest.raises(SourceError) as caught:
            QUESTIONS[question](opened(), container)
        assert caught.value.problems[0].hint, "an error says one thing to do"
        assert opened().name in str(caught.value)

    def test_errors_never_show_a_secret(self, world: World, opened) -> None:
        world.break_access()
        with pytest.raises(DriftlineError) as caught:
            opened().probe()
        said = everything_said(caught.value)
        for secret in world.secrets:
            assert secret not in said

    @pytest.mark.parametrize("question", QUESTIONS)
    def test_an_answer_that_is_not_data_is_an_error_and_never_empty(self, world: World, opened, question: str) -> None:
        if not world.answers_html:
            pytest.skip("this source cannot answer a page")
        container = next(iter(opened().roster()))
        world.answer_html()
        with pytest.raises(SourceContentError):
            QUESTIONS[question](opened(), container)

    def test_a_wish_to_stop_interrupts_the_read(self, world: World, opened) -> None:
        context = context_at()
        connector = opened(context)
        context.stop.set()
        with pytest.raises(InterruptedRunError):
            full_read(connector)

    def test_a_wish_to_stop_is_heard_between_pages(self, world: World, opened) -> None:
        context = context_at()
        connector = opened(context)
        pages = iter(connector.changed(None))
        next(pages)
        context.stop.set()
        if world.incremental:
            with pytest.raises(InterruptedRunError):
                list(pages)
