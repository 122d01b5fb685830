"""The real server for journeys: `tiepdan serve` in a process of its own, on a free port.

`serve(database_url=url, demo=True)` starts one and waits until it is ready; further keywords are
settings (`log_level="DEBUG"` becomes `TIEPDAN_LOG_LEVEL`). When the test ends, each server must
stop cleanly when interrupted, as with Ctrl-C, and its log must hold no traceback.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).parent / "tiepdan"
_READY_SECONDS = 60.0
_STOP_SECONDS = 30.0


class RunningServer:
    """A server of this checkout. `address` has no slash at its end; `log` is what it printed."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = log
        self._command = [*command, "--port", str(self.port)]
        self._environment = environment
        self._process = self._start()

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """Stop it and return its exit code; SIGKILL plays a power cut. Harmless when stopped."""
        if self._process.poll() is None:
            self._process.send_signal(how)
        return self._process.wait(_STOP_SECONDS)

    def restart(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it and start it again: same address, same data."""
        self.stop(how)
        self._process = self._start()

    def printed(self) -> str:
        """Everything it printed since its first start."""
        return self.log.read_text("utf-8", errors="replace")

    def _start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        give_up = time.monotonic() + _READY_SECONDS
        while not self._is_ready():
            if process.poll() is not None or time.monotonic() > give_up:
                process.kill()
                process.wait()
                pytest.fail(f"the server did not become ready:\n{self.printed()}")
            time.sleep(0.05)
        return process

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


ServerMaker = Callable[..., RunningServer]


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[ServerMaker]:
    """Starts servers: `serve(database_url=…, demo=True, **settings)`."""
    servers: list[RunningServer] = []

    def start(*, demo: bool = False, **settings: object) -> RunningServer:
        settings.setdefault("data_dir", tmp_path / "data")
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("TIEPDAN_")
        }
        environment |= {f"TIEPDAN_{name.upper()}": str(value) for name, value in settings.items()}
        command = [str(PROGRAM), "serve", "--host", "127.0.0.1", *(["--demo"] if demo else [])]
        server = RunningServer(command, environment, tmp_path / f"server-{len(servers) + 1}.log")
        servers.append(server)
        return server

    yield start
    codes = [server.stop() for server in servers]
    for server, code in zip(servers, codes, strict=True):
        assert code in (0, -signal.SIGKILL), f"did not stop cleanly ({code}):\n{server.printed()}"
        assert "Traceback (most recent call last)" not in server.printed(), server.printed()
