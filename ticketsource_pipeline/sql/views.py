"""Each dataset as a view over its Parquet: the statements of SQL, made from the declarations."""

from __future__ import annotations

from collections.abc import Iterator

from ticketsource_pipeline.datasets import PARTITION_KEY, Column, ColumnType, Dataset
from ticketsource_pipeline.datasets.declaration import MONEY_DIGITS

_TYPES: dict[ColumnType, str] = {
    ColumnType.TEXT: "VARCHAR",
    ColumnType.MONEY: f"DECIMAL({MONEY_DIGITS}, 2)",
    ColumnType.TIME: "TIMESTAMP WITH TIME ZONE",
    ColumnType.FLAG: "BOOLEAN",
    ColumnType.NUMBER: "BIGINT",
    ColumnType.DAY: "DATE",
}


def view_statements(dataset: Dataset, pattern: str | None) -> Iterator[str]:
    """Yield the statements that make the view of a dataset, with comments on it and its columns.

    A view has the columns that are declared, whatever its files have: one that is declared since
    they were written is null in their rows. So a view stays right when the files get it.

    Args:
        dataset: the dataset; the view has its name.
        pattern: where its files are, as DuckDB's globs are written; a view without rows when none.
    """
    columns = dataset.columns_with_month
    names = ", ".join(_quoted(column.name) for column in columns)
    nothing = ", ".join(
        f"CAST(NULL AS {_TYPES[column.type]}) AS {_quoted(column.name)}" for column in columns
    )
    rows = f"SELECT {nothing} WHERE false"
    # Nothing of the statements comes from anybody but the declarations and the data directory.
    if pattern is not None:
        rows = f"SELECT * FROM {_files(dataset, pattern)} UNION ALL BY NAME {rows}"  # noqa: S608
    view = _quoted(dataset.name)
    yield f"CREATE VIEW {view} AS SELECT {names} FROM ({rows})"  # noqa: S608
    yield f"COMMENT ON VIEW {view} IS {literal(_comment_on(dataset))}"
    for column in columns:
        comment = literal(_comment_on_column(column))
        yield f"COMMENT ON COLUMN {view}.{_quoted(column.name)} IS {comment}"


def pattern_of(dataset: Dataset) -> str:
    """The pattern that a dataset's finished files match, below the data directory."""
    folder = f"{dataset.name}/{PARTITION_KEY}=*" if dataset.partitioned else dataset.name
    return f"{folder}/*.parquet"


def literal(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def _files(dataset: Dataset, pattern: str) -> str:
    options = ["union_by_name = true"]
    if dataset.partitioned:
        # Without its type, DuckDB may take a month for a date.
        options += ["hive_partitioning = true", f"hive_types = {{'{PARTITION_KEY}': VARCHAR}}"]
    else:
        options += ["hive_partitioning = false"]
    return f"read_parquet({literal(pattern)}, {', '.join(options)})"


def _comment_on(dataset: Dataset) -> str:
    personal = " Holds personal data." if dataset.personal else ""
    return f"One row per {dataset.row}. {dataset.description}{personal}"


def _comment_on_column(column: Column) -> str:
    return column.description + (" Personal data." if column.personal else "")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
