"""Drives and file systems: discovery, capabilities, system calls, and the lock and marker of a target."""
