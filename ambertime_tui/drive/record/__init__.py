"""The record of a target: its database, SHA256SUMS, integrity hashes, and rebuilding it after damage."""
