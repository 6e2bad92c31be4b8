"""The front end for pipes, cron and screen readers: one line an event, or JSON Lines."""
