"""The `ticketsource` command: words for people over the same definitions Dagster loads."""
