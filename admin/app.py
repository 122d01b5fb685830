"""The web server: one ASGI application for citizens, officers, machines and operators.

Citizens' pages are mounted through the entry points `tiepdan.web`, so that this package knows
nothing of the bot that lives there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import entry_points
from typing import NoReturn, Protocol

from anyio import to_thread
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException

from admin import assets, health
from admin.api import catalogue, letters, petitions, tokens
from admin.console import routes as console
from admin.console.pages import error_page
from admin.context import Clock
from admin.guard import Guard
from admin.observation import Metrics
from admin.policy import MIB, POLICY, Door, Policy, Row
from admin.reports import routes as reports
from intake.clock import utc_now
from intake.office import Office

# The one policy table of everything officers and operators reach.
OFFICERS_ROWS: tuple[Row, ...] = (*POLICY, *reports.ROWS)

# A citizen's message may carry photos; how many and how large is the mounted part's business.
_LARGEST_MESSAGE = 30 * MIB
_VERSION = "1"


class Worker(Protocol):
    """Background work a mounted part brings along."""

    def start(self) -> None:
        """Begin; returns at once."""

    def stop(self) -> None:
        """End what is under way and return."""


Mount = Callable[[FastAPI, Office], Worker]


def create_app(
    office: Office,
    *,
    clock: Clock = utc_now,
    mounts: Sequence[Mount] | None = None,
    work: bool = True,
) -> FastAPI:
    """The application over an open office.

    Args:
        clock: the present instant; tests set it.
        mounts: what is mounted besides; None: the entry points of group `tiepdan.web`.
        work: start and stop the mounted parts' background work with the server.
    """
    metrics = Metrics()
    workers: list[Worker] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        for worker in workers if work else ():
            await to_thread.run_sync(worker.start)
        yield
        for worker in workers if work else ():
            await to_thread.run_sync(worker.stop)

    app = FastAPI(
        title="Tiếp Dân",
        version=_VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.state.office = office
    app.state.clock = clock
    app.state.metrics = metrics
    health.router.add_to(app)
    assets.router.add_to(app, in_schema=False)
    for part in (
        tokens.router,
        catalogue.router,
        petitions.router,
        letters.router,
        reports.router,
    ):
        part.add_to(app, prefix="/api/v1")
    for part in (*console.ROUTERS, reports.console_router):
        part.add_to(app, prefix="/console", in_schema=False)

    own = _routes(app)
    workers.extend(mount(app, office) for mount in (_mounts() if mounts is None else mounts))
    app.state.workers = workers
    app.state.policy = Policy([*OFFICERS_ROWS, *_citizens_rows(_routes(app) - own)])
    for kind in (RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _leave_to_the_guard)
    app.add_middleware(
        Guard,
        policy=app.state.policy,
        store=office.store,
        metrics=metrics,
        error_page=error_page,
        public_url=office.settings.public_url,
        clock=clock,
        second_factor_roles=office.settings.totp_roles,
    )
    return app


def _mounts() -> Iterable[Mount]:
    for point in sorted(entry_points(group="tiepdan.web"), key=lambda point: point.name):
        yield point.load()


def _routes(app: FastAPI) -> set[tuple[str, str]]:
    """Every (method, path template) the application has."""
    return {
        (method, context.path)
        for context in iter_route_contexts(app.routes)
        if context.path is not None
        for method in (context.methods or ("GET",))
        if method != "HEAD"
    }


def _citizens_rows(mounted: Iterable[tuple[str, str]]) -> Iterable[Row]:
    """Mounted parts serve citizens, who have no account; each route checks its caller itself."""
    for method, path in sorted(mounted):
        yield Row(method, path, Door.OPEN, None, _LARGEST_MESSAGE)


def _leave_to_the_guard(request: Request, error: Exception) -> NoReturn:
    """One place words every refusal: the guard."""
    raise error
