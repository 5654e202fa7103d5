"""The page of the OWASP ASVS: which requirements hold, which have nothing to be asked of, and which are not met."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

LIST = Path(__file__).parent / "reference" / "asvs.yaml"
_STANDARD = "https://owasp.org/www-project-application-security-verification-standard/"
_INTRODUCTION = f"""\
# OWASP ASVS 5.0.0

Which requirements of the [Application Security Verification Standard]({_STANDARD}), version 5.0.0, hold for Driftline:
all of levels 1 and 2, and 1.2.10 of level 3.
It was made for web applications with users; Driftline is a program without accounts, sign-in or web interface, so a
good half of it has nothing to be asked of.
The words are ours and short; the standard says what is asked in full.
Nobody outside the project has verified this page.

"""
_WORDS = {"pass": "pass", "na": "not applicable", "open": "**not met**"}


def asvs_page() -> Iterator[str]:
    """The page, made of ``reference/asvs.yaml``."""
    told: Mapping[str, Any] = yaml.safe_load(LIST.read_text(encoding="utf-8"))
    yield _INTRODUCTION
    yield from _summary(told)
    for chapter, about in told["chapters"].items():
        rows = [each for each in told["requirements"] if each["id"].startswith(f"{chapter[1:]}.")]
        yield f"\n## {chapter} {about['name']}\n\n"
        if "note" in about:
            yield f"{about['note']}\n\n"
        if chapter in told["none_applies"]:
            yield from _none(told["none_applies"][chapter])
        if rows:
            yield "| Id | Level | Asks | Verdict | How, and what shows it |\n|---|---:|---|---|---|\n"
            yield from map(_row, rows)


def _summary(told: Mapping[str, Any]) -> Iterator[str]:
    verdicts = [each["verdict"] for each in told["requirements"]]
    skipped = sum(len(ids) for levels in told["none_applies"].values() for ids in levels.values())
    passed, missed = verdicts.count("pass"), verdicts.count("open")
    yield "| Verdict | Requirements |\n|---|---:|\n"
    yield f"| pass | {passed} |\n| not met | {missed} |\n| not applicable | {verdicts.count('na') + skipped} |\n\n"
    yield f"{passed} of the {passed + missed} that apply are met: {passed / (passed + missed):.0%}.\n"
    names = ", ".join(f"V{each['id']}" for each in told["requirements"] if each["verdict"] == "open")
    yield f"Not met: {names}.\n"


def _none(levels: Mapping[str, list[str]]) -> Iterator[str]:
    for level, ids in levels.items():
        yield f"Not applicable, {level.replace('_', ' ')}: {', '.join(f'V{each}' for each in ids)}.\n\n"


def _row(each: Mapping[str, Any]) -> str:
    shown = [each["how"]] if "how" in each else []
    shown += [f"`{test}`" for test in each.get("by", ())]
    return f"| V{each['id']} | {each['level']} | {each['asks']} | {_WORDS[each['verdict']]} | {'<br>'.join(shown)} |\n"
