"""Work whose key is but a number, as a task of Asana, is called by its title wherever people read of it."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from model.findings import Finding
from model.records import Deal, Record, Saving, WorkItem
from reconcile.checks import checks
from tests.reconcile import checks as tests_of_checks
from tests.reconcile.world import Stored

NUMBER = 1_208_000_000_000_000


@cache
def worlds() -> dict[str, Stored]:
    found = {}
    for module in pkgutil.iter_modules(tests_of_checks.__path__):
        made = getattr(importlib.import_module(f"{tests_of_checks.__name__}.{module.name}"), "example_world", None)
        name = module.name.removeprefix("test_").replace("_", "-")
        if made is not None and name in checks():
            found[name] = made()
    return found


def numbered(stored: Stored) -> Stored:
    """The same world, in which the key of every piece of work is a number."""
    keys = {each.key: str(NUMBER + number) for number, each in enumerate(stored.records_) if isinstance(each, WorkItem)}

    def renamed(record: Record) -> Record:
        match record:
            case WorkItem():
                return replace(record, key=keys[record.key])
            case Deal(promised=str(promised)):
                return replace(record, promised=keys.get(promised, promised))
            case Saving(enabler=str(enabler)):
                return replace(record, enabler=keys.get(enabler, enabler))
        return record

    needs = [(dependent, keys.get(wanted, wanted), lag) for dependent, wanted, lag in stored.needs_]
    return replace(stored, records_=[renamed(each) for each in stored.records_], needs_=needs)


def read(finding: Finding) -> Iterator[str]:
    yield from (finding.title, finding.advice)
    yield from (claim.key for claim in (finding.commitment, finding.forecast) if claim is not None)
    yield from (option.says for option in finding.options)


@pytest.mark.parametrize("check", worlds())
def test_no_finding_shows_a_number_where_a_title_is_known(check: str) -> None:
    findings = numbered(worlds()[check]).judge(with_checks={check: checks()[check]}).findings
    assert findings
    shown = [text for finding in findings for text in read(finding)]
    assert [text for text in shown if re.search(rf"\b{str(NUMBER)[:10]}", text)] == []
