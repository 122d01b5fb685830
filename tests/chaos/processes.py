"""The product's own processes, started, killed and started again; and a database for a run."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.database import migrate
from tests.fakes import telegram
from tests.postgres import running_postgres
from tests.serving import free_port

PROGRAM = Path(sys.executable).parent / "tiepdan"
_READY_SECONDS = 60.0


class Process:
    """One `tiepdan …` process."""

    def __init__(self, arguments: list[str], environment: dict[str, str], log: Path) -> None:
        self._command = [str(PROGRAM), *arguments]
        self._environment = environment
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self.kills = 0

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """As if the power went."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self.kills += 1

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def printed(self) -> str:
        return self._log.read_text("utf-8", errors="replace")


class Office:
    """A web process and a worker process over one database, towards a fake Telegram."""

    def __init__(self, url: str, folder: Path, base_url: str, *, one_process: bool = False) -> None:
        self.url = url
        self.folder = folder
        self.port = free_port()
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("TIEPDAN_")
        }
        environment |= {
            "TIEPDAN_DATABASE_URL": url,
            "TIEPDAN_DATA_DIR": str(folder / "data"),
            "TIEPDAN_TELEGRAM_TOKEN": telegram.TOKEN,
            "TIEPDAN_TELEGRAM_SECRET": telegram.SECRET,
            "TIEPDAN_TELEGRAM_BASE_URL": base_url,
            "TIEPDAN_LOG_LEVEL": "WARNING",
        }
        self.environment = environment
        serve = ["serve", "--host", "127.0.0.1", "--port", str(self.port)]
        self.web = Process(
            serve if one_process else [*serve, "--no-worker"], environment, folder / "web.log"
        )
        self.worker = Process(["worker"], environment, folder / "worker.log")
        self.processes = [self.web] if one_process else [self.web, self.worker]

    def start(self) -> None:
        self.web.start()
        self.wait_until_ready()
        for process in self.processes[1:]:
            process.start()

    def stop(self) -> None:
        for process in self.processes:
            process.stop()

    def wait_until_ready(self) -> None:
        give_up = time.monotonic() + _READY_SECONDS
        while not self.answers():
            if time.monotonic() > give_up:
                raise TimeoutError(f"the server did not become ready:\n{self.web.printed()}")
            time.sleep(0.05)

    def answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


@contextmanager
def database(kind: str) -> Iterator[tuple[str, Path]]:
    """A migrated database of its own and a folder beside it."""
    with tempfile.TemporaryDirectory(prefix="tiepdan-chaos-") as name:
        folder = Path(name)
        if kind == "sqlite":
            url = f"sqlite:///{folder / 'tiepdan.sqlite3'}"
            migrate(url)
            yield url, folder
            return
        with running_postgres() as server, server.database() as address:
            url = address.render_as_string(hide_password=False)
            migrate(url)
            yield url, folder
