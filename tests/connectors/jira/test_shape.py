"""What the configured fields of a Jira site are, and what becomes of a reading when one of them is not there (S9)."""

from typing import Any

import pytest

from model.errors import SchemaDriftError
from sandbox.jira import JiraSite
from tests.connectors.jira.world import FLOAT

_DATE = "com.atlassian.jira.plugin.system.customfieldtypes:datepicker"
_TEXT = "com.atlassian.jira.plugin.system.customfieldtypes:textfield"
CONFIGURED: dict[str, Any] = {
    "fields": {"region": "Region", "budget": "customfield_10201"},
    "start_field": "Kick-off",
    "estimate_field": "Story points",
}
IDS = {
    "region": "customfield_10200",
    "budget": "customfield_10201",
    "start_field": "customfield_10202",
    "estimate_field": "customfield_10203",
}


@pytest.fixture
def site(site: JiraSite) -> JiraSite:
    site.add_field(IDS["region"], "Region", "string", _TEXT)
    site.add_field(IDS["budget"], "Budget", "number", FLOAT)
    site.add_field(IDS["start_field"], "Kick-off", "date", _DATE)
    site.add_field(IDS["estimate_field"], "Story points", "number", FLOAT)
    return site


def named(site: JiraSite, name: str) -> str:
    return next(known.id for known in site.fields.values() if known.name == name)


def test_every_configured_field_has_its_id_and_type(connect: Any, site: JiraSite) -> None:
    shape = dict(connect(**CONFIGURED).shape())
    assert shape.pop("sprint").startswith(named(site, "Sprint"))
    assert shape == {
        "region": "customfield_10200 (string)",
        "budget": "customfield_10201 (number)",
        "start_field": "customfield_10202 (date)",
        "estimate_field": "customfield_10203 (number)",
    }


def test_what_is_found_without_being_configured_is_told_too(connect: Any, site: JiraSite) -> None:
    """A start date that nobody configured may vanish all the same."""
    assert connect().shape()["start_field"] == f"{named(site, 'Start date')} (date)"


@pytest.mark.parametrize("name", IDS)
def test_a_configured_field_that_is_gone_is_named_before_anything_is_read_s9(
    connect: Any, site: JiraSite, name: str
) -> None:
    assert name in connect(**CONFIGURED).shape()
    del site.fields[IDS[name]]
    with pytest.raises(SchemaDriftError) as caught:
        connect(**CONFIGURED).shape()
    assert caught.value.fields == (name,)
    with pytest.raises(SchemaDriftError) as caught:
        next(iter(connect(**CONFIGURED).changed(None)))
    assert caught.value.fields == (name,)


@pytest.mark.parametrize(("name", "called"), [("region", "Region"), ("start_field", "Kick-off")])
def test_a_name_that_two_fields_bear_is_no_field_j24(connect: Any, site: JiraSite, name: str, called: str) -> None:
    site.add_field("customfield_10900", called, "string", _TEXT)
    with pytest.raises(SchemaDriftError, match=f"2 fields of the site are named {called}") as caught:
        connect(**CONFIGURED).shape()
    assert caught.value.fields == (name,)


def test_all_that_is_gone_is_named_at_once(connect: Any, site: JiraSite) -> None:
    for field_id in IDS.values():
        del site.fields[field_id]
    with pytest.raises(SchemaDriftError) as caught:
        connect(**CONFIGURED).shape()
    assert set(caught.value.fields) == set(IDS)


def test_another_type_is_another_shape(connect: Any, site: JiraSite) -> None:
    before = connect(**CONFIGURED).shape()
    site.add_field(IDS["budget"], "Budget", "string", _TEXT)
    after = connect(**CONFIGURED).shape()
    assert {name for name in after if after[name] != before[name]} == {"budget"}
