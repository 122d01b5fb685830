"""The web chat: routes that translate between HTTP and the dialogue, nothing else.

A session is an unguessable name: the server mints it into a cookie, a simple client may choose
its own. Whoever knows it reads the conversation, so it is long, and unknown ones look like empty
ones. Every refusal is raised; one place of the web server words them all.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException

from bot import pages
from bot.bell import Bell
from bot.delivery import NoticeWriter
from bot.dialogue.documents import OPEN_MINUTES
from bot.dialogue.state import load_state
from bot.messages import DocumentCard, IncomingMessage, OutgoingMessage
from bot.phrases import LANGUAGES, Voice, voice
from bot.turn import Reply, Turn, answered_before, look_up_address, take_turn
from intake.attachments import ALLOWED, LARGEST, CheckedFile, add_attachment, check_file, write_file
from intake.clock import CIVIL_ZONE, utc_now
from intake.conversations import (
    INBOUND,
    Conversation,
    Sender,
    StoredMessage,
    find_conversation,
    latest_messages,
    messages_since,
    newest_message_id,
    open_conversation,
    open_state,
)
from intake.documents import TYPES, given_document, is_secret, read_document
from intake.errors import InvalidInput, NotFound, TooMany
from intake.limits import Limit, spend
from intake.office import Office
from intake.petition import Source
from intake.store.engine import Transaction
from intake.store.petitions import get_petition_by_id

COOKIE = "tiepdan_chat"
_ACCOUNT = "web"
_COOKIE_SECONDS = 180 * 24 * 3600
_SESSION = re.compile(r"[A-Za-z0-9_-]{16,128}")
_CLIENT_ID = re.compile(r"[\x21-\x7e]{1,100}")
_REFERENCE = re.compile(r"[A-Z]{2,6}-\d{4}-[0-9A-Z]{6}")
_LARGEST_JSON = 1024 * 1024
_LARGEST_FORM = LARGEST + 256 * 1024
_MOST_FILES = 5
_FAULT = "loi"
FILES_AN_HOUR = Limit(30, timedelta(hours=1))
_ACCEPTED = tuple(ALLOWED)
_MESSAGE_SCHEMA = {
    "type": "object",
    "required": ["text"],
    "properties": {
        "text": {"type": "string"},
        "client_message_id": {"type": "string", "pattern": r"^[\x21-\x7e]{1,100}$"},
    },
}
_SHOWN = 100
_MEGABYTE = 1_000_000
_OPEN = timedelta(minutes=OPEN_MINUTES)
_FOR_EVER = "public, max-age=31536000, immutable"
_LOOK_SECONDS = 3.0
_STREAM_SECONDS = 600.0


@dataclass(frozen=True)
class _Arrived:
    """What came in one request, whichever way it came."""

    text: str
    client_id: str
    files: tuple[CheckedFile, ...] = ()


class WebChat:
    """The citizens' routes of one office."""

    def __init__(
        self,
        office: Office,
        writer: NoticeWriter,
        bell: Bell,
        *,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Args: bell: rings when something was written into a session's conversation."""
        self._office = office
        self._writer = writer
        self._bell = bell
        self._clock = clock
        self._secure = office.settings.public_url.startswith("https://")

    def router(self) -> APIRouter:
        """The routes."""
        api = APIRouter(tags=["chat"])
        base = "/api/v1/chat"
        described = {"requestBody": {"required": True, "content": {"application/json": {
            "schema": _MESSAGE_SCHEMA}}}}  # fmt: skip
        api.add_api_route(base, self.new_session, methods=["POST"], summary="A new session")
        path = f"{base}/{{session}}/messages"
        api.add_api_route(
            path, self.post_message, methods=["POST"], summary="Say something",
            openapi_extra=described,
        )  # fmt: skip
        api.add_api_route(path, self.get_messages, methods=["GET"], summary="What was said since")
        api.add_api_route(
            f"{base}/{{session}}/attachments", self.post_file, methods=["POST"],
            summary="Send a photo or file",
        )  # fmt: skip
        api.add_api_route(
            f"{base}/{{session}}/events", self.events, methods=["GET"],
            summary="New messages as they come (server-sent events)",
        )  # fmt: skip
        api.add_api_route(
            f"{base}/{{session}}/documents/{{uid}}", self.get_document, methods=["GET"],
            summary="A document of the office, as a download", response_class=Response,
        )  # fmt: skip
        for address, page, method in (
            ("/chat", self.page, "GET"),
            ("/chat/documents/{uid}", self.page_document, "GET"),
            ("/chat", self.post_form, "POST"),
            ("/chat/qr/{reference}.svg", self.qr_code, "GET"),
            (pages.STATIC + "/{path:path}", self.static_file, "GET"),
        ):
            api.add_api_route(address, page, methods=[method], include_in_schema=False)
        return api

    # ---- the API ------------------------------------------------------------------------

    def new_session(self) -> dict[str, str]:
        """An unguessable name for a conversation; nothing is stored yet."""
        return {"session": _mint()}

    async def post_message(self, session: str, request: Request) -> dict[str, Any]:
        """One message of the citizen; a repeated `client_message_id` repeats the answer.

        Raises:
            InvalidInput: malformed session or body.
            TooMany: the sender floods us and was told so.
        """
        _check_session(session)
        arrived = _message_of(await _json_body(request))
        turn = await to_thread.run_sync(self._turn, session, arrived, request)
        return {"replies": [_shown_reply(reply) for reply in turn.replies]}

    def get_messages(self, session: str, after: int = 0) -> dict[str, Any]:
        """Messages of both sides with an id above `after`; notices are written first."""
        _check_session(session)
        return {"messages": self._since(session, after)}

    async def post_file(self, session: str, request: Request) -> dict[str, Any]:
        """A file, perhaps with a line of text: form fields `file`, `text`, `client_message_id`."""
        _check_session(session)
        async with await _form(request) as form:
            arrived = await _form_message(form)
        if not arrived.files:
            raise InvalidInput(field="file", reason="empty")
        turn = await to_thread.run_sync(self._turn, session, arrived, request)
        return {"replies": [_shown_reply(reply) for reply in turn.replies]}

    async def events(self, session: str, request: Request, after: int = 0) -> Response:
        """Our messages as server-sent events, each with its id, from `after` on."""
        _check_session(session)
        last = request.headers.get("last-event-id", "")
        start = max(after, int(last) if last.isdecimal() and len(last) < 19 else 0)
        return StreamingResponse(
            self._stream(session, start, request),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    def get_document(self, session: str, uid: str) -> Response:
        """A document the office gave with a notice, for a session that may have it.

        The petition was filed in this session, or its number and secret were shown in it; a
        denunciation's documents always need the latter.
        """
        _check_session(session)
        return self._document(session, uid)

    async def _stream(self, session: str, after: int, request: Request) -> AsyncIterator[str]:
        loop = asyncio.get_running_loop()
        ends = loop.time() + _STREAM_SECONDS
        yield "retry: 3000\n\n"
        while loop.time() < ends and not self._bell.closed:
            heard = self._bell.heard(session)
            found = await to_thread.run_sync(self._since, session, after)
            for message in found:
                after = message["id"]
                if message["direction"] != INBOUND:
                    data = json.dumps(message, ensure_ascii=False)
                    yield f"id: {message['id']}\ndata: {data}\n\n"
            if await request.is_disconnected():
                return
            if not found:
                yield ": .\n\n"
            await self._bell.wait(session, heard, _LOOK_SECONDS)

    # ---- the page -----------------------------------------------------------------------

    def page(self, request: Request) -> Response:
        """The chat page with what was said so far; works without script."""
        session = request.cookies.get(COOKIE, "")
        known = bool(_SESSION.fullmatch(session))
        session = session if known else _mint()
        conversation, transcript = self._transcript(session) if known else (None, [])
        say = _voice_for(conversation)
        office = self._office
        wanted = request.query_params.get("ma", "").upper()
        body = pages.render_chat(
            say.language,
            session=session,
            transcript=transcript,
            choices=transcript[-1]["choices"] if transcript else [],
            last_id=transcript[-1]["id"] if transcript else 0,
            client_id=secrets.token_urlsafe(12),
            province=office.directory.province.unit,
            hotline=office.directory.province.hotline or "",
            fault=_fault_text(request.query_params.get(_FAULT, ""), say),
            prefilled=wanted if _REFERENCE.fullmatch(wanted) else "",
            accept=",".join(_ACCEPTED),
            qr=_qr_address,
        )
        response = HTMLResponse(
            body,
            headers={
                "Content-Security-Policy": pages.CSP,
                "Cache-Control": "no-store",
                "Referrer-Policy": "no-referrer",
                "X-Content-Type-Options": "nosniff",
                # A place to share and a voice to record, each only when asked for and allowed.
                "Permissions-Policy": "camera=(), geolocation=(self), microphone=(self)",
            },
        )
        response.set_cookie(
            COOKIE, session, max_age=_COOKIE_SECONDS, httponly=True, samesite="lax",
            secure=self._secure, path="/",
        )  # fmt: skip
        return response

    async def post_form(self, request: Request) -> Response:
        """The page's form, for browsers without script: a message, a picked choice, files."""
        _check_origin(request)
        session = request.cookies.get(COOKIE, "")
        if not _SESSION.fullmatch(session):
            return RedirectResponse("/chat", 303)
        try:
            async with await _form(request) as form:
                arrived = await _form_message(form)
            await to_thread.run_sync(self._turn, session, arrived, request)
        except InvalidInput:
            return RedirectResponse(f"/chat?{_FAULT}=file", 303)
        except TooMany:
            return RedirectResponse(f"/chat?{_FAULT}=wait", 303)
        return RedirectResponse("/chat#end", 303)

    def qr_code(self, reference: str, request: Request) -> Response:
        """A QR code that opens the page with the petition number filled in; no secret in it."""
        if not _REFERENCE.fullmatch(reference):
            raise NotFound(what="page")
        address = f"{look_up_address(self._office, _origin(request))}?ma={quote(reference)}"
        return Response(
            pages.qr_code(address), media_type="image/svg+xml",
            headers={"Cache-Control": "private, max-age=3600"},
        )  # fmt: skip

    def page_document(self, uid: str, request: Request) -> Response:
        """The same for the page, whose session stands in its cookie."""
        session = request.cookies.get(COOKIE, "")
        if not _SESSION.fullmatch(session):
            raise NotFound(what="document")
        return self._document(session, uid)

    def static_file(self, path: str) -> Response:
        """One static file; only files of this package can be named."""
        found = pages.static_files().get(path)
        if found is None:
            raise NotFound(what="page")
        content, media_type, _ = found
        return Response(content, media_type=media_type, headers={"Cache-Control": _FOR_EVER})

    # ---- between HTTP and the dialogue --------------------------------------------------

    def _turn(self, session: str, arrived: _Arrived, request: Request) -> Turn:
        now = self._clock()
        sender = _sender(session)
        message = IncomingMessage(
            sender=sender,
            text=arrived.text,
            client_id=arrived.client_id,
            received_at=now,
            source=request.client.host if request.client else "",
            origin=_origin(request),
        )
        if arrived.files:
            repeated = answered_before(self._office, message)
            if repeated is not None:
                return repeated
            uids = self._store_files(sender, arrived.files, request, now)
            spoken = all(file.is_recording for file in arrived.files)
            message = replace(message, attachments=uids, spoken=spoken)
        turn = take_turn(self._office, message, now=now)
        self._bell.ring(session)
        return turn

    def _store_files(
        self, sender: Sender, files: Sequence[CheckedFile], request: Request, now: datetime
    ) -> tuple[str, ...]:
        office = self._office
        digests = [write_file(office, file) for file in files]
        with office.store.write() as tx:
            conversation = open_conversation(
                office.store, tx, office.sealer, sender,
                language=_voice_for(None).language, now=now,
            )  # fmt: skip
            for _ in files:
                spend(office.store, tx, f"file:hour:{conversation.uid}", FILES_AN_HOUR, now=now)
            return tuple(
                add_attachment(office, tx, file, digest, conversation_id=conversation.id, now=now)
                for file, digest in zip(files, digests, strict=True)
            )

    def _conversation(self, session: str) -> Conversation | None:
        with self._office.store.read() as tx:
            return find_conversation(tx, self._office.sealer, _sender(session))

    def _document(self, session: str, uid: str) -> Response:
        office = self._office
        conversation = self._conversation(session)
        if conversation is None:
            raise NotFound(what="document")
        with office.store.read() as tx:
            found = given_document(office, tx, uid)
            if found is None:
                raise NotFound(what="document")
            petition = get_petition_by_id(tx, found.petition_id)
            allowed = (
                self._is_open(tx, conversation, uid)
                if is_secret(petition)
                else petition.conversation_id == conversation.id
                or petition.reference in load_state(open_state(office.sealer, conversation)).proven
            )
        if not allowed:
            raise NotFound(what="document")
        return Response(
            read_document(office, found),
            media_type=found.media_type,
            headers={
                "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name, safe='')}",
                "Content-Security-Policy": "sandbox; default-src 'none'",
                "Cache-Control": "no-store",
                "Referrer-Policy": "no-referrer",
                "X-Content-Type-Options": "nosniff",
            },
        )

    def _is_open(self, tx: Transaction, conversation: Conversation, uid: str) -> bool:
        """Whether both codes were shown a moment ago, and the document offered for it."""
        said = latest_messages(tx, self._office.sealer, conversation, limit=_SHOWN)
        return any(
            card["uid"] == uid
            for message in said
            if self._clock() - message.at < _OPEN
            for card in message.content.get("documents", ())
        )

    def _since(self, session: str, after: int) -> list[dict[str, Any]]:
        conversation = self._conversation(session)
        if conversation is None:
            return []
        self._writer.deliver_to(conversation.id)
        with self._office.store.read() as tx:
            if newest_message_id(tx, conversation.id) <= after:
                return []
            found = messages_since(tx, self._office.sealer, conversation, after=after)
        return [_shown_message(message, self._clock()) for message in found]

    def _transcript(self, session: str) -> tuple[Conversation | None, list[dict[str, Any]]]:
        conversation = self._conversation(session)
        if conversation is None:
            return None, []
        self._writer.deliver_to(conversation.id)
        with self._office.store.read() as tx:
            found = latest_messages(tx, self._office.sealer, conversation, limit=_SHOWN)
        return conversation, [_shown_message(message, self._clock()) for message in found]


# ---- reading requests -----------------------------------------------------------------------


def _check_session(session: str) -> None:
    if not _SESSION.fullmatch(session):
        raise InvalidInput(field="session", reason="malformed")


def _check_origin(request: Request) -> None:
    """A form another site sent is refused; browsers say where it comes from."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise HTTPException(403)


async def _json_body(request: Request) -> Any:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_JSON:
            raise HTTPException(413)
    try:
        return json.loads(bytes(body))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(field="body", reason="malformed") from error


def _message_of(body: Any) -> _Arrived:
    if not isinstance(body, dict) or not isinstance(body.get("text"), str):
        raise InvalidInput(field="text", reason="malformed")
    return _Arrived(body["text"], _client_id(body.get("client_message_id")))


def _client_id(given: object) -> str:
    """The client's number of the message; a client that gives none has its own luck."""
    if given is None or given == "":
        return secrets.token_urlsafe(12)
    if not isinstance(given, str) or not _CLIENT_ID.fullmatch(given):
        raise InvalidInput(field="client_message_id", reason="malformed")
    return given


async def _form(request: Request) -> Any:
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > _LARGEST_FORM:
        raise HTTPException(413)
    try:
        return request.form(max_files=_MOST_FILES, max_fields=20)
    except MultiPartException as error:
        raise InvalidInput(field="body", reason="malformed") from error


async def _form_message(form: FormData) -> _Arrived:
    picked = form.get("choice") or form.get("text") or ""
    files = []
    for value in form.getlist("file"):
        if isinstance(value, UploadFile) and value.filename:
            content = await value.read(LARGEST + 1)
            name = value.filename
            files.append(await to_thread.run_sync(check_file, content, name))
    text = picked if isinstance(picked, str) else ""
    client_id = form.get("client_message_id")
    return _Arrived(text, _client_id(client_id), tuple(files))


def _sender(session: str) -> Sender:
    return Sender(Source.WEB, _ACCOUNT, session)


def _mint() -> str:
    return secrets.token_urlsafe(24)


def _origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _voice_for(conversation: Conversation | None) -> Voice:
    """The language of the conversation; before there is one, Vietnamese.

    Not the browser's: many a telephone in the countryside is set to English by its shop, and a page
    in another language than the answers helps nobody. A button switches.
    """
    return voice(LANGUAGES[0] if conversation is None else conversation.language)


def _fault_text(fault: str, say: Voice) -> str:
    if fault == "file":
        return say("bad.file", megabytes=LARGEST // (1024 * 1024))
    return say("flood.again", seconds=60) if fault == "wait" else ""


# ---- showing messages -----------------------------------------------------------------------


def _shown_reply(reply: Reply) -> dict[str, Any]:
    return {"id": reply.id, **_shown_outgoing(reply.message)}


def _shown_outgoing(message: OutgoingMessage) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "text": message.text,
        "choices": [choice.label for choice in message.choices],
        "topic": message.topic,
    }
    if message.receipt is not None:
        card = message.receipt.to_content()
        shown["receipt"] = {**card, "qr": _qr_address(card["reference"])}
    if message.documents:
        shown["documents"] = [_shown_document(card) for card in message.documents]
    return shown


def _shown_document(card: DocumentCard) -> dict[str, Any]:
    """A document as the page shows it; `address` opens with the page's cookie alone."""
    return {
        **card.to_content(),
        "kind": TYPES[card.media_type][0].removeprefix(".").upper(),
        "size_text": _size_text(card.size),
        "address": f"/chat/documents/{card.uid}",
    }


def _size_text(size: int) -> str:
    if size < _MEGABYTE:
        return f"{max(1, size // 1_000)} kB"
    return f"{size / _MEGABYTE:.1f} MB".replace(".", ",")


def _shown_message(stored: StoredMessage, now: datetime) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": stored.id,
        "direction": stored.direction,
        "at": stored.at.astimezone(CIVIL_ZONE).isoformat(timespec="seconds"),
    }
    if stored.direction == INBOUND:
        files = int(stored.content.get("files", 0))
        return {**shown, "text": stored.content["text"], "choices": [], "files": files}
    message = OutgoingMessage.from_content(stored.content)
    if now - stored.at >= _OPEN:
        kept = tuple(card for card in message.documents if not card.secret)
        message = replace(message, documents=kept)
    return {**shown, **_shown_outgoing(message), "notice": stored.notice_id is not None}


def _qr_address(reference: str) -> str:
    return f"/chat/qr/{quote(reference)}.svg"
