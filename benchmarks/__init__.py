"""Measurements: what the goals of the project ask for, on one machine, in ratios rather than absolute numbers."""
