"""Mapping: YAML texts become objectives and rules; rules link records to objectives. No I/O of its own."""
