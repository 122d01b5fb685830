"""The gate in front of every route: who, from where, how much; before any other work.

Nothing behind it reads a body, looks up a petition or validates input until the caller is known
and its role fits the policy row. What it found stands in `request.state.caller`.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, quote

import structlog
from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request, cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from admin.errors import Problem, Refusal, problem_of, problem_response
from admin.observation import UNMATCHED, Metrics, where
from admin.policy import Door, Match, Policy, Row
from intake.accounts import Purpose, Session, find_session
from intake.status import Role
from intake.store.engine import Store

_SAFE = ("GET", "HEAD", "OPTIONS")
_API_PURPOSES = (Purpose.API, Purpose.KEY)
SECURE_COOKIE = "__Host-tiepdan"
PLAIN_COOKIE = "tiepdan"  # plain HTTP on this machine: a `__Host-` cookie would not be kept
CSRF_FIELD = "csrf"
SET_UP_PAGE = "/console/account/second-factor"
CSRF_HEADER = "x-csrf-token"
_FIRST_FIELD = 1024  # bytes within which a form with files names its token
_TOKEN_FIELD = re.compile(
    rb'--[^\r\n]+\r\ncontent-disposition: form-data; name="csrf"\r\n\r\n([\x21-\x7e]+)\r\n', re.I
)

_log = structlog.get_logger()

_CONSOLE_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
# Set unless the route has set its own (the citizens' page brings a policy of its own).
_HEADERS: Mapping[str, str] = {
    "content-security-policy": _CONSOLE_CSP,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # "no-referrer" would make browsers send `Origin: null` with our own forms, too.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}


ErrorPage = Callable[[Request, Problem], Response]
"""How the console shows a refusal; the application hands in one that renders a template."""


class Guard:
    """ASGI middleware; outermost, so that it sees every request and every exception."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        policy: Policy,
        store: Store,
        metrics: Metrics,
        error_page: ErrorPage,
        public_url: str,
        clock: Callable[[], datetime],
        second_factor_roles: frozenset[Role] = frozenset(),
    ) -> None:
        """Args:

        public_url: if it is https, cookies are `__Host-` and HSTS is sent.
        second_factor_roles: who may do nothing before setting up a second factor.
        """
        self._app = app
        self._policy = policy
        self._store = store
        self._metrics = metrics
        self._error_page = error_page
        self._clock = clock
        self._second_factor_roles = second_factor_roles
        self._secure = public_url.startswith("https://")
        self._public_host = public_url.partition("://")[2].partition("/")[0]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Judge one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = secrets.token_hex(8)
        state: dict[str, Any] = scope.setdefault("state", {})
        state["request_id"] = request_id
        found = self._policy.match(scope["method"], scope["path"])
        route = found.row.path if found.row else UNMATCHED
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(message, request_id)
            await send(message)

        try:
            await self._judged(scope, receive, answer, found)
        except Exception as error:  # noqa: BLE001 - the outermost loop: nothing may pass unanswered
            problem = problem_of(error)
            if problem.code == "unexpected":
                _log.error(
                    "unexpected",
                    request=request_id,
                    route=route,
                    error=type(error).__name__,
                    where=where(error),
                )
            if status == 0:
                await self._refuse(scope, receive, answer, found.row, problem)
        finally:
            seconds = time.perf_counter() - started
            self._metrics.answered(scope["method"], route, status, seconds)
            _log.info(
                "request",
                request=request_id,
                method=scope["method"],
                route=route,
                status=status,
                ms=round(seconds * 1000, 1),
            )

    async def _judged(self, scope: Scope, receive: Receive, send: Send, found: Match) -> None:
        row = found.row
        if row is None:
            if found.other_methods:
                raise Refusal("method-not-allowed", {"Allow": ", ".join(found.other_methods)})
            raise Refusal("not-found")
        headers = Headers(scope=scope)
        if row.door in (Door.CONSOLE, Door.SIGN_IN):
            self._check_origin(scope, headers)
        caller = None
        if row.roles is not None:
            caller = await self._caller(headers, row)
            if caller is None:
                raise Refusal("not-signed-in", _challenge(row))
            if caller.officer.role not in row.roles:
                raise Refusal("forbidden")
            if row.needs_second_factor and self._lacks_second_factor(caller):
                raise Refusal("second-factor-due")
        scope["state"]["caller"] = caller
        limited = _limited(receive, headers, row.largest)
        if row.door is Door.CONSOLE and scope["method"] not in _SAFE and caller is not None:
            limited = await _check_token(limited, headers, caller)
        await self._app(scope, limited, send)

    def _lacks_second_factor(self, caller: Session) -> bool:
        """A machine's key was made by an administrator and has no telephone."""
        return (
            caller.officer.role in self._second_factor_roles
            and not caller.second_factor
            and caller.purpose is not Purpose.KEY
        )

    def _check_origin(self, scope: Scope, headers: Headers) -> None:
        """A browser says where an unsafe request comes from; another site's is refused."""
        if scope["method"] in _SAFE:
            return
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise Refusal("cross-site")
        origin = headers.get("origin")
        if origin is None:
            return
        host = origin.partition("://")[2]
        if not host or host not in (headers.get("host", ""), self._public_host):
            raise Refusal("cross-site")

    async def _caller(self, headers: Headers, row: Row) -> Session | None:
        purposes: tuple[Purpose, ...]
        if row.door is Door.API:
            token, purposes = _token_of(headers), _API_PURPOSES
        else:
            name = SECURE_COOKIE if self._secure else PLAIN_COOKIE
            token = cookie_parser(headers.get("cookie", "")).get(name, "")
            purposes = (Purpose.CONSOLE,)
        if not token:
            return None
        return await to_thread.run_sync(
            lambda: find_session(
                self._store, token, purposes, now=self._clock(), used=row.counts_as_use
            )
        )

    async def _refuse(
        self, scope: Scope, receive: Receive, send: Send, row: Row | None, problem: Problem
    ) -> None:
        request = Request(scope)
        response: Response
        pages = scope["path"] == "/console" or scope["path"].startswith("/console/")
        if not pages:
            response = problem_response(problem, scope["state"]["request_id"])
        elif problem.code == "not-signed-in" and scope["method"] in _SAFE:
            target = scope["path"] + (
                f"?{scope['query_string'].decode()}" if scope["query_string"] else ""
            )
            response = RedirectResponse(f"/console/login?next={quote(target)}", 303)
            if "hx-request" in request.headers:  # a part of a page can't sign in; the page can
                response = Response(status_code=401, headers={"HX-Redirect": "/console/login"})
        elif problem.code == "second-factor-due" and scope["method"] in _SAFE:
            response = RedirectResponse(SET_UP_PAGE, 303)
        else:
            response = self._error_page(request, problem)
        response.headers.update(problem.headers)
        await response(scope, receive, send)

    def _add_headers(self, message: Message, request_id: str) -> None:
        headers = MutableHeaders(scope=message)
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        if self._secure:
            headers.setdefault("strict-transport-security", "max-age=31536000")
        headers["x-request-id"] = request_id


def _token_of(headers: Headers) -> str:
    key = headers.get("x-api-key", "")
    if key:
        return key
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _challenge(row: Row) -> dict[str, str]:
    return {"WWW-Authenticate": 'Bearer realm="tiepdan"'} if row.door is Door.API else {}


async def _check_token(receive: Receive, headers: Headers, caller: Session) -> Receive:
    """Compare the session's token with the header's or the form's; hands the body on unread.

    A form with files carries the token as its first field, so that a forged one is refused
    before its files are read.
    """
    given = headers.get(CSRF_HEADER, "")
    if given:
        _compare(given, caller)
        return receive
    kind = headers.get("content-type", "")
    with_files = kind.startswith("multipart/form-data")
    body, more = bytearray(), True
    while more and not (with_files and len(body) >= _FIRST_FIELD):
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    if with_files:
        found = _TOKEN_FIELD.match(bytes(body[:_FIRST_FIELD]))
        given = found.group(1).decode() if found else ""
    elif kind.startswith("application/x-www-form-urlencoded"):
        given = parse_qs(body.decode("utf-8", "replace")).get(CSRF_FIELD, [""])[0]
    _compare(given, caller)
    return _replayed(bytes(body), more, receive)


def _compare(given: str, caller: Session) -> None:
    if not secrets.compare_digest(given.encode(), caller.csrf.encode()):
        raise Refusal("cross-site")


def _replayed(body: bytes, more: bool, receive: Receive) -> Receive:
    """What was read of a body, then the rest of it."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": more}

    return replay


def _limited(receive: Receive, headers: Headers, largest: int) -> Receive:
    """Refuse a body that says or turns out to be larger than the row allows."""
    said = headers.get("content-length", "")
    if said.isdigit() and int(said) > largest:
        raise Refusal("too-large")
    seen = 0

    async def count() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > largest:
            raise Refusal("too-large")
        return message

    return count
