"""Write rows as Core Data does: only columns this iOS has, primary keys counted per entity."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path

from ambertime_tui.simulator.library.schema import Schema

SECONDS_1970_TO_2001 = 978_307_200.0
_BATCH = 5000
_READER = """
import fcntl, sys
with open(sys.argv[1], "rb") as database:
    fcntl.lockf(database, fcntl.LOCK_SH, 510, 0x40000002)
    print("held", flush=True)
    sys.stdin.read()
"""
"""Holds an SQLite SHARED lock (sqlite.org/lockingv3.html) until its stdin is closed."""

Value = int | float | str | bytes | None
_Pick = Callable[[Mapping[str, Value]], tuple[Value, ...]]


def core_data_time(seconds: float) -> float:
    """Convert seconds since 1970-01-01 UTC to seconds since 2001-01-01 UTC."""
    return seconds - SECONDS_1970_TO_2001


class TableWriter:
    """Adds rows to one table, in batches. Every row has the same columns.

    Columns that this iOS version lacks are left out, so one row works for all versions.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        schema: Schema,
        table: str,
        entity: str,
        constants: Mapping[str, int] | None = None,
    ) -> None:
        """Prepare a writer.

        Args:
            connection: A connection with an open transaction whenever rows are flushed.
            schema: The schema of the database.
            table: The name of the table.
            entity: The entity of the rows, under which their keys are counted.
            constants: Columns with the same number in every row.
        """
        self._constants = {"Z_OPT": 1, **(constants or {})}
        self._connection = connection
        self._columns = schema.columns[table]
        self._table = table
        self._entity = entity
        self._number = schema.entities[entity]
        self._pick: _Pick | None = None
        self._statement = ""
        self._rows: list[tuple[Value, ...]] = []
        self.last_key = 0

    def add(self, row: Mapping[str, Value], key: int | None = None, entity: int | None = None) -> int:
        """Add a row. Return its primary key: `key`, or the next one."""
        self.last_key = max(self.last_key, key) if key is not None else self.last_key + 1
        key = self.last_key if key is None else key
        pick = self._pick or self._prepare(row)
        self._rows.append((key, entity or self._number, *pick(row)))
        if len(self._rows) >= _BATCH:
            self.flush()
        return key

    def _prepare(self, row: Mapping[str, Value]) -> _Pick:
        names = [name for name in row if name in self._columns]
        constants = {name: value for name, value in self._constants.items() if name in self._columns}
        values = ["?"] * (len(names) + 2) + [str(value) for value in constants.values()]
        self._statement = (
            f"INSERT INTO {self._table} ({', '.join(['Z_PK', 'Z_ENT', *names, *constants])})"
            f" VALUES ({', '.join(values)})"
        )
        self._pick = itemgetter(*names)
        return self._pick

    def flush(self) -> None:
        """Insert the pending rows into the database."""
        if self._rows:
            self._connection.executemany(self._statement, self._rows)
            self._rows.clear()

    def finish(self) -> None:
        """Flush, and store the highest key in Z_PRIMARYKEY."""
        self.flush()
        self._connection.execute(
            "UPDATE Z_PRIMARYKEY SET Z_MAX = max(Z_MAX, ?) WHERE Z_NAME = ?", (self.last_key, self._entity)
        )


def connect(database: Path) -> sqlite3.Connection:
    """Open a connection with explicit transactions, for any thread, that does not wait for the disk."""
    connection = sqlite3.connect(database, isolation_level=None, check_same_thread=False, timeout=30)
    connection.execute("PRAGMA synchronous = OFF")
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Run a transaction that takes the write lock at its start."""
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        yield connection


def close_keeping_log(connection: sqlite3.Connection, database: Path) -> None:
    """Close a connection, but keep the database's write-ahead log.

    The photo daemon of a phone never closes its database, so there is always a log. SQLite removes the log
    with the last connection unless another process is still reading, so a helper process holds a read lock.
    """
    command = [sys.executable, "-I", "-S", "-c", _READER, str(database.absolute())]
    with subprocess.Popen(command, cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        held = reader.stdout.readline()
        connection.close()
    if not held:
        raise OSError(f"Cannot keep the write-ahead log of {database}: no reader could open the database.")
