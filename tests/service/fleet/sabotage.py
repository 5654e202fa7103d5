"""Protections of the workers taken away: the proofs must fail without them."""

from typing import Any

from state.connected import Connected


def claims_unchecked() -> None:
    """A write is not asked for the claim under which it is made (C12)."""

    def never_mind(self: Connected, connection: Any) -> None:
        """Every worker may write everything."""

    Connected._check_claim = never_mind  # type: ignore[method-assign]
