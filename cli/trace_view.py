"""A trace as a tree of text: what causes it, what it hits, and what that costs."""

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from cli.finding_view import AT_RISK, totals
from cli.output import say, write
from cli.table import console, watched
from cli.wording import clean, count, day, lateness, money
from model.findings import Account
from model.traces import NodeKind

if TYPE_CHECKING:
    from model.findings import Impact
    from model.traces import Branch, Trace

MOST_BRANCHES = 20
"""So many nodes are told on one branching; the rest is counted."""


def print_trace(trace: "Trace", currency: str) -> None:
    """Both ways from one node, and below them the money over distinct records, accounts apart."""
    say(name_of(trace.causes), bold=True)
    say(place_of(trace.causes))
    say()
    say("what causes it, the cause last", bold=True)
    _print_tree(trace.causes, currency, toward_causes=True)
    say()
    say("what it hits", bold=True)
    _print_tree(trace.hits, currency, toward_causes=False)
    say()
    for line in summary(trace, currency):
        say(line)


def summary(trace: "Trace", currency: str) -> Iterator[str]:
    """How much is hit, in money over distinct records, and what else there is to see."""
    hit = [branch for branch in trace.hits.walk() if branch.binds and branch.effect and late(branch.effect)]
    kinds = ((NodeKind.DEAL, "deal"), (NodeKind.SAVING, "saving"), (NodeKind.OBJECTIVE, "objective"))
    counted = [
        count(number, word)
        for kind, word in kinds
        if (number := len({branch.node for branch in hit if branch.kind is kind}))
    ]
    yield f"late by it: {', '.join(counted)}" if counted else "nothing is late by it"
    served = dict.fromkeys(objective for branch in hit for objective in branch.serves)
    if served:
        yield f"objectives behind that: {clean(', '.join(served))}"
    for account in Account:
        if trace.total.full(account):
            yield f"{AT_RISK[account]}: {_full_and_weighted(trace.total, account, currency)}"
    for foreign in trace.total.unconverted:
        yield f"unconverted: {money(foreign.amount, foreign.currency)} has no rate in the settings"
    if trace.others:
        yield f"{trace.others:,} more hang on it without being decided by it; --all shows them"
    if trace.cause_hits:
        *_, cause = _bound(trace.causes)
        key = clean(cause.key)
        yield f"{key} decides {count(trace.cause_hits, 'more promise')}: driftline trace {key}"


def _bound(branch: "Branch") -> "Iterator[Branch]":
    """The chain that binds."""
    current: Branch | None = branch
    while current is not None:
        yield current
        current = next((each for each in current.branches if each.binds), None)


def late(effect: "Impact") -> bool:
    return effect.days is None or effect.days > 0


def name_of(branch: "Branch") -> str:
    """``AUR-118 Certify the safety gateway``."""
    return clean(f"{branch.key} {branch.title}".strip())


def place_of(branch: "Branch") -> str:
    """``work in jira``, ``objective``."""
    return clean(f"{branch.kind.value} in {branch.source}" if branch.source else branch.kind.value)


def effect_of(branch: "Branch", currency: str) -> str:
    """``47 days late, EUR 480,000 at risk``; empty where nothing is compared."""
    effect = branch.effect
    if effect is None:
        return ""
    told = "nothing supports it" if effect.days is None else lateness(effect.days)
    amounts = [
        f"{money(full, currency)} {'at risk' if account is Account.REVENUE else 'lost'}"
        for account in Account
        if (full := effect.full(account))
    ]
    amounts += [f"{money(foreign.amount, foreign.currency)} unconverted" for foreign in effect.unconverted]
    sold = branch.kind in (NodeKind.DEAL, NodeKind.SAVING)
    if sold and late(effect) and effect.shares and not amounts:
        amounts = ["not priced"]
    return ", ".join([told, *amounts])


def _full_and_weighted(impact: "Impact", account: Account, currency: str) -> str:
    full, weighted = money(impact.full(account), currency), impact.weighted(account)
    return f"{full} in full, {money(weighted, currency)} weighted by probability" if weighted else full


def _print_tree(root: "Branch", currency: str, *, toward_causes: bool) -> None:
    """Lines with the branches drawn before them; wrapped on a terminal, one line a node elsewhere."""
    import sys

    width = console(sys.stdout).width if watched() else None
    for lead, hang, branch in _drawn(root):
        if isinstance(branch, str):
            say(f"  {lead}{branch}")
            continue
        text = told(branch, currency, toward_causes=toward_causes)
        if width is None:
            say(f"  {lead}{text}")
            continue
        first, rest = f"  {lead}", f"  {hang}"
        for line in wrap(text, max(40, width), initial_indent=first, subsequent_indent=rest) or [first]:
            write(line)


def told(branch: "Branch", currency: str, *, toward_causes: bool) -> str:
    """One node on one line."""
    parts = [branch.says]
    if not toward_causes and branch.day and day(branch.day) not in branch.says and branch.kind is not NodeKind.NOTHING:
        parts.append(f"now {day(branch.day)}")
    if not toward_causes and (effect := effect_of(branch, currency)):
        parts.append(effect)
    if toward_causes and not branch.binds:
        parts.append("does not bind")
    if branch.again:
        parts.append("shown elsewhere")
    if branch.serves and not toward_causes:
        parts.append(f"for {', '.join(branch.serves)}")
    text = clean("; ".join(part for part in parts if part))
    return f"{name_of(branch)} ({place_of(branch)}): {text}" if text else f"{name_of(branch)} ({place_of(branch)})"


def _drawn(root: "Branch") -> "Iterator[tuple[str, str, Branch | str]]":
    """Each node with what is drawn before its first line and before the lines that it is wrapped to."""
    waiting: list[tuple[str, str, Branch | str]] = [("", "", root)]
    while waiting:
        lead, hang, branch = waiting.pop()
        behind = [] if isinstance(branch, str) else _behind(branch)
        yield lead, hang + ("│  " if behind else "   ") if behind else hang, branch
        drawn: list[tuple[str, str, Branch | str]] = []
        for number, each in enumerate(behind):
            last = number == len(behind) - 1
            drawn.append((hang + ("└─ " if last else "├─ "), hang + ("   " if last else "│  "), each))
        waiting.extend(reversed(drawn))


def _behind(branch: "Branch") -> "Sequence[Branch | str]":
    shown: list[Branch | str] = list(branch.branches[:MOST_BRANCHES])
    if branch.skipped:
        shown.insert(0, f"… {count(branch.skipped, 'step')} between")
    more = len(branch.branches) - MOST_BRANCHES
    if more > 0:
        shown.append(f"… and {more:,} more")
    if branch.hidden:
        shown.append(f"… and {branch.hidden:,} further away")
    return shown


def as_json(trace: "Trace") -> dict[str, object]:
    """The documented contract of ``driftline trace --json``."""
    return {
        "finding": trace.finding or None,
        "causes": _node(trace.causes),
        "hits": _node(trace.hits),
        "totals": totals(trace.total),
        "unconverted": trace.total.unconverted,
        "others": trace.others,
        "cause_hits": trace.cause_hits,
    }


def _node(branch: "Branch") -> dict[str, object]:
    effect = branch.effect
    return {
        "node": branch.node,
        "key": branch.key,
        "kind": branch.kind,
        "title": branch.title,
        "source": branch.source,
        "says": branch.says,
        "day": branch.day,
        "binds": branch.binds,
        "compared": effect is not None,
        "days": effect.days if effect else None,
        "money": totals(effect) if effect else {},
        "unconverted": effect.unconverted if effect else (),
        "serves": branch.serves,
        "again": branch.again,
        "skipped": branch.skipped,
        "hidden": branch.hidden,
        "branches": [_node(each) for each in branch.branches],
    }
