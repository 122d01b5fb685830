"""The Zalo Bot Platform: small bots of a personal account, for demonstrations and staff alerts.

Not the Official Account: other ids, other rules, no buttons, no files out, 50 people a bot. The
token stands in the address of every call, so addresses are never logged and errors never quoted.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from bot.channel_data import capabilities
from bot.events import Call, Event, EventKind, Forged, Malformed, Media, MediaKind, bounded_id
from bot.messages import OutgoingMessage, SendFailed
from bot.sending import SlowDown, Uncertain
from intake.conversations import Sender
from intake.settings import Settings

NAME = "zalo_bot"
PROOF_HEADER = "x-bot-api-secret-token"
NOTHING_CAME = 408
_ID = re.compile(r"\A[0-9A-Za-z_-]{1,60}\Z")
_LATER = timedelta(minutes=1)
_UNREACHABLE = frozenset({403})
_TOO_MANY = 429
_OURS = frozenset({400, 404, 413})


class ZaloBotTranslator:
    """The receiving half: secret header, then event → ours."""

    name = NAME
    proof_header = PROOF_HEADER

    def __init__(self, *, account: str, secret: str) -> None:
        """Args: secret: "" where nothing is received by webhook: then every call is forged."""
        self.account = account
        self._secret = secret.encode()

    def check(self, call: Call) -> bool:
        """Compare the secret header, in constant time.

        Returns:
            False for an empty body: the platform tries the address that way.

        Raises:
            Forged: missing or different.
        """
        if not call.body.strip():
            return False
        given = call.headers.get(PROOF_HEADER, "").encode()
        if not self._secret or not hmac.compare_digest(given, self._secret):
            raise Forged()
        return True

    def translate(self, body: bytes) -> Event:
        """One event; with and without the documented wrapper, since both were seen.

        Raises:
            Malformed: not of the platform's shape.
        """
        try:
            data = json.loads(body)
            inner = data.get("result", data)
            return self._event(inner["event_name"], inner.get("message") or {})
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            if isinstance(error, Malformed):
                raise
            raise Malformed(type(error).__name__) from error
        except (RecursionError, OverflowError, OSError) as error:
            raise Malformed(type(error).__name__) from error

    def _event(self, name: str, message: Mapping[str, Any]) -> Event:
        if not isinstance(name, str):
            raise Malformed("event_name")
        if not name.startswith("message."):
            return Event(EventKind.IGNORED, self.account, "ignored", "", datetime.now(UTC))
        person = message["from"]
        sent = datetime.fromtimestamp(int(message["date"]) / 1000, UTC)
        event_id = bounded_id(f"{name}:{message['message_id']}")
        group = message.get("chat", {}).get("chat_type", "PRIVATE") != "PRIVATE"
        if person.get("is_bot") or group:
            return Event(EventKind.IGNORED, self.account, event_id, "", sent)
        text = message.get("text") or message.get("caption") or ""
        media = _media(name, message)
        readable = isinstance(text, str) and bool(text or media)
        return Event(
            EventKind.MESSAGE if readable else EventKind.UNSUPPORTED,
            self.account, event_id, _id(person["id"]), sent,
            text=text if readable else "", media=media,
        )  # fmt: skip


class ZaloBotChannel:
    """The sending half."""

    name = NAME

    def __init__(self, settings: Settings, *, client: httpx.Client) -> None:
        """Nothing is sent yet."""
        assert settings.zalo_bot_token is not None
        token = settings.zalo_bot_token.get_secret_value()
        self.account = account_of(token)
        self.capabilities = capabilities(NAME)
        self._base = f"{settings.zalo_bot_base_url.rstrip('/')}/bot{token}"
        self._client = client

    def send(self, to: Sender, message: OutgoingMessage, *, key: str) -> None:
        """Send one message that already fits.

        Raises:
            SendFailed: refused; `Uncertain` when it may have arrived.
        """
        self._call("sendMessage", {"chat_id": to.id, "text": message.text})

    def set_webhook(self, address: str, secret: str) -> None:
        """Ask the platform to call us.

        Raises:
            SendFailed: refused or away.
        """
        self._call("setWebhook", {"url": address, "secret_token": secret})

    def own_name(self) -> str:
        """The name people find the bot by.

        Raises:
            SendFailed: the platform does not say.
        """
        content = self._answer("getMe", {})
        if not content.get("ok"):
            raise _failure(content)
        found = content.get("result")
        return str(found.get("account_name", "")) if isinstance(found, dict) else ""

    def update(self, *, wait: timedelta) -> dict[str, Any] | None:
        """The next event, waiting up to `wait`; None when nothing came. Polling mode.

        The platform hands each event out once and keeps none: what is not stored is lost, which
        is why the webhook is the better way.

        Raises:
            SendFailed: refused or away.
        """
        seconds = int(wait.total_seconds())
        content = self._answer("getUpdates", {"timeout": seconds}, read=seconds + 5.0)
        if content.get("ok"):
            found = content.get("result")
            return found if isinstance(found, dict) and found else None
        if content.get("error_code") == NOTHING_CAME:
            return None
        raise _failure(content)

    def _call(self, method: str, body: Mapping[str, Any]) -> None:
        content = self._answer(method, body)
        if not content.get("ok"):
            raise _failure(content)

    def _answer(
        self, method: str, body: Mapping[str, Any], *, read: float | None = None
    ) -> Mapping[str, Any]:
        timeout = httpx.USE_CLIENT_DEFAULT if read is None else httpx.Timeout(read, connect=5.0)
        try:
            answer = self._client.post(f"{self._base}/{method}", json=body, timeout=timeout)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise SendFailed(type(error).__name__, retry_after=timedelta(0)) from None
        except httpx.HTTPError as error:
            raise Uncertain(type(error).__name__) from None
        try:
            content = answer.json()
        except ValueError:
            content = None
        if isinstance(content, dict) and "ok" in content:
            return {"status": answer.status_code, **content}
        if answer.status_code == _TOO_MANY:
            raise SlowDown("HTTP429", pause=_LATER)
        if answer.status_code in (408, 500, 503):
            raise SendFailed(f"HTTP{answer.status_code}", retry_after=timedelta(0))
        raise Uncertain(f"HTTP{answer.status_code}")


def account_of(token: str) -> str:
    """A name of the bot that is no secret: the part before the colon, or a digest."""
    before, colon, _ = token.partition(":")
    if colon and _ID.match(before):
        return before
    return hashlib.sha256(token.encode()).hexdigest()[:16]


def _failure(content: Mapping[str, Any]) -> SendFailed:
    code = content.get("error_code") or content.get("status")
    if code in _UNREACHABLE:
        return SendFailed(f"bot{code}", held=True)
    if code in _OURS:
        return SendFailed(f"bot{code}")
    parameters = content.get("parameters")
    said = parameters.get("retry_after") if isinstance(parameters, dict) else None
    wait = timedelta(seconds=said) if type(said) is int else _LATER
    if code == _TOO_MANY:
        return SlowDown(f"bot{code}", pause=wait)
    return SendFailed(f"bot{code}", retry_after=timedelta(0))


def _id(value: object) -> str:
    text = str(value) if isinstance(value, str) or type(value) is int else ""
    if not _ID.match(text):
        raise Malformed("id")
    return text


def _media(name: str, message: Mapping[str, Any]) -> tuple[Media, ...]:
    # Documents say `photo`, captured calls said `photo_url`.
    for fields, kind in (
        (("photo_url", "photo"), MediaKind.IMAGE),
        (("voice_url",), MediaKind.AUDIO),
    ):
        for field in fields:
            url = message.get(field)
            if isinstance(url, str) and url and not name.startswith("message.sticker"):
                return (Media(kind, url=url, name=url.partition("?")[0].rpartition("/")[2]),)
    return ()
