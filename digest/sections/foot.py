"""How the numbers come about, how each one is traced, what was left out, and since when the mail tells."""

from digest import wording
from digest.base import Block, Small, line
from digest.brief import Brief, Section


def compose(brief: Brief) -> tuple[Block, ...]:
    told = {entry.tracked.fingerprint for entry in brief.told}
    decided = {tracked.fingerprint for cause in brief.shown_decisions for tracked in cause.findings}
    unchanged = [tracked for tracked in brief.at_risk if tracked.fingerprint not in told | decided]
    lines = []
    if unchanged:
        found = wording.count(len(unchanged), "more finding stands", "more findings stand")
        lines.append(f"{found} unchanged.")
    if brief.upkeep:
        lines.append(f"{wording.count(brief.upkeep, 'finding')} about the data, left to its owners.")
    if told or decided:
        lines.append(
            "Every record counts once, revenue and savings apart; weighted means times probability. "
            "More: driftline findings, driftline show CODE."
        )
    lines.append(f"{_why(brief)}.")
    return tuple(Small(line(text)) for text in lines)


def _why(brief: Brief) -> str:
    since = brief.edition.since
    if since is None:
        return "First mail"
    return f"News since {wording.moment(since, brief.edition.zone, brief.today)}"


SECTION = Section("foot", 90, "", compose)
