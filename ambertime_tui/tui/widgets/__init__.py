"""Building blocks without any knowledge of phones, drives or jobs."""
