"""The front end for pipes, cron and screen readers: text line by line, or JSON Lines."""
