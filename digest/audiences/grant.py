"""The edition as its audience may see it: only what lies in the subtrees of objectives that it was given.

It is worked out before anything else looks at the edition, so that no section, subject or attachment can tell a name, a
number or a count of what lies outside.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from digest.base import Edition, News
from digest.language import Language
from model.findings import (
    Claim,
    DecisionOption,
    Evidence,
    Finding,
    Impact,
    Share,
    Step,
    TrackedFinding,
    Transition,
)
from model.keys import normalise_key, objective_node, source_of
from model.objectives import Objective, ObjectiveTree
from model.runs import Coverage

_OBJECTIVE = source_of(objective_node(""))
_HARMLESS = re.compile(r"\b\d{1,2} [A-Z][a-z]{2}(?: \d{4})?\b|\b\d{4}-\d{2}-\d{2}\b|\b[\d,]+ (?:working )?days?\b")
"""Figures that count nothing of what is hidden: dates, and by how many days the finding itself is late."""
_WORD = re.compile(r"\w+")
_SHORTEST_NAME, _SHORTEST_KEY, _SHORTEST_FIGURE = 3, 2, 4
"""Characters: names of objectives outside, keys of records there, and keys that are figures; what is shorter is too
common to be looked for in texts."""


def granted(edition: Edition) -> Edition:
    """The edition as this audience may see it; the same one where it may see everything.

    A finding that also concerns other objectives shows only the granted part: the money of records that serve nothing
    granted is left out, and their names, texts and persons are replaced by words that name nobody.
    """
    if not edition.options.objectives:
        return edition
    return _Grant(edition).edition


def _is_telling(name: str) -> bool:
    """Whether a record's name can be told from a figure that happens to stand in a text."""
    return len(name) >= (_SHORTEST_FIGURE if name.isdecimal() else _SHORTEST_KEY)


class _Names:
    """Many names that are looked for in many texts, as whole words."""

    def __init__(self, names: Iterable[str]) -> None:
        self._by_first_word: dict[str, list[tuple[int, str]]] = {}
        for name in {name.strip() for name in names}:
            if (first := _WORD.search(name)) is not None:
                self._by_first_word.setdefault(first[0], []).append((first.start(), name))

    def occur_in(self, text: str) -> bool:
        for word in _WORD.finditer(text):
            for offset, name in self._by_first_word.get(word[0], ()):
                start = word.start() - offset
                end = start + len(name)
                if (
                    start >= 0
                    and text[start:end] == name
                    and not (name[-1].isalnum() and text[end : end + 1].isalnum())
                ):
                    return True
        return False


@dataclass(frozen=True)
class _Grant:
    """One audience's view of one edition while it is worked out."""

    whole: Edition

    @cached_property
    def ids(self) -> frozenset[str]:
        return self.whole.tree.subtree(self.whole.options.objectives)

    @cached_property
    def hidden_names(self) -> "_Names":
        """What must not be read in any text: objectives and records outside."""
        objectives = [each for each in self.whole.tree.objectives if each.id not in self.ids]
        own = {name for each in self.whole.tree.objectives if each.id in self.ids for name in (each.id, each.name)}
        of_objectives = {name for each in objectives for name in (each.id, each.name) if len(name) >= _SHORTEST_NAME}
        of_records = {name for known in self.whole.outside.values() for name in known}
        return _Names((of_objectives | {name for name in of_records if _is_telling(name)}) - own)

    @cached_property
    def hidden_keys(self) -> frozenset[str]:
        """The names of records outside, as claims are compared with them."""
        return frozenset(normalise_key(name) for known in self.whole.outside.values() for name in known if name)

    @property
    def edition(self) -> Edition:
        sources = self.whole.granted_sources
        told = (*self.whole.standing, *(news.tracked for news in (*self.whole.news, *self.whole.past)))
        seen: dict[str, TrackedFinding] = {}
        for tracked in told:
            if tracked.fingerprint not in seen and not self.ids.isdisjoint(tracked.finding.objective_ids):
                seen[tracked.fingerprint] = self._part(tracked)
        return replace(
            self.whole,
            tree=self._tree(),
            news=self._news(self.whole.news, seen),
            past=self._news(self.whole.past, seen),
            standing=tuple(seen[each.fingerprint] for each in self.whole.standing if each.fingerprint in seen),
            coverage=tuple(_uncounted(each) for each in self.whole.coverage if each.source in sources),
            credentials=tuple(each for each in self.whole.credentials if each.source in sources),
            blind=tuple(each for each in self.whole.blind if each.sources and sources.issuperset(each.sources)),
            measures=None,
            moves={node: moves for node, moves in self.whole.moves.items() if not self._hides(node)},
            named={node: name for node, name in self.whole.named.items() if not self._hides(node)},
            outside={},
        )

    def _tree(self) -> ObjectiveTree:
        """The granted objectives; what stands above them is not theirs to see."""
        return ObjectiveTree(
            tuple(
                each if each.parent in self.ids else replace(each, parent=None)
                for each in self.whole.tree.objectives
                if each.id in self.ids
            )
        )

    def _hides(self, node: str | None) -> bool:
        if node is None:
            return False
        if source_of(node) == _OBJECTIVE:
            return node.removeprefix(objective_node("")) not in self.ids
        return node in self.whole.outside

    def _part(self, tracked: TrackedFinding) -> TrackedFinding:
        """The part of a finding that lies inside; most lie inside as a whole."""
        finding = tracked.finding
        if self.ids.issuperset(finding.objective_ids) and not any(map(self._hides, _nodes(finding))):
            return tracked
        part = _Part(self, finding)
        decided, accepted = tracked.decision, tracked.acceptance
        return replace(
            tracked,
            finding=part.finding,
            told=part.impact(tracked.told),
            held_because=part.text(tracked.held_because),
            inhibited_by=part.text(tracked.inhibited_by),
            acceptance=accepted
            and replace(
                accepted,
                by=part.who(accepted.by),
                why=part.text(accepted.why),
                overrides=part.text(accepted.overrides),
            ),
            decision=decided
            and replace(
                decided,
                says=part.text(decided.says),
                by=part.who(decided.by),
                owner=part.who(decided.owner),
                before=part.impact(decided.before),
            ),
        )

    def _news(self, told: Iterable[News], seen: Mapping[str, TrackedFinding]) -> tuple[News, ...]:
        kept = []
        for news in told:
            tracked = seen.get(news.tracked.fingerprint)
            if tracked is None:
                continue
            if tracked.finding is not news.tracked.finding:
                part = _Part(self, news.tracked.finding)
                news = News(tracked, tuple(part.transition(step) for step in news.transitions))
            kept.append(news)
        return tuple(kept)


def _uncounted(coverage: Coverage) -> Coverage:
    """How fresh a source is, without how much it holds and why it failed: both speak of all that it holds."""
    return replace(coverage, records=0, linked=0, unlinkable=0, error="")


def _nodes(finding: Finding) -> Iterable[str]:
    """Every record and objective that a finding names by its id."""
    yield from finding.subjects
    for share in _shares(finding.impact):
        yield share.record_id
    for step in finding.chain:
        yield step.node
    for proof in finding.evidence:
        yield proof.record_id
    for option in finding.options:
        if option.record_id is not None:
            yield option.record_id
        for share in option.costs:
            yield share.record_id


def _shares(impact: Impact) -> Iterable[Share]:
    return (*impact.shares, *impact.deferred, *impact.weekly, *impact.yearly)


def nodes_of(findings: Iterable[Finding]) -> frozenset[str]:
    """Every record and objective that findings name by its id."""
    return frozenset(node for finding in findings for node in _nodes(finding))


@dataclass(frozen=True)
class _Part:
    """The granted part of one finding."""

    grant: _Grant
    whole: Finding

    @property
    def _words(self) -> Language:
        return self.grant.whole.language

    @property
    def _today(self) -> date:
        edition = self.grant.whole
        return edition.now.astimezone(edition.zone).date()

    @property
    def _mixed(self) -> bool:
        """Whether the finding is about other objectives too."""
        return not self.grant.ids.issuperset(self.whole.objective_ids)

    @cached_property
    def _money_is_hidden(self) -> bool:
        return any(self.grant._hides(share.record_id) for share in _shares(self.whole.impact))

    @cached_property
    def _hidden_claims(self) -> frozenset[str]:
        """The keys under which a claim speaks of something outside."""
        steps = [name for step in self.whole.chain if self.grant._hides(step.node) for name in (step.key, step.title)]
        proofs = [proof.key for proof in self.whole.evidence if self.grant._hides(proof.record_id)]
        return frozenset(normalise_key(name) for name in (*steps, *proofs) if name)

    @cached_property
    def _own_keys(self) -> Sequence[str]:
        """The keys of granted records, the longest first: their digits count nothing."""
        keys = {step.key for step in self.whole.chain if not self.grant._hides(step.node)}
        keys |= {proof.key for proof in self.whole.evidence if not self.grant._hides(proof.record_id)}
        claims = [claim for claim in (self.whole.commitment, self.whole.forecast) if claim is not None]
        keys |= {claim.key for claim in claims if not self._is_hidden(claim)}
        return sorted(filter(None, keys), key=len, reverse=True)

    @property
    def finding(self) -> Finding:
        whole, grant = self.whole, self.grant
        subject_hidden = grant._hides(whole.subjects[0]) if whole.subjects else False
        title = self.text(whole.title)
        return replace(
            whole,
            title=title or self._title(),
            objective_ids=tuple(id_ for id_ in whole.objective_ids if id_ in grant.ids),
            commitment=self._claim(whole.commitment),
            forecast=self._claim(whole.forecast),
            impact=self.impact(whole.impact),
            chain=tuple(self._step(step) for step in whole.chain),
            evidence=tuple(self._proof(each) for each in whole.evidence if not grant._hides(each.record_id)),
            owner=whole.owner if not self._mixed or whole.owner in self._persons else None,
            decider=None if whole.decider is None else self.who(whole.decider),
            advice=self.text(whole.advice),
            options=tuple(option for each in whole.options if (option := self._option(each)) is not None),
            triage=None if subject_hidden else whole.triage,
            cause=self._node(whole.cause) if whole.cause is not None else None,
        )

    def _node(self, node: str) -> str:
        """The node, or what stands for it: findings of one hidden cause still belong together."""
        if not self.grant._hides(node):
            return node
        return f"outside:{hashlib.blake2b(node.encode(), digest_size=8).hexdigest()}"

    def impact(self, impact: Impact) -> Impact:
        kept = [
            tuple(share for share in shares if not self.grant._hides(share.record_id))
            for shares in (impact.shares, impact.deferred, impact.weekly, impact.yearly)
        ]
        return Impact(impact.days, *kept)

    def transition(self, step: Transition) -> Transition:
        return replace(
            step,
            reason=self.text(step.reason),
            before=None if step.before is None else self.impact(step.before),
            after=None if step.after is None else self.impact(step.after),
        )

    def text(self, text: str) -> str:
        """The text, or nothing where it names something outside or says a figure that may count it."""
        if self.grant.hidden_names.occur_in(text):
            return ""
        if self._money_is_hidden:
            rest = _HARMLESS.sub(" ", text)
            for key in self._own_keys:
                rest = rest.replace(key, " ")
            if re.search(r"\d", rest):
                return ""
        return text

    def _title(self) -> str:
        claim = self.whole.commitment
        if claim is not None and claim.key and not self._is_hidden(claim):
            return self._words.say("{key} hangs on something outside your objectives", key=claim.key)
        return self._words.say("It also concerns something outside your objectives")

    def _is_hidden(self, claim: Claim) -> bool:
        key = normalise_key(claim.key)
        return key in self._hidden_claims or key in self.grant.hidden_keys

    def _claim(self, claim: Claim | None) -> Claim | None:
        if claim is None:
            return None
        if not self._is_hidden(claim):
            says = self.text(claim.says)
            return claim if says == claim.says else replace(claim, says=self._says(claim.day))
        return Claim(self._words.say("elsewhere"), "", self._says(claim.day), claim.day)

    def _says(self, day: date | None) -> str:
        if day is None:
            return self._words.say("what it hangs on gives no date")
        return self._words.say("what it hangs on comes on {day}", day=self._words.day(day, self._today))

    def _step(self, step: Step) -> Step:
        if self.grant._hides(step.node):
            return Step(self._node(step.node), self._words.say("something outside your objectives"), "", "", step.day)
        return replace(step, title=self.text(step.title), says=self.text(step.says))

    def _proof(self, proof: Evidence) -> Evidence:
        return replace(proof, value=self.text(proof.value), old=None if proof.old is None else self.text(proof.old))

    def _option(self, option: DecisionOption) -> DecisionOption | None:
        """An option about a granted record, in words that name nothing else."""
        if self.grant._hides(option.record_id) or not self.text(option.says):
            return None
        return replace(option, costs=tuple(share for share in option.costs if not self.grant._hides(share.record_id)))

    def who(self, name: str) -> str:
        """Somebody who is named beside or above what is granted; whoever else acts on both sides is not named."""
        if not self._mixed or not name or name in self._persons:
            return name
        return self._words.say("somebody outside your objectives")

    @cached_property
    def _persons(self) -> frozenset[str]:
        tree, inside = self.grant.whole.tree, self.grant.ids.intersection(self.whole.objective_ids)
        return frozenset(name for id_ in inside for each in tree.path(id_) for name in _named(each) if name)


def _named(objective: Objective) -> Iterable[str | None]:
    rights = objective.decision_rights
    yield from (objective.owner, objective.sponsor, objective.controller)
    yield from (rights.within_tolerance, rights.beyond, rights.across_measures, rights.stop)
