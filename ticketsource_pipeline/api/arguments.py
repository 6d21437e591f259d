"""Whether what a client is made with can be used; reading settings is left to others."""

from __future__ import annotations

import re

from ticketsource_pipeline.addresses import api_root


def check_base_url(base_url: str) -> None:
    """Do nothing when the key may be sent to `base_url`.

    Raises:
        ValueError: when it may not; the address is not repeated, since it may hold a password.
    """
    try:
        api_root(base_url)
    except ValueError as error:
        raise ValueError(
            f"TICKETSOURCE_BASE_URL must be {error}, since the key is sent to it."
        ) from None


def check_key(api_key: str) -> None:
    """Do nothing when `api_key` can be sent.

    Raises:
        ValueError: when it is empty or holds a character no header takes; it is not repeated.
    """
    if not re.fullmatch(r"[\x21-\x7e]+", api_key):
        raise ValueError(
            "TICKETSOURCE_API_KEY must be one word of plain ASCII characters, such as skl-..."
        )
