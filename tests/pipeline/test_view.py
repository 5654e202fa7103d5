"""What the reconciler is told about sources that were never read, and about those that nobody reads any more."""

from pipeline.view import NEVER_READ, configured_view
from state.store import Store
from tests.pipeline.company import DEALS, Company


def test_a_configured_source_that_was_never_read_is_incomplete_and_not_unknown(store: Store, company: Company):
    """Nobody may take what it would tell for something that does not exist."""
    company.read(store, "crm")
    with configured_view(store, company.configuration) as view:
        crm, jira = view.coverage()
    assert (crm.source, crm.records, crm.complete, crm.as_of) == ("crm", DEALS, True, company.now)
    assert (jira.source, jira.records, jira.complete, jira.as_of) == ("jira", 0, False, None)
    assert jira.error == NEVER_READ


def test_a_source_that_is_not_configured_any_more_is_not_spoken_of(store: Store, company: Company):
    company.read(store, "crm")
    company.read(store, "jira")
    del company.settings["sources"]["jira"]
    company.write(rules={"version": 1, "rules": []})
    with configured_view(store, company.configuration) as view:
        assert [entry.source for entry in view.coverage()] == ["crm"]


def test_everything_else_is_the_stored_world(store: Store, company: Company):
    company.sync(store)
    with configured_view(store, company.configuration) as view:
        assert len(list(view.deals())) == DEALS
        assert {release.key for release in view.releases()} == {"R1", "R2"}
        assert len(list(view.needs())) == DEALS
