"""Running the server: one process, with background work inside unless told otherwise."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from importlib.metadata import entry_points

import click
import structlog
import uvicorn
from fastapi import FastAPI

from admin.app import Worker, create_app
from admin.health import check_ready
from admin.notify import mail
from admin.notify.commands import deliver_mails
from admin.observation import set_up_logs, where
from intake.clock import utc_now
from intake.errors import SetupRefused
from intake.office import Office
from intake.schedule import run_due_jobs

_ROUND_EVERY = timedelta(minutes=1)
_MAIL_EVERY = timedelta(seconds=2)  # an officer waits for a code
_log = structlog.get_logger()


def run(office: Office, *, host: str, port: int, work: bool) -> None:
    """Serve until interrupted.

    Raises:
        SetupRefused: the address is taken, or the storage is not safe.
    """
    set_up_logs(office.settings.log_level)
    facts = check_ready(office)["storage"]
    app = create_app(office, work=work)
    if work:
        app.state.workers.extend(_own_work(office))
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


class _Repeated:
    """Something done again and again in a thread of its own, whatever one round ended in."""

    def __init__(self, name: str, do: Callable[[], Mapping[str, int | None]], every: timedelta):
        self._name, self._do, self._every = name, do, every
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

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
                done = self._do()
                if any(done.values()):
                    _log.info(self._name, **done)
            except Exception as error:  # noqa: BLE001 - the outermost loop: the next round tries again
                _log.error(f"{self._name}_failed", error=type(error).__name__, where=where(error))
            self._stopped.wait(self._every.total_seconds())


class PeriodicWork(_Repeated):
    """Does what is due, looking every minute: the daily sweep, officers' warnings and digests."""

    def __init__(self, office: Office) -> None:
        """Args: office: the installation."""
        super().__init__(
            "periodic_work", lambda: asdict(run_due_jobs(office, now=utc_now())), _ROUND_EVERY
        )


class MailWork(_Repeated):
    """Sends officers' mails as they come up."""

    def __init__(self, office: Office) -> None:
        """Args: office: the installation."""
        super().__init__(
            "officer_mails", lambda: {"sent": deliver_mails(office, now=utc_now())}, _MAIL_EVERY
        )


def background(office: Office) -> Sequence[Worker]:
    """Background work without a server: what the mounted parts bring, and the periodic work."""
    set_up_logs(office.settings.log_level)
    unserved = FastAPI()
    mounted = [
        point.load()(unserved, office)
        for point in sorted(entry_points(group="tiepdan.web"), key=lambda point: point.name)
    ]
    return [*mounted, *_own_work(office)]


def _own_work(office: Office) -> list[Worker]:
    mails = [MailWork(office)] if mail.is_configured(office.settings) else []
    return [PeriodicWork(office), *mails]


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
