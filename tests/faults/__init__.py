"""Faults of the world below us: power cuts, kills, drives that go away."""
