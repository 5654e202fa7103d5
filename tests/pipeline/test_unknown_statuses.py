"""A status that no dictionary names: a warning of the check at its source."""

from model.reading import Page
from model.records import WorkItem
from pipeline.advice import stored_warnings
from state.store import Store
from tests.pipeline.company import Company


def test_a_status_of_unknown_meaning_is_warned_about_at_its_source(store: Store, company: Company):
    run = store.start_run(company.now, baseline=False)
    work = [
        WorkItem(source="jira", native_id=str(number), key=f"X-{number}", title="X", status="Parked", category=None)
        for number in range(3)
    ]
    store.save_page(run, Page(work), "jira", company.now)
    found = [each for each in stored_warnings(store, company.configuration, company.now.date()) if each.line]
    (warning,) = (each for each in found if "status" in each.message)
    assert warning.message == "jira has 3 work items with the status 'Parked', of which is not known what it means"
    assert warning.hint == "add it under statuses: of jira: todo, doing, done or dropped"
    assert "driftline.yaml:" in warning.location
    assert warning.line.strip() == "jira:"
