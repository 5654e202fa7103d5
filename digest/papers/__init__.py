"""The decision paper: one page for one decision."""
