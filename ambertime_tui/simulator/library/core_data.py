"""Writing rows as Core Data would: only the columns that this iOS has, primary keys counted per entity."""

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
"""Holds what SQLite calls a SHARED lock (sqlite.org/lockingv3.html) until its stdin is closed."""

Value = int | float | str | bytes | None
_Pick = Callable[[Mapping[str, Value]], tuple[Value, ...]]


def core_data_time(seconds: float) -> float:
    """Seconds since 2001-01-01 UTC from seconds since 1970-01-01 UTC."""
    return seconds - SECONDS_1970_TO_2001


class TableWriter:
    """Adds rows to one table, in batches; every row names the same columns.

    A column that the iOS at hand does not have is left out, so one row serves all versions.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        schema: Schema,
        table: str,
        entity: str,
        constants: Mapping[str, int] | None = None,
    ) -> None:
        """Nothing is written yet.

        Args:
            connection: Inside a transaction, whenever rows are handed over.
            schema: The database's.
            table: The table's name.
            entity: The entity whose number the rows carry, and under which their keys are counted.
            constants: Columns that have the same number in every row.
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
        """Adds a row and returns its primary key: `key`, or the next one."""
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
        """Hands the rows over to the database."""
        if self._rows:
            self._connection.executemany(self._statement, self._rows)
            self._rows.clear()

    def finish(self) -> None:
        """Flushes, and notes the highest key where Core Data looks for it."""
        self.flush()
        self._connection.execute(
            "UPDATE Z_PRIMARYKEY SET Z_MAX = max(Z_MAX, ?) WHERE Z_NAME = ?", (self.last_key, self._entity)
        )


def connect(database: Path) -> sqlite3.Connection:
    """A connection that commits where it is told to, from any thread, without waiting for the disk."""
    connection = sqlite3.connect(database, isolation_level=None, check_same_thread=False, timeout=30)
    connection.execute("PRAGMA synchronous = OFF")
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All or nothing, with the write lock taken at the start."""
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        yield connection


def close_keeping_log(connection: sqlite3.Connection, database: Path) -> None:
    """Closes a connection, and leaves the database's write-ahead log where it is.

    A phone's photo daemon never closes its database, so a log lies beside it at all times. SQLite empties and
    removes it with the last connection, unless another process is still reading: that is what this pretends.
    """
    command = [sys.executable, "-I", "-S", "-c", _READER, str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        held = reader.stdout.readline()
        connection.close()
    if not held:
        raise OSError(f"{database} could not be held open, and its log is gone")
