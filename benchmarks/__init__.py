"""Measurements as ratios, side by side with a reference in one run; never timed tests."""
