"""The matcher against a naive reference, and what must not change its answer."""

import fnmatch
import json
import random
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.document import SourceText
from mapping.load import LoadedMapping, load_mapping
from mapping.match import Match, Matcher, Names
from model.links import Role
from model.records import Deal, Record, WorkItem
from tests.examples import examples
from tests.mapping.samples import OBJECTIVES

WORDS = ("alpha", "Beta", "GAMMA", "delta one")
KEYS = tuple(f"K-{number}" for number in range(6))
TITLES = ("Roll out alpha", "beta", "The GAMMA plan", "")
PATTERNS = ("*alpha*", "beta", "*a", "???A", "*", "the*plan")

words = st.sampled_from(WORDS)
one_or_two = st.lists(words, min_size=1, max_size=2, unique=True)
conditions = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.lists(st.sampled_from(["work_item", "deal"]), min_size=1, max_size=2, unique=True),
        "key": st.lists(st.sampled_from(KEYS), min_size=1, max_size=2, unique=True),
        "container": one_or_two,
        "label": one_or_two,
        "parent": st.lists(st.sampled_from(KEYS), min_size=1, max_size=1),
        "title": st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=2, unique=True),
        "Region": one_or_two,
    },
).filter(bool)


def _possible(asked: dict[str, list[str]]) -> bool:
    return "deal" not in asked.get("kind", ()) or not {"label", "parent"} & set(asked)


rules = st.lists(
    st.fixed_dictionaries(
        {
            "role": st.sampled_from(["delivers", "promises"]),
            "objective": st.sampled_from(["ORG", "MP-AURORA", "M-SAVE"]),
            "match": conditions.filter(_possible),
            "source": st.sampled_from([None, "jira", "crm"]),
        }
    ),
    min_size=1,
    max_size=8,
)
SPELLINGS: tuple[Callable[[str], str], ...] = (str, str.upper, str.lower, lambda text: f" {text}\u00a0")


@st.composite
def records(draw: st.DrawFn) -> list[Record]:
    made: list[Record] = []
    for number in range(draw(st.integers(1, 5))):
        shared: dict[str, Any] = {
            "source": draw(st.sampled_from(["jira", "crm"])),
            "native_id": str(number),
            "key": KEYS[number],
            "former_keys": tuple(draw(st.lists(st.sampled_from(KEYS), max_size=1))),
            "title": draw(st.sampled_from(TITLES)),
            "container": draw(st.sampled_from(("", *WORDS))),
            "custom": {"Region": draw(st.sampled_from(SPELLINGS))(draw(words))} if draw(st.booleans()) else {},
        }
        if draw(st.booleans()):
            parent = draw(st.sampled_from([None, "0", "1", "2"]))
            made.append(WorkItem(**shared, parent=parent, labels=tuple(draw(st.lists(words, max_size=2)))))
        else:
            made.append(Deal(**shared))
    return made


def load(specs: list[dict[str, Any]]) -> LoadedMapping:
    entries = []
    for index, spec in enumerate(specs):
        asked = {name: value for name, value in spec["match"].items() if name != "Region"}
        if "Region" in spec["match"]:
            asked["fields"] = {"Region": spec["match"]["Region"]}
        entry = {"name": spec.get("name", f"r{index}"), **spec, "match": asked}
        entries.append({key: value for key, value in entry.items() if value is not None})
    text = json.dumps({"version": 1, "rules": entries})
    return load_mapping([SourceText("o.yaml", OBJECTIVES)], [SourceText("r.yaml", text)], sources=("jira", "crm"))


def plain(text: str) -> str:
    return " ".join(text.split()).lower()


def answers(record: Record, name: str, world: list[Record]) -> list[str]:
    """What the record says, worked out the slow way."""
    if name == "kind":
        return [record.kind.value]
    if name == "key":
        return [record.key, *record.former_keys]
    if name == "Region":
        return [str(record.custom["Region"])] if "Region" in record.custom else []
    if name in {"container", "title"}:
        return [getattr(record, name)] if getattr(record, name) else []
    if not isinstance(record, WorkItem):
        return []
    if name == "label":
        return list(record.labels)
    found: list[str] = []
    seen = {record.id}
    above = record.parent
    while above is not None and f"{record.source}:{above}" not in seen:
        seen.add(f"{record.source}:{above}")
        parent = next(
            (each for each in world if each.id == f"{record.source}:{above}" and isinstance(each, WorkItem)), None
        )
        found += [parent.key, *parent.former_keys] if parent else [above]
        above = parent.parent if isinstance(parent, WorkItem) else None
    return found


def holds(spec: dict[str, Any], record: Record, world: list[Record]) -> bool:
    if spec["source"] not in {None, record.source}:
        return False
    for name, wanted in spec["match"].items():
        said = [plain(each) for each in answers(record, name, world)]
        if name == "title":
            if not any(fnmatch.fnmatchcase(title, plain(pattern)) for title in said for pattern in wanted):
                return False
        elif not set(said) & {plain(each) for each in wanted}:
            return False
    return True


RUNGS = {"key": 4, "Region": 3, "label": 3, "parent": 3, "title": 2}


def reference(specs: list[dict[str, Any]], record: Record, world: list[Record]) -> set[tuple[str, str, str]]:
    """The links that design 5.9 asks for, by trying every rule."""
    links = set()
    for role in ("delivers", "promises"):
        tried = [
            (
                -max(RUNGS.get(name, 1) for name in spec["match"]),
                -len(spec["match"]) - (spec["source"] is not None),
                index,
            )
            for index, spec in enumerate(specs)
            if spec["role"] == role and holds(spec, record, world)
        ]
        if tried:
            best = min(tried)[2]
            links.add((f"r{best}", role, specs[best]["objective"]))
    return links


def linked(match: Match) -> set[tuple[str, str, str]]:
    return {(link.rule, link.role.value, link.objective_id) for link in match.links}


@settings(max_examples=examples(150), deadline=None)
@given(rules, records())
def test_the_matcher_agrees_with_trying_every_rule(specs: list[dict[str, Any]], world: list[Record]) -> None:
    matcher = Matcher(load(specs), Names.of(world))
    for record in world:
        assert linked(matcher.match(record)) == reference(specs, record, world)


@settings(max_examples=examples(60), deadline=None)
@given(rules, records(), st.randoms(use_true_random=False))
def test_the_order_of_records_never_matters(
    specs: list[dict[str, Any]], world: list[Record], chance: random.Random
) -> None:
    loaded, names = load(specs), Names.of(world)
    matcher = Matcher(loaded, names)
    in_order = {record.id: matcher.match(record) for record in world}
    shuffled = chance.sample(world, len(world))
    other = Matcher(loaded, names)
    assert {record.id: other.match(record) for record in shuffled} == in_order


@settings(max_examples=examples(60), deadline=None)
@given(rules, records(), st.randoms(use_true_random=False))
def test_rules_that_do_not_match_never_matter_wherever_they_stand(
    specs: list[dict[str, Any]], world: list[Record], chance: random.Random
) -> None:
    record = world[0]
    named = [{**spec, "name": f"n{index}"} for index, spec in enumerate(specs)]
    matching = [spec for spec in named if holds(spec, record, world)]
    others = [spec for spec in named if spec not in matching]
    mixed = list(matching)
    for other in others:
        mixed.insert(chance.randint(0, len(mixed)), other)
    names = Names.of(world)
    alone = Matcher(load(matching), names).match(record)
    among = Matcher(load(mixed), names).match(record)
    assert linked(among) == linked(alone)
    assert among.ambiguities == alone.ambiguities


@settings(max_examples=examples(60), deadline=None)
@given(rules, records())
def test_a_record_named_by_key_always_beats_a_pattern(specs: list[dict[str, Any]], world: list[Record]) -> None:
    record = world[0]
    others = [spec for spec in specs if "key" not in spec["match"]]
    by_key = {"role": "delivers", "objective": "ORG", "match": {"key": [record.key]}, "source": None}
    found = Matcher(load([*others, by_key]), Names.of(world)).match(record)
    assert [link.rule for link in found.links if link.role is Role.DELIVERS] == [f"r{len(others)}"]
