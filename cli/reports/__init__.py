"""How a run is told to a CI system: one module per format, each with a ``report`` of the same form."""
