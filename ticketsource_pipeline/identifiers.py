"""Ids: how they look and how one is taken out of a link; no link is ever requested."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlsplit

_LONGEST = 100
"""Ids seen have 20 characters; one that no file name holds may not get into a path."""

Prefix = Literal["evt", "dat", "bkg", "cst", "csn", "ven", "sea"]
"""What an id starts with, by kind of record (vendor's text)."""


def is_id(value: object, prefix: Prefix) -> bool:
    """Return whether `value` is an id of that kind: `prefix-[a-zA-Z0-9]+` (vendor's text)."""
    if not isinstance(value, str) or len(value) > _LONGEST:
        return False
    return re.fullmatch(rf"{prefix}-[a-zA-Z0-9]+", value) is not None


def id_from_link(link: object, prefix: Prefix) -> str | None:
    """Return the id of that kind in the path of `link`; None when there is none.

    Host, query and fragment are not looked at, and nothing is percent-decoded.
    """
    if not isinstance(link, str):
        return None
    try:
        segments = urlsplit(link).path.split("/")
    except ValueError:
        return None
    found = [segment for segment in segments if is_id(segment, prefix)]
    return found[-1] if found else None
