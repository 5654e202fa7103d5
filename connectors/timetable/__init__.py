"""When a source may be read: by the clock on the wall of the business zone, which on two nights a year skips or repeats
an hour."""
