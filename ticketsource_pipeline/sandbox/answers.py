"""The JSON that answers a path and query, records and errors alike; lists are cut in listing.py."""

import json
import re
from typing import Any

from ticketsource_pipeline.sandbox.faults import Faults
from ticketsource_pipeline.sandbox.listing import Listings, RefusedQueryError
from ticketsource_pipeline.sandbox.theatre import Theatre

_ERRORS = {
    400: ("validation_failed", "Bad Request"),
    404: ("not_found", "Not Found"),
    429: ("rate_limit", "Too Many Requests"),
}
NOT_FOUND = "The item you are looking for can't be found."
RATE_LIMIT = "You have made too many requests, check the response headers for more details."
_KINDS = frozenset({"events", "venues", "dates", "bookings", "customers", "seats"})
_AMOUNT = re.compile(rb'("(?:gross|fee|fee_vat|net|automatic|amount)": )(-?\d+\.\d+)')


def error_body(status: int, detail: str) -> bytes:
    """Return the vendor's error envelope for 400, 404 and 429."""
    code, title = _ERRORS[status]
    error = {"status": status, "code": code, "title": title, "detail": detail}
    return encode({"errors": [error]})


def encode(body: Any) -> bytes:
    """Return the JSON text, in ASCII so that any text put into a record can be sent."""
    return json.dumps(body).encode("ascii")


class Answers:
    """Answers for one theatre; remembers how far each list has been read, for moving rows."""

    def __init__(self, theatre: Theatre) -> None:
        self.theatre = theatre
        self.listings = Listings(theatre)

    def answer(self, path: str, query: dict[str, str], faults: Faults) -> tuple[int, bytes]:
        """Status and body for a GET of the path."""
        if faults.missing and re.fullmatch(faults.missing, path):
            return 404, error_body(404, NOT_FOUND)
        with self.theatre.lock:
            ids = self.theatre.list_ids(path)
            if ids is not None:
                try:
                    body = encode(self.listings.page(path, ids, query, faults))
                except RefusedQueryError as refused:
                    return 400, error_body(400, str(refused))
            else:
                record = self._single(path)
                if record is None:
                    return 404, error_body(404, NOT_FOUND)
                body = encode({"data": record})
        if faults.float_artefacts:
            body = _AMOUNT.sub(_with_artefact, body)
        return 200, body

    def _single(self, path: str) -> dict[str, Any] | None:
        match path.split("/"):
            case ["", kind, record_id] if kind in _KINDS:
                return self.theatre.record(kind, record_id)
            case ["", "customers", customer_id, "notes", note_id]:
                order = self.theatre.list_ids(f"/customers/{customer_id}/notes") or []
                return self.theatre.record("notes", note_id) if note_id in order else None
            case _:
                return None


def _with_artefact(match: re.Match[bytes]) -> bytes:
    # Seventeen digits are how a careless encoder writes a binary float: 0.54000000000000004.
    return match[1] + format(float(match[2]), ".17g").encode()
