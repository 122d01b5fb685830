"""The databases that all other tests rely on."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from tests.postgres import NoServer, PostgresServer, running_postgres


@pytest.mark.parametrize("turn", ["first", "second"])
def test_each_test_starts_with_a_database_of_its_own(empty_database_url: str, turn: str) -> None:
    engine = create_engine(empty_database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE seen (turn TEXT)"))
        connection.execute(text("INSERT INTO seen VALUES (:turn)"), {"turn": turn})
        assert connection.execute(text("SELECT turn FROM seen")).scalars().all() == [turn]
    engine.dispose()


def test_a_database_for_tests_has_the_newest_schema(database_url: str) -> None:
    engine = create_engine(database_url)
    assert "petitions" in inspect(engine).get_table_names()
    engine.dispose()


def test_the_server_is_a_supported_one(postgres_server: PostgresServer) -> None:
    major = int(postgres_server.version().split(".")[0])

    assert major >= 14


def test_no_server_survives_a_killed_test_run(tmp_path: Path) -> None:
    program = textwrap.dedent(
        """
        import time
        from tests.postgres import running_postgres
        with running_postgres() as server:
            print(server.admin.query["host"], flush=True)
            time.sleep(600)
        """
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    environment.pop("TIEPDAN_TEST_DATABASE_URL", None)
    run = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert run.stdout is not None
    folder = Path(run.stdout.readline().strip() or "nowhere")
    run.kill()
    run.wait()
    run.stdout.close()
    if folder == Path("nowhere"):
        pytest.skip("NO POSTGRESQL: see the other tests' reason")

    give_up = time.monotonic() + 30
    while folder.exists() and time.monotonic() < give_up:
        time.sleep(0.05)
    assert not folder.exists()


def test_where_no_server_can_be_had_each_way_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIEPDAN_TEST_DATABASE_URL", raising=False)
    monkeypatch.setattr("tests.postgres._program_folders", lambda: iter([("PATH", Path("/empty"))]))

    with pytest.raises(NoServer, match=r"TIEPDAN_TEST_DATABASE_URL is not set; PATH: "):
        running_postgres().__enter__()
