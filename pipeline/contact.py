"""A first contact with a source: what the source itself tells, and what the settings and the stored state add to it."""

from dataclasses import replace
from datetime import date, timedelta

from config.load import Configuration
from connectors.base import Connector
from connectors.skew import NOTEWORTHY
from model.errors import Problem, SchemaDriftError
from model.reading import Probe
from pipeline.drift import dependents, drift_of, told
from pipeline.expiry import expiry_problems
from pipeline.left_out import rest_of
from pipeline.samples import sample_fields
from state.store import Store


def contact(connector: Connector, store: Store | None, configuration: Configuration, today: date) -> Probe:
    """Probe a source; add a value of every configured field, what a run would hold the source for, with what depends
    on that, a clock that differs from ours, and credentials that end soon.

    Raise SourceError when the source cannot be asked. Nothing is stored.
    """
    try:
        probe = connector.probe()
        drift = drift_of(store, connector)
        if probe.fields is None and drift is None:
            probe = replace(probe, fields=sample_fields(connector))
    except SchemaDriftError as gone:
        problem = _explained(connector, gone, configuration)
        raise SchemaDriftError(problem, fields=gone.fields) from gone
    besides = (*_skew(connector), *expiry_problems({connector.name: connector.options}, today))
    if drift is None:
        return replace(probe, problems=(*probe.problems, *besides))
    found = _explained(connector, drift, configuration)
    others = [problem for problem in probe.problems if problem.message not in found.message]
    return replace(probe, problems=(found, *others, *besides))


def _skew(connector: Connector) -> tuple[Problem, ...]:
    ahead = connector.context.skew.ahead
    if abs(ahead) < NOTEWORTHY:
        return ()
    hours, minutes = divmod(round(abs(ahead).total_seconds() / 60), 60)
    length = " ".join([f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes))
    return (
        Problem(
            f"the clock of {connector.name}'s server is {length} {'ahead of' if ahead > timedelta(0) else 'behind'} "
            "this machine's",
            connector.name,
            "let both follow a time server; reads go back further as long as the server's is behind",
        ),
    )


def _explained(connector: Connector, drift: SchemaDriftError, configuration: Configuration) -> Problem:
    first = drift.problems[0]
    needed_by = dependents(configuration, connector.name, drift.fields)
    goes_on = rest_of(connector.options, drift.fields) is not None
    message, hint = told(connector.name, first.message, first.hint, needed_by, goes_on=goes_on)
    return Problem(message, first.location, hint)
