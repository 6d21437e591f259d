"""Which addresses a secret may be sent to: https anywhere, plain http to this machine alone."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

ALLOWED_ROOT = "an https:// address without user, query or fragment (http:// only for this machine)"


def api_root(text: str) -> str:
    """Return an API's root address without the slash at its end.

    Raises:
        ValueError: when the key may not be sent there; the message says what is allowed and does
            not repeat the address, since it may hold a password.
    """
    if not re.fullmatch(r"[!-~]+", text) or any(sign in text for sign in "@?#\\"):
        raise ValueError(ALLOWED_ROOT)
    if not is_safe_for_secrets(text):
        raise ValueError(ALLOWED_ROOT)
    return text.rstrip("/")


def is_safe_for_secrets(address: str) -> bool:
    """Return whether an address is https://, or http:// to this machine."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
        connected = parse_url(address).host or ""
    except (ValueError, LocationParseError):
        return False
    # The connection is made by another parser of addresses: both must see the same host.
    if not host or port == 0 or connected.strip("[]").lower() != host:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
