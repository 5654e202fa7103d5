"""Rules out of their files: each entry checked against objectives, sources and the fields that records have."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mapping.condition_reading import ConditionReader
from mapping.conditions import Says
from mapping.document import Document, Loc, problems_of
from mapping.needs import calendar_problems
from mapping.objective_reading import ObjectiveReader, written_at
from mapping.objectives import Ids
from mapping.rules import Rule, RuleNeed
from mapping.schema import RuleDefaults, RuleEntry, RuleNeedEntry, RulesFile
from mapping.serving import ObjectiveSource
from mapping.wording import did_you_mean
from mapping.workbook_tables import ReadSheet, no_workbooks
from model.errors import Problem
from model.keys import normalise_key

MOST_PROBLEMS = 1_000
"""Mistakes after which rules are no longer looked at: nobody reads on, and finding them all takes its time."""


@dataclass(slots=True)
class RuleReader:
    """Reads rule files.

    ``custom_fields`` are the configured custom fields per source and ``calendars`` the names of the configured
    calendars, both None where nobody told.

    Problems and warnings gather in the reader.
    """

    ids: Ids
    sources: Collection[str]
    custom_fields: Mapping[str, Collection[str]] | None = None
    read_sheet: ReadSheet = no_workbooks
    calendars: Collection[str] | None = None
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    _seen: dict[str, str] = field(default_factory=dict)
    _targets: ObjectiveReader = field(init=False)
    _digests: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._targets = ObjectiveReader(self.ids, self.problems, self.warnings, self.read_sheet)

    @property
    def sheets(self) -> Sequence[str]:
        """What the lookup tables in workbooks say."""
        return self._targets.contents

    def read(self, documents: Sequence[Document]) -> tuple[Rule, ...]:
        """Check all rules of all files; what comes back counts only if there are no problems."""
        rules: list[Rule] = []
        for document in documents:
            self._targets.read_tables(document)
        for document in documents:
            self.warnings += document.warnings
            if unsound := problems_of(document, RuleDefaults, ("defaults",))[1] if "defaults" in document.value else []:
                self.problems += unsound  # each rule of the file would repeat them
                continue
            whole, mistakes = problems_of(document, RulesFile)
            self.problems += mistakes
            entries = document.get(("rules",))
            for index in range(len(entries) if isinstance(entries, list) else 0):
                if len(self.problems) >= MOST_PROBLEMS:
                    message = f"the rules after the first {MOST_PROBLEMS:,} mistakes were not looked at"
                    self.problems.append(document.problem(("rules", index), message, "mend the others first"))
                    return ()
                loc: Loc = ("rules", index)
                self._check_names(document, loc)
                entry = whole.rules[index] if whole else problems_of(document, RuleEntry, loc)[0]
                if entry is not None:
                    rules.append(self._read(document, loc, entry, (whole.priority if whole else 0, len(rules))))
        self._targets.warn_of_unused_tables()
        return tuple(rules)

    def _check_names(self, document: Document, loc: Loc) -> None:
        """Check what the rule names, as written, so that another mistake in the rule does not hide these."""
        for place, name in written_at(document, (*loc, "name")):
            first = self._seen.setdefault(normalise_key(name), document.place(place))
            if first != document.place(place):
                message = f"the rule '{name}' exists a second time; the first is at {first}"
                self.problems.append(document.problem(place, message, "give one of them another name"))
        for place, written in written_at(document, (*loc, "objective")):
            if self.ids.find(written) is None:
                message = f"there is no objective '{written}'"
                self.problems.append(document.problem(place, message, self.ids.hint(written)))
        for place, source in written_at(document, (*loc, "source")):
            if source not in self.sources:
                hint = did_you_mean(source, sorted(self.sources))
                self.problems.append(document.problem(place, f"there is no source '{source}'", hint))

    def _read(self, document: Document, loc: Loc, entry: RuleEntry, standing: tuple[int, int]) -> Rule:
        reader = ConditionReader(document, self._custom_names(entry), self.problems, self.warnings)
        conditions = reader.read(entry.match, (*loc, "match"))
        if not conditions and entry.match.where is None:
            hint = "say what to match: key, container, label …"
            self.problems.append(document.problem((*loc, "match"), "the rule has no condition", hint, at_key=True))
        for index, need in enumerate(entry.needs):
            self._check_need(reader, entry, need, (*loc, "needs", index))
        if entry.source:
            conditions = (Says("source", entry.source), *conditions)
        location = document.location(loc)
        objective_ids, objective_from = self._targets.read(reader, entry, loc)
        return Rule(
            name=entry.name,
            role=entry.role,
            objective_ids=objective_ids,
            objective_from=objective_from,
            conditions=conditions,
            weight=entry.weight,
            needs=tuple(
                RuleNeed(need.field, need.after, need.lag_days, need.counts_by, need.owner) for need in entry.needs
            ),
            location=location,
            priority=standing[0],
            order=standing[1],
            digest=_digest([document.get(loc), location, standing[0], self._known(objective_from)]),
        )

    def _known(self, objective_from: ObjectiveSource | None) -> str:
        """A digest of the ids or the table that an objective is looked up in; many rules share one."""
        known = objective_from.known if objective_from else {}
        if known and id(known) not in self._digests:
            self._digests[id(known)] = _digest(sorted(known.items()))
        return self._digests[id(known)] if known else ""

    def _check_need(self, reader: ConditionReader, entry: RuleEntry, need: RuleNeedEntry, loc: Loc) -> None:
        if (need.field is None) == (need.after is None):
            message = "a need has either 'field' or 'after'"
            hint = "field: names the field to read, after: a fixed key"
            self.problems.append(reader.document.problem(loc, message, hint))
        elif need.field is not None:
            reader.check_field(need.field, (*loc, "field"), reader.kinds_of(entry.match), at_key=False)
        self.problems += calendar_problems(reader.document, loc, need, self.calendars)

    def _custom_names(self, entry: RuleEntry) -> set[str] | None:
        """The custom fields of the sources that the rule is about; None when nobody told which there are."""
        if self.custom_fields is None:
            return None
        return {name for source in entry.source or self.sources for name in self.custom_fields.get(source, ())}


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
