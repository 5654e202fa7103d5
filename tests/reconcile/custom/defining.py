"""Short ways to define a custom check and to judge a stored world by it alone."""

from datetime import date
from decimal import Decimal
from typing import Any

from model.findings import Account, Finding
from model.links import Role
from model.money import Month, MonthAmount
from model.objectives import Level, Objective, Value
from reconcile.custom import CustomDefinition, custom_checks
from reconcile.custom.claims import term_of
from reconcile.custom.definition import Relation, Subject
from reconcile.custom.text import PLACEHOLDERS, template_of
from reconcile.judgement import Judgement
from tests.reconcile.world import Stored

SEP_30, NOV_16 = date(2026, 9, 30), date(2026, 11, 16)
TEXT = "{key} {title}: {claim}, {against}, {difference}"


def defined(about: Subject, claim: str, relation: Relation, against: str, **more: Any) -> CustomDefinition:
    first, second = (None, claim) if claim.startswith("fields.") else (claim, against)
    if first is None:
        right = term_of(against, about, None, None)
        left = term_of(second, about, right.type, None)
    else:
        left = term_of(first, about, None, None)
        right = term_of(against, about, left.type, None)
    text = template_of(
        more.pop("text", TEXT if left.type.value != "light" else "{key}: {claim}, {against}"), PLACEHOLDERS
    )
    return CustomDefinition(
        name=more.pop("name", "own"),
        title="Two claims",
        about=about,
        claim=left,
        relation=relation,
        against=right,
        text=text,
        **more,
    )


def judged(stored: Stored, definition: CustomDefinition, **more: Any) -> Judgement:
    return stored.judge(with_checks=custom_checks([definition]), **more)


def found(stored: Stored, definition: CustomDefinition, **more: Any) -> list[Finding]:
    return list(judged(stored, definition, **more).findings)


def texts(stored: Stored, definition: CustomDefinition) -> list[str]:
    return sorted(each.title for each in found(stored, definition))


CLOSES = defined(Subject.DEAL, "close_date", Relation.NOT_BEFORE, "forecast", impact=Account.REVENUE)


def savings(stored: Stored, **forecasts: int | None) -> None:
    stored.objectives[1] = Objective(
        id="M-1",
        name="Licences",
        level=Level.MEASURE,
        parent="ORG",
        controller="Cora",
        values=(Value("savings", "EUR", (MonthAmount(Month(2026, 10), Decimal(100_000)),)),),
    )
    for key, amount in forecasts.items():
        cells = () if amount is None else (MonthAmount(Month(2026, 10), Decimal(amount)),)
        node = stored.saving(key, None, date(2026, 10, 1), {"2026-10": 60_000}, forecast=cells)
        stored.link(node, "M-1", Role.SAVES)
    stored.cover("savings")


BELOW = defined(
    Subject.OBJECTIVE, "sum(saving.forecast)", Relation.AT_LEAST, "value", impact=Account.SAVINGS, decider="controller"
)
