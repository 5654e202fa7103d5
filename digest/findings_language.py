"""What checks write, in the reader's words.

The texts of a finding stand in English in the store. A language's ``findings.po`` holds them as templates with named
places; a text is recognised by its template, and what stands in the places is put into the translation. A text that no
template fits, such as one of a check of one's own, stays as it was written.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import IntEnum
from functools import cache, lru_cache
from string import Formatter

from digest.catalogues import SOURCE, finding_texts, translations
from digest.hostile import clean
from digest.language import Language

LONGEST = 1000
"""Characters of a text that is still looked at; a longer one stays as it was written."""
_DEEPEST = 4
_MOST_PARTS = 12
_KEPT = 5_000

_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_DAY = rf"(?:\d{{1,2}} (?:{_MONTHS}) \d{{4}}|\d{{4}}-\d{{2}}-\d{{2}})"
_FIGURE = r"-?\d[\d,]{0,24}(?:\.\d{1,6})?"
_AMOUNT = rf"(?:[A-Z]{{3}} )?{_FIGURE}"
_PERCENT = rf"{_FIGURE} ?%"
_VALUE = rf"(?:{_AMOUNT}(?: \(formula\))?|{_PERCENT}|{_DAY}|{_FIGURE} [^\s,;()]{{1,12}}|[\w./%-]{{1,40}})"
"""What a field holds: money, a percentage, a day, a figure with its unit, or one word."""
_WHOLE_TEXTS = ("said", "text")
"""The kinds of places that may hold a text in several parts; a name ends before a semicolon."""
_DATES = re.compile(rf"\b{_DAY}\b")
_WORD = re.compile(r"[A-Za-z]+")
_SAYS = re.compile(
    "(?:is|was|has|are|waits|needs|needed|promises|promised|names|ships|contains|left|books|booked|finished|comes|says|"
    "said|now|counts|expects|moved|due|planned|to be|could|forecasts|plans|reports|reported|shows|will|costs|can|may|"
    "took|serves|still|releases|goes|cannot)(?= )"
)
"""How a text begins that says something of what is named before it: ``was cancelled``."""
_NAME = "subject"
_JOINED = 12
"""With fewer characters of its own, a template that begins with any name is tried last."""

Renderer = Callable[["_Retelling", str], str]


def retold(words: Language, text: str, today: date, limit: int | None = None) -> str:
    """A text of a check, cleaned, with its dates as everywhere in the mail and cut at ``limit`` characters."""
    text = clean(text)
    if words.code == SOURCE or len(text) > LONGEST:
        return clean(short_dates(words, text, today), limit)
    return clean(_again(words, text, today, 0), limit)


def recognised(words: Language, text: str) -> bool:
    """Whether a text of a check is told in a language; English needs no telling."""
    return words.code == SOURCE or _Retelling(words, date.min).whole(clean(text)) is not None


def short_dates(words: Language, text: str, today: date) -> str:
    """Write the dates in a text as everywhere in the mail: ``30 Sep``, with the year only when it is another."""
    return _DATES.sub(lambda found: _day(words, found[0], today), text)


def _day(words: Language, text: str, today: date) -> str:
    day, month, year = text.split(" ") if " " in text else reversed(text.split("-"))
    number = int(month) if month.isdecimal() else _MONTHS.split("|").index(month) + 1
    try:
        return words.day(date(int(year), number, int(day)), today)
    except ValueError:
        return text


@lru_cache(maxsize=_KEPT)
def _again(words: Language, text: str, today: date, depth: int) -> str:
    return _Retelling(words, today, depth).part(text)


@dataclass(frozen=True, slots=True)
class _Retelling:
    """One text while it is told again; what stands in a place may be such a text itself."""

    words: Language
    today: date
    depth: int = 0

    def part(self, text: str) -> str:
        """The text, or of several joined by semicolons each that is known; what is unknown stays."""
        told = self.whole(text)
        return short_dates(self.words, text, self.today) if told is None else told

    def whole(self, text: str) -> str | None:
        """The text as its template tells it, its parts each as theirs; None when no template fits."""
        possible = candidates(self.words.code, text)
        told = self._told(text, (each for each in possible if each.rank is not _Rank.JOINING))
        if told is None and "; " in text:
            pieces = text.split("; ", _MOST_PARTS)
            parts = [self.whole(piece) for piece in pieces]
            if all(part is None for part in parts):
                return None
            days = (short_dates(self.words, piece, self.today) for piece in pieces)
            return "; ".join(part or piece for part, piece in zip(parts, days, strict=True))
        return told or self._told(text, (each for each in possible if each.rank is _Rank.JOINING))

    def _told(self, text: str, templates: Iterable["_Template"]) -> str | None:
        for template in templates:
            places = template.places_in(text)
            if places is not None and (template.rank is not _Rank.JOINING or self._joins(places)):
                told = {name: self._place(name, said) for name, said in places.items()}
                return template.message(self.words, places).format(**told)
        return None

    def _joins(self, places: Mapping[str, str]) -> bool:
        """Whether what is joined are texts of checks: ``and`` stands in many a name."""
        return all(self.again(said) != said for name, said in places.items() if _kind(name) == "said")

    def _place(self, name: str, said: str) -> str:
        kind = PLACES.get(_kind(name))
        return said if kind is None else kind.told(self, said)

    def again(self, text: str) -> str:
        """What stands in a place and is a text of a check itself."""
        if self.depth >= _DEEPEST:
            return text
        return _again(self.words, text, self.today, self.depth + 1)

    def count(self, text: str) -> str:
        return self.words.figure(Decimal(text.replace(",", "")))

    def amount(self, text: str) -> str:
        currency, _, figure = text.rpartition(" ")
        return self.words.money(Decimal(figure.replace(",", "")), currency)

    def percent(self, text: str) -> str:
        return self.words.percent(Decimal(text.removesuffix("%").strip().replace(",", "")))

    def day(self, text: str) -> str:
        return _day(self.words, text, self.today)

    def value(self, text: str) -> str:
        """What a field holds: money, a percentage, a figure with its unit, a day or a word."""
        for form, told in ((_AMOUNT, self.amount), (_PERCENT, self.percent), (_DAY, self.day)):
            if re.fullmatch(form, text):
                return told(text)
        figure, space, unit = text.partition(" ")
        return f"{self.count(figure)}{space}{unit}" if re.fullmatch(_FIGURE, figure) else self.again(text)

    def month(self, text: str) -> str:
        return self.words.month(text)

    def names(self, text: str) -> str:
        others, joined, last = text.rpartition(" and ")
        parts = [*others.split(", "), last] if joined else last.split(", ")
        return self.words.listed([self.again(part) for part in parts])

    def needs(self, text: str) -> str:
        return self.names(text.replace(" on ", " \u2192 "))


@dataclass(frozen=True, slots=True)
class _Kind:
    """What may stand in a place whose name begins so; None: any text."""

    form: str | None
    told: Renderer


PLACES: Mapping[str, _Kind] = {
    "n": _Kind(r"\d[\d,]{0,24}", _Retelling.count),
    "figure": _Kind(_FIGURE, _Retelling.count),
    "amount": _Kind(_AMOUNT, _Retelling.amount),
    "percent": _Kind(_PERCENT, _Retelling.percent),
    "day": _Kind(_DAY, _Retelling.day),
    "month": _Kind(r"\d{4}-\d{2}", _Retelling.month),
    "quarter": _Kind(r"Q[1-4] \d{4}", lambda _, said: said),
    "year": _Kind(r"\d{4}", lambda _, said: said),
    "days": _Kind(r"-?\d[\d,]{0,24} (?:working )?days?(?: \([\w-]{1,40}\))?", _Retelling.again),
    "shift": _Kind(r"\d[\d,]{0,24} days? (?:later|earlier)", _Retelling.again),
    "light": _Kind(r"(?:green|yellow|red|grey)", _Retelling.again),
    "period": _Kind(None, _Retelling.month),
    "value": _Kind(_VALUE, _Retelling.value),
    "said": _Kind(None, _Retelling.again),
    "who": _Kind(None, _Retelling.again),
    "names": _Kind(None, _Retelling.names),
    "needs": _Kind(None, _Retelling.needs),
    "text": _Kind(None, lambda _, said: said),
}
"""The kinds of places by the beginning of their names; in any other place stands a name, which is not translated."""


def holds_any_text(place: str) -> bool:
    """Whether anything may stand in a place of this name: a title, a name, a sentence."""
    kind = PLACES.get(_kind(place))
    return kind is None or kind.form is None


def _kind(name: str) -> str:
    """``day`` of ``day2`` and of ``day_before``."""
    return name.partition("_")[0].rstrip("0123456789")


class _Rank(IntEnum):
    """How surely a text is of a template: it begins with words or with a place of one form, with any name before much
    that is its own, with a name that is put before it, or with anything before a few words."""

    OWN = 0
    FREE = 1
    NAMED = 2
    JOINING = 3


@dataclass(frozen=True, slots=True)
class _Template:
    """One text of a check: its beginning, and what follows after each place that may hold any text.

    A place ends where what follows it is found first; nothing is ever tried again, so no text can make it slow.
    """

    one: str
    many: str | None
    rank: "_Rank"
    weight: int
    """The characters that stand outside the places: the more, the more surely it is this text."""
    longest: str
    """The longest run of its own characters; without it no text can be of this template."""
    start: re.Pattern[str]
    free: tuple[tuple[str, re.Pattern[str]], ...]

    def places_in(self, text: str) -> Mapping[str, str] | None:
        """What stands in the places of a text; None when it is another text."""
        found = self.start.match(text)
        if found is None:
            return None
        places = found.groupdict()
        for name, following in self.free:
            before = found.end()
            found = following.search(text, before + 1)
            if found is None:
                return None
            places[name] = text[before : found.start()]
            if "; " in f"{places[name]} " and (before == 0 or _kind(name) not in _WHOLE_TEXTS):
                return None
            places.update(found.groupdict())
        return places if found.end() == len(text) else None

    def message(self, words: Language, places: Mapping[str, str]) -> str:
        said = translations(words.code, findings=True)
        told = said.gettext(self.one)
        if self.many is not None:
            told = said.ngettext(self.one, self.many, int(places["n"].replace(",", "")))
        return f"{{{_NAME}}} {told}" if self.rank is _Rank.NAMED else told


def _compiled(one: str, many: str | None, text: str, *, named: bool = False) -> _Template:
    """``text`` is the form to recognise, ``one`` or ``many``."""
    text = f"{{{_NAME}}} {text}" if named else text
    parts: list[str] = [""]
    names: list[str] = []
    for literal, name, _, _ in Formatter().parse(text):
        parts[-1] += re.escape(literal)
        if name and holds_any_text(name):
            names.append(name)
            parts.append("")
        elif name:
            parts[-1] += f"(?P<{name}>{PLACES[_kind(name)].form})"
    parts[-1] += r"\Z"
    start, *following = (re.compile(part) for part in parts)
    literals = [literal for literal, _, _, _ in Formatter().parse(text)]
    weight = sum(map(len, literals))
    rank = _Rank.NAMED if named else _Rank.OWN if start.pattern not in ("", r"\Z") else _Rank.FREE
    if rank is _Rank.FREE and weight < _JOINED:
        rank = _Rank.JOINING
    return _Template(one, many, rank, weight, max(literals, key=len), start, tuple(zip(names, following, strict=True)))


@cache
def templates(code: str) -> Mapping[str, Sequence[_Template]]:
    """The templates of a language by the longest word of each."""
    found: dict[str, list[_Template]] = {}
    for one, many in finding_texts(code):
        for text in filter(None, (one, many)):
            words = _WORD.findall(" ".join(literal for literal, _, _, _ in Formatter().parse(text)))
            same = found.setdefault(max(words, key=len, default=""), [])
            same.append(_compiled(one, many, text))
            if _SAYS.match(text):
                same.append(_compiled(one, many, text, named=True))
    return found


def candidates(code: str, text: str) -> Sequence[_Template]:
    """The templates that a text may be of, the most certain first: their longest word stands in it."""
    by_word = templates(code)
    known = [by_word[word] for word in ("", *dict.fromkeys(_WORD.findall(text))) if word in by_word]
    possible = (template for each in known for template in each if template.longest in text)
    return sorted(possible, key=lambda template: (template.rank, -template.weight))
