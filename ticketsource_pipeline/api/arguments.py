"""Whether what a client is made with can be used; reading settings is left to others."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit


def check_base_url(base_url: str) -> None:
    """Do nothing when the key may be sent to `base_url`.

    Raises:
        ValueError: when it is not https:// (http:// for this machine), or holds a user, a query or
            a fragment; the address is not repeated, since it may hold a password.
    """
    try:
        parts = urlsplit(base_url)
        _ = parts.port
    except ValueError:
        raise ValueError("TICKETSOURCE_BASE_URL is not an address.") from None
    is_plain = not (parts.username or parts.password or parts.query or parts.fragment)
    is_safe = parts.scheme == "https" or (
        parts.scheme == "http" and is_loopback(parts.hostname or "")
    )
    if not (parts.hostname and is_plain and is_safe):
        raise ValueError(
            "TICKETSOURCE_BASE_URL must be an https:// address without user, query or fragment"
            " (http:// is for this machine only), since the key is sent to it."
        )


def check_key(api_key: str) -> None:
    """Do nothing when `api_key` can be sent.

    Raises:
        ValueError: when it is empty or holds a character no header takes; it is not repeated.
    """
    if not re.fullmatch(r"[\x21-\x7e]+", api_key):
        raise ValueError(
            "TICKETSOURCE_API_KEY must be one word of plain ASCII characters, such as skl-..."
        )


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
