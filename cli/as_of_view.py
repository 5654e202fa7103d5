"""What could be known on a past day, and on what the picture of that day rests."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cli.finding_view import print_findings, totals
from cli.output import say
from cli.plain import plain
from cli.table import print_table
from cli.wording import day, label

if TYPE_CHECKING:
    from config.load import Configuration
    from pipeline.as_of import AsOf
    from state.as_of_store import Reconstruction

TODAYS_RULES = (
    "Rules, objectives and approved dates are those of today; what they name counts from when it was created."
)
NO_HISTORY = (
    "A record that was read later is rolled back by its source's own history; fields without one are taken as they "
    "were when it was first read."
)


def print_as_of(known: "AsOf", currency: str) -> None:
    """The findings of that day, then on what they rest."""
    say(f"as of the end of {day(known.day)}", bold=True)
    say()
    if known.findings:
        print_findings(known.findings, currency, stored=False)
    else:
        say("no findings")
    say()
    print_reconstruction(known.reconstruction)


def print_reconstruction(reconstruction: "Sequence[Reconstruction]") -> None:
    """By source, how many records are known from where; and what the picture cannot know."""
    headers = ("what is known of", "own copies", "rolled back", "as first read", "came later", "history of")
    rows = [
        (each.source, each.own, each.rolled_back, each.as_first_read, each.left_out, history_of(each))
        for each in reconstruction
    ]
    print_table(headers, rows, right=(1, 2, 3, 4))
    say(NO_HISTORY)
    say(TODAYS_RULES)


def history_of(each: "Reconstruction") -> str:
    """The fields whose history a source tells, in words."""
    return ", ".join(label(name) for name in each.told) or "nothing"


def as_of_json(known: "AsOf", configuration: "Configuration") -> dict[str, object]:
    """What ``--json`` prints."""
    from model.so_what import so_what

    currency, tree = configuration.settings.business.currency, configuration.mapping.tree
    return {
        "as_of": known.day,
        "moment": known.moment,
        "rules": "today",
        "reconstruction": known.reconstruction,
        "findings": [
            {
                "fingerprint": each.fingerprint,
                "totals": totals(each.finding.impact),
                "so_what": so_what(each.finding, tree, currency),
                **plain(each),
            }
            for each in known.findings
        ],
    }
