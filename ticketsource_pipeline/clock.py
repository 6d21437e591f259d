"""What time it is: the one place that asks, so that every age and window is counted alike."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the present moment as an aware UTC datetime."""
    return datetime.now(UTC)
