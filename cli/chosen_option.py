"""Which of a finding's computed options somebody means: by its number in ``driftline show``, or by its kind."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from model.findings import DecisionOption, Finding

ACCEPT = "accept"


def chosen_option(finding: "Finding", named: str) -> "DecisionOption | None":
    """The option of this number or kind. To accept may be chosen where it was not computed: then there is none.

    Raise UsageError for what is not offered, and for a kind that is offered more than once.
    """
    from model.errors import UsageError

    name = named.strip().lower().replace("-", "_").replace(" ", "_")
    offered = finding.options
    if name.isdecimal():
        if 0 < int(name) <= len(offered):
            return offered[int(name) - 1]
        raise UsageError(f"there is no option {named}", hint=_offered(finding))
    found = [option for option in offered if option.kind.value == name]
    if len(found) > 1:
        numbers = [str(number) for number, option in enumerate(offered, start=1) if option in found]
        raise UsageError(f"{name} is offered {len(found)} times", hint=f"name its number: {' or '.join(numbers)}")
    if not found and name != ACCEPT:
        raise UsageError(f"{named} is not among the options of this finding", hint=_offered(finding))
    return found[0] if found else None


def accepts(option: "DecisionOption | None") -> bool:
    """Whether what was chosen is to live with the finding."""
    return option is None or option.kind.value == ACCEPT


def _offered(finding: "Finding") -> str:
    if not finding.options:
        return 'no option was computed for it; say what is done: --text "…"'
    named = ", ".join(f"{number} {option.kind.value}" for number, option in enumerate(finding.options, start=1))
    return f'they are: {named}; or say what is done: --text "…"'
