"""``driftline show``: the whole of one finding or record."""

from typing import TYPE_CHECKING

import click

from cli.output import clean, day, moment, money, print_json
from cli.workspace import load_configuration, open_store

if TYPE_CHECKING:
    from model.findings import TrackedFinding, Transition
    from state.store import Store


@click.command("show", short_help="Show the whole of one finding or record.")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def command(ctx: click.Context, name: str, as_json: bool) -> None:
    """Show one finding by the first digits of its id, or one record by its key.

    A finding comes with both claims, the chain that binds, the evidence, the money and its history; a record with its
    fields, where each came from, and its revisions.
    """
    from model.errors import UsageError

    configuration = load_configuration(ctx)
    with open_store(configuration) as store:
        findings = store.find_finding(name)
        if len(findings) > 1:
            raise UsageError(f"{name} begins {len(findings)} findings", hint="give more digits of the id")
        if findings:
            history = store.transitions(fingerprint=findings[0].fingerprint)
            if as_json:
                print_json({"finding": findings[0], "history": history})
            else:
                _show_finding(findings[0], history, configuration.settings.business.currency)
            return
        _show_records(store, name, as_json=as_json)


def _say(label: str, text: object) -> None:
    click.echo(f"{label:<12} {clean(str(text))}".rstrip())


def _show_finding(tracked: "TrackedFinding", history: list["Transition"], currency: str) -> None:
    finding = tracked.finding
    click.echo(click.style(clean(finding.title), bold=True))
    _say("finding", f"{tracked.fingerprint} ({finding.check}, {finding.severity.label}, {tracked.state.value})")
    for claim in (finding.commitment, finding.forecast):
        if claim is not None:
            _say(f"{claim.system} says"[:12], f"{claim.says}  {claim.where}")
    _show_money(tracked, currency)
    _say("objectives", ", ".join(finding.objective_ids) or "none linked")
    _say("owner", finding.owner or "nobody named")
    _say("decider", f"{finding.decider or 'nobody named'}, by {day(finding.decide_by)}")
    _say("to do", finding.advice)
    if tracked.held_since is not None:
        _say("held", f"not re-checked since {moment(tracked.held_since)}: {tracked.held_because}")
    if finding.chain:
        click.echo("chain")
        for depth, step in enumerate(finding.chain):
            click.echo(clean(f"  {'  ' * depth}{'└ ' if depth else ''}{step.key} {step.title}: {step.says}  {step.where}"))
    click.echo("evidence")
    for proof in finding.evidence:
        change = f", before {proof.old}" if proof.old else ""
        who = f" ({proof.by or 'somebody'} on {day(proof.at)})" if proof.at else ""
        click.echo(clean(f"  {proof.key} {proof.field} = {proof.value}{change}{who}  {proof.where}".rstrip()))
    click.echo("history")
    for change in history:
        click.echo(clean(f"  {moment(change.at)} {change.kind.value} by {change.by} {change.reason}".rstrip()))


def _show_money(tracked: "TrackedFinding", currency: str) -> None:
    from model.findings import Account

    impact = tracked.finding.impact
    if impact.days is not None:
        _say("variance", f"{impact.days} days late")
    for account in Account:
        if not impact.full(account):
            continue
        weighted = impact.weighted(account)
        beside = f" ({money(weighted, currency)} weighted by probability)" if weighted else ""
        _say(account.value, f"{money(impact.full(account), currency)}{beside}")
        for share in impact.shares:
            for amount in share.amounts:
                if amount.period and amount.account is account:
                    _say("", f"{amount.period}  {money(amount.full.amount, amount.full.currency)}")
    if not impact.priced and not impact.unconverted:
        _say("money", "not priced")
    for foreign in impact.unconverted:
        _say("unconverted", f"{money(foreign.amount, foreign.currency)} has no rate in the settings")


def _show_records(store: "Store", name: str, *, as_json: bool) -> None:
    from model.errors import UsageError

    found = store.find(name)
    if not found:
        raise UsageError(
            f"there is no finding or record {name}", hint="driftline findings lists findings; records go by their key"
        )
    if as_json:
        print_json(
            [
                {
                    "kind": seen.record.kind,
                    "record": seen.record,
                    "first_seen": seen.first_seen,
                    "last_seen": seen.last_seen,
                    "revisions": store.revisions(seen.record.id),
                    "links": store.links_of(seen.record.id),
                    "needs": store.needs_of(seen.record.id),
                }
                for seen in found
            ]
        )
        return
    for seen in found:
        record = seen.record
        click.echo(click.style(clean(f"{record.key} {record.title}"), bold=True))
        _say("record", f"{record.id} ({record.kind.value})  {record.url}")
        for field, value in _fields(record):
            _say(field, f"{value}  {record.provenance.get(field, '')}".rstrip())
        for link in store.links_of(record.id):
            _say("linked to", f"{link.objective_id} as {link.role.value} by rule {link.rule} ({link.location})")
        for need in store.needs_of(record.id):
            _say("needs", f"{need.wanted} plus {need.lag_days} days ({need.rule or need.origin.value})")
        for revision in store.revisions(record.id):
            _say("revision", f"{moment(revision.seen_at)} {revision.absence.value if revision.absence else ''}".rstrip())


def _fields(record: object) -> list[tuple[str, object]]:
    """The fields that say something, in the order of the record."""
    import dataclasses

    hidden = {"source", "native_id", "key", "title", "url", "provenance", "custom", "moves"}
    pairs = [
        (field.name, getattr(record, field.name))
        for field in dataclasses.fields(record)  # type: ignore[arg-type]
        if field.name not in hidden
    ]
    pairs += list(getattr(record, "custom", {}).items())
    return [(name, value) for name, value in pairs if value not in (None, "", (), False)]
