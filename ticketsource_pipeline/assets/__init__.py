"""The software-defined assets: which dataset comes from which, and what Dagster is told of it."""
