"""Benchmarks. Each script prints its results; README.md has the latest, with the commands."""
