"""The text of each part of a screen: pure functions from a status to lines."""
