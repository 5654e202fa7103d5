"""What a decision paper says of the facts: both claims, since when, the evidence, the price of waiting, what binds."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from digest.base import Block, Column, Inline, Line, Paragraph, Small, Table, Text, line, phrase
from digest.changes import cause_line, forecast_fact
from digest.findings_language import retold
from digest.hostile import clean
from digest.language import Language
from digest.sentences import (
    STAKES,
    claim_fact,
    linked,
    money_of,
    person,
    record_name,
    unconverted_text,
)
from model.causes import binding_step
from model.findings import Account, Evidence, Finding, Impact, OptionKind, Share, TrackedFinding, total_of

MOST_EVIDENCE = 5
_VALUE_LIMIT = 40
_PLACE_LIMIT = 60
_CLAIM_LIMIT = 220
_EVIDENCE_LIMIT = 480
"""Characters, so that one page holds it."""


def changed_lines(words: Language, tracked: TrackedFinding, today: date, zone: ZoneInfo) -> Iterable[tuple[str, Line]]:
    """What each system says, who moved it, and since when they disagree."""
    finding = tracked.finding
    if finding.commitment:
        fact = claim_fact(words, finding.commitment, today)
        yield fact.label, cut(fact.content, _CLAIM_LIMIT)
    if finding.forecast:
        fact = forecast_fact(words, finding, finding.forecast, today, zone)
        yield fact.label, cut(fact.content, _CLAIM_LIMIT)
    if moved := cause_line(words, finding, today, zone):
        yield words.say("Cause"), cut(moved, _CLAIM_LIMIT)
    since = words.weekday(tracked.opened_at.astimezone(zone).date(), today)
    if tracked.baseline:
        yield words.say("Since"), line(words.say("before Driftline first looked, on {day}", day=since))
    else:
        yield words.say("Since"), line(words.say("{day}, when Driftline first saw it", day=since))


def cut(content: Line, limit: int) -> Line:
    """A line of at most so many characters: a key or a name of a source may be as long as it likes."""
    kept: list[Inline] = []
    for piece in content:
        if limit <= 0:
            break
        text = piece.text if len(piece.text) <= limit else clean(piece.text, limit)
        limit -= len(text)
        kept.append(replace(piece, text=text))
    return tuple(kept)


def evidence_line(words: Language, finding: Finding, today: date, zone: ZoneInfo) -> Line:
    """The observed fields, the changed ones first, each with the address of its record."""
    ranked = sorted(finding.evidence, key=lambda proof: proof.old in (None, proof.value))
    pieces: list[Inline] = []
    room, shown = _EVIDENCE_LIMIT, 0
    for proof in ranked[:MOST_EVIDENCE]:
        told = line(*(["; "] if shown else []), *_proof(words, _name(proof, finding), proof, today, zone))
        room -= sum(len(piece.text) for piece in told)
        if shown and room < 0:
            break
        pieces += told
        shown += 1
    if hidden := len(ranked) - shown:
        pieces += line(f"; {words.count(hidden, 'and {n} more', 'and {n} more')}")
    return tuple(pieces)


def _name(proof: Evidence, finding: Finding) -> str:
    """A record by its key, or by its title where the key is but a number."""
    title = next((step.title for step in finding.chain if step.node == proof.record_id), "")
    return clean(title if proof.key.isdecimal() and title else proof.key, _VALUE_LIMIT)


def _proof(words: Language, name: str, proof: Evidence, today: date, zone: ZoneInfo) -> Iterable[Inline | str]:
    """``AUR-118 due 16 Nov, before 18 Sep, on 15 Sep by tomas.silva``; a cell address has no link and is printed."""
    yield linked(name, proof.where)
    value = retold(words, proof.value, today, _VALUE_LIMIT) or words.say("nothing")
    yield f" {retold(words, proof.field, today, _VALUE_LIMIT)} {value}"
    if proof.old not in (None, proof.value):
        before = retold(words, proof.old or "", today, _VALUE_LIMIT) or words.say("nothing")
        yield f", {words.say('before {value}', value=before)}"
    if proof.at:
        yield f", {words.say('on {day}', day=words.day(proof.at.astimezone(zone).date(), today))}"
    if proof.by:
        yield f" {words.say('by {who}', who=person(proof.by))}"
    if "!" in proof.where and ":" not in proof.where:
        yield Text(f" ({clean(proof.where, _PLACE_LIMIT)})", muted=True)


def consequence_blocks(words: Language, impact: Impact, currency: str, year: int) -> tuple[Block, ...]:
    """The price of waiting by account: at stake, each week, within the year, in a whole year. Unknown is not zero."""
    rows = [
        (line(words.say(STAKES[account])), *(line(cell) for cell in _cells(words, impact, account, year)))
        for account in Account
        if _is_at_stake(impact, account)
    ]
    blocks: list[Block] = []
    if rows:
        heads = (
            words.say("at stake"),
            words.say("each week more"),
            words.say("in {year}", year=year),
            words.say("in a whole year"),
        )
        blocks.append(Table((Column(currency), *(Column(head, figures=True) for head in heads)), tuple(rows)))
    notes = list(_notes(words, impact, currency))
    if not rows and not notes:
        return (Paragraph(line(words.say("Not priced: no amount is linked."))),)
    return (*blocks, Small(line(" ".join(notes)))) if notes else tuple(blocks)


def _is_at_stake(impact: Impact, account: Account) -> bool:
    return any(total_of(shares, account) for shares in (impact.shares, impact.weekly, impact.yearly))


def _cells(words: Language, impact: Impact, account: Account, year: int) -> Sequence[str]:
    unknown = words.say("not known")
    told = [total_of(shares, account) for shares in (impact.shares, impact.weekly, impact.yearly)]
    full, weekly, yearly = (words.exact(total) if total else unknown for total in told)
    within = words.exact(impact.within(account, year)) if told[0] and impact.by_month(account) else unknown
    return full, weekly, within, yearly


def _notes(words: Language, impact: Impact, currency: str) -> Iterable[str]:
    weighted = impact.weighted(Account.REVENUE)
    if weighted:
        yield words.say("Weighted by probability: {amount}.", amount=words.exact(weighted, currency))
    if deferred := total_of(impact.deferred, Account.REVENUE):
        yield words.say("Moved to later months: {amount} revenue.", amount=words.exact(deferred, currency))
    if foreign := unconverted_text(words, impact):
        yield f"{foreign[:1].upper()}{foreign[1:]}."


def bottleneck_line(words: Language, finding: Finding, today: date) -> Line:
    """The record that binds with whoever acts on it; a budget that is not approved; else that it is not known."""
    pieces: list[Inline | str] = []
    if (step := binding_step(finding)) is not None:
        who = next((each.acts for each in finding.options if each.record_id == step.node and each.acts), None)
        name = linked(record_name(step.key, step.title), step.where)
        acts = person(who) if who else ""
        pieces += phrase(words, "{record}, with {who}", record=name, who=acts) if acts else [name]
        if says := retold(words, step.says, today, 120):
            pieces.append(f": {says}")
    for option in finding.options:
        if option.kind is OptionKind.FUND:
            pieces.append("; " if pieces else "")
            pieces.append(words.say("Money: {what}", what=retold(words, option.says, today, 120)))
    return line(*pieces) if pieces else line(words.say("Not known: no record is known to bind."))


def money_words(words: Language, shares: Sequence[Share], currency: str, accounts: Iterable[Account] = Account) -> str:
    """``EUR 480,000 revenue``: what these shares come to by account; empty where they have no money."""
    totals = [(account, total) for account in accounts if (total := total_of(shares, account))]
    return words.listed([money_of(words, words.exact(total, currency), account) for account, total in totals])
