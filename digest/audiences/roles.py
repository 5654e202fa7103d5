"""Who an audience is: presets of what a role is told, and the floors of money below which nothing is told."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema

from model.findings import Account, Severity


class Role(StrEnum):
    """Whom a digest is for; each stands for a set of filters."""

    CFO = "cfo"
    COO = "coo"
    SALES = "sales"
    CONTROLLER = "controller"
    OWNER = "owner"


PRESETS: Mapping[Role, Mapping[str, Any]] = {
    Role.CFO: {
        "accounts": (Account.SAVINGS, Account.COST, Account.REVENUE),
        "minimum_severity": Severity.MINOR,
        "unpriced": False,
    },
    Role.COO: {
        "accounts": (Account.REVENUE, Account.SAVINGS, Account.COST),
        "minimum_severity": Severity.MINOR,
    },
    Role.SALES: {
        "accounts": (Account.REVENUE,),
        "minimum_severity": Severity.MINOR,
        "unpriced": False,
    },
    Role.CONTROLLER: {
        "accounts": (Account.SAVINGS, Account.COST, Account.REVENUE),
        "upkeep": True,
    },
    Role.OWNER: {
        "upkeep": True,
    },
}
"""What a role is told where the digest itself says nothing else about it."""


def with_preset(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options as they were written, with those of the role that were left out."""
    role = given.get("role")
    if not isinstance(role, str) or role not in list(Role):
        return given
    return {**PRESETS[Role(role)], **given}


Floor = Annotated[Decimal, Field(ge=0), WithJsonSchema({"type": "number", "minimum": 0})]


def _for_every_account(value: Any) -> Any:
    number = isinstance(value, int | float | Decimal | str) and not isinstance(value, bool)
    return dict.fromkeys(Account, value) if number else value


MoneyFloor: TypeAlias = Annotated[
    dict[Account, Floor], BeforeValidator(_for_every_account, json_schema_input_type=Floor | dict[Account, Floor])
]
"""Least amounts of the business currency by account; written as one number, it is that for each of them."""


def reaches(full: Mapping[Account, Decimal], floors: Mapping[Account, Decimal], *, unnamed: bool) -> bool:
    """Whether the money of one account is at its floor or above; ``unnamed`` is the answer for one without a floor."""
    return any(
        amount >= floors[account] if account in floors else unnamed for account, amount in full.items() if amount > 0
    )
