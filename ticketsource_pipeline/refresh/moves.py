"""Which performances changed month, or left, since they were stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ticketsource_pipeline.refresh.openness import Performance


@dataclass(frozen=True)
class Move:
    """A stored performance that belongs elsewhere now.

    Attributes:
        date_id: the performance.
        from_month: the month it is stored in.
        to_month: the month it belongs in; none when it left the catalogue, or its month has no
            partition.
    """

    date_id: str
    from_month: str
    to_month: str | None

    @property
    def months(self) -> tuple[str, ...]:
        """The months the move touches."""
        return (self.from_month, self.to_month) if self.to_month else (self.from_month,)


def moves_of_month(
    month: str,
    catalog: Sequence[Performance],
    stored: Mapping[str, Sequence[str]],
    months: Sequence[str],
) -> list[Move]:
    """Return the moves out of a month and into it.

    Args:
        month: the month.
        catalog: every performance of the catalogue.
        stored: by month, the date ids stored there.
        months: the months there are partitions for.
    """
    # The month itself is one whatever the clock says meanwhile: nothing is lost to a wrong one.
    partitions = {*months, month}
    homes = {
        performance.date_id: performance.month if performance.month in partitions else None
        for performance in catalog
    }
    return [
        Move(date_id, from_month, homes.get(date_id))
        for from_month, date_ids in sorted(stored.items())
        for date_id in date_ids
        if homes.get(date_id) != from_month and month in (from_month, homes.get(date_id))
    ]
