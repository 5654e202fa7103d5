"""The vocabulary as frozen values. Every room speaks these words; this room imports none of the others."""
