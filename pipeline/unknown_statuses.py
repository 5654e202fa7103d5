"""Warnings about statuses of which nobody has said what they mean, at the source that uses them."""

from collections.abc import Iterator

from config.files import read_file
from config.load import Configuration
from mapping.document import parse
from model.errors import Problem, UserError
from state.store import Store


def status_warnings(store: Store, configuration: Configuration) -> Iterator[Problem]:
    """One warning per source and status text that present work items have, at the source in the settings."""
    with store.view() as view:
        found = [each for each in view.unknown_statuses() if each.status.strip()]
    if not found:
        return
    try:
        document = parse(read_file(configuration.files[0]))
    except UserError:  # edited since it was loaded, into something unreadable
        document = None
    for each in found:
        if each.source not in configuration.settings.sources:
            continue
        number = "1 work item" if each.records == 1 else f"{each.records:,} work items"
        message = f"{each.source} has {number} with the status '{each.status}', of which is not known what it means"
        hint = f"add it under statuses: of {each.source}: todo, doing, done or dropped"
        loc = ("sources", each.source, "statuses")
        yield document.problem(loc, message, hint, at_key=True) if document else Problem(message, hint=hint)
