"""What the configured custom fields are in Asana, and what becomes of a reading when one of them is not there (S9)."""

from typing import Any

import pytest

from model.errors import SchemaDriftError
from tests.connectors.test_asana import Office, office

__all__ = ["office"]


@pytest.fixture
def gids(office: Office) -> dict[str, str]:
    kinds = {"plant": "enum", "size": "number", "light_field": "enum", "status_field": "text"}
    gids = {name: office.workspace.add_custom_field(name.title(), kind) for name, kind in kinds.items()}
    office.add("Order the sorter")
    return gids


def configured(gids: dict[str, str]) -> dict[str, Any]:
    """One field of each option, two by gid and two by name."""
    return {
        "fields": {"plant": "Plant", "size": gids["size"]},
        "light_field": gids["light_field"],
        "status_field": "Status_Field",
    }


def test_every_configured_field_has_its_gid_or_name_and_its_type(office: Office, gids: dict[str, str]) -> None:
    assert office.connector(**configured(gids)).shape() == {
        "plant": "Plant (enum)",
        "size": f"{gids['size']} (number)",
        "light_field": f"{gids['light_field']} (enum)",
        "status_field": "Status_Field (text)",
    }


@pytest.mark.parametrize("name", ["plant", "size", "light_field", "status_field"])
def test_a_field_that_is_gone_is_named_before_anything_is_read_s9(
    office: Office, gids: dict[str, str], name: str
) -> None:
    del office.workspace.custom_fields[gids[name]]
    with pytest.raises(SchemaDriftError) as caught:
        office.connector(**configured(gids)).shape()
    assert caught.value.fields == (name,)
    with pytest.raises(SchemaDriftError) as caught:
        next(iter(office.connector(**configured(gids)).changed(None)))
    assert caught.value.fields == (name,)


def test_a_name_that_two_fields_of_a_project_bear_is_no_field(office: Office, gids: dict[str, str]) -> None:
    office.workspace.add_custom_field("Plant", "text")
    with pytest.raises(SchemaDriftError) as caught:
        office.connector(**configured(gids)).shape()
    assert caught.value.fields == ("plant",)


def test_a_field_of_its_own_in_each_project_is_one_field_by_name_a15(office: Office, gids: dict[str, str]) -> None:
    before = office.connector(**configured(gids)).shape()
    del office.workspace.custom_fields[gids["plant"]]
    for project in (office.roll_out, office.sorting):
        office.workspace.add_custom_field("Plant", "enum", project=project)
    assert office.connector(**configured(gids)).shape() == before


@pytest.mark.parametrize("name", ["plant", "size"])
def test_another_type_is_another_shape(office: Office, gids: dict[str, str], name: str) -> None:
    before = office.connector(**configured(gids)).shape()
    office.workspace.custom_fields[gids[name]]["type"] = "text"
    after = office.connector(**configured(gids)).shape()
    assert {each for each in after if after[each] != before[each]} == {name}
