"""Running the server: one process, with background work inside unless told otherwise."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from importlib.metadata import entry_points

import click
import structlog
import uvicorn
from fastapi import FastAPI

from admin.app import Worker, create_app
from admin.health import check_ready
from admin.notify.commands import do_due_work
from admin.observation import set_up_logs, where
from intake.clock import utc_now
from intake.errors import SetupRefused
from intake.office import Office

_ROUND_EVERY = timedelta(minutes=5)
_log = structlog.get_logger()


def run(office: Office, *, host: str, port: int, work: bool) -> None:
    """Serve until interrupted.

    Raises:
        SetupRefused: the address is taken, or the storage is not safe.
    """
    set_up_logs(office.settings.log_level)
    facts = check_ready(office)["storage"]
    app = create_app(office, work=work)
    periodic = PeriodicWork(office)
    if work:
        app.state.workers.append(periodic)
    listening = _listen(host, port)
    taken = listening.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    address = office.settings.public_url.rstrip("/") or f"http://{shown}:{taken}"
    click.echo(f"storage: {' '.join(f'{name}={value}' for name, value in facts.items())}")
    for path, who in (("/chat", "citizens"), ("/console", "officers"), ("/docs", "programs")):
        click.echo(f"{address}{path}  ({who})")
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            timeout_graceful_shutdown=5,
            proxy_headers=False,
        ),
        ready=f"ready: {address}",
    )
    # The web server hands Ctrl-C on after it has stopped cleanly; that is no failure.
    with listening, suppress(KeyboardInterrupt):
        server.run(sockets=[listening])


class _Server(uvicorn.Server):
    """Says when it listens, so that scripts need not guess."""

    def __init__(self, config: uvicorn.Config, *, ready: str) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        if self.started:
            click.echo(self._ready)


class PeriodicWork:
    """Does what is due every few minutes: the daily sweep, officers' warnings and digests."""

    def __init__(self, office: Office) -> None:
        """Args: office: the installation."""
        self._office = office
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="periodic-work", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Stop before the next round; one under way ends its batch."""
        self._stopped.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                done = do_due_work(self._office, now=utc_now())
                if any(done.values()):
                    _log.info("periodic work", **done)
            except Exception as error:  # noqa: BLE001 - the outermost loop: the next round tries again
                _log.error("periodic work failed", error=type(error).__name__, where=where(error))
            self._stopped.wait(_ROUND_EVERY.total_seconds())


def background(office: Office) -> Sequence[Worker]:
    """Background work without a server: what the mounted parts bring, and the periodic work."""
    set_up_logs(office.settings.log_level)
    unserved = FastAPI()
    mounted = [
        point.load()(unserved, office)
        for point in sorted(entry_points(group="tiepdan.web"), key=lambda point: point.name)
    ]
    return [*mounted, PeriodicWork(office)]


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise SetupRefused(reason=f"{host}:{port} can't be served: {error.strerror}") from error
    return listening
