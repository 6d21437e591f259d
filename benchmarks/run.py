"""The benchmarks on the command line: `python benchmarks/run.py --help`."""

from __future__ import annotations

from pathlib import Path

import click
from cases import BENCHMARKS
from report import machine, put_between_markers
from rich.console import Console

DOCUMENT = Path(__file__).parents[1] / "docs" / "performance.md"


@click.command()
@click.option(
    "--only", "names", multiple=True, type=click.Choice(list(BENCHMARKS)), help="Just this one."
)
@click.option("--list", "listing", is_flag=True, help="Name the benchmarks and run none.")
@click.option("--quick", is_flag=True, help="Far less of everything: to try the benchmarks.")
@click.option("--runs", type=click.IntRange(1), default=3, show_default=True, help="Median of.")
@click.option("--write", is_flag=True, help="Put the tables into docs/performance.md.")
def main(*, names: tuple[str, ...], listing: bool, quick: bool, runs: int, write: bool) -> None:
    """Run the benchmarks, each against a sandbox of its own and with folders of its own.

    The whole takes about half an hour. Nothing else should run on the machine meanwhile: `load` is
    what ran before, `others` how many cores others kept busy meanwhile.
    """
    if quick and write:
        raise click.UsageError("--quick gives no figures worth writing down")
    console = Console(width=None if Console().is_terminal else 160)
    for name in names or BENCHMARKS:
        benchmark = BENCHMARKS[name]
        title = f"{name}: {benchmark.__doc__}"
        console.print(title, markup=False, highlight=False, soft_wrap=True)
        if listing:
            continue
        result = benchmark(quick=quick, runs=1 if quick else runs)
        result.print(console)
        if write:
            put_between_markers(DOCUMENT, name, result.markdown())
            put_between_markers(DOCUMENT, "machine", machine())


if __name__ == "__main__":
    main()
