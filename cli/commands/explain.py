"""``driftline explain``: why a record is linked as it is, or what a check means."""

from typing import TYPE_CHECKING

import click

from cli.output import print_json, say, say_text
from cli.table import print_pairs
from cli.today import today_of
from cli.wording import count, money, number, origin, waiting
from cli.workspace import NOTHING_READ, START_READING, load_configuration, near, read_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from config.load import Configuration
    from mapping.explain import Attempt, Explanation, Step, Worth

_COUNTS_ON = {"revenue": "open deals", "savings": "savings linked"}


@click.command("explain", short_help="Tell why a record is linked as it is, or what a check means.")
@click.argument("name")
@click.option("--all", "everything", is_flag=True, help="List the rules for other sources as well.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def command(ctx: click.Context, name: str, everything: bool, as_json: bool) -> None:
    """Explain a record by its key, or a check by its name.

    For a record: every rule that was tried, the first condition that failed, the rule that won, and the path of
    objectives above it with the money that they are to bring, the open deals and savings that count on each or below
    it, and the KPIs that measure them.

    JSON of a record name: a list of objects with record_id, key, title, attempts, match, paths and carries; of a check:
    one object with check and text.
    """
    from model.findings import is_custom
    from reconcile.checks import checks

    known = checks() if not is_custom(name) else load_configuration(ctx).checks
    if name in known:
        _explain_check(name, known[name], as_json=as_json)
        return
    configuration = load_configuration(ctx)
    explanations = _explanations(configuration, name, list(known))
    if as_json:
        print_json(explanations)
        return
    for index, explanation in enumerate(explanations):
        if index:
            say()
        _show(explanation, configuration, everything=everything)


def _explain_check(name: str, check: object, *, as_json: bool) -> None:
    import inspect

    text = inspect.getdoc(check) or ""
    if as_json:
        print_json({"check": name, "text": text})
    else:
        say(name, bold=True)
        say()
        say_text(text)


def _explanations(configuration: "Configuration", name: str, checks: list[str]) -> "list[Explanation]":
    """What the rules say about every record of this name; raise UsageError when there is none."""
    from mapping.wording import did_you_mean
    from model.errors import UsageError
    from pipeline.explanation import explain_stored

    with read_store(configuration) as store:
        if store is None:
            raise UsageError(f"there is no record or check {name}: {NOTHING_READ}", hint=START_READING)
        found = store.find(name)
        if not found:
            hint = did_you_mean(name, checks, "the checks are")
            raise UsageError(f"there is no record or check {name}", hint=f"records go by their key; {hint}")
        return explain_stored(store, configuration, found, today_of(configuration))


def _show(explanation: "Explanation", configuration: "Configuration", *, everything: bool) -> None:
    same = explanation.title in ("", explanation.key)
    say(explanation.key if same else f"{explanation.key} {explanation.title}", bold=True)
    if not explanation.match.links:
        say(f"linked to nothing: {_why_unlinked(explanation)}")
    attempts = [attempt for attempt in explanation.attempts if everything or not _elsewhere(attempt)]
    # The rule that won comes first, then those that matched too, then those that failed.
    attempts.sort(key=lambda attempt: (not attempt.won, attempt.failure is not None))
    say("rules")
    print_pairs(
        [(attempt.rule, _verdict(attempt), near(configuration, attempt.location)) for attempt in attempts], indent=2
    )
    if left_out := len(explanation.attempts) - len(attempts):
        say(f"  {count(left_out, 'rule')} for other sources (--all lists them)")
    if explanation.match.needs:
        say("waits for")
        print_pairs(
            [(waiting(need.wanted, need.lag_days, need.calendar), origin(need)) for need in explanation.match.needs],
            indent=2,
        )
    for worth in explanation.carries:
        print_pairs([("carries", _worth(worth))])
    for path in explanation.paths:
        say("path to the top")
        print_pairs([row for step in path for row in _step(step)], indent=2)


def _why_unlinked(explanation: "Explanation") -> str:
    if explanation.match.unresolved:
        return "the rule that wins cannot tell the objective"
    if any(attempt.won for attempt in explanation.attempts):
        return "no work item above it is linked"
    return "no rule matches it"


def _step(step: "Step") -> "Iterator[tuple[str, ...]]":
    """An objective with the money it plans and the money that counts on it, and its KPIs below."""
    worth = [_worth(each) for each in step.worth]
    worth += [f"{_COUNTS_ON[each.account]}: {money(each.amount, each.currency)}" for each in step.counts_on]
    yield (step.id, step.name, step.level.replace("_", " "), *worth[:1])
    yield from (("", "", "", line) for line in worth[1:])
    for each in step.indicators:
        seen = "unknown" if each.value is None else f"{number(each.value)} {each.unit}".strip()
        wanted = "no target" if each.target is None else f"target {number(each.target)} {each.unit}".strip()
        yield ("", f"KPI {each.metric}", "measured", f"{seen}, {wanted}" + (f", {each.period}" if each.period else ""))


def _worth(worth: "Worth") -> str:
    told = f"{worth.account}: {money(worth.amount, worth.currency)}"
    if worth.first:
        told += f", {worth.first}" if worth.first == worth.last else f", {worth.first} to {worth.last}"
    return told


def _elsewhere(attempt: "Attempt") -> bool:
    return attempt.failure is not None and attempt.failure.condition == "source"


def _verdict(attempt: "Attempt") -> str:
    if attempt.won and attempt.unresolved:
        told = f"wins by {attempt.rung}, but {attempt.unresolved}"
        return f"{told}; linked to {', '.join(attempt.objective_ids)}" if attempt.objective_ids else told
    if attempt.won:
        return f"wins by {attempt.rung}: {', '.join(attempt.objective_ids)} as {attempt.role.value}"
    if attempt.failure is None:
        return f"matches by {attempt.rung}, but {attempt.beaten_by} wins over it"
    return f"does not match: {attempt.failure}"
