"""A console page: the template with what every page shows (officer, navigation, CSRF token)."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request
from fastapi.responses import HTMLResponse

from admin.context import now_of, today_of
from admin.errors import Problem
from admin.policy import Policy
from admin.rendering import render
from intake.accounts import Session
from intake.office import Office
from intake.officer_notices import unseen_count


def page(
    request: Request, template: str, *, status_code: int = 200, **values: object
) -> HTMLResponse:
    """Render a page of the console for the officer behind the request.

    Args:
        template: a template that extends `console/base.html`, which shows `officer`, the menu the
            officer's role may open, and offers `csrf` for the hidden field of every form.
    """
    return _page(request, template, status_code, _unseen(request), values)


def error_page(request: Request, problem: Problem) -> HTMLResponse:
    """A refusal as a page. It asks the database nothing: that may be what is away."""
    return _page(request, "console/error.html", problem.status, 0, {"problem": problem})


def _page(
    request: Request, template: str, status_code: int, unseen: int, values: Mapping[str, object]
) -> HTMLResponse:
    caller: Session | None = getattr(request.state, "caller", None)
    office: Office = request.app.state.office
    officer = caller.officer if caller else None
    shared = {
        "request_path": request.url.path,
        "request_id": request.state.request_id,
        "officer": officer,
        "officer_agency": office.directory.get(officer.agency).short_name if officer else "",
        "province": _title(office.directory.province.unit),
        "csrf": caller.csrf if caller else "",
        "may_open": _opener(request, caller),
        "today": today_of(request),
        "now": now_of(request),
        "unseen": unseen,
        "agency_name": lambda code: office.directory.get(code).short_name if code else "",
        "demo": office.settings.demo,
    }
    return HTMLResponse(render(template, **shared, **values), status_code=status_code)


def _unseen(request: Request) -> int:
    """What the bell shows."""
    caller: Session | None = getattr(request.state, "caller", None)
    if caller is None:
        return 0
    office: Office = request.app.state.office
    with office.store.read() as tx:
        return unseen_count(office, tx, caller.officer, today=today_of(request))


def _title(name: str) -> str:
    """A name at the head of a line: first letter upper, the rest as it is."""
    return name[:1].upper() + name[1:]


def _opener(request: Request, caller: Session | None) -> object:
    """For the menu: whether the officer's role may open a page, by the policy table."""
    policy: Policy = request.app.state.policy

    def may_open(path: str, method: str = "GET") -> bool:
        row = policy.match(method, path).row
        if row is None:
            return False
        return row.roles is None or (caller is not None and caller.officer.role in row.roles)

    return may_open
