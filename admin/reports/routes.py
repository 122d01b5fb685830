"""Routes of register and reports, with the policy rows that open them.

`admin.app` mounts `router` under /api/v1 and `console_router` under /console, and adds `ROWS` to
its policy table.
"""

from __future__ import annotations

from admin.policy import MIB, Door, Row
from admin.reports import api, pages
from admin.reports.totals import LARGEST
from intake.register import (
    ENTRY_ROLES,
    REGISTER_ROLES,
    STATEMENT_ROLES,
    STATISTICS_ROLES,
)
from intake.status import Role

__all__ = ["ROWS", "console_router", "router"]

router = api.router
console_router = pages.router

_REPORT = "/console/reports/{agency}/{regime}/{period}"


def _api(method: str, path: str, roles: frozenset[Role], largest: int = MIB) -> Row:
    return Row(method, f"/api/v1{path}", Door.API, roles, largest)


def _page(method: str, path: str, roles: frozenset[Role]) -> Row:
    return Row(method, path, Door.CONSOLE, roles)


ROWS: tuple[Row, ...] = (
    _api("GET", "/receptions", REGISTER_ROLES),
    _api("POST", "/receptions", REGISTER_ROLES),
    _api("GET", "/receptions/{uid}", REGISTER_ROLES),
    _api("POST", "/receptions/{uid}/void", REGISTER_ROLES),
    _api("GET", "/reception-days", REGISTER_ROLES),
    _api("POST", "/reception-days", REGISTER_ROLES),
    _api("POST", "/reception-days/{uid}/record", REGISTER_ROLES),
    _api("GET", "/register-entries", ENTRY_ROLES),
    _api("POST", "/register-entries", ENTRY_ROLES),
    _api("POST", "/register-entries/{uid}/void", ENTRY_ROLES),
    _api("GET", "/statistics", STATISTICS_ROLES),
    _api("GET", "/statistics/{number}", STATISTICS_ROLES),
    _api("GET", "/reports", STATISTICS_ROLES),
    _api("GET", "/reports/section", STATISTICS_ROLES),
    _api("GET", "/reports/forms", STATISTICS_ROLES),
    _api("POST", "/reports/check", STATISTICS_ROLES, LARGEST),
    _api("POST", "/reports/confirmations", STATEMENT_ROLES),
    _api("POST", "/reports/snapshots", STATEMENT_ROLES),
    _page("GET", "/console/receptions", REGISTER_ROLES),
    _page("POST", "/console/receptions", REGISTER_ROLES),
    _page("POST", "/console/receptions/{uid}/void", REGISTER_ROLES),
    _page("GET", "/console/receptions/days", REGISTER_ROLES),
    _page("POST", "/console/receptions/days", REGISTER_ROLES),
    _page("POST", "/console/receptions/days/{uid}", REGISTER_ROLES),
    _page("GET", "/console/receptions/entries", ENTRY_ROLES),
    _page("POST", "/console/receptions/entries", ENTRY_ROLES),
    _page("POST", "/console/receptions/entries/{uid}/void", ENTRY_ROLES),
    _page("GET", "/console/reports", STATISTICS_ROLES),
    _page("GET", _REPORT, STATISTICS_ROLES),
    _page("GET", f"{_REPORT}/section.{{form}}", STATISTICS_ROLES),
    _page("GET", f"{_REPORT}/forms.{{form}}", STATISTICS_ROLES),
    _page("GET", f"{_REPORT}/numbers/{{number}}", STATISTICS_ROLES),
    _page("POST", f"{_REPORT}/confirm", STATEMENT_ROLES),
    _page("POST", f"{_REPORT}/snapshot", STATEMENT_ROLES),
)
