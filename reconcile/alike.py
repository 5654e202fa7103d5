"""One value for what many findings say alike: forty deals that wait for one release have its steps and its evidence in
common. Only memory changes."""

from dataclasses import replace
from typing import Any

from model.findings import Finding


class Alike:
    """Knows the steps and the pieces of evidence of the findings that it has seen."""

    def __init__(self) -> None:
        self._known: dict[Any, Any] = {}

    def share(self, finding: Finding) -> Finding:
        """The finding with known steps and evidence in place of equal ones of its own."""
        return replace(finding, chain=self._shared(finding.chain), evidence=self._shared(finding.evidence))

    def _shared(self, parts: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(self._known.setdefault(each, each) for each in parts)
