"""Plans and baselines that say something else than what was approved."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from model.findings import Claim, Evidence, Finding, Impact, Share
from model.keys import normalise_key, objective_node
from model.links import Role
from model.money import Money, Month
from model.objectives import Baseline, Objective, StageGate
from model.records import Revision, Saving
from reconcile.baselines import objective_baselines
from reconcile.check import Asked, Blind, Check, CheckOptions, Verdict
from reconcile.decisions import controller, decide_by, decider, owner
from reconcile.impact import lost_share, planned_start, severity
from reconcile.promises import gone_reason
from reconcile.values import NONE, Cell, Outlook, by_month, served_by
from reconcile.wording import amount_text, day_text, later_text, listed
from reconcile.world import World

_OVER = frozenset({StageGate.CANCELLED, StageGate.CLOSED})


class EditedBaselineOptions(CheckOptions):
    """Options of the check edited-baseline."""

    approved_stages: tuple[str, ...] = (
        *("decided", "approved", "implemented", "closed"),
        *("entschieden", "genehmigt", "umgesetzt", "abgeschlossen"),
    )
    """The stage gates of savings at which their plan counts as approved, as the trackers write them."""
    from_amount: Annotated[Decimal, Field(ge=0)] = Decimal(1)
    """From how much money in the business currency on a changed figure is told; less is rounding."""
    notice_days: Annotated[int, Field(ge=0)] = 14
    """How many days before the planned start or the target the change must be decided on."""


@dataclass(frozen=True, slots=True)
class _Edit:
    """One field that says something else than what was approved, and since when it does. ``difference`` is money."""

    field: str
    old: str
    new: str
    seen: datetime
    difference: Decimal = NONE


@dataclass(frozen=True, slots=True)
class _Edited:
    """A saving beside its approved content."""

    saving: Saving
    approved: Saving
    edits: tuple[_Edit, ...]
    objective_ids: tuple[str, ...]

    @property
    def months(self) -> Outlook:
        """The approved plan beside the present one."""
        before, after = by_month(self.approved.plan), by_month(self.saving.plan)
        cells = (Cell(each, before.get(each, NONE), after.get(each, NONE)) for each in sorted({*before, *after}))
        return Outlook(self.saving, tuple(cells), (), self.saving.currency)


class EditedBaseline(Check[EditedBaselineOptions]):
    """A plan or a baseline was changed after its approval.

    What it finds
        A saving whose plan, run-rate, baseline or currency differs from what was approved. Approved is what was seen of
        it when its stage gate was first seen as decided or later, and again at the last approval of a baseline of its
        objective or the nearest one above it; a saving without a stage gate goes by that approval alone. What was
        approved before it was first seen is taken as it was first seen. And an objective whose target is not its
        approved baseline, or whose baseline in force nobody approved although an earlier one was. All edits since the
        approval count together; what was put back is no finding. Without a stage gate or a dated approval nothing can
        be judged. A planned start that moved is schedule-slip's.

    Why it matters
        A plan that follows its forecast never misses it: the slip disappears and nobody has decided on it.

    What to do
        Ask what the change is for; then let the controller approve it as a new baseline, or put the figure back.

    Example
        M-201 was decided with EUR 1,840,000. On 14 Sep 2026 the tracker shows EUR 1,600,000: value changed after
        approval, EUR 240,000 less; the controller decides.
    """

    name = "edited-baseline"
    title = "A plan or a baseline was changed after approval"
    family = "truth"
    patterns = ("I27",)
    formula = "|figure now - figure when approved| >= from_amount."
    options_type = EditedBaselineOptions
    reads = frozenset({"plan", "run_rate", "baseline", "currency", "stage_gate"})
    roles = frozenset({Role.SAVES})

    def asks(self, world: World, options: EditedBaselineOptions) -> Asked:
        """What was seen of the savings that are approved."""
        stages = _stages(options)
        savings = world.network.savings.values()
        return Asked(histories=frozenset(each.id for each in savings if _is_approved(world, each, stages)))

    def find(self, world: World, options: EditedBaselineOptions) -> Iterator[Verdict]:
        for objective in world.network.objectives.values():
            if objective.stage_gate not in _OVER and (reason := _unapproved(objective)):
                yield self._of_objective(world, options, objective, reason)
        yield from _blind(world)
        stages = _stages(options)
        for saving in world.network.savings.values():
            edited = _edited(world, options, saving, stages)
            if edited is not None:
                yield self._of_saving(world, options, edited)

    def _of_saving(self, world: World, options: EditedBaselineOptions, edited: _Edited) -> Finding:
        saving, ids = edited.saving, edited.objective_ids
        share = _lost(world, edited)
        impact = Impact(None, (share,) if share is not None else ())
        last_day = decide_by(planned_start(saving), options.notice_days, world.today)
        name = f"{saving.key} {saving.title}" if saving.title != saving.key else saving.key
        since = min(edit.seen for edit in edited.edits).date()
        confirms = saving.controller or controller(world.tree, ids)
        where = world.where(saving.id, edited.edits[0].field)
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(saving.id,),
            title=f"{name}: value changed after approval, {_says(edited)} (seen {day_text(since)})",
            objective_ids=ids,
            commitment=Claim(saving.source, saving.key, f"was approved with {_figures(edited.approved)}", where=where),
            forecast=Claim(saving.source, saving.key, f"shows {_figures(saving)}", where=where),
            impact=impact,
            cause=saving.id,
            evidence=tuple(
                Evidence(
                    saving.id,
                    saving.key,
                    world.field_name(saving.id, edit.field),
                    edit.new,
                    world.where(saving.id, edit.field),
                    old=edit.old,
                    at=edit.seen,
                )
                for edit in edited.edits
            ),
            severity=severity(impact, last_day, world.today, world.options.severity),
            owner=saving.owner or owner(world.tree, ids),
            decider=confirms or decider(world.tree, ids, within_tolerance=False),
            decide_by=last_day,
            advice="Ask what the change is for; then approve it as a new baseline or put back "
            f"{_figures(edited.approved)}.",
            sources=(saving.source,),
        )

    def _of_objective(
        self, world: World, options: EditedBaselineOptions, objective: Objective, reason: "_Unapproved"
    ) -> Finding:
        days = (reason.shown - reason.approved.target).days
        impact = Impact(days)
        last_day = decide_by(reason.approved.target, options.notice_days, world.today)
        ids = (objective.id,)
        approved = reason.approved.target.isoformat()
        if reason.approved.approved_on is not None:
            approved += f", approved on {day_text(reason.approved.approved_on)}"
        node = objective_node(objective.id)
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(node,),
            title=f"{objective.name}: value changed after approval, the {reason.field} says "
            f"{day_text(reason.shown)} and {day_text(reason.approved.target)} was approved ({later_text(days)})",
            objective_ids=ids,
            commitment=Claim(
                "objectives",
                objective.id,
                f"was approved for {day_text(reason.approved.target)}",
                reason.approved.target,
                objective.location,
            ),
            forecast=Claim(
                "objectives", objective.id, f"says {day_text(reason.shown)}", reason.shown, objective.location
            ),
            impact=impact,
            cause=node,
            evidence=(
                Evidence(node, objective.id, "approved baseline", approved, objective.location),
                Evidence(node, objective.id, reason.field, reason.shown.isoformat(), objective.location),
            ),
            severity=severity(impact, last_day, world.today, world.options.severity),
            owner=owner(world.tree, ids),
            decider=decider(world.tree, ids, within_tolerance=False),
            decide_by=last_day,
            advice=f"Ask what the change is for; then approve {day_text(reason.shown)} as a baseline, with who and "
            f"when, or put back {day_text(reason.approved.target)}.",
        )

    def why_resolved(self, finding: Finding, world: World, options: EditedBaselineOptions) -> str:
        subject = finding.subjects[0]
        if subject.startswith("objective:"):
            objective = world.network.objectives.get(subject)
            if objective is None:
                return "the objective is not declared any more"
            return f"the date of {objective.name} is an approved one"
        saving = world.network.savings.get(subject)
        key = finding.commitment.key if finding.commitment else subject
        if saving is None:
            return gone_reason(subject, key, world)
        if not _is_approved(world, saving, _stages(options)):
            return f"{key} is not approved any more"
        day = _approved_on(world, served_by(world, saving))
        seen = world.histories.get(saving.id, ())
        if day is not None and len(seen) > 1 and seen[-1].seen.date() <= day:
            return f"what {key} says was approved on {day_text(day)}"
        return f"{key} says again what was approved"


@dataclass(frozen=True, slots=True)
class _Unapproved:
    """A date of an objective that nobody approved, in the place of one that was."""

    field: str
    shown: date
    approved: Baseline


def _unapproved(objective: Objective) -> _Unapproved | None:
    approved = [each for each in objective.baselines if each.approved_by or each.approved_on]
    if not approved:
        return None
    last = objective.baselines[-1]
    if objective.target is not None and objective.target != last.target:
        return _Unapproved("target", objective.target, approved[-1])
    return _Unapproved("baseline", last.target, approved[-1]) if last is not approved[-1] else None


def _stages(options: EditedBaselineOptions) -> frozenset[str]:
    return frozenset(normalise_key(stage) for stage in options.approved_stages)


def _approved_on(world: World, objective_ids: Sequence[str]) -> date | None:
    """The last approval that the nearest objective on the way up states."""
    for objective_id in objective_ids:
        for objective in world.tree.path(objective_id):
            days = [
                each.approved_on for each in objective_baselines(objective).approved if each.approved_on is not None
            ]
            if days:
                return max(days)
    return None


def _is_approved(world: World, saving: Saving, stages: frozenset[str]) -> bool:
    if saving.stage_gate:
        return normalise_key(saving.stage_gate) in stages
    return _approved_on(world, served_by(world, saving)) is not None


def _edited(world: World, options: EditedBaselineOptions, saving: Saving, stages: frozenset[str]) -> _Edited | None:
    """What differs from the approved content; None where nothing does, or nothing was approved."""
    seen = [(each, each.record) for each in world.histories.get(saving.id, ()) if isinstance(each.record, Saving)]
    if len(seen) < 2 or not _is_approved(world, saving, stages):
        return None
    ids = served_by(world, saving)
    first = _first_approved([record for _, record in seen], stages)
    day = _approved_on(world, ids)
    if day is not None:
        first = max([first, *(place for place, (each, _) in enumerate(seen) if each.seen.date() <= day)])
    edits = tuple(_edits(seen[first:], saving))
    found = _Edited(saving, seen[first][1], edits, ids)
    return found if edits and _is_material(world, options, found) else None


def _first_approved(records: Sequence[Saving], stages: frozenset[str]) -> int:
    """Since when its stage gate is seen as approved without a break; 0 where it has none."""
    first = len(records) - 1
    while first > 0:
        gate = records[first - 1].stage_gate
        if gate and normalise_key(gate) not in stages:
            break
        first -= 1
    return first


def _edits(seen: Sequence[tuple[Revision, Saving]], saving: Saving) -> Iterator[_Edit]:
    approved = _told(seen[0][1])
    now = _told(saving)
    for field in sorted({*approved, *now}):
        (old, was), (new, value) = approved.get(field, ("", NONE)), now.get(field, ("", NONE))
        if old != new:
            yield _Edit(field, old, new, _since(seen, field, new), value - was)


def _since(seen: Sequence[tuple[Revision, Saving]], field: str, new: str) -> datetime:
    """When the present value was first seen without a break."""
    since = seen[-1][0].seen
    for revision, record in reversed(seen):
        if _told(record).get(field, ("", NONE))[0] != new:
            break
        since = revision.seen
    return since


def _told(saving: Saving) -> Mapping[str, tuple[str, Decimal]]:
    """The fields that an approval covers: their text, and their amount. A blank and an empty month are alike."""
    told = {
        f"plan.{month}": (amount_text(amount, saving.currency), amount)
        for month, amount in by_month(saving.plan).items()
        if amount
    }
    if saving.run_rate is not None:
        told["run_rate"] = (amount_text(saving.run_rate.amount, saving.run_rate.currency), saving.run_rate.amount)
    if saving.baseline is not None:
        told["baseline"] = (amount_text(saving.baseline, saving.currency), saving.baseline)
    return told


def _is_material(world: World, options: EditedBaselineOptions, edited: _Edited) -> bool:
    """What has no rate, or another currency than before, is never too little."""
    if edited.approved.currency != edited.saving.currency:
        return True
    whole = sum((abs(edit.difference) for edit in edited.edits), NONE)
    money = world.rates.convert(Money(whole, edited.saving.currency))
    return money is None or money.amount >= options.from_amount


def _lost(world: World, edited: _Edited) -> Share | None:
    """What the plan holds less than approved; None where it holds as much, or where nothing can be compared."""
    saving, approved = edited.saving, edited.approved
    if saving.currency != approved.currency:
        return None
    if saving.plan or approved.plan:
        return edited.months.share(world.rates) if edited.months.short > 0 else None
    before, after = approved.run_rate, saving.run_rate
    if before is None or after is None or before.currency != after.currency or before.amount <= after.amount:
        return None
    # By month of this year, as everything else that hangs on a run-rate.
    less = replace(saving, run_rate=Money(before.amount - after.amount, after.currency))
    start = max(planned_start(saving) or world.today, Month.of(world.today).first)
    return lost_share(less, start, date(start.year + 1, 1, 1), world.rates)


def _says(edited: _Edited) -> str:
    """What changed, with the amounts."""
    saving, approved, parts = edited.saving, edited.approved, []
    if saving.currency != approved.currency:
        return f"the currency from {approved.currency} to {saving.currency}"
    if any(edit.field.startswith("plan.") for edit in edited.edits):
        months = edited.months
        parts.append(_changed("the plan", months.planned, months.expected, saving.currency))
        if not months.short:
            moved = sum((max(cell.short, NONE) for cell in months.cells), NONE)
            parts[-1] = f"{amount_text(moved, saving.currency)} of the plan in other months"
    for edit in edited.edits:
        if edit.field in ("run_rate", "baseline"):
            what = f"the {edit.field.replace('_', '-')}"
            parts.append(f"{what} from {edit.old or 'blank'} to {edit.new or 'blank'}")
    return listed(parts)


def _changed(what: str, old: Decimal, new: Decimal, currency: str) -> str:
    less = f"{amount_text(abs(old - new), currency)} {'less' if new < old else 'more'}"
    return f"{what} from {amount_text(old, currency)} to {amount_text(new, currency)} ({less})"


def _figures(saving: Saving) -> str:
    """The figures that an approval covers, in short."""
    parts = (
        [f"a plan of {amount_text(sum(by_month(saving.plan).values(), NONE), saving.currency)}"] if saving.plan else []
    )
    if saving.run_rate is not None:
        parts.append(f"a run-rate of {amount_text(saving.run_rate.amount, saving.run_rate.currency)}")
    if saving.baseline is not None:
        parts.append(f"a baseline of {amount_text(saving.baseline, saving.currency)}")
    return listed(parts) or "no figures"


def _blind(world: World) -> Iterator[Blind]:
    """Of a source whose savings have neither a stage gate nor an approved objective, nobody can tell what holds."""
    known: dict[str, bool] = {}
    for saving in world.network.savings.values():
        told = known.get(saving.source, False)
        approved = told or bool(saving.stage_gate) or _approved_on(world, served_by(world, saving)) is not None
        known[saving.source] = approved
    for source, delivers in sorted(known.items()):
        if not delivers:
            yield Blind(f"no saving of {source} has a stage gate or an objective with a dated approval", (source,))
