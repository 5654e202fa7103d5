"""What a finding means for the strategy: the revenue stream or saving that it touches, up the tree (domain I11)."""

from decimal import Decimal

from model.findings import Account, Finding, Impact, total_of
from model.objectives import Level, Objective, ObjectiveTree

STEP = " › "
NOT_PRICED = "not priced"


def streams(finding: Finding, tree: ObjectiveTree) -> tuple[str, ...]:
    """``Software growth › Sell Aurora``: each objective that it touches, below those it belongs to.

    The organization is left out, because it stands above everything.
    """
    paths = [tree.path(objective_id) for objective_id in finding.objective_ids]
    return tuple(dict.fromkeys(_named(path) for path in paths if path))


def _named(path: tuple[Objective, ...]) -> str:
    names = [each.name for each in path if each.level is not Level.ORGANIZATION] or [path[0].name]
    return STEP.join(reversed(names))


def so_what(finding: Finding, tree: ObjectiveTree, currency: str) -> str:
    """``Software growth › Sell Aurora: EUR 480,000 revenue``; ``not priced`` where no amount is linked."""
    touched = " and ".join(streams(finding, tree)) or "no objective"
    return f"{touched}: {stakes(finding.impact, currency)}"


def stakes(impact: Impact, currency: str) -> str:
    """``EUR 480,000 revenue and USD 20,000 unconverted``; accounts stand side by side and are never added.

    What is deferred is told where nothing is at risk.
    """
    parts = [f"{_money(full, currency)} {account.value}" for account in Account if (full := impact.full(account))]
    foreign: dict[str, Decimal] = {}
    for money in {share.record_id: share.unconverted for share in impact.shares if share.unconverted}.values():
        foreign[money.currency] = foreign.get(money.currency, Decimal(0)) + money.amount
    parts += [f"{_money(amount, code)} unconverted" for code, amount in sorted(foreign.items())]
    if not parts and (deferred := total_of(impact.deferred, Account.REVENUE)):
        parts.append(f"{_money(deferred, currency)} revenue deferred")
    return " and ".join(parts) or NOT_PRICED


def _money(amount: Decimal, currency: str) -> str:
    return f"{currency} {amount:,.2f}".removesuffix(".00")
