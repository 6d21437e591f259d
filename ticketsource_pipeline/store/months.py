"""The record of a month: which performances were read whole, when, and what was published."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256

from ticketsource_pipeline.store.proof import FileProof

NEVER = datetime.min.replace(tzinfo=UTC)
MOVED = "moved"
"""The content noted of a performance that is on its way to another month, or out of the store."""


@dataclass(frozen=True)
class PerformanceRecord:
    """What is known of the last whole reading of a performance.

    Attributes:
        listed_at: when its bookings were last listed, aware UTC.
        bookings: how many bookings it has.
        seats: how many seats they have.
        content: a fingerprint of its raw rows; the same rows give the same.
        catalog: what the catalogue said of it then: when it starts and ends, whether cancelled.
        balanced: whether every booking's lines come to zero, as after a refunded cancellation.
        files: by raw dataset, what proves its file; none while the files are being replaced.
    """

    listed_at: datetime
    bookings: int
    seats: int
    content: str
    catalog: str
    balanced: bool
    files: Mapping[str, FileProof] = field(default_factory=dict)

    @classmethod
    def begun(cls) -> PerformanceRecord:
        """Return the record of a performance of which nothing was read whole yet."""
        return cls(listed_at=NEVER, bookings=0, seats=0, content="", catalog="", balanced=False)

    def being_replaced(self) -> PerformanceRecord:
        """Return the record to hold while the files are replaced: they are not whole until then."""
        return replace(self, listed_at=NEVER, content="", files={})

    @property
    def is_whole(self) -> bool:
        """Whether the performance was ever read whole where it is filed now."""
        return self.listed_at > NEVER


@dataclass(frozen=True)
class MonthRecord:
    """What is known of a month's data.

    Attributes:
        month: the month, `YYYY-MM`.
        performances: by date id, the last whole reading of each performance in the raw layer.
        full_at: when all its performances were last read in full, reusing nothing, aware UTC.
        published_content: the fingerprint of the raw rows the sales layer was last made from.
        published_by: the version of the code that made the sales layer from them.
        published_at: when the sales layer was last made, aware UTC.
    """

    month: str
    performances: dict[str, PerformanceRecord] = field(default_factory=dict)
    full_at: datetime | None = None
    published_content: str | None = None
    published_by: str | None = None
    published_at: datetime | None = None

    @property
    def content(self) -> str:
        """The fingerprint of all raw rows of the month."""
        parts = (f"{key}:{value.content}" for key, value in sorted(self.performances.items()))
        return sha256("\n".join(parts).encode()).hexdigest()[:24]

    def is_published_by(self, code_version: str) -> bool:
        """Return whether this code made the sales layer from the raw rows as they are now."""
        return self.published_content == self.content and self.published_by == code_version

    def with_performance(self, date_id: str, record: PerformanceRecord) -> MonthRecord:
        """Return the record with a performance's reading put in."""
        return replace(self, performances={**self.performances, date_id: record})

    def without_performance(self, date_id: str) -> MonthRecord:
        """Return the record without a performance."""
        rest = {key: value for key, value in self.performances.items() if key != date_id}
        return replace(self, performances=rest)

    def to_json(self) -> str:
        """Return the record as JSON text."""
        return json.dumps(asdict(self), default=datetime.isoformat, indent=1, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> MonthRecord:
        """Return the record of a JSON text.

        Raises:
            ValueError, KeyError, TypeError, AttributeError: when the text is no such record.
        """
        values = json.loads(text)
        return cls(
            month=values["month"],
            performances={
                date_id: PerformanceRecord(
                    **{
                        **record,
                        "listed_at": datetime.fromisoformat(record["listed_at"]),
                        # Records of before there were manifests have none.
                        "files": {
                            name: FileProof(**proof)
                            for name, proof in record.get("files", {}).items()
                        },
                    }
                )
                for date_id, record in values["performances"].items()
            },
            published_content=values["published_content"],
            published_by=values["published_by"],
            full_at=_moment(values["full_at"]),
            published_at=_moment(values["published_at"]),
        )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
