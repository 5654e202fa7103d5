"""Two readings beside each other: by how much the first breaks the relation, exactly and in the words of its type."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from model.money import Money
from model.records import Light
from reconcile.custom.definition import RELATIONS, ClaimType, Relation, Tolerance, Value
from reconcile.custom.readings import rank
from reconcile.wording import amount_text, days_text

_UPWARD = (Relation.NOT_BEFORE, Relation.AT_LEAST, Relation.NOT_BETTER)
_DOWNWARD = (Relation.NOT_AFTER, Relation.AT_MOST, Relation.NOT_WORSE)


@dataclass(frozen=True, slots=True)
class Gap:
    """By how much a relation is broken: days, money in the base currency, a number, or steps of a light.

    It is zero or negative where it holds.
    """

    type: ClaimType
    size: Decimal
    currency: str = ""

    @property
    def words(self) -> str:
        match self.type:
            case ClaimType.DATE:
                return days_text(int(self.size))
            case ClaimType.AMOUNT:
                return amount_text(self.size, self.currency)
        return format(self.size.normalize(), "f") if self.size else "0"


def gap_between(claim: Value, against: Value, relation: Relation) -> Gap | None:
    """By how much the claim breaks the relation; None where one of them is a light that says nothing."""
    match claim, against:
        case Money(), Money():
            return Gap(ClaimType.AMOUNT, _broken(claim.amount, against.amount, relation), claim.currency)
        case Light(), Light():
            ours, theirs = rank(claim), rank(against)
            if ours is None or theirs is None:
                return None
            return Gap(ClaimType.LIGHT, _broken(Decimal(ours), Decimal(theirs), relation))
        case Decimal(), Decimal():
            return Gap(ClaimType.NUMBER, _broken(claim, against, relation))
        case date(), date():
            return Gap(ClaimType.DATE, _broken(Decimal(claim.toordinal()), Decimal(against.toordinal()), relation))
    raise TypeError(f"{claim!r} and {against!r} cannot be compared")


def _broken(claim: Decimal, against: Decimal, relation: Relation) -> Decimal:
    if relation in _UPWARD:
        return against - claim
    return claim - against if relation in _DOWNWARD else abs(claim - against)


def exceeds(gap: Gap, against: Value, tolerance: Tolerance) -> bool | None:
    """Whether a gap is larger than what is tolerated; None where a share is tolerated of something that is zero.

    What is exactly as large is still inside.
    """
    if gap.size <= 0:
        return False
    if not tolerance.percent:
        return gap.size > tolerance.amount
    whole = against.amount if isinstance(against, Money) else against
    if not isinstance(whole, Decimal) or whole == 0:
        return None
    return gap.size * 100 > tolerance.amount * abs(whole)


def relation_words(claim_type: ClaimType) -> str:
    """The relations that a type knows, for people."""
    return ", ".join(each.value for each in RELATIONS[claim_type])
