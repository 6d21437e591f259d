"""Every answer of the sandbox fits the vendor's OpenAPI document, which is not kept here."""

import copy
import json
import os
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from ticketsource_pipeline.sandbox import Faults, SandboxServer, Theatre
from ticketsource_pipeline_tests.test_sandbox_reading import Reader

_BESIDE = Path(__file__).parents[2] / "shared" / "api" / "TicketSource-API.json"
DOCUMENT = Path(os.environ.get("TICKETSOURCE_OPENAPI", _BESIDE))
pytestmark = pytest.mark.skipif(
    not DOCUMENT.is_file(),
    reason="the vendor's OpenAPI document is not here; set TICKETSOURCE_OPENAPI to its path",
)
FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time", raises=ValueError)
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@FORMATS.checks("uri")
def _is_address(value: object) -> bool:
    return not isinstance(value, str) or bool(urlsplit(value).netloc)


class Contract:
    """The document, in which every record must have all documented properties and no others.

    Two wishes of the document are loosened, both known from the API's own behaviour: links
    of a list may be null where the document says string, and so may a discount code's text.
    """

    def __init__(self) -> None:
        document = json.loads(DOCUMENT.read_text(encoding="utf-8"))
        self.paths: dict[str, Any] = document["paths"]
        self.responses: dict[str, Any] = document["components"]["responses"]
        schemas = document["components"]["schemas"]
        lines = schemas["Booking"]["properties"]["attributes"]["properties"]["lines"]
        code = lines["items"]["properties"]["amount"]["properties"]["discounts"]
        code["properties"]["code"]["properties"]["description"]["type"] = ["string", "null"]
        for schema in schemas.values():
            _close(schema)
        resource = DRAFT202012.create_resource(document)
        self.registry: Registry[Any] = Registry().with_resource("urn:api", resource)
        self._validators: dict[str, Draft202012Validator] = {}

    def template(self, path: str) -> str:
        for template in self.paths:
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
                return template
        raise AssertionError(f"{path} is in no path of the document")

    def check(self, path: str, body: dict[str, Any]) -> None:
        template = self.template(path)
        if template not in self._validators:
            pointer = template.replace("~", "~0").replace("/", "~1")
            pointer = pointer.replace("{", "%7B").replace("}", "%7D")
            self._validators[template] = self.validator(
                f"#/paths/{pointer}/get/responses/200/content/application~1json/schema"
            )
        body = copy.copy(body)
        if "links" in body:
            body["links"] = {key: link for key, link in body["links"].items() if link is not None}
        if body.get("data") == []:
            body["meta"] = {key: item for key, item in body["meta"].items() if item is not None}
        self._validators[template].validate(body)

    def check_error(self, name: str, body: dict[str, Any]) -> None:
        pointer = f"#/components/responses/{name}/content/application~1json/schema"
        self.validator(pointer).validate(body)
        schema = self.responses[name]["content"]["application/json"]["schema"]
        documented = schema["properties"]["errors"]["items"]["properties"]
        (error,) = body["errors"]
        for key, facts in documented.items():
            if "default" in facts:
                assert error[key] == facts["default"]
        assert error["detail"]

    def validator(self, pointer: str) -> Draft202012Validator:
        schema = {"$ref": f"urn:api{pointer}"}
        return Draft202012Validator(schema, registry=self.registry, format_checker=FORMATS)


def _close(schema: dict[str, Any]) -> None:
    properties: dict[str, Any] = schema.get("properties", {})
    if properties:
        optional = {"donation"}
        schema["required"] = [name for name in properties if name not in optional]
        schema["additionalProperties"] = False
    for inner in [*properties.values(), schema.get("items")]:
        if isinstance(inner, dict):
            _close(inner)


@pytest.fixture(scope="module")
def contract() -> Contract:
    return Contract()


def _awkward_season() -> Theatre:
    theatre = Theatre.season(3, date(2025, 10, 20))
    event = theatre.add_event("Added")
    day = theatre.add_date(event)
    booking = theatre.add_booking(day, donation=500, gift_aid=True)
    theatre.refund_booking(booking, keep_fee=False, fraction="1/2")
    theatre.cancel_date(day)
    theatre.edit_attendee(theatre.seats_of(booking)[0]["id"], first_name="Zoë")
    return theatre


def _paths(theatre: Theatre) -> Iterator[str]:
    yield from ("/events", "/customers")
    for event in theatre.events:
        yield from (f"/events/{event}", f"/events/{event}/venues", f"/events/{event}/dates")
    for venue in theatre.venues:
        yield from (f"/venues/{venue}", f"/venues/{venue}/dates")
    for day in theatre.dates:
        yield from (f"/dates/{day}", f"/dates/{day}/bookings")
    for customer in list(theatre.customers):
        yield from (f"/customers/{customer}", f"/customers/{customer}/bookings")
        yield f"/customers/{customer}/notes"
    for note in theatre.notes.values():
        yield urlsplit(note["links"]["self"]).path
    for booking in list(theatre.bookings)[::5]:
        yield f"/bookings/{booking}"
    for booking in theatre.bookings:
        yield f"/bookings/{booking}/seats"
    for seat in list(theatre.seats)[::5]:
        yield f"/seats/{seat}"


@pytest.mark.parametrize(
    "make",
    [_awkward_season, lambda: Theatre.uniform(2, 3, 12), Theatre.empty],
    ids=["season", "uniform", "empty"],
)
def test_every_get_fits_the_document(contract: Contract, make: Callable[[], Theatre]) -> None:
    theatre = make()
    asked: set[str] = set()
    with SandboxServer(theatre) as server:
        reader = Reader(server)
        for path in _paths(theatre):
            asked.add(contract.template(path))
            if path.rpartition("/")[2].isalpha():
                for page in reader.pages(path, per_page=60):
                    contract.check(path, page)
            else:
                response = reader.get(path)
                assert response.status_code == 200
                contract.check(path, response.json())
    if theatre.notes:
        assert asked == {path for path, facts in contract.paths.items() if "get" in facts}


def test_the_contract_notices_what_does_not_fit(contract: Contract) -> None:
    theatre = Theatre.uniform(1, 1, 1)
    (record,) = theatre.bookings.values()
    path = f"/bookings/{record['id']}"
    contract.check(path, {"data": record})
    for spoil in ({"ref": 7}, {"lines": [{}]}, {"updated_at": None}, {"invented": ""}):
        spoilt = {**record, "attributes": {**record["attributes"], **spoil}}
        with pytest.raises(ValidationError):
            contract.check(path, {"data": spoilt})


@pytest.mark.parametrize("query", [{"page": 0}, {"per_page": 101}, {"per_page": "x"}])
def test_a_refused_query_fits_the_document(contract: Contract, query: dict[str, Any]) -> None:
    with SandboxServer(Theatre.empty()) as server:
        response = Reader(server).get("/events", **query)
    assert response.status_code == 400
    contract.check_error("BadRequest", response.json())


def test_not_found_fits_the_document(contract: Contract) -> None:
    with SandboxServer(Theatre.empty()) as server:
        reader = Reader(server)
        for path in ("/events/evt-none", "/dates/dat-none/bookings", "/nothing", "/seats"):
            response = reader.get(path)
            assert response.status_code == 404
            contract.check_error("NotFound", response.json())


def test_rate_limit_fits_the_document(contract: Contract) -> None:
    with SandboxServer(Theatre.empty(), faults=Faults(share_429=1)) as server:
        response = Reader(server).get("/events")
    assert response.status_code == 429
    contract.check_error("TooManyRequests", response.json())
