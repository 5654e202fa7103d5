"""How the numbers come about, how each one is traced, what was left out, and since when the mail tells."""

from digest.base import Allowance, Block, Small, line
from digest.brief import Brief, Section
from digest.language import Language
from model.causes import cause_key


def compose(brief: Brief) -> tuple[Block, ...]:
    told = {entry.tracked.fingerprint for entry in brief.told}
    decided = {tracked.fingerprint for cause in brief.shown_decisions for tracked in cause.findings}
    shown = told | decided | set(brief.held_back)
    unchanged = [tracked for tracked in brief.at_risk if tracked.fingerprint not in shown]
    words, lines = brief.words, []
    if unchanged:
        lines.append(
            words.count(len(unchanged), "{n} more finding stands unchanged.", "{n} more findings stand unchanged.")
        )
    lines += _held_back(brief)
    if brief.upkeep:
        lines.append(
            words.count(
                brief.upkeep,
                "{n} finding about the data, left to its owners.",
                "{n} findings about the data, left to its owners.",
            )
        )
    if told or decided:
        lines.append(
            words.say(
                "Every record counts once, revenue and savings apart; weighted means times probability. "
                "More: driftline findings, driftline show CODE."
            )
        )
    lines.append(f"{_why(brief)}.")
    return tuple(Small(line(text)) for text in lines)


def _held_back(brief: Brief) -> list[str]:
    """What the readers' budget holds back from this mail, and what of this mail it held back before."""
    words, allowance, lines = brief.words, brief.edition.allowance, list[str]()
    if allowance is None:
        return lines
    if brief.held_pieces:
        lines.append(
            words.count(
                brief.held_pieces,
                "{n} more held back by your budget of {limit} a week.",
                "{n} more held back by your budget of {limit} a week.",
                limit=_limit(words, allowance),
            )
        )
    earlier = {cause_key(e.tracked.finding) for e in brief.told if e.tracked.fingerprint in allowance.earlier}
    if earlier:
        lines.append(
            words.count(
                len(earlier),
                "{n} of the news was held back by your budget before.",
                "{n} of the news were held back by your budget before.",
            )
        )
    return lines


def _limit(words: Language, allowance: Allowance) -> str:
    if allowance.mails_used_up and allowance.mails_per_week is not None:
        return words.count(allowance.mails_per_week, "{n} mail", "{n} mails")
    return words.count(allowance.news_per_week or 0, "{n} piece of news", "{n} pieces of news")


def _why(brief: Brief) -> str:
    since = brief.edition.since
    if since is None:
        return brief.words.say("First mail")
    return brief.words.say("News since {time}", time=brief.words.moment(since, brief.edition.zone, brief.today))


SECTION = Section("foot", 90, "", compose)
