"""The sheet that says how the workbook's numbers come about and how fresh they are."""

from collections.abc import Iterator
from decimal import Decimal

from digest.brief import Brief
from digest.hostile import clean
from digest.workbooks.rows import Value
from model.runs import Coverage


def about_rows(brief: Brief, findings: int, shown: int) -> Iterator[list[Value]]:
    words, edition = brief.words, brief.edition
    yield [words.say("Made for"), clean(edition.audience, 60)]
    yield [words.say("Made at"), edition.now.astimezone(edition.zone)]
    yield [words.say("Time zone"), str(edition.zone)]
    yield [words.say("Currency"), edition.currency]
    if shown < findings:
        yield [
            words.say("Findings"),
            words.say(
                "{shown} of {all} findings: the weightiest, because all would be too large for a mail. "
                "driftline findings lists the others.",
                shown=words.figure(Decimal(shown)),
                all=words.figure(Decimal(findings)),
            ),
        ]
    else:
        yield [words.say("Findings"), findings]
    yield []
    for coverage in edition.coverage:
        yield [words.say("As of: {source}", source=clean(coverage.source, 40)), *_as_of(coverage, brief)]
    yield []
    for title, says in _explained(brief, whole=shown == findings):
        yield [title, says]


def _as_of(coverage: Coverage, brief: Brief) -> list[Value]:
    words = brief.words
    if coverage.as_of is None:
        return [words.say("never read completely; its numbers are missing")]
    read = coverage.as_of.astimezone(brief.edition.zone)
    if coverage.complete:
        return [read]
    return [read, words.say("could not be read since: {why}", why=clean(coverage.error, 200))]


def _explained(brief: Brief, *, whole: bool) -> Iterator[tuple[str, str]]:
    words = brief.words
    yield (
        words.say("Amounts"),
        words.say("Every amount is a record's own, converted into the currency above where a rate is known."),
    )
    yield (
        words.say("Counted"),
        words.say(
            "A record that several findings name is counted once, with its largest amount. "
            "Only open and acknowledged findings are counted."
        ),
    )
    yield (
        words.say("Total"),
        words.say("The totals are those of the mail, under Open.")
        if whole
        else words.say("The totals are those of the findings listed here; the mail tells those of all."),
    )
    yield words.say("Accounts"), words.say("Revenue, savings and cost stand side by side and are never added.")
    yield words.say("weighted"), words.say("The amount times the probability that the deal's owner gives it.")
    yield (
        words.say("Not converted"),
        words.say("Money in a currency without a rate is listed as it is and stands in no total."),
    )
    yield words.say("Code"), words.say("driftline show CODE tells everything about a finding.")
