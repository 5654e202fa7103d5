"""A rehearsal reads what is stored, takes what is written, and leaves nothing behind; on both databases."""

import threading
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from model.errors import StateError
from model.links import Link, Need, NeedOrigin, Role
from model.records import RecordKind
from state import tables
from state.rehearsal import LinkShift, NeedShift, rehearsal
from state.store import Store
from tests.state.worlds import DAY_2, deal, item, save

LINK = Link("jira:1", "M-1", Role.DELIVERS, "core work", Decimal("0.5"), "rules.yaml:3")
NEED = Need("jira:1", "Release 2.4", 14, NeedOrigin.RULE, "launch", "rules.yaml:9")
DEAL = deal("7").id
SHOWN = replace(NEED, rule="", location="")


@pytest.fixture
def linked(store: Store) -> Store:
    save(store, item("1"), item("2"), deal("7"))
    store.replace_links(["jira:1"], [LINK], [NEED])
    store.set_note("linked", "1 basis")
    return store


def everything(store: Store) -> dict[str, list[Any]]:
    """All rows of all tables."""
    with store.reading() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table)).all()))
            for table in tables.metadata.sorted_tables
        }


def test_what_is_written_is_read_back_and_gone_at_the_end(linked: Store) -> None:
    before = everything(linked)
    with rehearsal(linked) as stage:
        assert stage.links_of("jira:1") == [LINK]
        assert stage.needs_of("jira:1") == [NEED]
        stage.replace_links(["jira:1", "jira:2"], [replace(LINK, record_id="jira:2")], [])
        stage.replace_objective_needs([Need("objective:M-1", "M-2", 0, NeedOrigin.OBJECTIVES_FILE)])
        stage.set_note("linked", "2 other")
        assert (stage.links_of("jira:1"), len(stage.links_of("jira:2"))) == ([], 1)
        assert (stage.needs_of("jira:1"), len(stage.needs_of("objective:M-1"))) == ([], 1)
        assert stage.note("linked") == "2 other"
        assert everything(stage) != before
    assert everything(linked) == before


def test_after_an_error_nothing_is_left_either(linked: Store) -> None:
    before = everything(linked)

    def fail() -> None:
        with rehearsal(linked) as stage:
            stage.replace_links(["jira:1"], [], [])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert everything(linked) == before
    with rehearsal(linked) as stage:
        assert stage.links_of("jira:1") == [LINK]


def test_the_same_links_are_no_difference_wherever_their_rule_stands_by_now(linked: Store) -> None:
    with rehearsal(linked) as stage:
        moved, renamed = replace(LINK, location="rules.yaml:99"), replace(NEED, location="rules.yaml:99", rule="other")
        stage.replace_links(["jira:1"], [moved], [renamed])
        assert (list(stage.link_shifts()), list(stage.need_shifts())) == ([], [])


def test_differences_are_told_by_record_and_role(linked: Store) -> None:
    other, more = replace(LINK, objective_id="M-2"), replace(LINK, record_id="jira:2", role=Role.REPORTS)
    with rehearsal(linked) as stage:
        stage.replace_links(["jira:1", "jira:2"], [other, more], [replace(NEED, lag_days=0)])
        assert list(stage.link_shifts()) == [
            LinkShift("jira:1", Role.DELIVERS, (replace(LINK, location=""),), (replace(other, location=""),)),
            LinkShift("jira:2", Role.REPORTS, (), (replace(more, location=""),)),
        ]
        assert list(stage.need_shifts()) == [NeedShift("jira:1", (SHOWN,), (replace(SHOWN, lag_days=0),))]


def test_linked_records_are_told_for_both_worlds(linked: Store) -> None:
    with rehearsal(linked) as stage:
        stage.replace_links(["jira:1", DEAL], [replace(LINK, record_id=DEAL)], [])
        kinds = (RecordKind.WORK_ITEM, RecordKind.DEAL)
        assert stage.linked(kinds, stored=True) == {"jira:1"}
        assert stage.linked(kinds, stored=False) == {DEAL}
        assert stage.linked((RecordKind.SAVING,), stored=False) == set()


def test_the_view_of_a_rehearsal_shows_the_rehearsed_links_as_often_as_it_is_asked(linked: Store) -> None:
    with rehearsal(linked) as stage:
        stage.replace_links([DEAL], [replace(LINK, record_id=DEAL, role=Role.PROMISES)], [])
        for _ in range(2):
            with stage.view(objective_ids=["M-1"]) as view:
                assert [found.id for found in view.deals()] == [DEAL]
    with linked.view(objective_ids=["M-1"]) as view:
        assert list(view.deals()) == []


def test_while_it_goes_on_the_owner_writes_and_it_keeps_its_picture(linked: Store) -> None:
    """It takes no lock that a daemon would wait for."""
    with rehearsal(linked) as stage:
        stage.replace_links(["jira:1"], [], [])

        def work() -> None:
            linked.replace_links(["jira:1"], [replace(LINK, objective_id="M-9")], [])
            save(linked, item("3"), now=DAY_2)
            linked.set_note("linked", "3 basis")

        owner = threading.Thread(target=work)
        owner.start()
        owner.join(5)
        assert not owner.is_alive()
        assert [shift.before[0].objective_id for shift in stage.link_shifts()] == ["M-1"]
        assert stage.find("jira:3") == []
    assert [link.objective_id for link in linked.links_of("jira:1")] == ["M-9"]


def test_two_rehearsals_do_not_see_each_other(linked: Store) -> None:
    with rehearsal(linked) as one, rehearsal(linked) as other:
        one.replace_links(["jira:1"], [], [])
        assert other.links_of("jira:1") == [LINK]


def test_what_the_database_refuses_is_our_error_and_spoils_nothing(linked: Store) -> None:
    with rehearsal(linked) as stage:
        with pytest.raises(StateError), stage.writing() as connection:
            connection.exec_driver_sql("INSERT INTO links SELECT * FROM links")
        assert stage.links_of("jira:1") == [LINK]
