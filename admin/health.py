"""For operators: alive, ready, measured, documented."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy import Column, func, select

from admin.context import TheOffice
from admin.observation import Metrics
from admin.paths import Paths
from admin.rendering import render
from intake.errors import IntakeError, SetupRefused
from intake.notices import NoticeState
from intake.office import Office
from intake.status import PetitionStatus
from intake.store import schema
from intake.store.engine import Transaction
from intake.store.tables import notices, petitions

router = Paths(tags=["operators"])

_PROBE = "ready"


@router.get("/healthz", summary="Alive")
def healthz() -> dict[str, str]:
    """The process answers; nothing else is asked."""
    return {"status": "ok"}


@router.get("/readyz", summary="Ready")
def readyz(office: TheOffice) -> JSONResponse:
    """Schema, durable storage and sealing keys are in order; 503 with the failing check if not."""
    try:
        checks = check_ready(office)
    except IntakeError as error:
        return JSONResponse(
            {"status": "not ready", "failed": error.code},
            status_code=503,
            headers={"Retry-After": "5"},
        )
    return JSONResponse({"status": "ok", **checks})


@router.get("/metrics", summary="Prometheus metrics", response_class=Response)
def metrics(request: Request, office: TheOffice) -> Response:
    """Requests by route template, petitions by status, notices by delivery state."""
    measured: Metrics = request.app.state.metrics
    with office.store.read() as tx:
        by_status = _counted(tx, petitions.c.status)
        by_state = _counted(tx, notices.c.state)
    for status in PetitionStatus:
        measured.petitions.labels(status).set(by_status.get(status, 0))
    for state in NoticeState:
        measured.notices.labels(state).set(by_state.get(state, 0))
    return Response(measured.text(), media_type=CONTENT_TYPE_LATEST)


@router.get("/docs", include_in_schema=False)
def docs(request: Request) -> HTMLResponse:
    """The API's reference, rendered here: no script, no request to anybody else."""
    return HTMLResponse(render("docs.html", api=request.app.openapi(), resolve=_resolver(request)))


@router.get("/", include_in_schema=False)
def front() -> RedirectResponse:
    """Citizens come first."""
    return RedirectResponse("/chat", 303)


def check_ready(office: Office) -> dict[str, Any]:
    """What `/readyz` and the start check.

    Raises:
        SetupRefused: the schema is another one, or an acknowledged write would not be durable.
        SealBroken, StorageAway.
    """
    found, wanted = schema.current_revision(office.store), schema.newest_revision()
    if found != wanted:
        raise SetupRefused(reason=f"the schema is at {found or 'nothing'}, needed is {wanted}")
    facts = office.store.facts()
    office.sealer.open(office.sealer.seal(_PROBE, about=_PROBE), about=_PROBE)
    return {"schema": found, "storage": facts}


def _counted(tx: Transaction, column: Column[Any]) -> dict[str, int]:
    rows = tx.execute(select(column, func.count()).group_by(column))
    return {str(row[0]): int(row[1]) for row in rows}


def _resolver(request: Request) -> Any:
    schemas = request.app.openapi().get("components", {}).get("schemas", {})

    def resolve(node: dict[str, Any]) -> dict[str, Any]:
        name = node.get("$ref", "").rpartition("/")[2]
        found: dict[str, Any] = schemas.get(name, node)
        return found

    return resolve
