"""From a refusal to an answer: problem+json (RFC 9457) for programs, a page for officers.

`type` and `title` are stable and English, `detail` is Vietnamese from `wording.py`. No answer
repeats what was sent: a malformed value could be somebody's name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from admin import wording
from intake.errors import IntakeError

_TYPE = "urn:tiepdan:problem:"

# Status and title by code. A stale version is 412 where `If-Match` carried it, as RFC 9110 says.
PROBLEMS: Mapping[str, tuple[int, str]] = {
    "intake-error": (400, "Refused"),
    "not-found": (404, "Not found"),
    "bad-credentials": (401, "Wrong name or password"),
    "second-factor-needed": (401, "Code needed besides the password"),
    "wrong-code": (401, "Wrong code"),
    "version-conflict": (412, "Changed by somebody else"),
    "not-allowed": (403, "Not allowed"),
    "wrong-status": (409, "Not possible in this status"),
    "law-refuses": (409, "Refused by law"),
    "items-missing": (409, "Required items are missing"),
    "invalid-input": (422, "Invalid input"),
    "plan-fault": (422, "A line of the calendar plan is wrong"),
    "unknown-agency": (422, "Unknown agency"),
    "too-many": (429, "Too many attempts"),
    "data-fault": (500, "Data fault"),
    "seal-broken": (500, "Seal broken"),
    "storage-away": (503, "Storage is away"),
    "setup-refused": (503, "Set-up refused"),
    "impossible-events": (409, "Impossible sequence of events"),
    "unknown-rule": (422, "Unknown rule"),
    "calendar-year-missing": (409, "Working calendar missing for a year"),
    "report-blocked": (409, "Report blocked"),
    "not-signed-in": (401, "Not signed in"),
    "forbidden": (403, "Forbidden"),
    "second-factor-due": (403, "Second factor must be set up first"),
    "cross-site": (403, "Cross-site request refused"),
    "method-not-allowed": (405, "Method not allowed"),
    "malformed": (422, "Malformed input"),
    "precondition-required": (428, "If-Match required"),
    "too-large": (413, "Too large"),
    "unexpected": (500, "Unexpected error"),
}
_RETRY_STORAGE = "5"
# Pydantic's kinds of error as reasons of `wording.REASONS`; every other kind is "malformed".
_REASON_OF = {
    "missing": "required",
    "string_too_short": "empty",
    "string_too_long": "too_long",
    "too_long": "too_long",
    "too_short": "empty",
    "greater_than_equal": "out_of_range",
    "less_than_equal": "out_of_range",
    "enum": "unknown",
    "literal_error": "unknown",
}


@dataclass(frozen=True)
class Problem:
    """One refusal, ready to be shown. `fields`: (name, reason code) of each malformed field."""

    code: str
    status: int
    title: str
    detail: str
    values: Mapping[str, Any] = field(default_factory=dict)
    fields: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def shown_fields(self) -> list[dict[str, str]]:
        """The malformed fields with their Vietnamese names and reasons."""
        return [
            {
                "field": name,
                "reason": reason,
                "detail": f"{wording.FIELDS.get(name, name)}: {wording.REASONS[reason]}",
            }
            for name, reason in self.fields
        ]


class Refusal(Exception):
    """A refusal of the web server itself, by code of `PROBLEMS`."""

    def __init__(self, code: str, headers: Mapping[str, str] | None = None) -> None:
        """Args: code: key of `PROBLEMS`; headers: further ones of the answer."""
        self.code = code
        self.headers = dict(headers or {})
        super().__init__(code)


def problem_of(error: Exception) -> Problem:
    """Word any exception; one nobody foresaw says nothing about itself."""
    if isinstance(error.__cause__, Refusal):  # a body that grew too large while it was parsed
        return problem_of(error.__cause__)
    if isinstance(error, Refusal):
        return _problem(error.code, headers=error.headers)
    if isinstance(error, IntakeError):
        return _problem_of_intake(error)
    if isinstance(error, RequestValidationError | ValidationError):
        return _malformed(error)
    if isinstance(error, HTTPException):
        return _problem(_CODE_OF_STATUS.get(error.status_code, "malformed"))
    return _problem("unexpected")


def problem_response(problem: Problem, request_id: str) -> JSONResponse:
    """The answer of the API."""
    body: dict[str, Any] = {
        "type": _TYPE + problem.code,
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": f"urn:tiepdan:request:{request_id}",
    }
    if problem.values:
        body["values"] = problem.values
    if problem.fields:
        body["errors"] = problem.shown_fields
    return JSONResponse(
        body,
        status_code=problem.status,
        headers=dict(problem.headers),
        media_type="application/problem+json",
    )


_CODE_OF_STATUS = {
    401: "not-signed-in",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    500: "unexpected",
    503: "storage-away",
}
# What a program may want to read besides the sentence; never a value somebody typed.
_PUBLIC_VALUES = (
    "reference",
    "actual",
    "rule",
    "citation",
    "verified",
    "allowed",
    "items",
    "field",
    "reason",
    "status",
    "action",
    "retry_after",
    "year",
    "line",
    "ground",
)


def _problem_of_intake(error: IntakeError) -> Problem:
    values = {name: _plain(value) for name, value in error.values.items() if name in _PUBLIC_VALUES}
    code = error.code if error.code in PROBLEMS else "intake-error"
    headers = {}
    if code == "too-many":
        headers["Retry-After"] = str(error.values["retry_after"])
    if code == "storage-away":
        headers["Retry-After"] = _RETRY_STORAGE
    fields: tuple[tuple[str, str], ...] = ()
    if code == "invalid-input":
        fields = ((str(error.values["field"]), str(error.values["reason"])),)
    return _problem(code, values=values, fields=fields, headers=headers, worded=_worded(error))


def _worded(error: IntakeError) -> dict[str, str]:
    """The error's values in Vietnamese, for the sentence."""
    words: dict[str, str] = {}
    for name, value in error.values.items():
        match name:
            case "field":
                words[name] = wording.FIELDS.get(str(value), str(value))
            case "reason":
                words[name] = wording.REASONS.get(str(value), str(value))
            case "action":
                words[name] = wording.ACTIONS.get(str(value), str(value)).lower()
            case "status":
                words[name] = wording.STATUSES.get(str(value), str(value))
            case "items" if isinstance(value, list | tuple):
                words[name] = ", ".join(wording.ITEMS.get(str(item), str(item)) for item in value)
            case _:
                words[name] = str(value)
    return words


def _malformed(error: RequestValidationError | ValidationError) -> Problem:
    fields = []
    for found in error.errors():
        names = [str(part) for part in found["loc"] if part not in ("body", "query", "path")]
        names = [name for name in names if name != "header"]
        reason = _REASON_OF.get(found["type"], "malformed")
        fields.append((names[0] if names else "body", reason))
    return _problem("malformed", fields=tuple(dict.fromkeys(fields)))


def _problem(
    code: str,
    *,
    values: Mapping[str, Any] | None = None,
    fields: Sequence[tuple[str, str]] = (),
    headers: Mapping[str, str] | None = None,
    worded: Mapping[str, str] | None = None,
) -> Problem:
    status, title = PROBLEMS[code]
    detail = wording.PROBLEMS[code].format_map(_Gaps(worded or {}))
    return Problem(code, status, title, detail, values or {}, fields, headers or {})


class _Gaps(dict[str, str]):
    """A missing value shows as a dash; it never hides the refusal itself."""

    def __missing__(self, key: str) -> str:
        return wording.UNKNOWN


def _plain(value: object) -> object:
    if isinstance(value, list | tuple):
        return [str(item) for item in value]
    return value if isinstance(value, bool | int | None) else str(value)
