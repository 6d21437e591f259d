"""The errors this package raises, and which statuses they stand for; nothing is asked here.

No message holds the key or anything of a response's body: paths and ids only.
"""

from __future__ import annotations


class ApiError(Exception):
    """Something about the API that the caller must know: what, where, and what to do.

    Attributes:
        path: the path of the URL that was asked, such as `/dates/dat-1/bookings`; "" when none.
    """

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.path = path


class BadRequest(ApiError):
    """The API answered 400: it did not accept what was asked."""


class Unauthorized(ApiError):
    """The API answered 401: the key is wrong, revoked or missing."""


class Forbidden(ApiError):
    """The API, or the network in front of it, answered 403."""


class NotFound(ApiError):
    """The API answered 404: the record does not exist, or no longer."""


class UnexpectedStatus(ApiError):
    """An answer with a status that nobody has documented, redirects among them."""


class RetriesExhausted(ApiError):
    """Every try failed in a way that could have passed; the message names the last cause."""


class WaitTooLong(ApiError):
    """The API asks to wait longer than the ceiling allows."""


class InvalidResponse(ApiError):
    """JSON came, but not in the documented shape."""


class ListKeptMoving(ApiError):
    """A list changed under every reading of it, so that none could be proven whole."""


class ClientClosed(ApiError):
    """The client was closed while this request waited for its turn."""


def error_of_status(status: int, path: str) -> ApiError:
    """Return the error that a status other than 200 stands for, when trying again is of no use."""
    asked = f"GET {path} answered {status}"
    if status == 400:
        return BadRequest(f"{asked}: the API did not accept what was asked of it.", path)
    if status == 401:
        return Unauthorized(
            f"{asked}: the key was refused. Put a valid TicketSource secret key in"
            " TICKETSOURCE_API_KEY. Nothing more is asked with this one.",
            path,
        )
    if status == 403:
        return Forbidden(
            f"{asked}: the key may not read this, or the network in front of the API refused the"
            " caller. Check the rights of the key in TICKETSOURCE_API_KEY, then ask TicketSource"
            " whether this machine's address is blocked. Nothing more is asked.",
            path,
        )
    if status == 404:
        return NotFound(f"{asked}: there is no such record, or no longer.", path)
    if 300 <= status < 400:
        return UnexpectedStatus(
            f"{asked}, a redirect. It was not followed, since the key is for one address only."
            " Check TICKETSOURCE_BASE_URL.",
            path,
        )
    return UnexpectedStatus(f"{asked}, which the API's description does not know.", path)
