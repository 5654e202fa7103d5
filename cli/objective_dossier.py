"""One objective for people: what was approved, what the plan and the pace imply, and who moved what."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cli.moves_view import baseline_rows, history_says
from cli.objective_view import about, lights
from cli.output import say
from cli.plain import plain
from cli.record_view import called
from cli.table import print_pairs, print_table
from cli.wording import count, day, label, lateness

if TYPE_CHECKING:
    from config.load import Configuration
    from model.findings import Step
    from pipeline.objective import ObjectivePicture
    from reconcile.throughput import Throughput

MOST_MOVED = 10


def print_objective(shown: "ObjectivePicture", configuration: "Configuration") -> None:
    """The whole of one objective."""
    objective = shown.objective
    say(f"{objective.id} {objective.name}", bold=True)
    say(about(objective))
    for line in (objective.intent, lights(objective)):
        if line:
            say(line)
    _section("target and baselines", _target_rows(shown))
    _section("what the plan implies", _plan_rows(shown))
    for depth, step in enumerate(shown.chain[1:]):
        say(f"  {'  ' * depth}└ {step_text(step)}")
    _section("what the pace implies, as a second witness", list(_pace_rows(shown)))
    _print_moved(shown, configuration)
    if shown.findings:
        rows = [(each.fingerprint[:8], each.finding.severity.label, each.finding.title) for each in shown.findings]
        _section("findings", rows)


def step_text(step: "Step") -> str:
    """``AUR-118 Certify the safety gateway: due 16 Nov 2026``."""
    return f"{step.key}{f' {step.title}' if step.title else ''}: {step.says}"


def _section(title: str, rows: Sequence[Sequence[str]]) -> None:
    say()
    say(title, bold=True)
    print_pairs(rows, indent=2)


def _target_rows(shown: "ObjectivePicture") -> list[tuple[str, str]]:
    objective = shown.objective
    if objective.baselines:
        return baseline_rows(shown.baselines, None)
    if objective.target is None:
        return [("none", "no target was ever set")]
    return [("target", f"{day(objective.target)}; nobody has approved a baseline")]


def _plan_rows(shown: "ObjectivePicture") -> list[tuple[str, str]]:
    forecast = shown.forecast
    if forecast is None:
        return [("nothing", "no record delivers it")]
    rows = [(label(forecast.state.value), day(forecast.day) if forecast.day else "no day")]
    if shown.slip is not None and shown.whole_slip is not None:
        against = f"; {lateness(shown.whole_slip)} against the original" if shown.baselines.moved_days else ""
        plan = "baseline in force" if shown.objective.baselines else "target"
        rows.append(("against plan", f"{lateness(shown.slip)} against the {plan}{against}"))
    return rows


def _pace_rows(shown: "ObjectivePicture") -> "list[tuple[str, str]]":
    from reconcile.throughput import inputs_say, throughput_says

    rows = [("all teams", throughput_says(shown.pace.whole)), ("", inputs_say(shown.pace.whole))]
    if len(shown.pace.teams) > 1:
        for team in shown.pace.teams:
            rows += [(team.name, throughput_says(team)), ("", inputs_say(team))]
    return rows


def _print_moved(shown: "ObjectivePicture", configuration: "Configuration") -> None:
    if not shown.moved:
        return
    zone = configuration.settings.business.zone
    rows = [
        (called(each.record), f"{label(each.history.field)} {history_says(each.history, zone)}")
        for each in shown.moved[:MOST_MOVED]
    ]
    _section("whose planned day moved", rows)
    if len(shown.moved) > MOST_MOVED:
        say(f"  and {len(shown.moved) - MOST_MOVED:,} more")


def objective_json(shown: "ObjectivePicture") -> dict[str, Any]:
    """The documented fields of one objective."""
    forecast = shown.forecast
    return {
        "objective": plain(shown.objective),
        "baselines": plain(shown.baselines.approved),
        "forecast": None
        if forecast is None
        else {"state": forecast.state.value, "day": plain(forecast.day), "chain": plain(shown.chain)},
        "slip": {"in_force": shown.slip, "original": shown.whole_slip},
        "pace": {"whole": plain(shown.pace.whole), "teams": plain(shown.pace.teams)},
        "moved": [
            {"record": each.record.id, "key": each.record.key, **plain(each.history), "days": each.history.days}
            for each in shown.moved
        ],
        "findings": [each.fingerprint for each in shown.findings],
    }


def print_teams(teams: "Sequence[Throughput]") -> None:
    """One row per team: what is left, the two dates or why there are none, and the weeks they were drawn from."""
    rows = [
        (
            team.name,
            f"{team.remaining:,}",
            day(team.likely),
            day(team.safe),
            " ".join(str(finished) for _, finished in team.weeks) or "nothing",
            team.undefined,
        )
        for team in teams
    ]
    print_table(["team", "left", "50 % by", "85 % by", "finished per week", "note"], rows, right=(1,))
    say(count(len(teams), "team"))
