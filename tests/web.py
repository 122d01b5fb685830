"""The web application over a real database, with officers of every role and a clock to set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

from admin.app import create_app
from admin.guard import PLAIN_COOKIE
from intake.accounts import (
    NewAccount,
    Purpose,
    create_officer,
    find_session,
    get_officer,
    hash_password,
    open_session,
)
from intake.office import Office
from intake.officers import SYSTEM
from intake.status import Role
from tests.factories import NOW, build_office

PASSWORD = "một câu dài để thử"
BUILDING = "vlg-so-xay-dung"
INSPECTORATE = "vlg-thanh-tra"
CENTRE = "vlg-ban-tiep-cong-dan"
OFFICERS: Mapping[str, tuple[Role, str, bool]] = {
    "desk": (Role.RECEPTION_DESK, CENTRE, False),
    "clerk": (Role.AGENCY_CLERK, BUILDING, False),
    "head": (Role.HEAD, BUILDING, False),
    "reporter": (Role.REPORTING, BUILDING, False),
    "admin": (Role.ADMINISTRATOR, "vlg-van-phong-ubnd", False),
    "inspector": (Role.AGENCY_CLERK, INSPECTORATE, True),
    "colleague": (Role.AGENCY_CLERK, BUILDING, False),
    "someone": (Role.AGENCY_CLERK, BUILDING, False),
}


@dataclass
class Web:
    """An application under test. `now` is what its clock says."""

    office: Office
    app: FastAPI
    transport: TestClient
    now: datetime = NOW + timedelta(days=3)

    def client(self) -> Caller:
        """A caller nobody knows."""
        return Caller(self.transport, {}, "")

    def token(self, username: str, purpose: Purpose = Purpose.API) -> str:
        """A fresh session of an officer, without the time a password takes."""
        with self.office.store.write() as tx:
            return open_session(tx, get_officer(tx, username).id, purpose, now=self.now)

    def api(self, username: str) -> Caller:
        """The officer as a program."""
        return Caller(self.transport, {"Authorization": f"Bearer {self.token(username)}"}, "")

    def console(self, username: str) -> Caller:
        """The officer in a browser, signed in."""
        token = self.token(username, Purpose.CONSOLE)
        session = find_session(self.office.store, token, (Purpose.CONSOLE,), now=self.now)
        assert session is not None
        return Caller(self.transport, {"Cookie": f"{PLAIN_COOKIE}={token}"}, session.csrf)


@dataclass(frozen=True)
class Caller:
    """Who calls, by the headers it sends; `csrf` is what its pages' forms would carry."""

    transport: TestClient
    headers: Mapping[str, str]
    csrf: str

    def request(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **given: Any
    ) -> Any:
        """Any request; follows no redirect and keeps no cookie."""
        answer = self.transport.request(
            method, path, headers={**self.headers, **(headers or {})}, **given
        )
        self.transport.cookies.clear()
        return answer

    def get(self, path: str, headers: Mapping[str, str] | None = None, **params: Any) -> Any:
        """Read something."""
        return self.request("GET", path, headers, params=params or None)

    def post(self, path: str, headers: Mapping[str, str] | None = None, **given: Any) -> Any:
        """Send something."""
        return self.request("POST", path, headers, **given)

    def send(self, path: str, **fields: Any) -> Any:
        """Send a form of the console."""
        return self.post(path, data={"csrf": self.csrf, **fields})

    def act(self, reference: str, action: str, version: int | None, **body: Any) -> Any:
        """Take an action over the API."""
        headers = {} if version is None else {"If-Match": f'"{version}"'}
        return self.post(f"/api/v1/petitions/{reference}/actions/{action}", headers, json=body)


def in_process(app: FastAPI) -> TestClient:
    """A client whose server thread lives as long as it is entered."""
    return TestClient(app, follow_redirects=False, raise_server_exceptions=False)


@contextmanager
def opened_web(url: str, folder: Path, **settings: Any) -> Iterator[Web]:
    """The application without the citizens' part, on a migrated database, with other settings."""
    office = build_office(url, folder)
    office = replace(office, settings=office.settings.model_copy(update=settings))
    hashed = hash_password(PASSWORD)
    with office.store.write() as tx:
        for username, (role, agency, cleared) in OFFICERS.items():
            create_officer(
                office,
                tx,
                NewAccount(username, f"Cán bộ {username}", role, agency, cleared),
                hashed,
                by=SYSTEM,
                now=NOW,
            )
    app = create_app(office, clock=lambda: web.now, mounts=(), work=False)
    with in_process(app) as transport:
        web = Web(office, app, transport)
        yield web
    office.store.close()
