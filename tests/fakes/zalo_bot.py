"""A Zalo Bot Platform server: sendMessage, webhook, polling one update at a time."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.server import Answer, Call, Fake

TOKEN = "1459232241454765289:testtesttesttest"
SECRET = "a-secret-of-the-tests"


@dataclass(frozen=True)
class Sent:
    """A message that reached a chat."""

    chat: str
    text: str
    buttons: tuple[tuple[str, str], ...]
    at: float


@dataclass
class FakeZaloBot(Fake):
    sent: list[Sent] = field(default_factory=list)
    waiting: list[dict[str, Any]] = field(default_factory=list)
    webhook: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._numbers = itertools.count(1)

    def too_many(self) -> Answer:
        return 429, {"ok": False, "error_code": 429, "description": "Too Many Requests"}

    def answer(self, call: Call) -> Answer:
        prefix = f"/bot{TOKEN}/"
        if not call.path.startswith(prefix):
            return 401, {"ok": False, "error_code": 401, "description": "Unauthorized"}
        fields = call.fields() if call.body else {}
        method = call.path.removeprefix(prefix)
        if method == "getMe":
            account = {"id": TOKEN.partition(":")[0], "account_name": "bot.thu"}
            return _ok({**account, "account_type": "BASIC", "can_join_groups": False})
        if method == "sendMessage":
            text = fields["text"]
            if not 1 <= len(text) <= 2000:
                return 400, {"ok": False, "error_code": 400, "description": "text"}
            self.sent.append(Sent(str(fields["chat_id"]), text, (), time.monotonic()))
            return _ok({"message_id": f"z{next(self._numbers)}", "date": int(time.time() * 1000)})
        if method == "setWebhook":
            self.webhook = fields
            return _ok({"url": fields["url"], "updated_at": int(time.time() * 1000)})
        if method == "getUpdates":
            if self.waiting:
                return _ok(self.waiting.pop(0))
            time.sleep(0.05)  # a short stand-in for long polling
            return 200, {"ok": False, "error_code": 408, "description": "Request timeout"}
        return 404, {"ok": False, "error_code": 404, "description": "Not Found"}

    def text(self, user: str, text: str, *, wrapped: bool = False) -> dict[str, Any]:
        return self.event("message.text.received", user, wrapped=wrapped, text=text)

    def photo(self, user: str, url: str, *, field: str = "photo_url") -> dict[str, Any]:
        return self.event("message.image.received", user, **{field: url})

    def event(
        self, name: str, user: str, *, wrapped: bool = False, **content: Any
    ) -> dict[str, Any]:
        message = {
            "message_id": f"u{next(self._numbers):08x}",
            "date": int(time.time() * 1000),
            "from": {"id": user, "display_name": "Thử", "is_bot": False},
            "chat": {"id": user, "chat_type": "PRIVATE"},
            "message_type": "CHAT_MESSAGE",
            **content,
        }
        event = {"event_name": name, "message": message}
        return {"ok": True, "result": event} if wrapped else event


def _ok(result: Any) -> Answer:
    return 200, {"ok": True, "result": result}
