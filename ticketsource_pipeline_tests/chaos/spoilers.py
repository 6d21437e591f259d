"""The faults on the way: answers that are late, cut, refused, packed or no HTTP at all."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from random import Random

from ticketsource_pipeline_tests.chaos.playhouse import PERSON
from ticketsource_pipeline_tests.chaos.server import Exchange, Spoiler

MARKUP = f"<!DOCTYPE html><html><body>Sorry, {PERSON}</body></html>".encode()


@dataclass(frozen=True)
class Fault:
    """A kind of fault.

    Attributes:
        name: its name in the counts.
        spoil: how it spoils an answer.
        passes: whether it is got over by asking again, when it does not last.
        paths: the kinds of list it makes sense for.
        slow: whether it needs a client that soon loses patience.
        alters: whether records are other ones afterwards.
    """

    name: str
    spoil: Spoiler
    passes: bool = False
    paths: tuple[str, ...] = ("events", "venues", "dates", "bookings", "seats")
    slow: bool = False
    alters: bool = False


def _status(status: int, body: bytes, **headers: str) -> Spoiler:
    def spoil(exchange: Exchange, _chance: Random) -> None:
        exchange.status, exchange.body = status, body
        exchange.headers = [(name.replace("_", "-"), value) for name, value in headers.items()]

    return spoil


def _limited(name: str, *values: str, date: str | None = None) -> Spoiler:
    def spoil(exchange: Exchange, chance: Random) -> None:
        exchange.status, exchange.body = 429, b'{"errors": [{"status": 429}]}'
        exchange.headers = [(name, chance.choice(values))] if name else []
        if date:
            exchange.headers.append(("Date", date))

    return spoil


def _server_error(exchange: Exchange, chance: Random) -> None:
    exchange.status = chance.choice([500, 502, 503, 504])
    exchange.body = chance.choice([b"", MARKUP, b"{}", exchange.body])


def _odd_status(exchange: Exchange, chance: Random) -> None:
    exchange.status = chance.choice([201, 204, 206, 400, 402, 405, 409, 410, 418, 451, 520, 599])


def _reset(exchange: Exchange, _chance: Random) -> None:
    exchange.cut_at, exchange.reset = 0, True


def _reset_within(exchange: Exchange, chance: Random) -> None:
    exchange.cut_at, exchange.reset = chance.randrange(len(exchange.content())), True


def _cut(exchange: Exchange, chance: Random) -> None:
    exchange.cut_at = chance.randrange(len(exchange.content()))


def _stall(exchange: Exchange, _chance: Random) -> None:
    exchange.stalls = True


def _drip(exchange: Exchange, _chance: Random) -> None:
    exchange.drip_seconds = 0.002


def _endless_drip(exchange: Exchange, _chance: Random) -> None:
    exchange.drip_seconds = 0.06


def _no_json(exchange: Exchange, chance: Random) -> None:
    half = exchange.body[: len(exchange.body) // 2]
    texts = [MARKUP, b"", b"null,", half, b"\xff\xfe\x00", b"'data'", b"{" * 50, exchange.body * 2]
    exchange.body = chance.choice(texts)


def _html(exchange: Exchange, _chance: Random) -> None:
    exchange.headers, exchange.body = [("Content-Type", "text/html")], MARKUP


def _utf16(exchange: Exchange, chance: Random) -> None:
    exchange.body = exchange.body.decode().encode(chance.choice(["utf-16", "utf-16-be", "utf-32"]))


def _byte_order_mark(exchange: Exchange, _chance: Random) -> None:
    exchange.body = b"\xef\xbb\xbf" + exchange.body


def _broken_gzip(exchange: Exchange, chance: Random) -> None:
    packed = bytearray(gzip.compress(exchange.body))
    where = chance.randrange(10, len(packed))
    match chance.randrange(4):
        case 0:
            packed = packed[:where]
        case 1:
            packed[where] ^= 0xFF
        case 2:
            packed += MARKUP
        case _:
            packed = bytearray(exchange.body)
    exchange.headers.append(("Content-Encoding", "gzip"))
    exchange.body = bytes(packed)


def _good_encoding(exchange: Exchange, chance: Random) -> None:
    name = chance.choice(["gzip", "deflate", "gzip, gzip"])
    if name == "deflate":
        exchange.body = zlib.compress(exchange.body)
    for _ in range(name.count("gzip")):
        exchange.body = gzip.compress(exchange.body)
    exchange.headers.append(("Content-Encoding", name))


def _unknown_encoding(exchange: Exchange, chance: Random) -> None:
    name = chance.choice(["br", "zstd", ", ".join(["gzip"] * 9), "\x01", "rot13"])
    exchange.headers.append(("Content-Encoding", name))
    if name != "rot13":
        exchange.body = b"\x1b\x03" + exchange.body


def _wrong_length(exchange: Exchange, chance: Random) -> None:
    size = len(exchange.body)
    lengths = [size + 1, size * 3, size // 2, max(size - 1, 0), 0, -5, "x", "", f"{size}, 7"]
    exchange.headers.append(("Content-Length", str(chance.choice(lengths))))
    exchange.cut_at = len(exchange.content())


def _chunks(body: bytes) -> bytes:
    parts = [body[start : start + 90] for start in range(0, len(body), 90)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def _chunked(exchange: Exchange, _chance: Random) -> None:
    exchange.headers.append(("Transfer-Encoding", "chunked"))
    exchange.body = _chunks(exchange.body)


def _cut_chunks(exchange: Exchange, chance: Random) -> None:
    _chunked(exchange, chance)
    exchange.cut_at = len(exchange.content()) - 1 - chance.randrange(len(exchange.body) - 1)


def _broken_chunks(exchange: Exchange, chance: Random) -> None:
    exchange.headers.append(("Transfer-Encoding", "chunked"))
    sizes = [b"zz\r\n", b"-4\r\n", b"ffffffffffffffffff\r\n", b"\r\n", b"5;" + b"x" * 70_000]
    exchange.body = chance.choice(sizes) + exchange.body
    exchange.cut_at = len(exchange.content())


def _no_http(exchange: Exchange, chance: Random) -> None:
    good = exchange.content()
    exchange.raw = chance.choice(
        [
            b"this is not HTTP\r\n\r\n",
            b"HTTP/9.9 999 Odd\r\n\r\n",
            b"HTTP/1.1 two hundred\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 300 + b"\r\n",
            b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\n" * 3,
            b"\x16\x03\x01\x00\x05",
            b"\r\n" + good[:20],
        ]
    )
    exchange.cut_at = len(exchange.raw)


def _missing(exchange: Exchange, _chance: Random) -> None:
    exchange.status, exchange.body = 404, b'{"errors": [{"status": 404, "code": "not_found"}]}'


YEAR = "31536000"
LAST_CENTURY = "Wed, 21 Oct 1915 07:28:00 GMT"
FAR_AHEAD = "Fri, 31 Dec 9999 23:59:59 GMT"
GARBAGE = ("soon", "", "-5", "1e3", "0x10", "NaN", "9" * 40, "1,2", "\xe9\xff", LAST_CENTURY, "1 2")
DATES = (LAST_CENTURY, FAR_AHEAD, "Wed, 99 Foo 2024 07:28:00 GMT", "21 Oct", "Wed, 21 Oct 2015")

PASSING = [
    Fault("429 without a header", _limited(""), passes=True),
    Fault("429 Retry-After seconds", _limited("Retry-After", "1", "2", "59", "0.5"), passes=True),
    Fault("429 Retry-After zero", _limited("Retry-After", "0", "0.0", "00"), passes=True),
    Fault("429 Retry-After garbage", _limited("Retry-After", *GARBAGE), passes=True),
    Fault(
        "429 Retry-After date",
        _limited("Retry-After", LAST_CENTURY, "Wed, 21 Oct 2015 07:28:09 GMT",
                 date="Wed, 21 Oct 2015 07:28:00 GMT"),
        passes=True,
    ),
    Fault("429 X-RateLimit-Reset", _limited("X-RateLimit-Reset", "3", "0", "x", "-1"), passes=True),
    Fault("5xx", _server_error, passes=True),
    Fault("503 Retry-After", _status(503, MARKUP, Retry_After="7"), passes=True),
    Fault("reset before the answer", _reset, passes=True),
    Fault("reset within the answer", _reset_within, passes=True),
    Fault("cut-off body", _cut, passes=True),
    Fault("no answer", _stall, passes=True, slow=True),
    Fault("slow drip", _drip, passes=True),
    Fault("drip for ever", _endless_drip, passes=True, slow=True),
    Fault("no JSON", _no_json, passes=True),
    Fault("HTML with 200", _html, passes=True),
    Fault("UTF-16", _utf16, passes=True),
    Fault("byte order mark", _byte_order_mark, passes=True),
    Fault("broken gzip", _broken_gzip, passes=True),
    Fault("good content encoding", _good_encoding, passes=True),
    Fault("unknown content encoding", _unknown_encoding, passes=True),
    Fault("chunked", _chunked, passes=True),
    Fault("cut chunks", _cut_chunks, passes=True),
    Fault("broken chunks", _broken_chunks, passes=True),
    Fault("no HTTP", _no_http, passes=True),
]  # fmt: skip
REFUSING = [
    Fault("429 Retry-After a year", _limited("Retry-After", YEAR, "999999999999")),
    Fault("429 Retry-After date absurd", _limited("Retry-After", *DATES)),
    Fault("429 X-RateLimit-Reset absurd", _limited("X-RateLimit-Reset", "9" * 18, YEAR)),
    Fault("429 with an absurd Date", _limited("Retry-After", *DATES, date=LAST_CENTURY)),
    Fault("odd status", _odd_status),
    # What is left of it may spoil the next answer too.
    Fault("wrong content length", _wrong_length),
    Fault("404", _missing),
]
