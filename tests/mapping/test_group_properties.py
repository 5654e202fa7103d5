"""Groups, comparisons and expressions: the matcher with its index against a slow reference in three values."""

import fnmatch
import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mapping.document import SourceText
from mapping.explain import explain
from mapping.load import LoadedMapping, load_mapping
from mapping.match import Matcher, Names
from mapping.reach import outline, reach
from model.records import WorkItem
from tests.examples import examples
from tests.mapping.samples import OBJECTIVES

TODAY = date(2026, 9, 1)
WORDS = ("alpha", "beta", "gamma one")
KEYS = ("K-0", "K-1", "K-2")
PATTERNS = ("*alpha*", "be*", "*a", "???a", "*", "*gamma*one*")
words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=2, unique=True)
days = st.integers(-3, 3)

plain = st.fixed_dictionaries(
    {},
    optional={
        "key": st.lists(st.sampled_from(KEYS), min_size=1, max_size=2, unique=True),
        "label": words,
        "type": words,
        "title": st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=2, unique=True),
        "Region": words,
        "above": st.integers(0, 4),
        "before": days,
        "where": st.sampled_from(WORDS),
    },
).filter(bool)


def grouped(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    groups = st.lists(inner, min_size=1, max_size=2)
    return st.builds(lambda own, **more: {**own, **more}, plain, all=groups, any=groups, none=groups) | (
        st.one_of(*(st.fixed_dictionaries({name: groups}) for name in ("all", "any", "none")))
    )


matches = plain | grouped(plain | grouped(plain))
records = st.lists(
    st.builds(
        dict,
        key=st.sampled_from(KEYS),
        labels=st.lists(st.sampled_from(WORDS), max_size=2).map(tuple),
        type=st.sampled_from(("", *WORDS)),
        title=st.sampled_from(("", "alpha", "beta", "The gamma one", "ALPHA beta")),
        estimate=st.none() | st.integers(0, 4).map(Decimal),
        due=st.none() | days.map(lambda each: TODAY + timedelta(days=each)),
        custom=st.just({}) | st.sampled_from(WORDS).map(lambda word: {"Region": word.upper()}),
    ),
    min_size=1,
    max_size=4,
).map(lambda all_: [WorkItem(source="jira", native_id=str(number), **said) for number, said in enumerate(all_)])


def written(asked: dict[str, Any]) -> dict[str, Any]:
    """The match as a rule file says it."""
    made = {name: asked[name] for name in ("key", "label", "type", "title") if name in asked}
    fields: dict[str, Any] = {"Region": asked["Region"]} if "Region" in asked else {}
    if "above" in asked:
        fields["estimate"] = {"above": asked["above"]}
    if "before" in asked:
        fields["due"] = {"before": f"today {'+' if asked['before'] >= 0 else '-'} {abs(asked['before'])}d"}
    if "where" in asked:
        made["where"] = f"labels contains '{asked['where']}' or type = '{asked['where']}'"
    for name in ("all", "any", "none"):
        if name in asked:
            made[name] = [written(each) for each in asked[name]]
    return {**made, **({"fields": fields} if fields else {})}


def every(truths: list[bool | None]) -> bool | None:
    return False if False in truths else None if None in truths else True


def negated(truth: bool | None) -> bool | None:
    return None if truth is None else not truth


def some(truths: list[bool | None]) -> bool | None:
    return negated(every([negated(each) for each in truths]))


def truth(asked: dict[str, Any], record: WorkItem) -> bool | None:
    """Worked out the slow way."""
    region = record.custom.get("Region")
    told: dict[str, bool | None] = {
        "key": record.key in asked.get("key", ()),
        "label": bool(set(record.labels) & set(asked.get("label", ()))),
        "type": record.type in asked.get("type", ()) if record.type else None,
        "title": any(
            fnmatch.fnmatchcase(record.title.lower(), each) for each in asked.get("title", ()) if record.title
        ),
        "Region": None if region is None else str(region).lower() in asked.get("Region", ()),
        "above": None if record.estimate is None else record.estimate > asked.get("above", 0),
        "before": None if record.due is None else record.due < TODAY + timedelta(days=asked.get("before", 0)),
        "where": some(
            [asked.get("where") in record.labels, record.type == asked.get("where") if record.type else None]
        ),
    }
    truths = [told[name] for name in told if name in asked]
    truths += [truth(each, record) for each in asked.get("all", ())]
    if "any" in asked:
        truths.append(some([truth(each, record) for each in asked["any"]]))
    truths += [negated(truth(each, record)) for each in asked.get("none", ())]
    return every(truths)


def load(matches: list[dict[str, Any]]) -> LoadedMapping:
    roles = ("delivers", "promises", "saves", "measures", "reports")
    rules = [
        {"name": f"r{index}", "role": roles[index], "objective": "ORG", "match": {"kind": "work_item", **written(each)}}
        for index, each in enumerate(matches)
    ]
    text = SourceText("r.yaml", json.dumps({"version": 1, "rules": rules}))
    return load_mapping([SourceText("o.yaml", OBJECTIVES)], [text], sources=("jira",))


several = st.lists(matches, min_size=1, max_size=5)


@settings(max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(several, records)
def test_the_index_finds_every_record_that_the_conditions_hold_for(
    asked: list[dict[str, Any]], world: list[WorkItem]
) -> None:
    loaded = load(asked)
    matcher = Matcher(loaded, Names(), TODAY)
    for record in world:
        found = matcher.match(record)
        assert {link.rule for link in found.links} == {
            f"r{index}" for index, each in enumerate(asked) if truth(each, record) is True
        }
        assert explain(loaded, Names(), record, TODAY).match == found


@settings(max_examples=examples(75), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(several, several, records)
def test_a_change_of_rules_touches_no_record_that_its_reach_leaves_out(
    before: list[dict[str, Any]], after: list[dict[str, Any]], world: list[WorkItem]
) -> None:
    old, new = load(before), load(after)
    touched = reach(outline(old), new)
    for record in world:
        if not touched.touches(record, Names()):
            links = [Matcher(each, Names(), TODAY).match(record).links for each in (old, new)]
            assert links[0] == links[1]
