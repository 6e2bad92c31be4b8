"""Whole jobs under faults: power cuts, kills, failing system calls."""
