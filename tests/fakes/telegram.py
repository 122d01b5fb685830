"""A Telegram Bot API: the methods we use, its limits, and a citizen's side that makes updates."""

from __future__ import annotations

import io
import itertools
import json
import time
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from tests.fakes.server import Answer, Call, Fake, Part

TOKEN = "700000001:AAtesttesttesttesttesttesttesttest"
SECRET = "a-secret-of-the-tests"


@dataclass(frozen=True)
class Sent:
    """A message that reached a chat: text and (label, data) of each button.

    `file`: "photo" or "document", with its name and content; the text is its caption then.
    """

    chat: str
    text: str
    buttons: tuple[tuple[str, str], ...]
    at: float
    file: str = ""
    name: str = ""
    content: bytes = b""


@dataclass
class FakeTelegram(Fake):
    sent: list[Sent] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    asked_for_contact: list[str] = field(default_factory=list)
    waiting: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    blocked: set[str] = field(default_factory=set)
    webhook: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._numbers = itertools.count(1)
        self._updates = itertools.count(1000)

    @property
    def base_url(self) -> str:
        return f"{self.address}/bot"

    def too_many(self) -> Answer:
        return 429, {
            "ok": False,
            "error_code": 429,
            "description": f"Too Many Requests: retry after {self.retry_after}",
            "parameters": {"retry_after": self.retry_after},
        }

    def answer(self, call: Call) -> Answer:
        if call.path.startswith(f"/file/bot{TOKEN}/"):
            content = self.files.get(call.path.rpartition("/")[2])
            return (404, b"") if content is None else (200, content)
        prefix = f"/bot{TOKEN}/"
        if not call.path.startswith(prefix):
            return _error(401, "Unauthorized")
        method = getattr(self, "_" + call.path.removeprefix(prefix).lower(), None)
        if method is None:
            return _error(404, "Not Found")
        found: Answer = method(call.fields() if call.body else {})
        return found

    def _getme(self, _: dict[str, Any]) -> Answer:
        return _ok({"id": 700000001, "is_bot": True, "first_name": "Thử", "username": "t_bot"})

    def _sendmessage(self, fields: dict[str, Any]) -> Answer:
        chat, text = str(fields["chat_id"]), fields["text"]
        if chat in self.blocked:
            return _error(403, "Forbidden: bot was blocked by the user")
        if not 1 <= len(text) <= 4096:
            return _error(400, "Bad Request: message is too long")
        markup = fields.get("reply_markup")
        markup = json.loads(markup) if isinstance(markup, str) else markup or {}
        buttons = tuple(
            (button["text"], button["callback_data"])
            for row in markup.get("inline_keyboard", [])
            for button in row
        )
        self.asked_for_contact += [
            chat
            for row in markup.get("keyboard", [])
            for button in row
            if button.get("request_contact")
        ]
        if any(not 1 <= len(data.encode()) <= 64 for _, data in buttons):
            return _error(400, "Bad Request: BUTTON_DATA_INVALID")
        self.sent.append(Sent(chat, text, buttons, time.monotonic()))
        return _ok(_message(next(self._numbers), int(chat), text=text))

    def _sendphoto(self, fields: dict[str, Any]) -> Answer:
        return self._sendfile("photo", fields, 10 * 1024 * 1024)

    def _senddocument(self, fields: dict[str, Any]) -> Answer:
        return self._sendfile("document", fields, 50 * 1024 * 1024)

    def _sendfile(self, kind: str, fields: dict[str, Any], largest: int) -> Answer:
        chat, caption = str(fields["chat_id"]), fields.get("caption", "")
        if chat in self.blocked:
            return _error(403, "Forbidden: bot was blocked by the user")
        file = _attached(kind, fields)
        if file is None or not file.content:
            return _error(400, f"Bad Request: there is no {kind} in the request")
        if len(file.content) > largest:
            return _error(413, "Request Entity Too Large")
        if len(caption) > 1024:
            return _error(400, "Bad Request: message caption is too long")
        if kind == "photo" and not _is_photo(file.content):
            return _error(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
        self.sent.append(
            Sent(chat, caption, (), time.monotonic(), kind, file.filename, file.content)
        )
        number = next(self._numbers)
        size = {"file_id": f"f{number}", "file_unique_id": f"u{number}"}
        told: Any = {**size, "file_name": file.filename, "file_size": len(file.content)}
        if kind == "photo":
            told = [{**size, "width": 8, "height": 8, "file_size": len(file.content)}]
        return _ok(_message(number, int(chat), caption=caption, **{kind: told}))

    def _answercallbackquery(self, fields: dict[str, Any]) -> Answer:
        self.answered.append(fields["callback_query_id"])
        return _ok(True)

    def _setwebhook(self, fields: dict[str, Any]) -> Answer:
        self.webhook = fields
        return _ok(True)

    def _getfile(self, fields: dict[str, Any]) -> Answer:
        name = fields["file_id"]
        if name not in self.files:
            return _error(400, "Bad Request: wrong file_id")
        return _ok({"file_id": name, "file_unique_id": name, "file_path": f"photos/{name}"})

    def _getupdates(self, fields: dict[str, Any]) -> Answer:
        offset = int(fields.get("offset", 0))
        self.waiting = [update for update in self.waiting if update["update_id"] >= offset]
        if not self.waiting:
            time.sleep(0.05)  # a short stand-in for long polling
        return _ok(self.waiting)

    # ---- the citizen's side -----------------------------------------------------------------

    def text(self, user: str, text: str, *, sent: int | None = None) -> dict[str, Any]:
        return self._update(message=_message(next(self._numbers), int(user), sent=sent, text=text))

    def click(self, user: str, data: str) -> dict[str, Any]:
        message = _message(next(self._numbers), int(user), text="…")
        query = {
            "id": f"q{next(self._numbers)}",
            "from": _person(int(user)),
            "chat_instance": "1",
            "message": message,
            "data": data,
        }
        return self._update(callback_query=query)

    def photo(self, user: str, content: bytes, *, caption: str = "") -> dict[str, Any]:
        name = f"photo{next(self._numbers)}"
        self.files[name] = content
        size = {
            "file_id": name, "file_unique_id": name, "width": 8, "height": 8,
            "file_size": len(content),
        }  # fmt: skip
        extra = {"caption": caption} if caption else {}
        return self._update(message=_message(next(self._numbers), int(user), photo=[size], **extra))

    def location(self, user: str, latitude: float, longitude: float) -> dict[str, Any]:
        where = {"latitude": latitude, "longitude": longitude}
        return self._update(message=_message(next(self._numbers), int(user), location=where))

    def _update(self, **content: Any) -> dict[str, Any]:
        return {"update_id": next(self._updates), **content}


def _attached(kind: str, fields: dict[str, Any]) -> Part | None:
    """The file of a call: in its own field, or in one the field points to (`attach://`)."""
    given = fields.get(kind)
    if isinstance(given, str) and given.startswith("attach://"):
        given = fields.get(given.removeprefix("attach://"))
    return given if isinstance(given, Part) else None


def _is_photo(content: bytes) -> bool:
    """What the Bot API takes as a photo: sides of 10,000 together, no longer than 20 to 1."""
    with Image.open(io.BytesIO(content)) as picture:
        narrow, wide = sorted(picture.size)
    return narrow + wide <= 10_000 and wide <= 20 * narrow


def _person(user: int) -> dict[str, Any]:
    return {"id": user, "is_bot": False, "first_name": "Thử"}


def _message(number: int, user: int, *, sent: int | None = None, **content: Any) -> dict[str, Any]:
    return {
        "message_id": number,
        "date": int(time.time()) if sent is None else sent,
        "chat": {"id": user, "type": "private", "first_name": "Thử"},
        "from": _person(user),
        **content,
    }


def _ok(result: Any) -> Answer:
    return 200, {"ok": True, "result": result}


def _error(code: int, description: str) -> Answer:
    return code, {"ok": False, "error_code": code, "description": description}
