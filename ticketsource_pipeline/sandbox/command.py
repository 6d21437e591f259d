"""The command that runs the sandbox in the foreground; what it serves is in the other modules."""

from datetime import UTC, datetime
from typing import Any, get_args

import click

from ticketsource_pipeline.sandbox.faults import Faults, LimitHeader, MoveKind, NextStyle
from ticketsource_pipeline.sandbox.server import serve
from ticketsource_pipeline.sandbox.theatre import Theatre

DEFAULT_PORT = 8765
_SHARE = click.FloatRange(0, 1)


def sandbox_key(seed: int) -> str:
    """Return the API key that the sandbox of this seed accepts."""
    return f"skl-sandbox-{seed}"


@click.command("sandbox")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True,
    help="Port on 127.0.0.1; 0 takes any free one.",
)  # fmt: skip
@click.option("--seed", type=int, default=1, show_default=True, help="Which make-believe theatre.")
@click.option(
    "--today", type=click.DateTime(["%Y-%m-%d"]),
    help="The day (UTC) up to which the season has been played; the present day unless given.",
)  # fmt: skip
@click.option("--events", type=click.IntRange(0), help="Serve a regular theatre of so many events.")
@click.option("--dates", type=click.IntRange(0), help="Dates per event of a regular theatre.")
@click.option("--bookings", type=click.IntRange(0), help="Bookings per date, likewise.")
@click.option("--seats", type=click.IntRange(0), help="Seats per booking, likewise.")
@click.option("--first-month", help="First month (YYYY-MM) of a regular theatre.")
@click.option(
    "--requests-per-minute", type=click.IntRange(0), default=240, show_default=True,
    help="Requests answered in any 60 seconds, the rest get 429; 0 for no limit.",
)  # fmt: skip
@click.option(
    "--latency-ms", "latency_milliseconds", type=click.FloatRange(0), default=0,
    help="Wait before each reply.",
)  # fmt: skip
@click.option("--error-rate", type=_SHARE, default=0, help="Share of 500, 502, 503 and 504.")
@click.option("--reset-rate", type=_SHARE, default=0, help="Share of connections reset.")
@click.option("--cut-rate", type=_SHARE, default=0, help="Share of replies cut short.")
@click.option("--not-json-rate", type=_SHARE, default=0, help="Share of 200 that is no JSON.")
@click.option("--slow-rate", type=_SHARE, default=0, help="Share of replies that drip in.")
@click.option("--limit-rate", type=_SHARE, default=0, help="Share of 429 out of the blue.")
@click.option("--fault-seed", type=int, default=1, help="Which requests the faults befall.")
@click.option(
    "--limit-header", type=click.Choice(get_args(LimitHeader)), default="retry-after-seconds",
    help="Which header a 429 bears.",
)  # fmt: skip
@click.option("--retry-after", help="Text for that header in place of the true wait.")
@click.option(
    "--next-style", type=click.Choice(get_args(NextStyle)), default="page-only",
    help="How links.next is written.",
)  # fmt: skip
@click.option(
    "--moves", type=click.IntRange(0), default=0,
    help="How often the rows of each list move while it is read.",
)  # fmt: skip
@click.option(
    "--move-kind", type=click.Choice(get_args(MoveKind)), default="shift", help="How they move."
)  # fmt: skip
@click.option("--clamp-per-page", type=click.IntRange(1), help="Serve at most so many a page.")
def sandbox(**options: Any) -> None:
    """Run a stand-in TicketSource API with a make-believe theatre, on this machine only."""
    try:
        faults = _faults(options)
        theatre = _theatre(options)
    except ValueError as wrong:
        raise click.UsageError(str(wrong)) from wrong
    key = sandbox_key(options["seed"])

    def announce(url: str) -> None:
        click.echo(f"TicketSource sandbox on {url}")
        click.echo(f"key {key}")
        click.echo(f"export TICKETSOURCE_BASE_URL={url} TICKETSOURCE_API_KEY={key}")

    try:
        serve(
            theatre,
            key,
            options["port"],
            faults,
            requests_per_minute=options["requests_per_minute"] or None,
            announce=announce,
        )
    except OSError as failure:
        raise click.ClickException(failure.strerror or str(failure)) from failure


def _faults(options: dict[str, Any]) -> Faults:
    return Faults(
        seed=options["fault_seed"],
        latency_seconds=options["latency_milliseconds"] / 1000,
        share_500=options["error_rate"],
        share_reset=options["reset_rate"],
        share_cut=options["cut_rate"],
        share_not_json=options["not_json_rate"],
        share_slow=options["slow_rate"],
        share_429=options["limit_rate"],
        limit_header=options["limit_header"],
        retry_after=options["retry_after"],
        next_style=options["next_style"],
        moves=options["moves"],
        move_kind=options["move_kind"],
        clamp_per_page=options["clamp_per_page"],
    )


def _theatre(options: dict[str, Any]) -> Theatre:
    sizes = {name: options[name] for name in ("events", "dates", "bookings", "seats")}
    today: datetime | None = options["today"]
    if all(size is None for size in sizes.values()) and options["first_month"] is None:
        day = None if today is None else today.replace(tzinfo=UTC).date()
        return Theatre.season(options["seed"], day)
    if today is not None:
        raise ValueError("--today is for the season, not for a regular theatre")
    usual: dict[str, int] = {"events": 1, "dates": 1, "bookings": 10, "seats": 2}
    chosen = {name: usual[name] if size is None else size for name, size in sizes.items()}
    first_month = options["first_month"] or "2025-01"
    return Theatre.uniform(
        chosen["events"],
        chosen["dates"],
        chosen["bookings"],
        chosen["seats"],
        options["seed"],
        first_month=first_month,
    )
