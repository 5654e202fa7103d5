"""Where the rooms meet: one run, one digest."""
