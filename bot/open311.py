"""Open311 GeoReport v2: civic apps file feedback and follow it.

Only feedback goes in (see `open311_filing.py`), and only public facts come out: number, topic,
status, body, days. No text, place or person of a petition is ever shown, and only what came in
through this interface is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import ColumnElement, select
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from bot.open311_filing import Filing, SentFile
from bot.open311_terms import Refused, answered, figure, offered, word
from bot.open311_xml import FORMATS, JSON, document, listing
from bot.phrases import voice
from intake.clock import CIVIL_ZONE, start_of_day, utc_now
from intake.office import Office
from intake.petition import Petition, PetitionKind, Source
from intake.status import OPEN_STATUSES
from intake.store.petitions import petition_columns, petition_of
from intake.store.tables import petitions
from intake.topics import Topic, lexicon

BASE = "/open311/v2"
# What may be seen: a petition that turned out to be anything else vanishes from the lists.
PUBLIC_KINDS = (PetitionKind.KNPA, PetitionKind.PAKN)
_MOST_FILES, _MOST_FIELDS = 5, 100


def router(
    office: Office,
    *,
    clock: Callable[[], datetime] = utc_now,
    fetch: Callable[[str], bytes] | None = None,
) -> APIRouter:
    """All routes of the interface; each checks its caller itself.

    Args:
        fetch: gets a picture from its address (default: from public addresses only).
    """
    return Open311(office, clock=clock, fetch=fetch).router()


@dataclass(frozen=True)
class _Asked:
    """A reading request: format, the code or number in the path, the query, our own address."""

    kind: str
    name: str
    query: Mapping[str, str]
    origin: str


_Read = Callable[[_Asked], Response]


class Open311:
    """The routes over one office."""

    def __init__(
        self,
        office: Office,
        *,
        clock: Callable[[], datetime] = utc_now,
        fetch: Callable[[str], bytes] | None = None,
    ) -> None:
        """Args:

        clock: the present instant.
        fetch: gets a picture from its address (raises MediaRefused, MediaAway).
        """
        self._office = office
        self._clock = clock
        self._filing = Filing(office, clock=clock, fetch=fetch)

    def router(self) -> APIRouter:
        """The routes."""
        api = APIRouter(prefix=BASE, tags=["open311"])
        reads: Sequence[tuple[str, str, _Read]] = (
            ("/discovery", "Where the interface is", self.discovery),
            ("/discovery.{kind}", "Where the interface is, by format", self.discovery),
            ("/services.{kind}", "What may be filed", self.services),
            ("/services/{name}.{kind}", "One service", self.service),
            ("/requests.{kind}", "Requests by number, service, status, days", self.requests),
            ("/requests/{name}.{kind}", "One request", self.request),
            ("/tokens/{name}.{kind}", "The number behind a token", self.token),
        )
        for path, summary, read in reads:
            api.add_api_route(path, self._answering(read), methods=["GET"], summary=summary)
        api.add_api_route(
            "/requests.{kind}", self.file, methods=["POST"], summary="File feedback",
            openapi_extra=_FORM_SCHEMA,
        )  # fmt: skip
        return api

    def _answering(self, read: _Read) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            found = request.path_params
            asked = _Asked(
                kind=found.get("kind", JSON),
                name=found.get("name", ""),
                query=request.query_params,
                origin=str(request.base_url).rstrip("/"),
            )

            def checked() -> Response:
                self._check(asked.kind, asked.query)
                return read(asked)

            return await answered(asked.kind, lambda: to_thread.run_sync(checked))

        return answer

    def _check(self, kind: str, fields: Mapping[str, str]) -> None:
        if kind not in FORMATS:
            raise Refused(404, "format_unknown")
        jurisdiction = fields.get("jurisdiction_id")
        if jurisdiction and jurisdiction != self._office.directory.province.slug:
            raise Refused(404, "jurisdiction_unknown")

    # ---- services -----------------------------------------------------------------------

    def discovery(self, asked: _Asked) -> Response:
        """Where the interface is and what it speaks."""
        office = self._office
        centre = office.directory.get(office.directory.province.reception_centres[0])
        base = office.settings.public_url.rstrip("/") or asked.origin
        endpoint = {
            "specification": "http://wiki.open311.org/GeoReport_v2",
            "url": base + BASE,
            "changeset": office.directory.version,
            "type": "test" if office.settings.demo else "production",
            "formats": ["application/json", "text/xml"],
        }
        hotline = office.directory.province.hotline or ""
        contact = word("discovery", "contact", office=centre.name, hotline=hotline)
        return document(
            {
                "changeset": office.directory.version,
                "contact": contact.strip(),
                "key_service": word("discovery", "key_service"),
                "jurisdiction_id": office.directory.province.slug,
                "endpoints": [endpoint],
            },
            root="discovery",
            kind=asked.kind,
        )

    def services(self, asked: _Asked) -> Response:
        """What may be filed: the topics of feedback."""
        found = [_shown_service(topic) for topic in offered(self._office).values()]
        return listing(found, root="services", each="service", kind=asked.kind)

    def service(self, asked: _Asked) -> Response:
        """One service; none asks for further attributes."""
        code = asked.name
        if code not in offered(self._office):
            raise Refused(404, "service_code_unknown")
        return document(
            {"service_code": code, "attributes": []}, root="service_definition", kind=asked.kind
        )

    # ---- following ----------------------------------------------------------------------

    def requests(self, asked: _Asked) -> Response:
        """Requests by number, service, status and days, newest first."""
        fields, most = asked.query, figure("most")
        page, size = _number(fields, "page", 1), _number(fields, "page_size", most)
        if page < 1 or not 1 <= size <= most or page > 1_000_000:
            raise Refused(400, "page_malformed", most=most)
        query = (
            select(*petition_columns())
            .where(*_public(), *self._chosen(fields))
            .order_by(petitions.c.received_at.desc(), petitions.c.id.desc())
            .limit(size)
            .offset((page - 1) * size)
        )
        with self._office.store.read() as tx:
            found = [petition_of(row) for row in tx.execute(query).mappings()]
        return self._listed(found, asked.kind)

    def request(self, asked: _Asked) -> Response:
        """One request by its number."""
        found = self._public_petition(asked.name)
        if found is None:
            raise Refused(404, "request_unknown")
        return self._listed([found], asked.kind)

    def token(self, asked: _Asked) -> Response:
        """The number behind a token; numbers are given at once, so the two are the same."""
        if self._public_petition(asked.name) is None:
            raise Refused(404, "token_unknown")
        item = {"service_request_id": asked.name, "token": asked.name}
        return listing([item], root="service_requests", each="request", kind=asked.kind)

    def _public_petition(self, number: str) -> Petition | None:
        query = select(*petition_columns()).where(*_public(), petitions.c.reference == number)
        with self._office.store.read() as tx:
            row = tx.execute(query).mappings().first()
        return petition_of(row) if row else None

    def _chosen(self, fields: Mapping[str, str]) -> list[ColumnElement[bool]]:
        numbers = _split(fields, "service_request_id")
        if numbers:  # by the standard, numbers overrule every other filter
            return [petitions.c.reference.in_(numbers)]
        chosen: list[ColumnElement[bool]] = []
        codes = _split(fields, "service_code")
        if codes:
            chosen.append(petitions.c.topic.in_(codes))
        statuses = _split(fields, "status")
        if set(statuses) - {"open", "closed"}:
            raise Refused(400, "status_unknown")
        if len(set(statuses)) == 1:
            is_open = petitions.c.status.in_(OPEN_STATUSES)
            chosen.append(is_open if statuses[0] == "open" else ~is_open)
        start, end = self._span(fields)
        return [*chosen, petitions.c.received_at >= start, petitions.c.received_at <= end]

    def _span(self, fields: Mapping[str, str]) -> tuple[datetime, datetime]:
        """From–until; where one end is not given, 90 days from the other."""
        days = timedelta(days=figure("days"))
        start, end = _instant(fields, "start_date"), _instant(fields, "end_date")
        if start is not None and end is not None and start > end:
            raise Refused(400, "dates_reversed")
        if end is None:
            end = self._clock() if start is None else start + days
        return (end - days if start is None else start), end

    def _listed(self, found: Sequence[Petition], kind: str) -> Response:
        items = [self._shown(petition) for petition in found]
        return listing(items, root="service_requests", each="request", kind=kind)

    def _shown(self, petition: Petition) -> dict[str, Any]:
        office = self._office
        topic = lexicon().topics.get(petition.topic)
        return {
            "service_request_id": petition.reference,
            "status": "open" if petition.status.is_open else "closed",
            "status_notes": voice("vi")(f"status.{petition.status}"),
            "service_name": topic.name if topic else None,
            "service_code": petition.topic or None,
            "description": None,
            "agency_responsible": (
                office.directory.get(petition.agency).name if petition.agency else None
            ),
            "service_notice": None,
            "requested_datetime": _shown_instant(petition.received_at),
            "updated_datetime": _shown_instant(petition.updated_at),
            "expected_datetime": self._expected(petition),
            "address": None,
            "address_id": None,
            "zipcode": None,
            "lat": None,
            "long": None,
            "media_url": None,
        }

    def _expected(self, petition: Petition) -> str | None:
        """The end of the day by which the office owes the next step, if the law's text was read."""
        if petition.next_due is None or petition.next_rule is None:
            return None
        if not self._office.rules.get(petition.next_rule).verified_on(petition.next_due):
            return None
        after = start_of_day(petition.next_due + timedelta(days=1))
        return _shown_instant(after - timedelta(seconds=1))

    # ---- filing -------------------------------------------------------------------------

    async def file(self, request: Request) -> Response:
        """File feedback: form fields as in the standard, and `client_request_id`.

        What a person wrote is read from the form alone: an address ends in other people's logs.
        """
        kind = request.path_params["kind"]
        return await answered(kind, lambda: self._filed(request, kind))

    async def _filed(self, request: Request, kind: str) -> Response:
        self._check(kind, request.query_params)
        key = request.headers.get("x-api-key", "")
        caller = await to_thread.run_sync(self._filing.caller, key) if key else None
        try:
            async with request.form(max_files=_MOST_FILES, max_fields=_MOST_FIELDS) as form:
                fields = {name: text for name, text in form.multi_items() if isinstance(text, str)}
                if caller is None:
                    key = fields.get("api_key", "")
                    caller = await to_thread.run_sync(self._filing.caller, key)
                files = [
                    SentFile(await each.read(), each.filename or "")
                    for _, each in form.multi_items()
                    if isinstance(each, UploadFile)
                ]
        except HTTPException as error:
            raise Refused(400, "form_malformed") from error
        self._check(kind, fields)
        item = await to_thread.run_sync(self._filing.file, fields, files, caller)
        return listing([item], root="service_requests", each="request", kind=kind)


def _split(fields: Mapping[str, str], name: str) -> list[str]:
    return [part for part in (cell.strip() for cell in fields.get(name, "").split(",")) if part]


def _number(fields: Mapping[str, str], name: str, default: int) -> int:
    given = fields.get(name, "")
    if not given:
        return default
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0


def _instant(fields: Mapping[str, str], name: str) -> datetime | None:
    given = fields.get(name, "").strip()
    if not given:
        return None
    try:
        # A "+" of a zone that was not percent-encoded arrives as a space.
        found = datetime.fromisoformat(given.replace(" ", "+"))
    except ValueError:
        raise Refused(400, "date_malformed") from None
    if found.tzinfo is None or not 1900 < found.year < 9000:
        raise Refused(400, "date_malformed")
    return found.astimezone(UTC)


def _public() -> tuple[ColumnElement[bool], ...]:
    return (petitions.c.source == Source.OPEN311, petitions.c.kind.in_(PUBLIC_KINDS))


def _shown_service(topic: Topic) -> dict[str, Any]:
    body = lexicon().classes[topic.classes[0]]
    phrases = [p.text for p in lexicon().phrases if p.group == "topic" and p.target == topic.code]
    return {
        "service_code": topic.code,
        "service_name": topic.name,
        "description": body.name,
        "metadata": False,
        "type": "realtime",
        "keywords": ", ".join(phrases[: figure("keywords")]),
        "group": body.name,
    }


def _shown_instant(instant: datetime) -> str:
    return instant.astimezone(CIVIL_ZONE).isoformat(timespec="seconds")


_FORM_FIELDS = (
    "api_key jurisdiction_id service_code description lat long address_string first_name last_name "
    "phone email media_url client_request_id"
).split()
_FORM = {
    "type": "object",
    "required": ["service_code", "description"],
    "properties": {name: {"type": "string"} for name in _FORM_FIELDS},
}
_FORM_SCHEMA = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {"schema": _FORM},
            "multipart/form-data": {"schema": _FORM},
        },
    }
}
