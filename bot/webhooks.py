"""The platforms' doors: prove the origin, store, answer. Everything else happens afterwards.

200 means that the message is on disk, or that there was nothing to keep. What cannot be stored is
answered 503, so that the platform sends it again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from bot.channel_data import limits
from bot.events import Call, EventKind, Forged, Malformed, Translator, bounded_id
from bot.inbox import Arrival, Receiver
from intake.clock import utc_now
from intake.errors import StorageAway

_log = structlog.get_logger()


class TooLarge(Exception):
    """A body beyond anything a platform sends."""


class Doors:
    """The webhook routes of the channels that are switched on, and what came through them."""

    def __init__(self, receiver: Receiver, translators: Mapping[str, Translator]) -> None:
        """Args: translators: by path, such as `/webhooks/telegram`."""
        self._receiver = receiver
        self._translators = translators
        self.seen: Counter[tuple[str, str]] = Counter()

    def add_routes(self, app: FastAPI) -> None:
        """One POST route for each channel."""
        for path, translator in self._translators.items():
            app.add_api_route(
                path, self._route(translator), methods=["POST"], include_in_schema=False
            )

    def _route(self, translator: Translator) -> Callable[[Request], Awaitable[Response]]:
        async def receive(request: Request) -> Response:
            answer, outcome = await self._receive(request, translator)
            self.seen[translator.name, outcome] += 1
            return answer

        return receive

    async def _receive(self, request: Request, translator: Translator) -> tuple[Response, str]:
        try:
            call = Call(_headers(request, translator.proof_header), await _body(request))
            if not translator.check(call):
                return _answer(200, "ok"), "probe"
        except Forged:
            return _answer(403, "forbidden"), "forged"
        except TooLarge:
            return _answer(413, "too-large"), "too_large"
        arrival = arrival_of(translator, call.body)
        if arrival is None:
            return _answer(200, "ok"), "ignored"
        try:
            await self._receiver.store(arrival)
        except StorageAway:
            refusal = _answer(503, "storage-away")
            refusal.headers["Retry-After"] = "5"
            return refusal, "refused"
        return _answer(200, "ok"), "stored"


def arrival_of(translator: Translator, body: bytes) -> Arrival | None:
    """What is stored of a proven payload; None for what is of no consequence.

    A payload that is proven but can't be understood is stored as it is: a person looks at it.
    """
    try:
        event = translator.translate(body)
    except Malformed as error:
        _log.warning("webhook_malformed", channel=translator.name, fault=str(error))
        digest = bounded_id("raw:" + body.hex())
        return Arrival(translator.name, "", digest, "", utc_now(), body)
    if event.kind is EventKind.IGNORED:
        return None
    return Arrival(
        channel=translator.name,
        account=event.account,
        event_id=event.event_id,
        sender_id=event.sender_id,
        sent_at=event.sent_at,
        body=body,
        has_media=bool(event.media),
    )


def _headers(request: Request, proof: str) -> dict[str, str]:
    """Headers by lower-case name.

    Raises:
        Forged: a proof of origin that comes twice proves nothing.
    """
    found: dict[str, str] = {}
    for raw_name, raw_value in request.headers.raw:
        name = raw_name.decode("latin-1").lower()
        if name in found and name == proof:
            raise Forged()
        found[name] = raw_value.decode("latin-1")
    return found


async def _body(request: Request) -> bytes:
    largest = int(limits("inbox")["largest_body"])
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest:
            raise TooLarge()
    return bytes(body)


def _answer(status: int, word: str) -> Response:
    return JSONResponse({"status": word}, status_code=status)
