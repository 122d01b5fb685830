"""Connections and transactions on SQLite and PostgreSQL.

Every write is one short transaction. On SQLite it begins IMMEDIATE behind one in-process lane:
threads that wait for a lock in Python lose no time to busy retries, and no read-then-write can
deadlock. Acknowledged means on disk: `synchronous` is never below FULL.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from intake.errors import SetupRefused, StorageAway
from intake.store.lane import Lane

Transaction = Connection

_BUSY_SECONDS = 10
# Older versions can corrupt a WAL database that two connections write or checkpoint at once
# (sqlite.org/wal.html, "the WAL-reset bug"); there the rollback journal is used instead.
_SAFE_WAL_VERSION = (3, 51, 3)
_LANE_SECONDS = 30.0


_AFTER = "after_commit"


def after_commit(tx: Transaction, work: Callable[[], None]) -> None:
    """Do something outside the database once a `Store.write` is committed; never if it is not."""
    tx.info[_AFTER].append(work)


class Store:
    """One database. `write()` and `read()` are the only ways in."""

    def __init__(self, url: str) -> None:
        """Args: url: `sqlite:///path` or `postgresql+psycopg://…`.

        Raises:
            SetupRefused: the address is malformed or names another database.
        """
        try:
            parsed = make_url(url)
        except ArgumentError as error:
            raise SetupRefused(reason="TIEPDAN_DATABASE_URL is no database address") from error
        if parsed.get_backend_name() not in ("sqlite", "postgresql"):
            raise SetupRefused(reason="only SQLite and PostgreSQL are supported")
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.url = parsed
        self._lane = Lane()
        if self.is_sqlite:
            if parsed.database in (None, "", ":memory:"):
                raise SetupRefused(reason="the SQLite database needs a file")
            Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
            self._writer = _sqlite_engine(url, begin="BEGIN IMMEDIATE", pool_size=1)
            self._reader = _sqlite_engine(url, begin="BEGIN", pool_size=8)
        else:
            self._writer = self._reader = create_engine(
                parsed,
                hide_parameters=True,
                pool_size=10,
                max_overflow=10,
                pool_pre_ping=True,
                pool_timeout=5,
                connect_args={"connect_timeout": 5},
            )

    @contextmanager
    def write(self, *, urgent: bool = False) -> Iterator[Transaction]:
        """One transaction: everything inside is committed together, or nothing is.

        Args:
            urgent: somebody outside waits for it and gives up soon; ahead of other writers.

        Raises:
            StorageAway: the database does not answer or stays locked.
        """
        after: list[Callable[[], None]] = []
        if self.is_sqlite:
            if not self._lane.enter(urgent=urgent, patience=_LANE_SECONDS):
                raise StorageAway()
            try:
                with _translated(), self._writer.begin() as connection:
                    connection.info[_AFTER] = after
                    yield connection
            finally:
                self._lane.leave()
        else:
            with _translated(), self._writer.begin() as connection:
                connection.info[_AFTER] = after
                yield connection
        for work in after:
            work()

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A consistent view; nothing is written.

        Raises:
            StorageAway: the database does not answer.
        """
        with _translated(), self._reader.connect() as connection:
            yield connection

    def append_lock(self, tx: Transaction) -> None:
        """Hold the timeline's end until this transaction ends, so that the chain never forks.

        SQLite needs nothing: its one writer is the lock.
        """
        if not self.is_sqlite:
            tx.execute(text("SELECT pg_advisory_xact_lock(7160411)"))

    @property
    def engine(self) -> Engine:
        """The writing engine, for migrations."""
        return self._writer

    def facts(self) -> dict[str, str]:
        """What start-up prints and `/readyz` checks: engine, version, durability modes.

        Raises:
            StorageAway: the database does not answer.
            SetupRefused: an acknowledged write would not be durable.
        """
        with self.read() as tx:
            if self.is_sqlite:
                journal = str(tx.execute(text("PRAGMA journal_mode")).scalar())
                level = int(tx.execute(text("PRAGMA synchronous")).scalar() or 0)
                if level < 2:
                    raise SetupRefused(reason="SQLite runs with synchronous below FULL")
                return {
                    "engine": "sqlite",
                    "version": sqlite3.sqlite_version,
                    "journal": journal,
                    "synchronous": {2: "FULL", 3: "EXTRA"}[level],
                }
            shown = {
                name: str(tx.execute(text(f"SHOW {name}")).scalar())
                for name in ("server_version", "synchronous_commit")
            }
            if shown["synchronous_commit"] == "off":
                raise SetupRefused(reason="PostgreSQL runs with synchronous_commit off")
            return {
                "engine": "postgresql",
                "version": shown["server_version"],
                "synchronous_commit": shown["synchronous_commit"],
            }

    def close(self) -> None:
        """Give the connections back to the system."""
        self._writer.dispose()
        self._reader.dispose()


def _sqlite_engine(url: str, *, begin: str, pool_size: int) -> Engine:
    engine = create_engine(
        url,
        # A failing statement's parameters are citizens' data: they belong in no exception text.
        hide_parameters=True,
        pool_size=pool_size,
        max_overflow=0 if pool_size == 1 else 8,
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
    )
    wal = sqlite3.sqlite_version_info >= _SAFE_WAL_VERSION

    def configure(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        # The driver's own implicit BEGIN would be a deferred one; we say which kind we want.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={_BUSY_SECONDS * 1000}",
            f"journal_mode={'WAL' if wal else 'DELETE'}",
            f"synchronous={'FULL' if wal else 'EXTRA'}",
            "foreign_keys=ON",
            "secure_delete=ON",
            "trusted_schema=OFF",
        ):
            _execute_patiently(cursor, f"PRAGMA {pragma}")
        cursor.close()

    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", configure)
    event.listen(engine, "begin", begin_transaction)
    return engine


def _execute_patiently(cursor: DBAPICursor, statement: str) -> None:
    # Two processes that open a fresh file at once may meet while the journal mode is set, where
    # SQLite does not honour the busy timeout.
    until = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            cursor.execute(statement)
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OperationalError, PoolTimeout) as error:
        raise StorageAway() from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise StorageAway() from error
        raise
