"""A stand-in TicketSource API with a make-believe theatre, for tests, trials and benchmarks.

It imports nothing of the pipeline, so that it cannot share the pipeline's mistakes.
"""

from ticketsource_pipeline.sandbox.faults import (
    Faults,
    LimitHeader,
    MoveKind,
    NextStyle,
    WrongMeta,
)
from ticketsource_pipeline.sandbox.request_log import RequestRecord, peak_per_window
from ticketsource_pipeline.sandbox.server import SandboxServer, serve
from ticketsource_pipeline.sandbox.theatre import Theatre

__all__ = [
    "Faults",
    "LimitHeader",
    "MoveKind",
    "NextStyle",
    "RequestRecord",
    "SandboxServer",
    "Theatre",
    "WrongMeta",
    "peak_per_window",
    "serve",
]
