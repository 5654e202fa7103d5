"""Streaming records and finding them by what people call them."""

from model.keys import record_id
from model.reading import Page
from model.records import Absence, RecordKind
from state.store import Store
from tests.state.worlds import DAY_1, deal, item, release, save


def test_records_are_streamed_in_batches_without_a_gap_or_a_repeat(store: Store) -> None:
    save(store, *(item(str(number)) for number in range(25)))
    batches = list(store.records(batch=10))
    assert [len(batch) for batch in batches] == [10, 10, 5]
    assert {each.record.id for batch in batches for each in batch} == {f"jira:{number}" for number in range(25)}


def test_records_are_streamed_by_source_and_kind(store: Store) -> None:
    save(store, item("1"), release("r1", "2.4"), item("2", source="asana"), deal("3"))
    assert _ids(store, source="jira") == {"jira:1", "jira:r1"}
    assert _ids(store, kind=RecordKind.WORK_ITEM) == {"jira:1", "asana:2"}
    assert _ids(store, source="jira", kind=RecordKind.RELEASE) == {"jira:r1"}


def test_a_stream_may_be_written_behind(store: Store) -> None:
    """No transaction stays open between two batches."""
    run = save(store, *(item(str(number)) for number in range(4)))
    for batch in store.records(batch=2):
        store.save_page(run, Page([item(batch[0].record.native_id, title="touched")]), "jira", DAY_1)
    assert [store.find(f"jira:{number}")[0].record.title for number in range(4)] == [
        "touched", "Work 1", "touched", "Work 3",
    ]  # fmt: skip


def test_only_deleted_and_moved_records_leave_the_stream(store: Store) -> None:
    """D.2: what could not be seen is no proof of anything."""
    run = save(store, *(item(absence.value) for absence in Absence))
    store.mark_absent(run, "jira", {absence.value: absence for absence in Absence}, DAY_1)
    assert _ids(store) == {record_id("jira", absence) for absence in Absence} - {"jira:deleted", "jira:moved"}


def test_a_record_is_found_by_every_name_it_has(store: Store) -> None:
    save(store, item("10042", key="CORE-7", former_keys=("OLD-3",)), release("r1", "Release 2.4"))
    for text in ("jira:10042", "10042", "core-7", " CORE-7 ", "OLD-3", "jira:core-7", "jira:10042 "):
        assert [each.record.id for each in store.find(text)] == ["jira:10042"], text
    for text in ("release 2.4", "Release\u00a02.4", "core/Release  2.4", "jira:Release 2.4"):
        assert [each.record.id for each in store.find(text)] == ["jira:r1"], text
    assert store.find("CORE-8") == []
    assert store.find("crm:CORE-7") == []


def test_an_absent_record_is_found_behind_a_present_one(store: Store) -> None:
    run = save(store, item("1", key="ROW-1"), item("2", key="ROW-1"))
    store.mark_absent(run, "jira", {"1": Absence.DELETED}, DAY_1)
    assert [each.record.id for each in store.find("ROW-1")] == ["jira:2", "jira:1"]


def test_a_renamed_record_is_still_found_by_every_key_it_ever_had(store: Store) -> None:
    """J21: people and rules go on saying the old key, whether the source tells it or not."""
    for key in ("CORE-1", "WEB-9", "OPS-4"):
        save(store, item("1", key=key))
    for key in ("CORE-1", "WEB-9", "OPS-4"):
        assert [each.record.id for each in store.find(key)] == ["jira:1"]


def test_the_lineage_names_every_parent_and_what_is_above_it(store: Store) -> None:
    epic = item("2", key="WEB-2", former_keys=("OLD-2",), parent="1")
    save(store, item("1"), epic, item("3", parent="2"), item("4", parent="unknown"))
    assert store.lineage() == {"jira:1": (None, ("CORE-1",)), "jira:2": ("jira:1", ("WEB-2", "old-2"))}


def _ids(store: Store, source: str | None = None, kind: RecordKind | None = None) -> set[str]:
    return {each.record.id for batch in store.records(source=source, kind=kind) for each in batch}
