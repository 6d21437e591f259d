"""The HTTP client for the TicketSource API: nothing here knows what its records are used for."""

from ticketsource_pipeline.api.client import ListReading, TicketSourceClient, believed
from ticketsource_pipeline.api.errors import (
    ApiError,
    BadRequest,
    ClientClosed,
    Forbidden,
    InvalidResponse,
    ListKeptMoving,
    NotFound,
    RetriesExhausted,
    Unauthorized,
    UnexpectedStatus,
    WaitTooLong,
)
from ticketsource_pipeline.api.limits import (
    InProcessRateLimit,
    NoLimit,
    RateLimiter,
    SharedRateLimit,
)
from ticketsource_pipeline.api.links import Prefix, checked_id, id_from_link
from ticketsource_pipeline.api.meter import Meter, MeterReading, subscribe, unsubscribe
from ticketsource_pipeline.api.pages import Row
from ticketsource_pipeline.api.paging import LedgerEntry, PageLedger
from ticketsource_pipeline.api.performance import (
    PerformanceReader,
    PerformanceReading,
    read_performance,
)
from ticketsource_pipeline.api.retry import Backoff

__all__ = [
    "ApiError",
    "Backoff",
    "BadRequest",
    "ClientClosed",
    "Forbidden",
    "InProcessRateLimit",
    "InvalidResponse",
    "LedgerEntry",
    "ListKeptMoving",
    "ListReading",
    "Meter",
    "MeterReading",
    "NoLimit",
    "NotFound",
    "PageLedger",
    "PerformanceReader",
    "PerformanceReading",
    "Prefix",
    "RateLimiter",
    "RetriesExhausted",
    "Row",
    "SharedRateLimit",
    "TicketSourceClient",
    "Unauthorized",
    "UnexpectedStatus",
    "WaitTooLong",
    "believed",
    "checked_id",
    "id_from_link",
    "read_performance",
    "subscribe",
    "unsubscribe",
]
