"""One query over the datasets: it sees them and nothing else, and can change nothing."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Iterator

import duckdb
import pyarrow as pa

from ticketsource_pipeline.datasets import DATASETS
from ticketsource_pipeline.sql.files import PROTOCOL, NotForQueries, StoreFiles
from ticketsource_pipeline.sql.views import pattern_of, view_statements
from ticketsource_pipeline.store import DamagedFile, ParquetStore, StoreError, parquet
from ticketsource_pipeline.store.errors import damages

_LISTED_AT_MOST = 5
_FILES_AT_MOST = 65_536
_READING = {
    duckdb.StatementType.SELECT,
    duckdb.StatementType.EXPLAIN,
    # PIVOT is several statements to DuckDB.
    duckdb.StatementType.MULTI,
}
_OF_THE_QUERY = (
    duckdb.ParserException,
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.PermissionException,
)


_WALLS = (
    "SET TimeZone = 'UTC'",
    "SET temp_directory = ''",
    "SET disabled_filesystems = 'LocalFileSystem'",
    f"SET allowed_directories = ['{PROTOCOL}://']",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)


class QueryRefused(ValueError):
    """A query that cannot be answered; the message is one line that says why."""


def answer(store: ParquetStore, query: str) -> pa.Table:
    """Return what a query over the datasets comes to.

    Each dataset is a view of its name. Every file is read as it was when the query came to it.
    DuckDB gets no file system but that of the datasets, no network, no extension and no setting.

    Args:
        store: the data directory; nothing is written there, nor anywhere else.
        query: one statement of DuckDB's SQL that reads.

    Raises:
        QueryRefused: when it is no such statement, or fails.
        DamagedFile: when it fails because a file is damaged.
        StoreError: when the files cannot be read.
    """
    for _ in range(_LISTED_AT_MOST):
        with _connection(store) as (connection, files):
            _check(connection, query)
            files.reveal()
            try:
                return connection.sql(query).to_arrow_table()
            except (duckdb.Error, pa.ArrowException) as error:
                if isinstance(files.failure, FileNotFoundError):
                    # A file that was listed may be moved or removed before it is opened.
                    continue
                raise _reason(error, files, store) from None
    raise StoreError(
        f"The files in {store.layout.root} come and go while they are read: try again."
    )


@contextlib.contextmanager
def _connection(
    store: ParquetStore,
) -> Iterator[tuple[duckdb.DuckDBPyConnection, StoreFiles]]:
    _allow_many_files()
    files = StoreFiles(store)
    connection = duckdb.connect(
        config={
            "allow_community_extensions": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,
        }
    )
    try:
        connection.register_filesystem(files)
        connection.execute(";".join([*_views(), *_WALLS]))
        yield connection, files
    finally:
        connection.close()
        files.release()


def _views() -> Iterator[str]:
    for dataset in DATASETS.values():
        yield from view_statements(dataset, f"{PROTOCOL}://{pattern_of(dataset)}")


def _check(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    try:
        statements = connection.extract_statements(query)
    except duckdb.Error as error:
        raise QueryRefused(_in_a_line(error)) from None
    if len(statements) != 1:
        raise QueryRefused("sql takes one statement at a time.")
    if statements[0].type not in _READING:
        raise QueryRefused(
            "sql only reads: allowed is one SELECT, FROM, WITH, VALUES, PIVOT, DESCRIBE, SHOW,"
            " SUMMARIZE or EXPLAIN."
        )


def _reason(error: Exception, files: StoreFiles, store: ParquetStore) -> Exception:
    """Why a query failed: a data directory that cannot be read, a damaged file, or itself."""
    failure = files.failure
    if isinstance(failure, NotForQueries):
        return QueryRefused(f"sql only reads the datasets: {failure}.")
    if failure is not None:
        words = getattr(failure, "strerror", None) or failure
        return StoreError(f"Cannot read {store.layout.root}: {words}.")
    if not isinstance(error, _OF_THE_QUERY):
        try:
            for path, content in files.opened():
                with damages(path):
                    parquet.decode(content)
        except DamagedFile as damage:
            return damage
    return QueryRefused(_in_words(error))


def _in_words(error: Exception) -> str:
    """What is said of a query that fails by itself."""
    if isinstance(error, duckdb.PermissionException):
        # DuckDB names the file system that it was not given.
        return (
            "sql only reads the datasets: no other file, no network, no extension, and it writes"
            " nothing."
        )
    if isinstance(error, duckdb.CatalogException) and "Table with name" in str(error):
        return f"{_in_a_line(error)} There are: {', '.join(DATASETS)}."
    return _in_a_line(error)


def _in_a_line(error: Exception) -> str:
    """What DuckDB says, without the picture of where in the query it is."""
    words = str(error).partition("\n\nLINE ")[0]
    return " ".join(words.split())


def _allow_many_files() -> None:
    """Let this process open as many files as it may: a query holds all that it reads."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES_AT_MOST if hard == resource.RLIM_INFINITY else min(hard, _FILES_AT_MOST)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
