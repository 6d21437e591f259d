"""What proves that a file is the one that was written: its length, its digest, its rows."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True)
class FileProof:
    """What proves that a file is the one that was written.

    Attributes:
        rows: how many rows it has.
        bytes: how long it is.
        sha256: the digest of all its bytes, in hexadecimal digits.
    """

    rows: int
    bytes: int
    sha256: str

    @classmethod
    def of(cls, content: bytes, rows: int) -> FileProof:
        """Return the proof of a file whose whole content is in hand."""
        return cls(rows, len(content), sha256(content).hexdigest())

    def fits(self, content: bytes) -> bool:
        """Return whether a content is the one that is proven."""
        return len(content) == self.bytes and sha256(content).hexdigest() == self.sha256
