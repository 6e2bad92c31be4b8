"""Verifying an archive against its record, without a job and without a lock."""
