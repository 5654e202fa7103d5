"""How the numbers come about, how each one is traced, what was left out, and why this mail came."""

from digest import wording
from digest.base import Block, Small, line
from digest.brief import Brief, Section
from digest.hostile import clean
from digest.sentences import SHORT_ID


def compose(brief: Brief) -> tuple[Block, ...]:
    told = {entry.tracked.fingerprint for entry in brief.told}
    decided = {tracked.fingerprint for cause in brief.shown_decisions for tracked in cause.findings}
    unchanged = [tracked for tracked in brief.at_risk if tracked.fingerprint not in told | decided]
    lines = []
    if unchanged:
        found = wording.count(len(unchanged), "more finding stands", "more findings stand")
        lines.append(f"{found} unchanged.")
    if brief.upkeep:
        found = wording.count(brief.upkeep, "finding is", "findings are")
        lines.append(f"{found} about the data itself and left to those who look after it.")
    if told or decided:
        lines.append(
            "Every record counts once; revenue and savings are never added; weighted means times probability. "
            f"All findings: driftline findings. Records behind an {SHORT_ID}-character code: driftline show CODE."
        )
    lines.append(f"Sent to {clean(brief.edition.audience, 60)}; {_why(brief)}.")
    return tuple(Small(line(text)) for text in lines)


def _why(brief: Brief) -> str:
    since = brief.edition.since
    if since is None:
        return "its first mail"
    return f"news since {wording.moment(since, brief.edition.zone, brief.today)}"


SECTION = Section("foot", 90, "", compose)
