"""What can go wrong between the theatre and a client, and when; how it is sent is in the server."""

import re
from dataclasses import dataclass
from random import Random
from typing import Literal, get_args

LimitHeader = Literal["retry-after-seconds", "retry-after-date", "x-ratelimit-reset", "none"]
NextStyle = Literal["page-only", "with-per-page", "foreign", "endless", "always-until-empty"]
MoveKind = Literal["insert-front", "delete-front", "rotate", "shift"]
WrongMeta = Literal["current_page", "per_page", "from"]
FaultKind = Literal["500", "reset", "cut", "not-json", "slow", "429"]

_SERVER_ERRORS = (500, 502, 503, 504)


@dataclass(frozen=True, kw_only=True)
class Faults:
    """The ways the sandbox misbehaves; shares are of requests, 0 to 1, and never both at once.

    The same seed and request number give the same fault. `only_path` is a regular expression
    that a path must contain for shares and moves to apply, `at_most` the number of faults drawn
    by share in all. `missing` is a regular expression too: a path it matches
    whole is answered 404, whatever the theatre has.
    """

    seed: int = 1
    only_path: str = ""
    at_most: int | None = None
    latency_seconds: float = 0.0
    share_500: float = 0.0
    share_reset: float = 0.0
    share_cut: float = 0.0
    share_not_json: float = 0.0
    share_slow: float = 0.0
    slow_seconds: float = 0.5
    share_429: float = 0.0
    limit_header: LimitHeader = "retry-after-seconds"
    retry_after: str | None = None
    forbidden_html: bool = False
    redirects: bool = False
    foreign_host: str = "https://evil.example"
    next_style: NextStyle = "page-only"
    string_meta: bool = False
    wrong_meta: WrongMeta | None = None
    no_meta: bool = False
    clamp_per_page: int | None = None
    ignore_per_page: bool = False
    moves: int = 0
    move_kind: MoveKind = "shift"
    float_artefacts: bool = False
    missing: str = ""

    def __post_init__(self) -> None:
        _check("limit_header", self.limit_header, get_args(LimitHeader))
        _check("next_style", self.next_style, get_args(NextStyle))
        _check("move_kind", self.move_kind, get_args(MoveKind))
        if self.wrong_meta is not None:
            _check("wrong_meta", self.wrong_meta, get_args(WrongMeta))
        shares = [share for _, share in self.shares()]
        if min(shares) < 0 or sum(shares) > 1:
            raise ValueError("the shares of faults must each be 0 or more and together 1 at most")

    def concerns(self, path: str) -> bool:
        """Whether shares and moves apply to this path."""
        return not self.only_path or re.search(self.only_path, path) is not None

    def shares(self) -> list[tuple[FaultKind, float]]:
        """Each kind of fault with its share of requests."""
        return [
            ("500", self.share_500),
            ("reset", self.share_reset),
            ("cut", self.share_cut),
            ("not-json", self.share_not_json),
            ("slow", self.share_slow),
            ("429", self.share_429),
        ]


@dataclass(frozen=True)
class Misfortune:
    """One fault that befalls one request; `variant` (0 to 3) chooses between its forms."""

    kind: FaultKind
    variant: int

    @property
    def status(self) -> int:
        """The status of a server error: 500, 502, 503 or 504."""
        return _SERVER_ERRORS[self.variant]


def draw(faults: Faults, number: int) -> Misfortune | None:
    """Return the fault for the request of this number, or None; the same for the same seed."""
    shares = faults.shares()
    if not any(share for _, share in shares):
        return None
    chance = Random(faults.seed * 1_000_003 + number)  # noqa: S311 - chance to be repeated
    lot = chance.random()
    variant = chance.randrange(len(_SERVER_ERRORS))
    for kind, share in shares:
        if lot < share:
            return Misfortune(kind, variant)
        lot -= share
    return None


def _check(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
