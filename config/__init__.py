"""The settings file and what belongs to it: composed from the rooms' Options, read, checked, resolved, documented."""
