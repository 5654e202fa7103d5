"""What is held and approved, in both databases, and what the guard is told about earlier losses."""

from dataclasses import replace

import pytest

from model.errors import UsageError
from model.reading import Page
from model.records import Absence, WorkItem
from model.trust import Doubt, Held, Loss, Standing
from state.store import Store
from tests.state.worlds import DAY_1, DAY_2, DAY_3

HELD = Held(
    source="jira",
    doubt=Doubt.LOSS,
    reason="much is gone",
    since=DAY_1,
    native_ids=("1", "2"),
    containers=(Loss("WEB", "Web shop", 2, 3),),
)


def item(native_id: str) -> WorkItem:
    return WorkItem(source="jira", native_id=native_id, key=f"WEB-{native_id}", title="x", container="WEB")


def test_what_is_held_is_told_as_it_was_until_it_is_released(store: Store) -> None:
    assert store.held("jira") is None
    store.hold(HELD)
    assert store.held("jira") == HELD
    assert store.held("crm") is None
    store.release("jira")
    assert store.held("jira") is None


def test_the_time_since_when_is_the_first_one_of_the_same_doubt(store: Store) -> None:
    store.hold(HELD)
    store.hold(replace(HELD, since=DAY_2, native_ids=("1", "2", "3")))
    assert store.held("jira") == replace(HELD, native_ids=("1", "2", "3"))
    other = replace(HELD, doubt=Doubt.IDENTITY, since=DAY_3, identity_before="a", identity_now="b")
    store.hold(other)
    assert store.held("jira") == other


def test_an_approval_waits_for_one_run_and_is_remembered(store: Store) -> None:
    store.hold(HELD)
    store.approve(HELD, by="ann", reason="sold", now=DAY_2)
    store.approve(HELD, by="bob", reason="closed", now=DAY_2)
    [approval] = store.approvals("jira")
    assert store.pending_approval("jira") == approval
    assert (approval.held, approval.by, approval.reason, approval.at) == (HELD, "bob", "closed", DAY_2)
    store.use_approval(approval, DAY_3)
    assert store.pending_approval("jira") is None
    assert [each.used_at for each in store.approvals("jira")] == [DAY_3]


def test_what_is_not_held_any_more_cannot_be_approved(store: Store) -> None:
    store.hold(replace(HELD, native_ids=("1", "2", "3")))
    with pytest.raises(UsageError, match="changed while you looked at it"):
        store.approve(HELD, by="ann", reason="sold", now=DAY_2)
    store.release("jira")
    with pytest.raises(UsageError, match="changed while you looked at it"):
        store.approve(HELD, by="ann", reason="sold", now=DAY_2)
    assert store.approvals("jira") == []


def test_losses_are_counted_since_they_were_concluded_and_without_what_was_approved(store: Store) -> None:
    """S6: what was unobserved for days and is deleted today is lost today."""
    run = store.start_run(DAY_1, baseline=False)
    store.save_page(run, Page([item(str(number)) for number in range(5)]), "jira", DAY_1)
    store.mark_absent(run, "jira", {"1": Absence.UNOBSERVED, "3": Absence.DELETED}, DAY_1)
    store.mark_absent(run, "jira", {"1": Absence.DELETED, "2": Absence.MOVED, "4": Absence.ARCHIVED}, DAY_3)
    assert store.lost_since("jira", DAY_2) == 2
    assert store.lost_since("crm", DAY_2) == 0
    store.hold(replace(HELD, native_ids=("2",)))
    store.approve(replace(HELD, native_ids=("2",)), by="ann", reason="sold", now=DAY_3)
    assert store.lost_since("jira", DAY_2) == 1
    store.save_page(run, Page([item("1")]), "jira", DAY_3)
    assert store.lost_since("jira", DAY_2) == 0


def test_what_is_neither_deleted_nor_moved_stands(store: Store) -> None:
    run = store.start_run(DAY_1, baseline=False)
    store.save_page(run, Page([item(str(number)) for number in range(4)]), "jira", DAY_1)
    store.mark_absent(run, "jira", {"1": Absence.UNOBSERVED, "2": Absence.DELETED, "3": Absence.MOVED}, DAY_2)
    assert store.standing_of("jira", ["0", "1", "2", "3", "9"]) == {
        "0": Standing("WEB", None),
        "1": Standing("WEB", Absence.UNOBSERVED),
    }
    counted = {Standing("WEB", None): 1, Standing("WEB", Absence.UNOBSERVED): 1}
    assert store.standing_counts("jira", before=run + 1) == counted


def test_what_came_or_came_back_with_a_run_did_not_stand_before_it(store: Store) -> None:
    """S6: five hundred new records are no reason to believe that fifty old ones are gone."""
    first = store.start_run(DAY_1, baseline=False)
    store.save_page(first, Page([item(str(number)) for number in range(4)]), "jira", DAY_1)
    store.mark_absent(first, "jira", {"2": Absence.DELETED, "3": Absence.ARCHIVED}, DAY_1)
    second = store.start_run(DAY_2, baseline=False)
    store.save_page(second, Page([item(str(number)) for number in (0, 2, 3, 4, 5)]), "jira", DAY_2)
    assert store.standing_counts("jira", before=first) == {}
    assert store.standing_counts("jira", before=second) == {Standing("WEB", None): 3}  # 0, 1 and 3
    assert store.standing_counts("jira", before=second + 1) == {Standing("WEB", None): 6}


def test_a_record_that_stands_and_is_not_listed_is_noticed(store: Store) -> None:
    """What a census leaves out must be looked for, also what is absent without proof; what is gone need not be."""
    run = store.start_run(DAY_1, baseline=False)
    store.save_page(run, Page([item(str(number)) for number in range(4)]), "jira", DAY_1)
    store.mark_absent(run, "jira", {"1": Absence.UNOBSERVED, "2": Absence.DELETED, "3": Absence.MOVED}, DAY_2)
    assert store.standing_beyond("jira", {"0", "1", "9"}) == {}
    assert store.standing_beyond("jira", {"0"}) == {"1": Standing("WEB", Absence.UNOBSERVED)}
    assert store.standing_beyond("jira", {"1"}) == {"0": Standing("WEB", None)}
    assert store.standing_beyond("asana", set()) == {}
