"""Findings for people: a table of many, the gravest first, and the whole of one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cli.output import say
from cli.table import cell, print_pairs, print_table, watched
from cli.wording import count, day, lateness, moment, money, month, said
from model.decisions import outcomes
from model.findings import Account, Impact, combined, total_of
from model.money import Month
from model.so_what import NOT_PRICED, so_what, stakes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from rich.text import Text

    from config.load import Configuration
    from model.findings import DecisionOption, Evidence, Finding, Share, TrackedFinding, Transition, Triage

NOBODY = "nobody named"
COLOURS = {"critical": "bold red", "major": "red", "minor": "yellow", "notice": "dim"}
AT_RISK = {Account.REVENUE: "revenue at risk", Account.SAVINGS: "savings lost", Account.COST: "extra cost"}


def totals(impact: Impact) -> dict[str, dict[str, object]]:
    """The money of an impact by account, over distinct records: in full, and weighted where there is a probability."""
    return {
        account.value: {"full": impact.full(account), "weighted": impact.weighted(account) or None}
        for account in Account
        if impact.full(account)
    }


def print_findings(chosen: "Sequence[TrackedFinding]", currency: str, *, stored: bool = True) -> None:
    """A table of findings, and below it the money over distinct records, accounts apart; of those that are stored, the
    whole can be shown."""
    if watched():
        headers: tuple[str, ...] = ("finding", "severity", "what disagrees, and who decides", "days", "money")
        print_table(headers, [_row(each, currency) for each in chosen], right=(3, 4))
        say()
    else:
        headers = ("finding", "severity", "days", "money", "decider", "decide by", "what disagrees")
        print_table(headers, [_line(each, currency) for each in chosen], right=(2, 3))
    whole = combined([each.finding.impact for each in chosen if each.standing])
    for account in Account:
        if whole.full(account):
            say(f"{AT_RISK[account]}: {_full_and_weighted(whole, account, currency)}")
    for foreign in whole.unconverted:
        say(f"unconverted: {money(foreign.amount, foreign.currency)} has no rate in the settings")
    whole_of_one = "; driftline show FINDING tells the whole of one" if stored else ""
    say(f"{count(len(chosen), 'finding')}{whole_of_one}")


def _row(tracked: "TrackedFinding", currency: str) -> "tuple[str | int | Text, ...]":
    """A row for eyes: two or three short lines in each cell."""
    finding = tracked.finding
    severity = finding.severity.label
    decider = cell(f"→ {_decider(finding)}", style="dim")
    return (
        tracked.fingerprint[:8],
        cell(severity, style=COLOURS[severity]),
        cell(_title(tracked)).append("\n").append_text(decider),
        _days(finding),
        cell(*(part for amount in amounts_of(finding.impact, currency) for part in amount)),
    )


def _line(tracked: "TrackedFinding", currency: str) -> "tuple[str | int | Text, ...]":
    """A row for programs: one line, the longest text last."""
    finding = tracked.finding
    return (
        tracked.fingerprint[:8],
        finding.severity.label,
        _days(finding),
        ", ".join(" ".join(amount) for amount in amounts_of(finding.impact, currency)),
        finding.decider or NOBODY,
        day(finding.decide_by),
        _title(tracked),
    )


def _title(tracked: "TrackedFinding") -> str:
    held = f" (not re-checked since {day(tracked.held_since)})" if tracked.held_since else ""
    state = "" if tracked.state.value == "open" else f" [{'decided' if tracked.decided else tracked.state.value}]"
    silent = " [not told]" if tracked.inhibited_by else " [comes and goes]" if tracked.flapping else ""
    triage = " [triage]" if tracked.finding.triage is not None else ""
    return f"{tracked.finding.title}{triage}{state}{silent}{held}"


def slip_text(triage: "Triage") -> str:
    """``value slip of 18.4 %``."""
    return f"{triage.slip} slip of {triage.percent} %"


def _days(finding: "Finding") -> str:
    return "–" if finding.impact.days is None else f"{finding.impact.days:,}"


def _decider(finding: "Finding") -> str:
    who = finding.decider or NOBODY
    return f"{who}, by {day(finding.decide_by)}" if finding.decide_by else who


def amounts_of(impact: Impact, currency: str) -> list[tuple[str, str]]:
    """Each amount with the word that says which money it is."""
    amounts = [(money(full, currency), account.value) for account in Account if (full := impact.full(account))]
    amounts += [(money(foreign.amount, foreign.currency), "unconverted") for foreign in impact.unconverted]
    deferred = total_of(impact.deferred, Account.REVENUE)
    if not amounts and deferred:
        return [(money(deferred, currency), "deferred")]
    return amounts or [("not priced", "")]


def _full_and_weighted(impact: Impact, account: Account, currency: str) -> str:
    """Both figures side by side, never mixed."""
    full, weighted = money(impact.full(account), currency), impact.weighted(account)
    return f"{full} in full, {money(weighted, currency)} weighted by probability" if weighted else full


def print_finding(tracked: "TrackedFinding", history: "Sequence[Transition]", configuration: "Configuration") -> None:
    """The whole of one finding: what to decide first, then why, then what proves it."""
    finding, settings = tracked.finding, configuration.settings
    zone = settings.business.zone
    say(finding.title, bold=True)
    say()
    currency, tree = settings.business.currency, configuration.mapping.tree
    year = tracked.judged_at.astimezone(zone).year
    print_pairs(
        [
            *_decision(tracked),
            ("so what", so_what(finding, tree, currency)),
            *_stakes(finding, currency, year),
            *_concerned(tracked, configuration),
        ]
    )
    if tracked.standing:
        print_options(finding, currency)
    _print_claims(finding)
    if finding.chain:
        say()
        say("why, the cause last", bold=True)
        for depth, step in enumerate(finding.chain):
            say(f"  {'  ' * max(0, depth - 1)}{'└ ' if depth else ''}{f'{step.key} {step.title}'.strip()}: {step.says}")
    _print_evidence(finding.evidence)
    say()
    say("history", bold=True)
    print_pairs([(moment(step.at, zone), step.kind.value, _who_and_why(step)) for step in history], indent=2)
    say()
    say(f"finding {tracked.fingerprint}; driftline explain {finding.check} tells what the check looks for")


def _decision(tracked: "TrackedFinding") -> "Iterator[tuple[str, str]]":
    if not tracked.standing:
        yield "to decide", "nothing any more: it is resolved"
        return
    if tracked.decided and tracked.decision is not None:
        yield "to decide", f"nothing before {day(tracked.decision.until)}, unless it worsens: it is decided"
        return
    yield "to decide", tracked.finding.advice or "nothing is proposed"
    yield "decides", _decider(tracked.finding)


def _stakes(finding: "Finding", currency: str, year: int) -> "Iterator[tuple[str, str]]":
    impact = finding.impact
    yield "severity", finding.severity.label
    if finding.triage is not None:
        yield "triage", f"{slip_text(finding.triage)}: the agenda turns from status to triage"
    if impact.days is not None:
        yield "variance", lateness(impact.days)
    for account in Account:
        if impact.full(account):
            yield AT_RISK[account], _full_and_weighted(impact, account, currency)
            yield from _months(impact.shares, account)
            if impact.by_month(account) and impact.within(account, year) != impact.full(account):
                yield "", f"of it in {year}: {money(impact.within(account, year), currency)}"
    yield from _delay(impact, currency)
    for foreign in impact.unconverted:
        yield "unconverted", f"{money(foreign.amount, foreign.currency)} has no rate in the settings"
    if not impact.priced and not impact.unconverted:
        yield "money", "not priced"


def _months(shares: "Sequence[Share]", account: Account) -> "Iterator[tuple[str, str]]":
    for share in shares:
        for amount in share.amounts:
            if amount.period and amount.account is account:
                yield "", f"{_period(amount.period)}: {money(amount.full.amount, amount.full.currency)}"


def _delay(impact: Impact, currency: str) -> "Iterator[tuple[str, str]]":
    """What the delay moves and costs beside what is at risk, as far as it is known."""
    deferred = total_of(impact.deferred, Account.REVENUE)
    if deferred:
        yield "deferred", f"{money(deferred, currency)} of revenue"
        yield from _months(impact.deferred, Account.REVENUE)
    for label, shares in (("a week more", impact.weekly), ("in a year", impact.yearly)):
        parts = [
            f"{money(total, currency)} {account.value}" for account in Account if (total := total_of(shares, account))
        ]
        if parts:
            yield label, ", ".join(parts)


def print_options(finding: "Finding", currency: str) -> None:
    """What the decider can choose from, with what it gives up, who acts and the last day for it."""
    if not finding.options:
        return
    say()
    say("what can be decided", bold=True)
    rows = [
        (number, each.says, each.acts or NOBODY, _given_up(each, currency), day(each.until) if each.until else "")
        for number, each in enumerate(finding.options, start=1)
    ]
    print_table(("", "option", "who acts", "gives up", "open until"), rows)


def _given_up(option: "DecisionOption", currency: str) -> str:
    """The money that an option gives up; what nobody has priced is not free."""
    if option.costs_nothing:
        return "nothing"
    price = stakes(Impact(shares=option.costs), currency)
    return price if price != NOT_PRICED else "not priced"


def _period(text: str) -> str:
    try:
        return month(Month.parse(text))
    except ValueError:
        return text


def _concerned(tracked: "TrackedFinding", configuration: "Configuration") -> "Iterator[tuple[str, str]]":
    finding, tree = tracked.finding, configuration.mapping.tree
    zone = configuration.settings.business.zone
    yield "owner", finding.owner or NOBODY
    for number, objective_id in enumerate(finding.objective_ids):
        objective = tree.get(objective_id)
        called = f" {objective.name}" if objective else ", no longer an objective"
        yield "objective" if number == 0 else "", f"{objective_id}{called}"
    if not finding.objective_ids:
        yield "objective", "none linked"
    yield "state", f"{tracked.state.value} since {moment(tracked.changed_at, zone)}"
    if tracked.acceptance is not None:
        accepted = tracked.acceptance
        yield "accepted", f"by {accepted.by} until {day(accepted.until)}: {accepted.why}"
        if accepted.overrides:
            yield "", f"without the right to: it was for {accepted.overrides} to decide"
    yield from _decided(tracked, zone)
    if tracked.inhibited_by:
        yield "not told", f"as long as this is so: {tracked.inhibited_by}"
    if tracked.flapping is not None:
        since = moment(tracked.flapping.since, zone)
        yield "comes and goes", f"since {since}; it is told again when it has settled"
    if tracked.held_since is not None:
        yield "held", f"not re-checked since {moment(tracked.held_since, zone)}: {tracked.held_because}"


def _decided(tracked: "TrackedFinding", zone: "ZoneInfo") -> "Iterator[tuple[str, str]]":
    """What was decided last, and how far that has come on the day of the last judgement."""
    for outcome in outcomes([tracked], tracked.judged_at.astimezone(zone).date()):
        decision = outcome.decision
        seen = ", its effect is seen in part" if outcome.partly_seen else ""
        yield "decided", f"by {decision.by} on {day(decision.at.astimezone(zone))}: {decision.says}"
        yield "", f"{decision.owner} carries it out until {day(decision.until)}: {outcome.progress}{seen}"


def _print_claims(finding: "Finding") -> None:
    claims = [claim for claim in (finding.commitment, finding.forecast) if claim is not None]
    if not claims:
        return
    say()
    say("what the tools say", bold=True)
    rows: list[tuple[str, str]] = []
    for claim in claims:
        rows.append((claim.system, f"{claim.key} {claim.says}"))
        if claim.where:
            rows.append(("", claim.where))
    print_pairs(rows, indent=2)


def _print_evidence(evidence: "Sequence[Evidence]") -> None:
    """What proves it, by record; the address stands beside the record when all its fields share it."""
    if not evidence:
        return
    say()
    say("evidence", bold=True)
    for key in dict.fromkeys(proof.key for proof in evidence):
        proofs = [proof for proof in evidence if proof.key == key]
        places = {proof.where for proof in proofs}
        shared = places.pop() if len(places) == 1 else ""
        say(f"  {key}  {shared}".rstrip())
        print_pairs([(proof.field, _proven(proof), "" if shared else proof.where) for proof in proofs], indent=4)


def _proven(proof: "Evidence") -> str:
    """The value, and what it was where it changed; an empty one is said, because a gap proves nothing to a reader."""
    value = _or_none(proof.value)
    if proof.old is None and proof.by is None and proof.at is None:
        return value
    if proof.old == proof.value and proof.by is None and proof.at is None:
        return f"{value}, unchanged"
    before = f", before {_or_none(proof.old)}" if proof.old is not None and proof.old != proof.value else ""
    by = f" by {proof.by}" if proof.by else ""
    at = f" on {day(proof.at)}" if proof.at else ""
    return f"{value}{before}, changed{by}{at}"


def _or_none(text: str) -> str:
    return said(text) or "none"


def _who_and_why(step: "Transition") -> str:
    who = "" if step.by == "driftline" else f"by {step.by}"
    baseline = "on the first run" if step.baseline else ""
    quiet = f"not told: {step.quiet}" if step.quiet and step.quiet != step.reason else ""
    return ", ".join(part for part in (who, baseline, step.reason, quiet) if part)
