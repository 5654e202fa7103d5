"""What the tests of the checks on ownership and governance share: one check over a small world."""

from typing import Any

from model.findings import Finding
from model.objectives import Level, Objective
from reconcile.checks import checks
from reconcile.engine import Judgement
from reconcile.options import ChecksOptions, ReconcileOptions
from tests.reconcile.world import Stored


def objective(id_: str, parent: str | None = None, level: Level = Level.MEASURE, **more: Any) -> Objective:
    return Objective(id=id_, name=more.pop("name", f"Objective {id_}"), level=level, parent=parent, **more)


def judged(stored: Stored, check: str, **options: Any) -> Judgement:
    chosen = ChecksOptions.model_validate({check: options})
    return stored.judge(options=ReconcileOptions(checks=chosen), with_checks={check: checks()[check]})


def found(stored: Stored, check: str, **options: Any) -> list[Finding]:
    return list(judged(stored, check, **options).findings)


def blind(stored: Stored, check: str, **options: Any) -> list[str]:
    return [each.reason for each in judged(stored, check, **options).blind.get(check, ())]
