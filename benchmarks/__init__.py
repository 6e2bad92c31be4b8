"""Measurements: each script prints its figures; README.md beside it holds the last ones, with commands."""
