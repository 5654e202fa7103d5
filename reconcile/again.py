"""The readings of a pass that goes over a part of the plan again, with those of the pass before it behind them."""

from collections.abc import Mapping

from reconcile.forecast import Forecast, alike


class Again(dict[str, Forecast]):
    """What is forecast in this pass; a look-up of anything else finds it as it was before.

    What turns out as it was before is kept as the same object.
    """

    def __init__(self, by_policy: Mapping[str, Forecast], inside: Mapping[str, Forecast]) -> None:
        super().__init__()
        self._by_policy, self._inside = by_policy, inside

    def __missing__(self, node: str) -> Forecast:
        return self._inside[node] if node in self._inside else self._by_policy[node]

    def __setitem__(self, node: str, forecast: Forecast) -> None:
        known = self._before(node)
        super().__setitem__(node, known if known is not None and alike(known, forecast) else forecast)

    def moved(self, node: str) -> bool:
        """Whether this pass found something else than was known before."""
        return node in self and self[node] is not self._before(node)

    def _before(self, node: str) -> Forecast | None:
        return self._inside.get(node) or self._by_policy.get(node)
