"""Databases for tests: real SQLite files and real PostgreSQL databases, one for each test.

A test that takes `database_url` runs twice, once on each engine, and finds the newest schema.
`empty_database_url` is the same without a schema, for tests of migrations. `sqlite_url` and
`postgresql_url` are one engine only, with the schema. Where no PostgreSQL server can be had, the
tests on it are skipped, with the reasons in the summary.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import URL

from tests.postgres import NoServer, PostgresServer, running_postgres

BOTH_ENGINES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


def migrate(url: str) -> None:
    """Bring the database to the newest schema, the way the product does."""
    # Imported late: tests that need no database must not need the storage code to be importable.
    from intake.store import Store
    from intake.store.upgrading import upgrade

    with closing(Store(url)) as store:
        upgrade(store)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The session's PostgreSQL server."""
    try:
        running = running_postgres()
        server = running.__enter__()
    except NoServer as reason:
        pytest.skip(f"NO POSTGRESQL: {reason}")
    try:
        yield server
    finally:
        running.__exit__(None, None, None)


@pytest.fixture(scope="session")
def _postgres_template(postgres_server: PostgresServer) -> Iterator[str]:
    """The name of a migrated database; a copy of it takes less time than migrating again."""
    with postgres_server.database() as url:
        migrate(_text(url))
        assert url.database is not None
        yield url.database


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "tiepdan.sqlite3"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """A SQLite file of its own with the newest schema."""
    file = tmp_path / "tiepdan.sqlite3"
    shutil.copyfile(_sqlite_template, file)
    return f"sqlite:///{file}"


@pytest.fixture
def postgresql_url(postgres_server: PostgresServer, _postgres_template: str) -> Iterator[str]:
    """A PostgreSQL database of its own with the newest schema."""
    with postgres_server.database(_postgres_template) as url:
        yield _text(url)


@pytest.fixture(params=BOTH_ENGINES)
def database_url(request: pytest.FixtureRequest) -> str:
    """A database of its own with the newest schema: each test runs on both engines."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture(params=BOTH_ENGINES)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of its own without any table: each test runs on both engines."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'tiepdan.sqlite3'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database() as url:
        yield _text(url)


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)
