"""Who may call what: one row for every route and method of the web server.

The guard (`guard.py`) lets nothing through that has no row here, and a test compares the rows
with the routes the application really has, so that a forgotten route fails the build. Which
petitions an officer may see behind an open door is `intake.permissions`' business.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from intake.accounts import OFFICER_ROLES
from intake.actions import carries_documents
from intake.documents import LARGEST, MOST
from intake.status import DECIDING_ROLES, HANDLING_ROLES, TRANSITIONS, Action, Role

KIB = 1024
MIB = 1024 * KIB


class Door(StrEnum):
    """How a caller proves itself, and in which form it is answered."""

    OPEN = "open"  # nobody is asked
    API = "api"  # bearer token or API key; problem+json
    CONSOLE = "console"  # session cookie and CSRF token; HTML
    SIGN_IN = "sign-in"  # console pages before signing in: same origin, no session yet


@dataclass(frozen=True)
class Row:
    """One route and method. `roles` None: anyone. `largest`: request body in bytes.

    `counts_as_use` False: an open page asks by itself, which keeps no idle session alive.
    `needs_second_factor` False: open also to whoever still has to set one up.
    """

    method: str
    path: str
    door: Door
    roles: frozenset[Role] | None
    largest: int = 256 * KIB
    counts_as_use: bool = True
    needs_second_factor: bool = True


OFFICERS = frozenset(OFFICER_ROLES)
ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})
CALENDAR_READERS = HANDLING_ROLES | ADMINISTRATORS | {Role.REPORTING}
REPORTERS = frozenset({Role.REPORTING, Role.HEAD, Role.RECEPTION_DESK, Role.AGENCY_CLERK})

_PETITION = "/api/v1/petitions/{reference}"
_PAGE = "/console/petitions/{reference}"


def _open(method: str, path: str, largest: int = 256 * KIB) -> Row:
    return Row(method, path, Door.OPEN, None, largest)


def _api(method: str, path: str, roles: frozenset[Role], largest: int = 256 * KIB) -> Row:
    return Row(method, path, Door.API, roles, largest)


def _page(method: str, path: str, roles: frozenset[Role], largest: int = 256 * KIB) -> Row:
    return Row(method, path, Door.CONSOLE, roles, largest)


def _setting_up(method: str, path: str) -> Row:
    return Row(method, path, Door.CONSOLE, OFFICERS, 8 * KIB, needs_second_factor=False)


def _actions() -> Iterable[Row]:
    """What an officer may do follows from the lifecycle table, on both doors alike."""
    for action in Action:
        roles = TRANSITIONS[action].roles & OFFICERS
        yield _api("POST", f"{_PETITION}/actions/{action}", roles)
        # Twice what may be kept: photographs that are too large are refused with their reason.
        files = 2 * MOST * LARGEST + MIB if carries_documents(action) else 256 * KIB
        yield _page("POST", f"{_PAGE}/actions/{action}", roles, files)


POLICY: tuple[Row, ...] = (
    # operators
    _open("GET", "/healthz"),
    _open("GET", "/readyz"),
    _open("GET", "/metrics"),
    _open("GET", "/openapi.json"),
    _open("GET", "/docs"),
    _open("GET", "/"),
    _open("GET", "/static/admin/{path:path}"),
    # the API
    _open("POST", "/api/v1/auth/token", 8 * KIB),
    _api("POST", "/api/v1/auth/revoke", OFFICERS),
    _api("GET", "/api/v1/me", OFFICERS),
    _api("GET", "/api/v1/agencies", OFFICERS),
    _api("GET", "/api/v1/grounds", OFFICERS),
    _api("GET", "/api/v1/petitions", HANDLING_ROLES),
    _api("GET", _PETITION, HANDLING_ROLES),
    _api("GET", f"{_PETITION}/timeline", HANDLING_ROLES),
    _api("GET", f"{_PETITION}/notices", HANDLING_ROLES),
    _api("POST", f"{_PETITION}/identity", HANDLING_ROLES),
    _api("POST", f"{_PETITION}/documents", HANDLING_ROLES, LARGEST + 256 * KIB),
    _api("GET", f"{_PETITION}/letters", HANDLING_ROLES),
    _api("POST", f"{_PETITION}/letters/{{code}}", HANDLING_ROLES),
    *_actions(),
    # the console
    Row("GET", "/console/login", Door.SIGN_IN, None),
    Row("POST", "/console/login", Door.SIGN_IN, None, 8 * KIB),
    Row("GET", "/console/login/code", Door.SIGN_IN, None),
    Row("POST", "/console/login/code", Door.SIGN_IN, None, 8 * KIB),
    _setting_up("POST", "/console/logout"),
    _page("GET", "/console", OFFICERS),
    _page("GET", "/console/overview", DECIDING_ROLES | {Role.RECEPTION_DESK}),
    _page("GET", "/console/petitions", HANDLING_ROLES),
    _page("GET", _PAGE, HANDLING_ROLES),
    _page("GET", f"{_PAGE}/actions/{{action}}", HANDLING_ROLES),
    _page("POST", f"{_PAGE}/identity", HANDLING_ROLES),
    _page("GET", f"{_PAGE}/attachments/{{uid}}", HANDLING_ROLES),
    _page("GET", f"{_PAGE}/documents/{{uid}}", HANDLING_ROLES),
    _page("POST", f"{_PAGE}/notices/{{number}}/retry", HANDLING_ROLES),
    _page("GET", f"{_PAGE}/letters/{{code}}", HANDLING_ROLES),
    _page("POST", f"{_PAGE}/letters/{{code}}", HANDLING_ROLES),
    _page("GET", "/console/agencies", HANDLING_ROLES | ADMINISTRATORS),
    _page("GET", "/console/notices", OFFICERS),
    Row("GET", "/console/notices/count", Door.CONSOLE, OFFICERS, counts_as_use=False),
    _page("POST", "/console/notices/seen", OFFICERS),
    _page("GET", "/console/account", OFFICERS),
    _page("POST", "/console/account", OFFICERS),
    _page("POST", "/console/account/channel", OFFICERS),
    _page("POST", "/console/account/email", OFFICERS),
    _page("POST", "/console/account/email/confirm", OFFICERS),
    _page("POST", "/console/account/link", OFFICERS),
    _page("POST", "/console/account/unlink", OFFICERS),
    _page("POST", "/console/account/test", OFFICERS),
    _setting_up("GET", "/console/account/second-factor"),
    _setting_up("POST", "/console/account/second-factor"),
    _setting_up("POST", "/console/account/second-factor/confirm"),
    _page("POST", "/console/account/second-factor/recovery", OFFICERS),
    _page("POST", "/console/account/second-factor/off", OFFICERS),
    _page("GET", "/console/officers", ADMINISTRATORS),
    _page("POST", "/console/officers", ADMINISTRATORS),
    _page("GET", "/console/officers/{username}", ADMINISTRATORS),
    _page("POST", "/console/officers/{username}", ADMINISTRATORS),
    _page("POST", "/console/officers/{username}/password", ADMINISTRATORS),
    _page("POST", "/console/officers/{username}/second-factor", ADMINISTRATORS),
    _page("POST", "/console/officers/{username}/keys", ADMINISTRATORS),
    _page("POST", "/console/officers/{username}/keys/remove", ADMINISTRATORS),
    _page("GET", "/console/calendar", CALENDAR_READERS),
    _page("POST", "/console/calendar", ADMINISTRATORS),
    _page("POST", "/console/calendar/remove", ADMINISTRATORS),
    _page("POST", "/console/calendar/year", ADMINISTRATORS),
    _page("POST", "/console/calendar/year/remove", ADMINISTRATORS),
)


@dataclass(frozen=True)
class Match:
    """What the guard found: the row of path and method, or the path's other methods."""

    row: Row | None
    other_methods: tuple[str, ...]


class Policy:
    """The rows, ready to be matched against request paths."""

    def __init__(self, rows: Iterable[Row]) -> None:
        """Args: rows: every route and method that may be reached."""
        self.rows = tuple(rows)
        # A literal path wins over one with a parameter, whatever the order of the rows.
        ordered = sorted(self.rows, key=lambda row: row.path.count("{"))
        self._patterns = [(_pattern(row.path), row) for row in ordered]

    def match(self, method: str, path: str) -> Match:
        """The row for a request; a HEAD is judged as the GET it stands for."""
        asked = "GET" if method == "HEAD" else method
        others: list[str] = []
        for pattern, row in self._patterns:
            if pattern.fullmatch(path):
                if row.method == asked:
                    return Match(row, ())
                others.append(row.method)
        return Match(None, tuple(dict.fromkeys(others)))


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^}]+\})", template)
    return re.compile(
        "".join(
            (".+" if part.endswith(":path}") else "[^/]+")
            if part.startswith("{")
            else re.escape(part)
            for part in parts
        )
    )
