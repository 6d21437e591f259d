"""The months that data is filed under."""

from dagster import MonthlyPartitionsDefinition

from ticketsource_pipeline.settings import MONTHS_AHEAD


def month_partitions(first_month: str) -> MonthlyPartitionsDefinition:
    """Return monthly partitions `YYYY-MM` from the first month to 24 months ahead of this one."""
    return MonthlyPartitionsDefinition(
        start_date=first_month, fmt="%Y-%m", timezone="UTC", end_offset=MONTHS_AHEAD + 1
    )
