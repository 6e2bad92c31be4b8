"""A database in WAL mode that another process writes to, as photolibraryd does on a phone.

`python -m tests.phone.busy_database DATABASE RATE` is that process. Each transaction increments a few
random rows in three tables, and adds a row to an indexed ledger. The sums agree in every committed state,
and differ in a mix of two, which SQLite's own check may miss.
"""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

TABLES = ("asset", "attributes", "resource")
ROWS_PER_TRANSACTION = 3
_ROW_BYTES = 1200


def make_database(database: Path, megabytes: float) -> None:
    """Create a database of about this size, with a checkpointed log next to it."""
    database.parent.mkdir(parents=True, exist_ok=True)
    rows = int(megabytes * 1e6 / len(TABLES) / (_ROW_BYTES * 4096 / 3700))
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        for table in TABLES:
            connection.execute(
                f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, count INTEGER DEFAULT 0, filler BLOB)"
            )
            connection.executemany(
                f"INSERT INTO {table} (filler) VALUES (?)",
                ((random.Random(n).randbytes(_ROW_BYTES),) for n in range(rows)),
            )
        connection.execute("CREATE TABLE ledger (id INTEGER PRIMARY KEY, at REAL)")
        connection.execute("CREATE INDEX ledger_at ON ledger (at)")
        connection.execute("COMMIT")


@contextmanager
def written_to(database: Path, rate: float) -> Iterator[None]:
    """Inside the block, another process commits `rate` transactions per second."""
    command = [sys.executable, "-m", __name__, str(database), str(rate)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        try:
            yield
            assert writer.poll() is None, "the writer process ended"
        finally:
            writer.kill()


def committed(database: Path) -> int:
    """The number of transactions, read from the database."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        return int(connection.execute("SELECT count(*) FROM ledger").fetchone()[0])


def judge(database: Path) -> tuple[str, int]:
    """Check a copy: "" (a committed state), "mixed" or "corrupt"; and its transactions.

    The copy is opened normally, so that SQLite replays its log.
    """
    try:
        with closing(sqlite3.connect(database)) as connection:
            if connection.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
                return "corrupt", 0
            ledger = int(connection.execute("SELECT count(*) FROM ledger").fetchone()[0])
            sums = {connection.execute(f"SELECT sum(count) FROM {table}").fetchone()[0] for table in TABLES}
            return ("" if sums == {ledger * ROWS_PER_TRANSACTION} else "mixed"), ledger
    except sqlite3.DatabaseError:
        return "corrupt", 0


def write(database: Path, rate: float) -> None:
    """Commit until the parent process ends."""
    parent = os.getppid()
    rng = random.Random(time.time_ns())
    with closing(sqlite3.connect(database, isolation_level=None, timeout=30)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        rows = connection.execute("SELECT count(*) FROM asset").fetchone()[0]
        due = time.monotonic()
        number = 0
        while os.getppid() == parent:
            connection.execute("BEGIN IMMEDIATE")
            for table in TABLES:
                for row in rng.sample(range(1, rows + 1), ROWS_PER_TRANSACTION):
                    connection.execute(f"UPDATE {table} SET count = count + 1 WHERE id = ?", (row,))
            connection.execute("INSERT INTO ledger (at) VALUES (?)", (time.time(),))
            connection.execute("COMMIT")
            if number == 0:
                print("writing", flush=True)
            number += 1
            due += 1 / rate
            time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    write(Path(sys.argv[1]), float(sys.argv[2]))
