"""Meridian Conveyors, the demo company: its people, what its tools hold, its clock and its configuration."""
