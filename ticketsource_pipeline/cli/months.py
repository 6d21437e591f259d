"""The months a command is told to look at."""

from __future__ import annotations

from collections.abc import Sequence

from ticketsource_pipeline.clock import utc_now
from ticketsource_pipeline.partitions import month_partitions
from ticketsource_pipeline.settings import Settings, SettingsError, month


def checked_months(settings: Settings, months: Sequence[str]) -> list[str]:
    """Return the months named by `--month`, in order, each once.

    Args:
        settings: the user's settings; they say from which month on data is kept.
        months: what was named.

    Raises:
        SettingsError: when one is no month, or is none of those data is kept for.
    """
    partitions = month_partitions(settings.first_month).get_partition_keys(current_time=utc_now())
    for name in months:
        try:
            month(name)
        except ValueError as error:
            raise SettingsError(f"--month is {name!r}: allowed is {error}.") from None
        if name not in partitions:
            raise SettingsError(
                f"--month is {name!r}: allowed are months from {partitions[0]}"
                f" (TICKETSOURCE_FIRST_MONTH) to {partitions[-1]}."
            )
    return sorted(set(months))
