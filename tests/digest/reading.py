"""How the tests read a mail: the words a person sees, the links, and the skeleton of tags."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

_INVISIBLE = ("style", "title", "head")
_WORD = re.compile(r"\w+")


@dataclass
class Page(HTMLParser):
    """What an HTML part holds: its tags in order with the names of their attributes, its visible words, its links."""

    tags: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str, str | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.attributes += [(tag, name, value) for name, value in attrs]
        self.links += [value or "" for name, value in attrs if name == "href"]
        self._hidden += tag in _INVISIBLE
        self.texts += [value or "" for name, value in attrs if name == "alt"]

    def handle_endtag(self, tag: str) -> None:
        self.tags.append((f"/{tag}", ()))
        self._hidden -= tag in _INVISIBLE

    def handle_data(self, text: str) -> None:
        if not self._hidden:
            self.texts.append(text)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def page(html: str) -> Page:
    read = Page()
    read.feed(html)
    read.close()
    return read


def without_addresses(text: str) -> str:
    return re.sub(r"<https?://[^>\s]*>", " ", text)


def addresses(text: str) -> set[str]:
    return set(re.findall(r"<(https?://[^>\s]*)>", text))


def words(text: str) -> list[str]:
    """Runs of letters and digits, sorted: order and punctuation are a matter of layout."""
    return sorted(_WORD.findall(text))


def count_words(text: str) -> int:
    """Words as a person counts them: what stands between spaces and holds a letter or a digit."""
    return sum(any(character.isalnum() for character in word) for word in without_addresses(text).split())
