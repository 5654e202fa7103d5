"""A plan for people: on a terminal, and as Markdown for a comment where others review the edit."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cli.finding_view import totals
from cli.output import say, talk
from cli.wording import clean, count, moment, money, origin, waiting
from pipeline.plan import Change

if TYPE_CHECKING:
    from model.links import Link
    from model.mapping_changes import MappingChange, Names
    from pipeline.plan import LinkedMoney, Plan, PlannedFinding, PlannedLink, PlannedNeed

MOST_SHOWN = 50
"""Lines of each part without ``--all``; a comment of a pull request takes no more than 65,536 characters."""
_FOREIGN_TEXT = 120
"""Characters of a foreign text on one line."""

Quote = Callable[[str], str]
"""Makes a foreign text safe where it is going to stand."""


def plainly(text: str) -> str:
    """A foreign text on one line of a terminal."""
    visible = " ".join(clean(text).split())
    return visible if len(visible) <= _FOREIGN_TEXT else f"{visible[: _FOREIGN_TEXT - 1]}…"


def as_code(text: str) -> str:
    """A foreign text as a code span: nothing in it is markup, a mention of somebody, a reference or an address."""
    visible = plainly(text)
    if not visible:
        return ""
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", visible)), default=0))
    pad = " " if visible.startswith("`") or visible.endswith("`") else ""
    return f"{fence}{pad}{visible}{pad}{fence}"


@dataclass(frozen=True, slots=True)
class PlanText:
    """The sentences of a plan; ``quote`` fits foreign texts to where they are read."""

    plan: "Plan"
    currency: str
    quote: Quote
    most: int | None = MOST_SHOWN

    def parts(self) -> Iterator[tuple[str, list[str]]]:
        """Each part with its lines; parts without lines are left out."""
        plan = self.plan
        parts = (
            ("Findings", [self.finding(each) for each in plan.findings], len(plan.findings)),
            ("Links", [self.link(each) for each in plan.links], sum(plan.link_counts.values())),
            ("Needs", [self.need(each) for each in plan.needs], sum(plan.need_counts.values())),
            ("Money", [*self.money()], 0),
        )
        for title, lines, number in parts:
            shown = lines if self.most is None else lines[: self.most]
            if number > len(shown):
                shown = [*shown, f"… and {number - len(shown):,} more"]
            if shown:
                yield title, shown

    def link(self, each: "PlannedLink") -> str:
        """``Would link D-1 Big customer to M-101 (promises, rule deals)``."""
        record = self.record(each.key, each.title)
        before, after = each.before, each.after
        if before is None or after is None:
            link = after or before
            assert link is not None
            how = f"{each.role.value}, rule {self.quote(link.rule)}"
            verb, preposition = ("link", "to") if after else ("unlink", "from")
            return f"Would {verb} {record} {preposition} {self.quote(link.objective_id)} ({how})"
        if each.change is Change.MOVE:
            way = f"from {self.quote(before.objective_id)} to {self.quote(after.objective_id)}"
            return f"Would move the link of {record} {way} ({each.role.value}, rule {self.quote(after.rule)})"
        return (
            f"Would change the link of {record} to {self.quote(after.objective_id)}: {self._otherwise(before, after)}"
        )

    def _otherwise(self, before: "Link", after: "Link") -> str:
        told = []
        if before.rule != after.rule:
            told.append(f"rule {self.quote(before.rule)} -> {self.quote(after.rule)}")
        if before.weight != after.weight:
            told.append(f"weight {before.weight} -> {after.weight}")
        return ", ".join(told)

    def need(self, each: "PlannedNeed") -> str:
        wanted = self.quote(waiting(each.need.wanted, each.need.lag_days, each.need.calendar))
        if each.change is Change.ADD:
            said = f" ({self.quote(origin(each.need))})" if each.need.rule else ""
            return f"Would make {self.record(each.key, each.title)} wait for {wanted}{said}"
        return f"Would no longer make {self.record(each.key, each.title)} wait for {wanted}"

    def finding(self, each: "PlannedFinding") -> str:
        """``Would resolve 1a2b3c4d "…" (major, EUR 1,200 revenue): the reason``."""
        tracked = each.after or each.before
        assert tracked is not None
        finding = tracked.finding
        amounts = [
            f"{money(Decimal(str(both['full'])), self.currency)} {account}"
            for account, both in totals(finding.impact).items()
        ]
        what = ", ".join((finding.severity.label, *amounts))
        said = f": {self.quote(each.reason)}" if each.reason else ""
        return f"Would {each.change.value} {tracked.fingerprint[:8]} {self.quote(finding.title)} ({what}){said}"

    def money(self) -> Iterator[str]:
        for each in self.plan.money:
            if each.before != each.after:
                yield f"Would change {linked(each)} of {money(each.total, each.currency)}"
        for risk in self.plan.at_risk:
            if risk.before != risk.after:
                way = f"{money(risk.before, self.currency)} -> {money(risk.after, self.currency)}"
                yield f"Would change {risk.account.value} in findings: {way}"

    def record(self, key: str, title: str) -> str:
        """A record by its key and, where it says more, its title."""
        return self.quote(key if title in ("", key) else f"{key} {title}")


def linked(each: "LinkedMoney") -> str:
    """``revenue linked EUR 4,100,000 -> EUR 4,300,000``."""
    way = [money(each.before, each.currency)]
    if each.before != each.after:
        way.append(money(each.after, each.currency))
    return f"{each.account.value} linked {' -> '.join(way)}"


def summary(plan: "Plan") -> str:
    """The counts, which come last."""
    links, needs, findings = plan.link_counts, plan.need_counts, plan.finding_counts
    parts = [
        _counted("link", links, (Change.ADD, Change.REMOVE, Change.MOVE, Change.CHANGE), "to "),
        _counted("need", needs, (Change.ADD, Change.REMOVE), "to "),
        _counted(
            "finding",
            findings,
            (Change.OPEN, Change.RESOLVE, Change.WORSEN, Change.IMPROVE, Change.CHANGE),
            "would ",
        ),
        *(linked(each) for each in plan.money),
    ]
    return f"Plan: {'; '.join(part for part in parts if part)}"


def _counted(word: str, counts: dict[Change, int], order: Sequence[Change], before: str) -> str:
    """``3 links to add, 1 to remove``; only what there is."""
    told = [(change, counts[change]) for change in order if counts.get(change)]
    if not told:
        return ""
    (first, number), *rest = told
    return ", ".join(
        [
            f"{count(number, word)} {before}{first.value}",
            *(f"{more:,} {before if before == 'to ' else ''}{change.value}" for change, more in rest),
        ]
    )


def print_plan(plan: "Plan", currency: str, zone: ZoneInfo, *, everything: bool) -> None:
    """Findings first, because they are what people hear of; the counts last."""
    if plan.empty:
        say("No changes.")
        _say_edited(plan)
    else:
        text = PlanText(plan, currency, plainly, None if everything else MOST_SHOWN)
        for _, lines in text.parts():
            for line in lines:
                say(line)
        say()
        say(summary(plan))
    talk(f"Compared with what was judged on {moment(plan.judged_at, zone)}; nothing is stored.")
    if plan.unlinked_records:
        talk(f"{count(plan.unlinked_records, 'record')} read since and not linked yet: part of this comes from there.")


def _say_edited(plan: "Plan") -> None:
    """Edits that match the same records in the same way."""
    for word, names in (("rule", plan.rules), ("objective", plan.objectives)):
        if told := names_told(names):
            say(f"{word}s edited without effect on links and findings: {plainly(told)}")


def names_told(names: "Names") -> str:
    """``+new, -old, ~edited``."""
    signs = (("+", names.added), ("-", names.removed), ("~", names.changed))
    return ", ".join(f"{sign}{name}" for sign, found in signs for name in found)


def plan_markdown(plan: "Plan", currency: str, *, everything: bool) -> str:
    """The plan as Markdown; every foreign text stands in a code span."""
    if plan.empty:
        return "**No changes.** The edit links the same records to the same objectives.\n"
    text = PlanText(plan, currency, as_code, None if everything else MOST_SHOWN)
    pieces = ["### What this edit would change"]
    for title, lines in text.parts():
        pieces.append(f"**{title}**\n\n" + "\n".join(f"- {line}" for line in lines))
    pieces.append(f"**{summary(plan)}**")
    return "\n\n".join(pieces) + "\n"


def plan_json(plan: "Plan") -> dict[str, object]:
    """The documented contract of ``--json``."""
    return {
        "changes": not plan.empty,
        "judged_at": plan.judged_at,
        "before": plan.before,
        "after": plan.after,
        "unlinked_records": plan.unlinked_records,
        "rules": plan.rules,
        "objectives": plan.objectives,
        "links": [_link_json(each) for each in plan.links],
        "needs": [
            {"change": each.change, "record_id": each.dependent, "key": each.key, "title": each.title}
            | {"wanted": each.need.wanted, "lag_days": each.need.lag_days, "origin": each.need.origin}
            | {"rule": each.need.rule, "calendar": each.need.calendar, "owner": each.need.owner}
            for each in plan.needs
        ],
        "findings": [_finding_json(each) for each in plan.findings],
        "money": plan.money,
        "at_risk": plan.at_risk,
        "counts": {
            "links": _all_counts(plan.link_counts, (Change.ADD, Change.REMOVE, Change.MOVE, Change.CHANGE)),
            "needs": _all_counts(plan.need_counts, (Change.ADD, Change.REMOVE)),
            "findings": _all_counts(
                plan.finding_counts, (Change.OPEN, Change.RESOLVE, Change.WORSEN, Change.IMPROVE, Change.CHANGE)
            ),
        },
    }


def _all_counts(counts: dict[Change, int], order: Iterable[Change]) -> dict[str, int]:
    return {change.value: counts.get(change, 0) for change in order}


def _link_json(each: "PlannedLink") -> dict[str, object]:
    told: dict[str, object] = {"change": each.change, "record_id": each.record_id, "key": each.key, "title": each.title}
    told["role"] = each.role
    for side, link in (("before", each.before), ("after", each.after)):
        told[side] = (
            {"objective": link.objective_id, "rule": link.rule, "weight": link.weight} if link is not None else None
        )
    return told


def _finding_json(each: "PlannedFinding") -> dict[str, object]:
    told: dict[str, object] = {"change": each.change, "fingerprint": each.fingerprint, "reason": each.reason}
    for side, tracked in (("before", each.before), ("after", each.after)):
        finding = tracked.finding if tracked is not None else None
        told[side] = finding and {
            "check": finding.check,
            "title": finding.title,
            "severity": finding.severity,
            "objectives": finding.objective_ids,
            "owner": finding.owner,
            "decider": finding.decider,
            "decide_by": finding.decide_by,
            "days": finding.impact.days,
            "totals": totals(finding.impact),
        }
    return told


def print_changes(changes: "Sequence[MappingChange]", zone: ZoneInfo) -> None:
    """The record of mapping changes, the newest first."""
    if not changes:
        say("The mapping was not changed since records were linked with it first.")
    for each in changes:
        say(f"{each.number}  {changed_on(each, zone)}  {each.before[:8]} -> {each.after[:8]}")
        for word, names in (("files", each.files), ("rules", each.rules), ("objectives", each.objectives)):
            if told := names_told(names):
                say(f"   {word}: {told}")
        for rule, (before, after) in each.links.items():
            say(f"   links by {rule}: {before:,} -> {after:,}")


def changed_on(change: "MappingChange", zone: ZoneInfo) -> str:
    """``21 Nov 2026 09:10 CET by Nadia (git)``."""
    when: datetime = change.at
    who = f" by {change.by} ({change.known_from})" if change.by else ", nobody knows by whom"
    return f"{moment(when, zone)}{who}"
