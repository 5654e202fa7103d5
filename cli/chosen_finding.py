"""Which finding somebody means by the first digits of its id."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from model.findings import TrackedFinding
    from state.store import Store


def chosen_finding(store: "Store", name: str, *, what: str = "finding") -> "TrackedFinding":
    """The one finding whose id begins so; raise UsageError when there is none or more than one.

    ``what`` says what else the name could have been.
    """
    from model.errors import UsageError

    found = store.find_finding(name) if name.strip() else []
    if not found:
        hint = "driftline findings lists findings"
        raise UsageError(
            f"there is no {what} {name}", hint=hint if what == "finding" else f"{hint}; records go by their key"
        )
    if len(found) > 1:
        raise UsageError(f"{name} begins {len(found)} findings", hint="give more digits of the id")
    return found[0]
