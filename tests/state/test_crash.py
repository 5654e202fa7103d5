"""kill -9 at every statement of a page: the state is the one before or the one after, never between (C1, C2)."""

import os
import signal
from collections.abc import Callable

import pytest
from sqlalchemy import event, text

from model.reading import Page
from model.records import Absence
from state.store import Store
from tests.state.worlds import DAY_1, DAY_2, item, release

BEFORE = Page([item("1", title="old", releases=("r1",)), item("2"), release("r1", "2.4")])
AFTER = Page([item("1", title="new", releases=("r2",)), item("3", former_keys=("OLD-3",)), item("\ud800")])


def dies_at(store_url: str, step: int, work: Callable[[Store], object]) -> bool:
    """Do the work in a child that is killed before its n-th statement, or before its commit; tell whether it died."""
    child = os.fork()
    if child == 0:
        store = Store.open(store_url)
        steps = 0

        def count(*_: object) -> None:
            nonlocal steps
            steps += 1
            if steps == step:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(store.engine, "before_cursor_execute", count)
        event.listen(store.engine, "commit", count)
        work(store)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def picture(store: Store) -> dict[str, list[tuple[object, ...]]]:
    tables = ("records", "names", "memberships", "revisions", "set_aside", "sources")
    with store.engine.connect() as connection:
        return {
            table: sorted(
                (tuple(str(value) for name, value in row._mapping.items() if (table, name) != ("revisions", "id")))
                for row in connection.execute(text(f"SELECT * FROM {table}"))
            )
            for table in tables
        }


@pytest.mark.parametrize("work", ["page", "absence"])
def test_a_page_is_there_whole_or_not_at_all_wherever_the_process_dies(store: Store, store_url: str, work: str) -> None:
    run = store.start_run(DAY_1, baseline=True)
    store.save_page(run, BEFORE, "jira", DAY_1)
    store.finish_source(run, "jira", None, full=True, now=DAY_1)
    before = picture(store)
    store.engine.dispose()

    def do(child: Store) -> None:
        if work == "page":
            child.save_page(run, AFTER, "jira", DAY_2)
        else:
            child.mark_absent(run, "jira", {"1": Absence.DELETED, "2": Absence.MOVED}, DAY_2)

    step = 1
    while dies_at(store_url, step, do):
        assert picture(store) == before, f"killed at step {step}"
        store.engine.dispose()
        step += 1
    assert step > 5
    # The control: undisturbed, the same work changes the picture.
    assert picture(store) != before
