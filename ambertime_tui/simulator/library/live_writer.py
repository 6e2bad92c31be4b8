"""Keep writing to a library's database, so that an inconsistent copy of it can be detected."""

from __future__ import annotations

import sqlite3
import threading
import time
from random import Random
from types import TracebackType
from typing import Self

from ambertime_tui.simulator.library.core_data import close_keeping_log, connect, core_data_time, transaction
from ambertime_tui.simulator.library.history import write_history
from ambertime_tui.simulator.library.made_library import MadeLibrary
from ambertime_tui.simulator.library.schema import schema_for

_ASSETS_PER_TRANSACTION = 3


class LiveWriter:
    """Commits transactions at a fixed rate, in its own thread.

    Each transaction increments counters of some random assets in three tables and records them in the
    history. The sums in all tables are equal in every committed state, and differ in a mix of two states
    (`invariant_broken`).
    """

    def __init__(self, library: MadeLibrary, per_second: float, seed: int = 1) -> None:
        """Prepare a writer. It runs within a `with` block.

        Args:
            library: The library whose database it writes to.
            per_second: Transactions per second.
            seed: The seed for choosing assets.
        """
        self._library = library
        self._schema = schema_for(library.recipe.ios)
        self._pause = 1 / per_second
        self._rng = Random(f"writer:{seed}")
        self._ended = threading.Event()
        self._committed = threading.Condition()
        self._checkpoint_wanted = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live writer", daemon=True)
        self._error: sqlite3.Error | None = None
        self.transactions = 0
        """Number of committed transactions."""

    def __enter__(self) -> Self:
        self._thread.start()
        self.wait_for(1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def wait_for(self, transactions: int, patience: float = 30.0) -> None:
        """Wait until this many transactions have been committed since the start.

        Raises:
            TimeoutError: This took more than `patience` seconds.
            sqlite3.Error: The writer has failed.
        """
        with self._committed:
            if not self._committed.wait_for(
                lambda: self._error or self.transactions >= transactions, patience
            ):
                raise TimeoutError(f"only {self.transactions} of {transactions} transactions in {patience} s")
        if self._error is not None:
            raise self._error

    def checkpoint(self) -> None:
        """Copy the log into the database before the next transaction, which then restarts the log."""
        self._checkpoint_wanted.set()

    def stop(self) -> None:
        """Stop after the current transaction, and keep the log.

        Raises:
            sqlite3.Error: The writer has failed.
        """
        self._ended.set()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        connection = connect(self._library.database)
        try:
            count = connection.execute(f"SELECT max(Z_PK) FROM {self._schema.asset_table}").fetchone()[0]
            due = time.monotonic()
            while not self._ended.is_set():
                if self._checkpoint_wanted.is_set():
                    self._checkpoint_wanted.clear()
                    connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
                self._write(connection, count)
                with self._committed:
                    self.transactions += 1
                    self._committed.notify_all()
                due += self._pause
                self._ended.wait(max(0.0, due - time.monotonic()))
        except sqlite3.Error as error:
            with self._committed:
                self._error = error
                self._committed.notify_all()
        finally:
            close_keeping_log(connection, self._library.database)

    def _write(self, connection: sqlite3.Connection, count: int) -> None:
        assets = self._rng.sample(range(1, count + 1), min(count, _ASSETS_PER_TRANSACTION))
        table = self._schema.asset_table
        with transaction(connection):
            for asset in assets:
                for statement in (
                    f"UPDATE {table} SET ZCLOUDDOWNLOADREQUESTS = ZCLOUDDOWNLOADREQUESTS + 1 WHERE Z_PK = ?",
                    "UPDATE ZADDITIONALASSETATTRIBUTES SET ZPENDINGVIEWCOUNT = ZPENDINGVIEWCOUNT + 1"
                    " WHERE ZASSET = ?",
                    "UPDATE ZINTERNALRESOURCE SET ZCLOUDPREFETCHCOUNT = ZCLOUDPREFETCHCOUNT + 1"
                    " WHERE ZASSET = ? AND ZRECIPEID = 65747",
                ):
                    connection.execute(statement, (asset,))
            write_history(connection, self._schema, assets, core_data_time(time.time()))


def invariant_broken(connection: sqlite3.Connection) -> str:
    """Return why a copy of a `LiveWriter`'s database matches no committed state.

    Args:
        connection: A connection to the copy, with its log replayed.

    Returns:
        A sentence; empty if all tables agree.
    """
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    table = "ZASSET" if "ZASSET" in tables else "ZGENERICASSET"
    sums = {
        f"{name}.{column}": connection.execute(f"SELECT sum({column}) FROM {name}").fetchone()[0]
        for name, column in (
            (table, "ZCLOUDDOWNLOADREQUESTS"),
            ("ZADDITIONALASSETATTRIBUTES", "ZPENDINGVIEWCOUNT"),
            ("ZINTERNALRESOURCE", "ZCLOUDPREFETCHCOUNT"),
        )
    }
    if len(set(sums.values())) > 1:
        return f"the counters differ: {sums}"
    for name, history in (("TRANSACTION", "ATRANSACTION"), ("CHANGE", "ACHANGE")):
        counted, last = connection.execute(
            "SELECT (SELECT Z_MAX FROM Z_PRIMARYKEY WHERE Z_NAME = ?),"
            f" (SELECT coalesce(max(Z_PK), 0) FROM {history})",
            (name,),
        ).fetchone()
        if counted != last:
            return f"Z_PRIMARYKEY counts {counted} rows of {history}, but its last row is {last}"
    return ""
