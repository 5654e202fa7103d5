"""``driftline explain``: why a record is linked as it is, or what a check means."""

from typing import TYPE_CHECKING

import click

from cli.output import clean, print_json
from cli.workspace import load_configuration, open_store

if TYPE_CHECKING:
    from mapping.explain import Explanation


@click.command("explain", short_help="Tell why a record is linked as it is, or what a check means.")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def command(ctx: click.Context, name: str, as_json: bool) -> None:
    """Explain a record by its key, or a check by its name.

    For a record: every rule that was tried, the first condition that failed, the rule that won and the path of
    objectives above it.
    """
    from mapping.explain import explain
    from model.errors import UsageError
    from pipeline.link import names_of
    from reconcile.checks import checks

    known = checks()
    if name in known:
        _explain_check(name, known[name], as_json=as_json)
        return
    configuration = load_configuration(ctx)
    with open_store(configuration) as store:
        found = store.find(name)
        if not found:
            raise UsageError(
                f"there is no record or check {name}", hint=f"the checks are: {', '.join(sorted(known))}"
            )
        names = names_of(store)
    explanations = [explain(configuration.mapping, names, seen.record) for seen in found]
    if as_json:
        print_json(explanations)
        return
    for seen, explanation in zip(found, explanations, strict=True):
        click.echo(click.style(clean(f"{seen.record.key} {seen.record.title}"), bold=True))
        _show(explanation)


def _explain_check(name: str, check: object, *, as_json: bool) -> None:
    import inspect

    text = inspect.getdoc(check) or ""
    if as_json:
        print_json({"check": name, "text": text})
    else:
        click.echo(f"{name}\n\n{text}")


def _show(explanation: "Explanation") -> None:
    if not explanation.match.links:
        click.echo("linked to nothing: no rule matches it")
    for attempt in explanation.attempts:
        objectives = ", ".join(attempt.objective_ids)
        if attempt.won:
            verdict = f"wins ({attempt.rung}): {objectives} as {attempt.role.value}"
        elif attempt.failure is None:
            verdict = f"matches ({attempt.rung}), but {attempt.beaten_by} wins over it"
        else:
            verdict = f"does not match: {attempt.failure}"
        click.echo(clean(f"  {attempt.rule}  {verdict}  ({attempt.location})"))
    for need in explanation.match.needs:
        lag = f" plus {need.lag_days} days" if need.lag_days else ""
        click.echo(clean(f"needs {need.wanted}{lag} ({need.rule or 'the source says so'})"))
    for path in explanation.paths:
        click.echo(clean("path  " + " → ".join(f"{step.id} {step.name}" for step in path)))
