"""Each language says all that the code says, with the same places, and nothing else."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from digest.catalogues import FINDINGS, FOLDER, SOURCE, languages
from digest.findings_language import holds_any_text
from tests.digest.texts import ROOT, Texts, places, said

OTHERS = [code for code in languages() if code != SOURCE]
WORD = re.compile(r"[A-Za-z]{3,}")


def messages(code: str, *, findings: bool) -> Iterator[tuple[str, Message]]:
    for path in sorted((FOLDER / code).glob("*.po")):
        if (path.name == FINDINGS) is findings:
            with path.open("rb") as file:
                yield from ((path.name, each) for each in read_po(file, locale=code) if each.id)


def forms(message: Message) -> tuple[Texts, tuple[str, ...]]:
    """What is translated, and its translation in each form."""
    if isinstance(message.id, str):
        return (message.id, None), (str(message.string),)
    return (message.id[0], message.id[1]), tuple(message.string)


def test_there_is_german():
    assert "de" in OTHERS


@pytest.mark.parametrize("code", OTHERS)
def test_every_text_of_the_code_is_translated(code: str):
    known = {text for _, message in messages(code, findings=False) for text in [forms(message)[0][0]]}
    assert {text: where for text, where in said().items() if text[0] not in known} == {}


@pytest.mark.parametrize("code", OTHERS)
def test_what_is_counted_has_a_form_for_each_number(code: str):
    counted = {forms(message)[0] for _, message in messages(code, findings=False)}
    assert {text for text in said() if text[1] is not None} - counted == set()


@pytest.mark.parametrize("code", OTHERS)
def test_no_translation_is_left_of_what_is_not_said_any_more(code: str):
    texts = {text[0] for text in said()}
    assert [(name, str(m.id)) for name, m in messages(code, findings=False) if forms(m)[0][0] not in texts] == []


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("findings", [False, True])
def test_a_translation_has_the_same_places_in_every_form(code: str, findings: bool):
    for name, message in messages(code, findings=findings):
        (one, many), translated = forms(message)
        assert all(translated), (name, one)
        wanted = places(one) | places(many or one)
        # ``1 day`` may go without its number, several may not.
        assert places(translated[-1]) == wanted, (name, one)
        assert all(wanted - {"n"} <= places(form) <= wanted for form in translated), (name, one)


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("findings", [False, True])
def test_one_text_has_one_translation(code: str, findings: bool):
    told: dict[str, set[str]] = defaultdict(set)
    for _, message in messages(code, findings=findings):
        (one, _), translated = forms(message)
        told[one].add(translated[0])
    assert {text: ways for text, ways in told.items() if len(ways) > 1} == {}


@pytest.mark.parametrize("code", OTHERS)
def test_no_two_places_that_hold_any_text_touch_each_other(code: str):
    for _, message in messages(code, findings=True):
        for text in filter(None, forms(message)[0]):
            pieces = [(literal, name) for literal, name, _, _ in Formatter().parse(text) if name]
            for (_, before), (between, name) in pairwise(pieces):
                assert between.strip() or not (holds_any_text(before) and holds_any_text(name)), text


@pytest.mark.parametrize("code", OTHERS)
def test_every_word_of_the_texts_of_checks_stands_in_the_code_that_writes_them(code: str):
    """What no check says any more would be translated for nobody."""
    written = {word for path in sources() for text in constants(path) for word in WORD.findall(text)}
    left = defaultdict(set)
    for _, message in messages(code, findings=True):
        for text in filter(None, forms(message)[0]):
            literals = " ".join(literal for literal, _, _, _ in Formatter().parse(text))
            if missing := set(WORD.findall(literals)) - written:
                left[text] |= missing
    assert dict(left) == {}


def sources() -> Iterator[Path]:
    for room in ("reconcile", "model", "pipeline"):
        yield from (ROOT / room).rglob("*.py")


def constants(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
