"""Carrying data from the API to the store: the catalogue, a month's raw data, a month's sales.

Nothing here knows Dagster; the assets call it and tell Dagster what came of it.
"""
