"""Measurements: each script prints its figures, and README.md beside it holds the last ones with their commands."""
