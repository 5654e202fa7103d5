"""Objectives found by what they are called: words in common, the rare ones counting most."""

import math
import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from model.keys import normalise_key
from model.links import Role
from model.objectives import ObjectiveTree

MOST_COMPARED = 40
"""Objectives that are compared with one text, those that share its rarest words."""
MOST_SPELLINGS = 5
"""Words that one code may stand for."""
MOST_SHARING = 400
"""A word that more objectives share tells nothing and is not looked up."""
_WORD = re.compile(r"[^\W_]+(?:\.\d+)*")
_CAMEL = re.compile(r"(?<=[a-zäöüß])(?=[A-ZÄÖÜ][a-zäöüß])")
_VOWELS = re.compile(r"[aeiouäöü]")
_EMPTY_WORDS = frozenset(
    (
        *(
            "the",
            "a",
            "an",
            "of",
            "for",
            "to",
            "in",
            "on",
            "and",
            "or",
            "with",
            "by",
            "at",
            "from",
            "new",
            "our",
            "all",
        ),
        *("der", "die", "das", "und", "oder", "für", "im", "am", "zu", "zum", "zur", "von", "mit", "den", "dem", "des"),
        *("ein", "eine", "auf", "aus", "neue", "neuer", "neues"),
    )
)


@dataclass(frozen=True, slots=True)
class Likeness:
    """An objective that is called like a text; ``likeness`` lies between 0 and 1 and falls where others are near."""

    objective_id: str
    likeness: float


class ObjectiveNames:
    """Looks objectives up by words, so that a text is compared with the few that share one with it."""

    def __init__(self, tree: ObjectiveTree) -> None:
        self._ids = {normalise_key(each.id): each.id for each in tree.objectives}
        parents = {each.parent for each in tree.objectives}
        self._leaves = {each.id for each in tree.objectives if each.id not in parents}
        self._names = {each.id: " ".join(_words(each.name)) for each in tree.objectives}
        self._words = {each.id: frozenset(_words(f"{each.id} {each.name}")) for each in tree.objectives}
        self._order = {each.id: number for number, each in enumerate(tree.objectives)}
        self._having: defaultdict[str, list[str]] = defaultdict(list)
        for objective_id, words in self._words.items():
            for word in words:
                self._having[word].append(objective_id)
        self._by_code: defaultdict[str, list[str]] = defaultdict(list)
        for word in sorted(self._having):
            for code in {word[:3], word[:1] + _VOWELS.sub("", word[1:])}:
                if len(code) >= 3 and code != word:
                    self._by_code[code].append(word)
        self._below = _leaves_below(tree, self._leaves)
        self._weights = {
            word: math.log((1 + len(self._words)) / len(having)) + 0.3 for word, having in self._having.items()
        }
        self._whole = {
            objective_id: sum(self._weights[word] for word in set(name.split())) or 1.0
            for objective_id, name in self._names.items()
        }
        self._unknown = math.log(1 + len(self._words)) + 0.3

    def with_id(self, folded: str) -> str | None:
        """The objective with this id, folded."""
        return self._ids.get(folded)

    def unserved_below(self, objective_id: str, served: Collection[str]) -> str | None:
        """The only objective at the end of a branch below this one that nothing serves; None unless there is just one.

        Where the others below have their records, what is named after the whole most likely belongs to the one left.
        """
        left = [each for each in self._below.get(objective_id, ()) if each not in served]
        return left[0] if len(left) == 1 else None

    def nearest(
        self, text: str, role: Role, busy: Collection[tuple[str, Role]], *, is_code: bool = False
    ) -> Likeness | None:
        """The objective whose name has the words of a short text; a code such as AUR or FLD stands for a word."""
        words = set(_words(text))
        if is_code and len(words) == 1:
            (code,) = words
            words |= set(self._by_code.get(code, ())[:MOST_SPELLINGS])
        whole = sum(self._weight(word) for word in set(_words(text))) or 1.0
        scores = {each: min(1.0, common / whole) for each, common in self._sharing(words).items()}
        return self._best(scores, role, busy)

    def in_title(self, title: str, role: Role, busy: Collection[tuple[str, Role]]) -> Likeness | None:
        """The objective whose name a title says, or nearly says."""
        from rapidfuzz import fuzz

        words = _words(title[:300])
        if not words:
            return None
        told = " ".join(words)
        scores: dict[str, float] = {}
        for objective_id, common in self._sharing(set(words)).items():
            covered = min(1.0, common / self._whole[objective_id])
            if covered >= 0.5 and common >= 1.2:
                spelled = fuzz.token_set_ratio(told, self._names[objective_id]) / 100
                scores[objective_id] = covered * 0.6 + spelled * 0.4
        return self._best(scores, role, busy)

    def _sharing(self, words: Iterable[str]) -> dict[str, float]:
        """The objectives that share the weightiest words, with the weight of all that they share."""
        weights: defaultdict[str, float] = defaultdict(float)
        for word in sorted(words):
            having = self._having.get(word, ())
            if len(having) <= MOST_SHARING:
                weight = self._weight(word)
                for objective_id in having:
                    weights[objective_id] += weight
        if len(weights) <= MOST_COMPARED:
            return weights
        first = sorted(weights, key=lambda each: (-weights[each], self._order[each]))[:MOST_COMPARED]
        return {each: weights[each] for each in first}

    def _weight(self, word: str) -> float:
        return self._weights.get(word, self._unknown)

    def _best(self, scores: dict[str, float], role: Role, busy: Collection[tuple[str, Role]]) -> Likeness | None:
        """The best of them; among equals one at the end of a branch that nothing serves yet in this role."""
        ranked = sorted(
            ((score + self._bonus(each, role, busy), each) for each, score in scores.items() if score > 0.3),
            key=lambda pair: (-pair[0], self._order[pair[1]]),
        )
        if not ranked:
            return None
        (best, objective_id), others = ranked[0], ranked[1:]
        margin = best - others[0][0] if others else 1.0
        doubt = 1.0 if margin >= 0.25 else 0.8 if margin >= 0.1 else 0.62
        return Likeness(objective_id, min(1.0, scores[objective_id]) * doubt)

    def _bonus(self, objective_id: str, role: Role, busy: Collection[tuple[str, Role]]) -> float:
        return (0.12 if objective_id in self._leaves else 0.0) + (0.0 if (objective_id, role) in busy else 0.06)


def _leaves_below(tree: ObjectiveTree, leaves: Collection[str]) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for each in tree.objectives:
        if each.id in leaves:
            for above in tree.path(each.id)[1:]:
                found[above.id].append(each.id)
    return dict(found)


def _words(text: str) -> list[str]:
    """The words of a text that tell something; ``FieldService`` is two of them."""
    parted = _CAMEL.sub(" ", text)
    return [word for word in _WORD.findall(normalise_key(parted)) if word not in _EMPTY_WORDS]
