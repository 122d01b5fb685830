"""A Zalo Official Account server: OAuth v4, messages, templates, uploads, user data.

Follows what public integrations agree on. It holds single-use refresh tokens, the window of seven
days, the length and button limits, and answers refusals under HTTP 200.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import time
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.server import Answer, Call, Fake

APP_ID = "1234567890123456789"
OA_ID = "1423847451268726170"
OA_SECRET = "OA_SECRET_FOR_TEST"
APP_SECRET = "APP_SECRET_FOR_TEST"
LONGEST = 2_000
MOST_BUTTONS = 5
LARGEST_IMAGE = 1024 * 1024
LARGEST_FILE = 5 * 1024 * 1024
_STARTS = {
    "image": (b"\xff\xd8\xff", b"\x89PNG"),
    "file": (b"%PDF", b"PK\x03\x04", b"\xd0\xcf\x11\xe0"),
}
_ENDS = {"image": (".jpg", ".jpeg", ".png"), "file": (".pdf", ".doc", ".docx", ".csv")}


@dataclass(frozen=True)
class Sent:
    """A message that reached a person. `by`: cs, template (by user id) or phone.

    `file`: "image" or "file", with its name and content.
    """

    chat: str
    text: str
    buttons: tuple[tuple[str, str], ...]
    by: str
    at: float
    file: str = ""
    name: str = ""
    content: bytes = b""


@dataclass(frozen=True)
class Upload:
    """A file Zalo keeps for a week."""

    kind: str
    name: str
    content: bytes


@dataclass
class FakeZaloOa(Fake):
    sent: list[Sent] = field(default_factory=list)
    asked_for_contact: list[str] = field(default_factory=list)
    access: str = "access-0-0123456789"
    refresh: str = "refresh-0-0123456789"
    refreshes: int = 0
    refusals: dict[str, int] = field(default_factory=dict)  # user id or phone → error code
    expires_in: str = "90000"
    quota: int = 8
    uploads: dict[str, Upload] = field(default_factory=dict)  # by attachment id or token
    upload_refusal: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._numbers = itertools.count(1)

    def answer(self, call: Call) -> Answer:
        if call.path == "/v4/oa/access_token":
            return self._token(call)
        if call.headers.get("access_token") != self.access:
            return _error(-124 if call.path == "/message/template" else -216, "token")
        if call.path == "/v3.0/oa/message/cs":
            return self._consult(call.fields())
        if call.path == "/v3.0/oa/message/template":
            body = call.fields()
            return self._template(str(body["user_id"]), body, by="template")
        if call.path == "/message/template":
            body = call.fields()
            if not str(body.get("phone", "")).startswith("84"):
                return _error(-108, "phone")
            return self._template(str(body["phone"]), body, by="phone")
        if call.path == "/v3.0/oa/user/detail":
            user = json.loads(call.query["data"])["user_id"]
            return _ok({"user_id": user, "display_name": "Thử", "user_is_follower": True})
        if call.path == "/v3.0/oa/quota/message":
            reply = {"remain": self.quota, "total": 8}
            return _ok({"last_interaction": str(int(time.time() * 1000)), "cs_reply": reply})
        if call.path in ("/v2.0/oa/upload/image", "/v2.0/oa/upload/file"):
            return self._upload(call, call.path.rpartition("/")[2])
        return 404, {"error": -212, "message": "api not registered"}

    def _upload(self, call: Call, kind: str) -> Answer:
        """Multipart field `file`; images jpg and png to 1 MB, files pdf, doc and docx to 5 MB."""
        if self.upload_refusal:
            return _error(self.upload_refusal, "refused")
        given = call.parts().get("file")
        if given is None or not given.filename:
            return _error(-201, "file")
        if not given.content.startswith(_STARTS[kind]) or not given.filename.lower().endswith(
            _ENDS[kind]
        ):
            return _error(-201, "type of file")
        if len(given.content) > (LARGEST_IMAGE if kind == "image" else LARGEST_FILE):
            return _error(-210, "over a limit")
        name = f"upload-{next(self._numbers)}"
        self.uploads[name] = Upload(kind, given.filename, given.content)
        return _ok({"attachment_id" if kind == "image" else "token": name})

    def forget_uploads(self) -> None:
        """A week has passed."""
        self.uploads.clear()

    def _token(self, call: Call) -> Answer:
        fields = call.fields()
        if call.headers.get("secret_key") != APP_SECRET or fields.get("app_id") != APP_ID:
            return 200, {"error": -14004, "error_name": "invalid", "error_description": "app"}
        if fields.get("refresh_token") != self.refresh:
            return 200, {"error": -14020, "error_name": "used", "error_description": "refresh"}
        self.refreshes += 1
        self.access = f"access-{self.refreshes}-0123456789"
        self.refresh = f"refresh-{self.refreshes}-0123456789"
        return 200, {
            "access_token": self.access,
            "refresh_token": self.refresh,
            "expires_in": self.expires_in,
        }

    def _consult(self, body: dict[str, Any]) -> Answer:
        user, message = str(body["recipient"]["user_id"]), body["message"]
        if user in self.refusals:
            return _error(self.refusals[user], "refused")
        text = message.get("text", "")
        payload = message.get("attachment", {}).get("payload", {})
        if payload.get("template_type") == "request_user_info":
            (element,) = payload["elements"]
            if not element["image_url"].startswith("https://"):
                return _error(-201, "image_url")
            self.asked_for_contact.append(user)
            return _ok({"message_id": f"m{next(self._numbers)}", "user_id": user})
        attachment = message.get("attachment", {})
        if attachment.get("type") == "file":
            return self._enclosed(user, "", "file", payload.get("token"))
        if payload.get("template_type") == "media":
            (element,) = payload["elements"]
            if element.get("media_type") != "image" or len(text) > LONGEST:
                return _error(-201, "media")
            return self._enclosed(user, text, "image", element.get("attachment_id"))
        buttons = tuple((b["title"], str(b["payload"])) for b in payload.get("buttons", []))
        if len(text) > LONGEST or len(buttons) > MOST_BUTTONS:
            return _error(-210, "over a limit")
        if any(len(title) > 100 or len(said) > 1000 for title, said in buttons):
            return _error(-210, "over a limit")
        if not text and not payload:
            return _error(-201, "text")
        self.sent.append(Sent(user, text, buttons, "cs", time.monotonic()))
        return _ok({"message_id": f"m{next(self._numbers)}", "user_id": user})

    def _enclosed(self, user: str, text: str, kind: str, name: Any) -> Answer:
        upload = self.uploads.get(str(name))
        if upload is None or upload.kind != kind:
            return _error(-100, "no such upload, or no longer")
        self.sent.append(
            Sent(user, text, (), "cs", time.monotonic(), kind, upload.name, upload.content)
        )
        return _ok({"message_id": f"m{next(self._numbers)}", "user_id": user})

    def _template(self, to: str, body: dict[str, Any], *, by: str) -> Answer:
        if to in self.refusals:
            return _error(self.refusals[to], "refused")
        if not body.get("template_id") or not isinstance(body.get("template_data"), dict):
            return _error(-201, "template")
        text = json.dumps(body["template_data"], ensure_ascii=False, sort_keys=True)
        self.sent.append(Sent(to, text, (), by, time.monotonic()))
        return _ok({("msg_id" if by == "phone" else "message_id"): f"t{next(self._numbers)}"})

    # ---- the citizen's side -----------------------------------------------------------------

    def event(self, name: str, user: str, **content: Any) -> dict[str, Any]:
        return {
            "app_id": APP_ID,
            "sender": {"id": user},
            "user_id_by_app": "7300442764876318465",
            "recipient": {"id": OA_ID},
            "event_name": name,
            "timestamp": str(int(time.time() * 1000)),
            **content,
        }

    def text(self, user: str, text: str) -> dict[str, Any]:
        message = {"text": text, "msg_id": f"in{next(self._numbers):08x}"}
        return self.event("user_send_text", user, message=message)

    def photo(self, user: str, url: str) -> dict[str, Any]:
        attachment = {"type": "image", "payload": {"url": url, "thumbnail": url}}
        message = {"msg_id": f"in{next(self._numbers):08x}", "attachments": [attachment]}
        return self.event("user_send_image", user, message=message)

    def location(self, user: str, latitude: str, longitude: str, label: str) -> dict[str, Any]:
        where = {"coordinates": {"latitude": latitude, "longitude": longitude}}
        message = {
            "msg_id": f"in{next(self._numbers):08x}",
            "text": label,
            "attachments": [{"type": "location", "payload": where}],
        }
        return self.event("user_send_location", user, message=message)

    def follow(self, user: str, *, name: str = "follow") -> dict[str, Any]:
        return {
            "app_id": APP_ID,
            "oa_id": OA_ID,
            "follower": {"id": user},
            "user_id_by_app": "7300442764876318465",
            "event_name": name,
            "source": "oa_profile",
            "timestamp": str(int(time.time() * 1000)),
        }


def sign(body: bytes, *, key: str = OA_SECRET, app_id: str = APP_ID) -> str:
    """The header's value, computed apart from the product's code."""
    timestamp = json.loads(body)["timestamp"]
    signed = app_id.encode() + body + str(timestamp).encode() + key.encode()
    return "mac=" + hashlib.sha256(signed).hexdigest()


def _ok(data: Any) -> Answer:
    return 200, {"error": 0, "message": "Success", "data": data}


def _error(code: int, message: str) -> Answer:
    return 200, {"error": code, "message": message}
