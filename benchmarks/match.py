"""How fast records are matched against rules, beside a plain loop: ``python -m benchmarks.match``.

The reference tries every rule on every record: each rule compiled to one Python function over the record's folded
answers, the winner found as the matcher finds it. It would take hours at full size, so it judges every n-th of the same
records; figures are per record, and both must give the same links for these. Records are made in batches and
forgotten; only matching is timed. Each way runs in a process of its own; only compare figures of one run.
"""

import argparse
import hashlib
import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from mapping.conditions import Condition, Says
from mapping.document import SourceText
from mapping.facts import Facts, Names
from mapping.load import LoadedMapping, load_mapping
from mapping.match import Match, Matcher, judge
from mapping.rules import Rule
from model.money import Money
from model.records import Deal, Record, Saving, WorkItem

TODAY = date(2026, 11, 21)
BATCH = 2_000
OBJECTIVES = 200
REGIONS = ("DACH", "Nordics", "Iberia", "France", "Benelux", "UK", "Italy", "Poland")
STATUSES = ("To do", "In progress", "In review", "Done", "Blocked")
TYPES = ("Epic", "Story", "Task", "Bug")

Predicate = Callable[[Facts], bool]


def rule_file(count: int) -> str:
    """Rules as an organisation has them: most ask for a key, a parent, a label or a field; few for less."""
    made = [json.dumps({"name": f"r{number}", **_rule(number)}) for number in range(count)]
    return "version: 1\nrules:\n" + "".join(f"  - {rule}\n" for rule in made)


def _rule(number: int) -> dict[str, object]:
    objective = f"O-{number % OBJECTIVES}"
    work = {"role": "delivers", "objective": objective, "source": "jira"}
    deal = {"role": "promises", "objective": objective, "source": "crm"}
    forms: tuple[dict[str, object], ...] = (
        {
            **work,
            "match": {"kind": "work_item", "parent": [f"P{number % 50}-{number}", f"P{number % 50}-{number + 1}"]},
        },
        {**work, "match": {"kind": "work_item", "key": [f"P{number % 50}-{number * 7 + each}" for each in range(5)]}},
        {**work, "match": {"kind": "work_item", "label": f"programme-{number}"}},
        {**deal, "match": {"kind": "deal", "fields": {"promised": f"Release {number}"}}},
        {**work, "match": {"kind": "work_item", "fields": {"Programme": f"Programme {number}"}}},
        {**work, "match": {"kind": "work_item", "container": f"P{number % 50}", "component": f"Part {number}"}},
        {
            "role": "saves",
            "objective": objective,
            "source": "savings",
            "match": {"kind": "saving", "any": [{"key": f"S-{number}"}, {"fields": {"enabler": f"P1-{number}"}}]},
        },
        {**deal, "match": {"kind": "deal", "where": f"account = 'Customer {number}' and close_date < today + 90d"}},
        {
            **work,
            "match": {
                "kind": "work_item",
                "container": f"P{number % 50}",
                "fields": {"estimate": {"above": 13}, "due": {"within": "30d"}},
                "none": [{"type": "Epic"}, {"label": f"programme-{number}"}],
            },
        },
        {**work, "match": {"kind": "work_item", "release": f"Release {number}", "type": ["Epic", "Story"]}},
    )
    if number % 50 == 49:
        return {**work, "match": {"kind": "work_item", "title": f"*roll-out {number}*"}}
    return forms[number % len(forms)]


def mapping(rules: int) -> LoadedMapping:
    """The rules as loaded from their text."""
    entries = "".join(f"  - {{id: O-{number}, level: measure, name: Objective}}\n" for number in range(OBJECTIVES))
    objectives = SourceText("objectives.yaml", f"version: 1\nobjectives:\n{entries}")
    custom = {"jira": ["Programme", "Region"], "crm": [], "savings": []}
    text = SourceText("rules.yaml", rule_file(rules))
    return load_mapping([objectives], [text], sources=tuple(custom), custom_fields=custom)


def batches(records: int, rules: int, every: int = 1) -> Iterator[list[Record]]:
    """Every n-th of the records, always the same, in batches."""
    for start in range(0, records, BATCH):
        numbers = [each for each in range(start, min(start + BATCH, records)) if each % every == 0]
        if numbers:
            yield [_record(number, rules) for number in numbers]


def _record(number: int, rules: int) -> Record:
    chance = random.Random(number)  # noqa: S311 - nothing secret
    shared: dict[str, Any] = {
        "native_id": str(number),
        "title": f"Work on roll-out {chance.randrange(5 * rules)} of {number}",
    }
    day = TODAY + timedelta(days=chance.randrange(-200, 200))
    if number % 10 < 7:
        project = f"P{number % 50}"
        return WorkItem(
            **shared,
            source="jira",
            key=f"{project}-{number}",
            container=project,
            type=TYPES[chance.randrange(4)],
            status=STATUSES[chance.randrange(5)],
            labels=(f"programme-{chance.randrange(5 * rules)}", f"team-{chance.randrange(40)}"),
            components=(f"Part {chance.randrange(3 * rules)}",),
            releases=(str(chance.randrange(rules)),),
            parent=str(number // 20) if number >= 20 else None,
            owner=f"person-{chance.randrange(2000)}@example.com",
            due=day,
            estimate=Decimal(chance.randrange(1, 21)),
            custom={"Programme": f"Programme {chance.randrange(5 * rules)}", "Region": REGIONS[chance.randrange(8)]},
        )
    if number % 10 < 9:
        amount = Money(Decimal(chance.randrange(1_000, 900_000)), "EUR")
        promised, account = f"Release {chance.randrange(3 * rules)}", f"Customer {chance.randrange(3 * rules)}"
        key = f"OPP-{number}"
        return Deal(**shared, source="crm", key=key, amount=amount, promised=promised, account=account, close_date=day)
    return Saving(**shared, source="savings", key=f"S-{number}", enabler=f"P1-{chance.randrange(9 * rules)}")


def names(records: int, rules: int) -> Names:
    """The releases, and the work items that are parents: one in twenty."""
    releases = {f"jira:{number}": f"Release {number}" for number in range(rules)}
    parents = range(records // 20 + 1)
    return Names(
        releases,
        {},
        {f"jira:{number}": f"jira:{number // 20}" if number >= 20 else None for number in parents},
        {f"jira:{number}": (f"P{number % 50}-{number}",) for number in parents},
    )


def plain(loaded: LoadedMapping, known: Names) -> Callable[[Record], Match]:
    """The reference: every rule is tried."""
    rules = [(rule, _compiled(rule)) for rule in loaded.rules]

    def match(record: Record) -> Match:
        facts = Facts(record, known, TODAY)
        return judge(facts, [rule for rule, holds in rules if holds(facts)])

    return match


def _compiled(rule: Rule) -> Predicate:
    first, *others = [_predicate(condition) for condition in rule.conditions]
    if not others:
        return first
    rest = _joined(others)
    return lambda facts: first(facts) and rest(facts)


def _joined(parts: list[Predicate]) -> Predicate:
    first, *others = parts
    if not others:
        return first
    rest = _joined(others)
    return lambda facts: first(facts) and rest(facts)


def _predicate(condition: Condition) -> Predicate:
    if isinstance(condition, Says) and condition.name != "title":
        name, folded = condition.name, condition.folded
        return lambda facts: not folded.isdisjoint(facts.folded(name))
    return condition.holds


def timed(way: str, records: int, rules: int, every: int) -> dict[str, float | str]:
    """Match in this process: the processor seconds of matching, the most memory, and what came out of the sample."""
    loaded, known = mapping(rules), names(records, rules)
    match = plain(loaded, known) if way == "plain" else Matcher(loaded, known, TODAY).match
    seconds, count, links = 0.0, 0, 0
    sample = hashlib.blake2b(digest_size=8)
    for batch in batches(records, rules, every if way == "plain" else 1):
        began = time.process_time()
        found = [match(record) for record in batch]
        seconds += time.process_time() - began
        count += len(batch)
        links += sum(len(each.links) for each in found)
        _digest(sample, batch, found, every)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return {"seconds": seconds, "records": count, "links": links, "megabytes": peak, "sample": sample.hexdigest()}


def _digest(sample: "hashlib.blake2b", batch: Iterable[Record], found: Iterable[Match], every: int) -> None:
    for record, match in zip(batch, found, strict=True):
        if int(record.native_id) % every == 0:
            sample.update(repr(match.links).encode())


def measure(way: str, records: int, rules: int, every: int) -> dict[str, float]:
    """One way in a process of its own."""
    options = ["--records", str(records), "--rules", str(rules), "--every", str(every)]
    command = [sys.executable, "-m", "benchmarks.match", "--way", way, *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1], check=True)  # noqa: S603 - ourselves
    found: dict[str, float] = json.loads(done.stdout)
    return found


def show(records: int, rules: int, every: int, say: Callable[[str], object]) -> None:
    """Measure both ways and print them side by side."""
    say(f"{records:,} records x {rules:,} rules")
    say(f"{'':14}{'records':>11}{'links':>9}{'CPU s':>10}{'us/record':>11}{'ratio':>8}{'MB':>7}{'ratio':>7}")
    reference = measure("plain", records, rules, every)
    indexed = measure("indexed", records, rules, every)
    base = reference["seconds"] / reference["records"]
    for name, found in (("plain loop", reference), ("matcher", indexed)):
        each = found["seconds"] / found["records"]
        say(
            f"{name:14}{found['records']:11,}{found['links']:9,}{found['seconds']:10.2f}{each * 1e6:11.1f}"
            f"{each / base:8.3f}{found['megabytes']:7.0f}{found['megabytes'] / reference['megabytes']:7.2f}"
        )
    if every > 1:
        say(f"the plain loop judged every {every}th record; all of them would take {base * records / 60:.0f} minutes")
    same = "the same" if reference["sample"] == indexed["sample"] else "DIFFERENT"
    times = base * indexed["records"] / indexed["seconds"]
    say(f"links of these records: {same}; the matcher is {times:.0f} times as fast")


def main() -> None:
    """Print the table, or measure one way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rules", type=int, default=1_000)
    parser.add_argument("--every", type=int, help="the plain loop judges every n-th record; 20,000 of them by default")
    parser.add_argument("--way", choices=("plain", "indexed"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    every = asked.every or max(1, asked.records // 20_000)
    if asked.way:
        sys.stdout.write(json.dumps(timed(asked.way, asked.records, asked.rules, every)))
        return
    show(asked.records, asked.rules, every, lambda line: sys.stdout.write(f"{line}\n"))


if __name__ == "__main__":
    main()
