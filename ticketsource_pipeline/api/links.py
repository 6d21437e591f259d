"""Ids on their way into a path: proven to be ids before anything is asked with them."""

from __future__ import annotations

from ticketsource_pipeline.api.errors import InvalidResponse
from ticketsource_pipeline.identifiers import Prefix, id_from_link, is_id

__all__ = ["Prefix", "checked_id", "id_from_link", "is_id"]


def checked_id(value: object, prefix: Prefix, path: str = "") -> str:
    """Return `value`, proven to be an id that is safe to put in a path.

    Args:
        value: what an answer or a caller gave as id.
        prefix: the kind of record it must name.
        path: where it came from, for the error.

    Raises:
        InvalidResponse: when it is anything else; the value is not repeated.
    """
    if isinstance(value, str) and is_id(value, prefix):
        return value
    where = f" in the answer to {path}" if path else ""
    raise InvalidResponse(
        f"What should be an id of the form {prefix}-... is not one{where}; nothing was asked"
        " with it.",
        path,
    )
