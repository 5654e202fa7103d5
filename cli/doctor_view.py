"""How an examination is shown: one line per thing, the worst told last in one sentence."""

from collections import Counter
from collections.abc import Sequence

from cli.output import print_json, say
from cli.wording import count
from pipeline.doctor import Diagnosis, Verdict

_COLOURS = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.FAILED: "red"}


def show(found: Sequence[Diagnosis]) -> None:
    """Print every line, with what to do below those that are not in order."""
    width = max(len(each.area) for each in found)
    for each in found:
        say(f"{each.verdict.value:<8} {each.area:<{width}}  {each.says}", fg=_COLOURS[each.verdict])
        if each.remedy and each.verdict is not Verdict.OK:
            say(f"{'':<8} {'':<{width}}  → {each.remedy}")
    say()
    say(_summary(found))


def show_json(found: Sequence[Diagnosis]) -> None:
    """Print all as one document."""
    print_json({"verdict": worst(found), "checks": found})


def worst(found: Sequence[Diagnosis]) -> Verdict:
    """How the whole stands."""
    return max((each.verdict for each in found), key=list(Verdict).index, default=Verdict.OK)


def _summary(found: Sequence[Diagnosis]) -> str:
    numbers = Counter(each.verdict for each in found)
    if not numbers[Verdict.FAILED] and not numbers[Verdict.WARNING]:
        return "Everything is in order."
    warned = count(numbers[Verdict.WARNING], "warning")
    if numbers[Verdict.FAILED]:
        return f"{count(numbers[Verdict.FAILED], 'thing')} to mend, {warned}."
    return f"Nothing must be mended; {warned}."
