"""The command line: options in, words and an exit code out."""

from __future__ import annotations

import gc
import resource
import sys
from typing import Literal

import click
from rich.console import Console

from ticketsource_pipeline.settings import SettingsError, read_settings

ALL_WELL, FAILED, REFUSED = 0, 1, 2


class _Commands(click.Group):
    """The commands below; the sandbox is loaded when it is named, as its web server is large."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), "sandbox"])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name != "sandbox":
            return super().get_command(ctx, cmd_name)
        from ticketsource_pipeline.sandbox.command import sandbox  # noqa: PLC0415

        return sandbox


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ticketsource-pipeline")
def ticketsource() -> None:
    """Your TicketSource sales as Parquet: complete, penny-exact and up to date."""


@ticketsource.command()
@click.option(
    "--month", "months", multiple=True, metavar="YYYY-MM", help="Only this month; again for more."
)
@click.option("--full", is_flag=True, help="Read everything again, reusing nothing.")
@click.option("--customers", is_flag=True, help="Read the list of customers too: personal data.")
@click.option("--json", "as_json", is_flag=True, help="End with a summary as one line of JSON.")
def sync(*, months: tuple[str, ...], full: bool, customers: bool, as_json: bool) -> None:
    """Bring the Parquet up to date with your account.

    Reads the catalogue, then each month that is open or was never read whole. With --month, just
    those months, closed ones too. Then makes the marts, and of them the sales report unless
    TICKETSOURCE_REPORT is off. Exit code 0: all well; 1: a run or a check failed; 2: bad usage
    or configuration.
    """
    settings = read_settings()
    settings.required_api_key()
    sys.exit(_sync(list(months), full=full, customers=customers, as_json=as_json))


@ticketsource.command()
@click.option("--full", is_flag=True, help="As if everything were read again, reusing nothing.")
def plan(*, full: bool) -> None:
    """Print what a sync would ask: requests and minutes, month by month, and why.

    Nothing is asked: it is told from what is stored.
    """
    from ticketsource_pipeline.cli.plan import print_plan  # noqa: PLC0415
    from ticketsource_pipeline.store import StoreError  # noqa: PLC0415

    try:
        print_plan(read_settings(), full=full, console=Console())
    except StoreError as error:
        click.echo(f"ticketsource: {error}", err=True)
        sys.exit(FAILED)


@ticketsource.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    options_metavar="(--email ADDRESS | --customer ID) [--json]",
)
@click.option(
    "--email",
    metavar="ADDRESS",
    help="Forget who has this e-mail address; - reads it from the standard input.",
)
@click.option("--customer", metavar="ID", help="Forget this customer (cst-...).")
@click.option("--json", "as_json", is_flag=True, help="Say what was done as one line of JSON.")
@click.pass_context
def forget(
    context: click.Context, *, email: str | None, customer: str | None, as_json: bool
) -> None:
    """Remove a person from everything stored, and keep them out of later readings.

    Booking lines, seats without names and money stay. No key is needed and nothing is asked of the
    API. Exit code 0: done, also when nobody was found; 1: the data cannot be read or written;
    2: bad usage.
    """
    from ticketsource_pipeline.cli.forget import run_forget  # noqa: PLC0415
    from ticketsource_pipeline.store import StoreError  # noqa: PLC0415

    if context.args:
        # Not repeated: it may be the address.
        raise SettingsError("forget was given something that is none of its options (see --help).")
    try:
        run_forget(
            read_settings(), email=email, customer=customer, as_json=as_json, console=Console()
        )
    except StoreError as error:
        click.echo(f"ticketsource: {error}", err=True)
        sys.exit(FAILED)


@ticketsource.command()
@click.option(
    "--month", "months", multiple=True, metavar="YYYY-MM", help="Only this month; again for more."
)
@click.option("--json", "as_json", is_flag=True, help="End with what was found as a line of JSON.")
def verify(*, months: tuple[str, ...], as_json: bool) -> None:
    """Prove that what is stored is what was written, and keeps every rule.

    Reads every file of every dataset whole, holds it against the manifests, and runs all the
    checks over it. Needs no key and asks the API nothing. Exit code 0: all well; 1: something is
    not as it must be; 2: bad usage or configuration.
    """
    from ticketsource_pipeline.cli.verify import verify as verify_store  # noqa: PLC0415

    complaints = Console(stderr=True, soft_wrap=True)
    verification, root = verify_store(read_settings(), months=months, console=complaints)
    if not as_json:
        verification.print_table(root, Console())
    verification.print_words(complaints)
    if as_json:
        click.echo(verification.to_json())
    sys.exit(ALL_WELL if verification.all_well else FAILED)


@ticketsource.command()
@click.argument("query", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="A table ends after 100 rows; csv and json give all, as they are.",
)
@click.option("--rebuild", is_flag=True, help="Make ticketsource.duckdb anew, too or alone.")
def sql(*, query: str | None, form: Literal["table", "csv", "json"], rebuild: bool) -> None:
    """Answer a QUERY in DuckDB's SQL over the datasets, each a table of its name.

    A QUERY of - is read from the standard input. Nothing can be written, and nothing else be read.
    Needs no key and asks the API nothing. Exit code 0: answered; 1: the data cannot be read; 2: the
    query cannot be answered, or bad usage.
    """
    from ticketsource_pipeline.cli.sql import run_sql  # noqa: PLC0415
    from ticketsource_pipeline.store import StoreError  # noqa: PLC0415

    try:
        run_sql(read_settings(), query, form=form, rebuild=rebuild)
    except StoreError as error:
        click.echo(f"ticketsource: {error}", err=True)
        sys.exit(FAILED)


@ticketsource.command()
@click.argument("dataset")
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "xlsx"]),
    default="csv",
    show_default=True,
    help="What is written.",
)
@click.option("--month", metavar="YYYY-MM", help="Only performances of this month.")
@click.option(
    "--output",
    metavar="FILE",
    help="Where to, - for the standard output.  [default: DATASET[-MONTH].FORMAT]",
)
@click.option("--personal", is_flag=True, help="With the columns of personal data.")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
def export(
    *,
    dataset: str,
    form: Literal["csv", "xlsx"],
    month: str | None,
    output: str | None,
    personal: bool,
    force: bool,
) -> None:
    """Write a DATASET to a file for a spreadsheet.

    Needs no key and asks the API nothing. Exit code 0: written; 1: the data cannot be read; 2: it
    cannot be exported as asked, or bad usage.
    """
    from ticketsource_pipeline.cli.export import run_export  # noqa: PLC0415
    from ticketsource_pipeline.store import StoreError  # noqa: PLC0415

    try:
        run_export(
            read_settings(),
            dataset,
            form=form,
            month=month,
            output=output,
            personal=personal,
            force=force,
        )
    except StoreError as error:
        click.echo(f"ticketsource: {error}", err=True)
        sys.exit(FAILED)


@ticketsource.command()
@click.option("--seed", default=1, show_default=True, help="Which make-believe theatre.")
def demo(seed: int) -> None:
    """Run the whole pipeline once against the bundled sandbox, into data/sandbox."""
    from ticketsource_pipeline.cli.demo import run_demo  # noqa: PLC0415

    sys.exit(run_demo(seed, lambda: _sync([], full=False, customers=True, as_json=False)))


@ticketsource.command()
@click.option("--port", default=3000, show_default=True, help="The UI's port on 127.0.0.1.")
@click.option("--seed", default=1, show_default=True, help="Which make-believe theatre.")
def dev(port: int, seed: int) -> None:
    """Start Dagster's UI, over your account, or over the sandbox when no key is set."""
    from ticketsource_pipeline.cli.dev import run_dev  # noqa: PLC0415

    sys.exit(run_dev(read_settings(), port=port, seed=seed))


def _sync(months: list[str], *, full: bool, customers: bool, as_json: bool) -> int:
    # Dagster takes seconds to import: --help and a bad setting should not.
    from ticketsource_pipeline.cli.findings import told  # noqa: PLC0415
    from ticketsource_pipeline.cli.sync import Refused, sync  # noqa: PLC0415
    from ticketsource_pipeline.store import StoreError  # noqa: PLC0415

    complaints = Console(stderr=True, soft_wrap=True)
    try:
        summary, root = sync(
            read_settings(), months=months, full=full, customers=customers, console=complaints
        )
    except (Refused, StoreError) as error:
        complaints.print(f"ticketsource: {error}", markup=False, highlight=False)
        return REFUSED
    for line in told(summary.failed_checks):
        complaints.print(line, markup=False, highlight=False)
    for error in summary.errors:
        complaints.print(f"ticketsource: {error}", markup=False, highlight=False)
    if as_json:
        click.echo(summary.to_json())
    elif summary.pages:
        summary.print_table(root, Console())
    return ALL_WELL if summary.all_well else FAILED


def main() -> None:
    """Run the command line; a setting that cannot be used is told in a line, exit code 2."""
    # The memory of a process that crashes holds the key: it and its children write no core file.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    # Loading Dagster leaves no garbage, and looking for it all the while takes as long again.
    gc.set_threshold(50_000, 20, 20)
    try:
        ticketsource(prog_name="ticketsource")
    except SettingsError as error:
        click.echo(f"ticketsource: {error}", err=True)
        sys.exit(REFUSED)
    finally:
        # Nor is what goes with the process looked over once more.
        gc.freeze()
