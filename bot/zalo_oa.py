"""Zalo Official Account: webhook translation and sending.

Built on what public integrations agree on, since Zalo's own pages were out of reach; what only one
source says is a setting or a row of a data file. Failures arrive under HTTP 200 and are read from
`zalo_errors.toml` by host and code. A person can be written to freely for 48 hours after their
last contact, for a fee until seven days, and after that by approved templates only.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import structlog

from bot.channel_data import Remedy, capabilities, channel_voice, limits, zalo_errors
from bot.events import (
    Call,
    Event,
    EventKind,
    Forged,
    Malformed,
    Media,
    MediaKind,
    Position,
    bounded_id,
)
from bot.messages import ASKS_CONTACT, Enclosure, OutgoingMessage, SendFailed, fit
from bot.outbound import DOCUMENTS_WAIT, Contact
from bot.pages import static_address
from bot.pictures import within
from bot.sending import SlowDown, Uncertain
from bot.zalo_tokens import ZaloTokens
from intake.clock import CIVIL_ZONE, utc_now
from intake.conversations import Sender
from intake.errors import SetupRefused
from intake.notices import Notice
from intake.settings import Settings

_log = structlog.get_logger()

NAME = "zalo_oa"
_LANGUAGE = "vi"  # Zalo's people
PROOF_HEADER = "x-zevent-signature"
_TIMESTAMP = re.compile(rb'"timestamp"\s*:\s*"?(\d{10,16})"?')
_MOST_TIMESTAMPS = 4
_SLOW = timedelta(seconds=60)
_SIGNATURE = re.compile(r"\A\s*(?:mac\s*=\s*)?([0-9a-fA-F]{64})\s*\Z")
_ID = re.compile(r"\A[0-9A-Za-z_-]{1,60}\Z")

# What goes as a picture; everything else goes as a file.
_ENDINGS = {"image/jpeg": ".jpg", "image/png": ".png"}
_MEDIA = {
    "user_send_image": MediaKind.IMAGE,
    "user_send_gif": MediaKind.IMAGE,
    "user_send_file": MediaKind.FILE,
    "user_send_audio": MediaKind.AUDIO,
    "user_send_video": MediaKind.VIDEO,
}
_KINDS = {
    "follow": EventKind.FOLLOWED,
    "user_click_chatnow": EventKind.FOLLOWED,
    "unfollow": EventKind.LEFT,
    "user_withdraw": EventKind.WITHDREW,
    "user_send_sticker": EventKind.UNSUPPORTED,
    "user_send_business_card": EventKind.UNSUPPORTED,
}
# Known and of no consequence to a petition.
_IGNORED = frozenset(
    {
        "user_received_message",
        "user_seen_message",
        "user_reacted_message",
        "oa_reacted_message",
        "add_user_to_tag",
        "remove_user_from_tag",
        "user_call_oa",
        "oa_call_user",
    }
)
_IGNORED_PREFIXES = ("anonymous_", "oa_", "group_", "user_feedback", "user_reply_", "create_group")
_MESSAGES = ("user_send_", "user_submit_info")
_INFO_FIELDS = ("name", "phone", "full_address", "address", "district", "city")


class ZaloOaTranslator:
    """The receiving half: signature over the raw body, then event → ours."""

    name = NAME
    proof_header = PROOF_HEADER

    def __init__(
        self,
        *,
        app_id: str,
        keys: Mapping[str, str],
        oa_id: str = "",
        matched: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Args:

        keys: candidate signing keys by variant (`oa_secret`, `app_secret`): sources disagree.
        oa_id: events of another account are refused; "" takes any account of the app.
        matched: told which variant fitted, so that operators can drop the other.
        """
        self._app_id = app_id
        self._keys = {variant: key for variant, key in keys.items() if key}
        self._oa_id = oa_id
        self._matched = matched

    def check(self, call: Call) -> bool:
        """Compare the signature, in constant time, before anything is parsed.

        Returns:
            False for a call without a signature: the console tries the address that way.

        Raises:
            Forged: a signature that does not fit.
        """
        given = call.headers.get(PROOF_HEADER, "")
        if not given.strip():
            return False
        found = _SIGNATURE.match(given)
        if found is None or not self._keys:
            raise Forged()
        digest = found.group(1).lower()
        fitting = ""
        for variant, expected in self._expected(call.body):
            if hmac.compare_digest(digest, expected):
                fitting = variant
        if not fitting:
            raise Forged()
        self._matched(fitting)
        return True

    def _expected(self, body: bytes) -> Iterator[tuple[str, str]]:
        # The time stands in the body that is not to be parsed yet. In JSON a quote inside a
        # text is escaped, so only a real member can match; all of the first few are tried.
        times = [match.group(1) for match in _TIMESTAMP.finditer(body)]
        for time in dict.fromkeys([*times[-1:], *times[: _MOST_TIMESTAMPS - 1]]):
            for variant, key in self._keys.items():
                signed = self._app_id.encode() + body + time + key.encode()
                # The platform's scheme is a plain digest, not an HMAC.
                yield variant, hashlib.sha256(signed).hexdigest()

    def translate(self, body: bytes) -> Event:
        """One event.

        Raises:
            Malformed: not of the platform's shape, or of another app or account.
        """
        try:
            data = json.loads(body)
            if not isinstance(data, dict):
                raise Malformed("no object")
            return self._event(data)
        except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
            if isinstance(error, Malformed):
                raise
            raise Malformed(type(error).__name__) from error
        except (RecursionError, OverflowError) as error:
            raise Malformed(type(error).__name__) from error

    def _event(self, data: Mapping[str, Any]) -> Event:
        name = data["event_name"]
        if not isinstance(name, str):
            raise Malformed("event_name")
        if "app_id" in data and str(data["app_id"]) != self._app_id:
            raise Malformed("app_id")
        sent = _instant(data.get("timestamp"))
        if name.startswith("oa_send"):
            return self._echo(data, name, sent)
        if name in _IGNORED or name.startswith(_IGNORED_PREFIXES):
            return Event(EventKind.IGNORED, "", "ignored", "", sent)
        if name not in _KINDS and not name.startswith(_MESSAGES):
            _log.warning("zalo_unknown_event", event_name=name[:60])
            return Event(EventKind.IGNORED, "", "ignored", "", sent)
        account, person = self._parties(data)
        message = data.get("message")
        message = message if isinstance(message, dict) else {}
        event_id = bounded_id(_event_id(name, person, data, message))
        if name in _KINDS:
            return Event(_KINDS[name], account, event_id, person, sent)
        if name == "user_submit_info":
            return Event(
                EventKind.MESSAGE, account, event_id, person, sent, text=_info(data["info"])
            )
        text = message.get("text")
        text = text if isinstance(text, str) else ""
        media = _media(name, message)
        position = _position(message) if name == "user_send_location" else None
        if name == "user_send_link" and not text:
            text = _links(message)
        readable = bool(text or media or position)
        return Event(
            EventKind.MESSAGE if readable else EventKind.UNSUPPORTED,
            account, event_id, person, sent, text=text, media=media, position=position,
        )  # fmt: skip

    def _parties(self, data: Mapping[str, Any]) -> tuple[str, str]:
        """The account and the person; both are text, since numbers of 19 digits lose some."""
        follower = data.get("follower")
        if isinstance(follower, dict):
            return self._own(data["oa_id"]), _id(follower["id"])
        if "sender" in data:
            return self._own(data["recipient"]["id"]), _id(data["sender"]["id"])
        return self._own(data["oa_id"]), _id(data["user_id"])

    def _own(self, oa_id: object) -> str:
        account = _id(oa_id)
        if self._oa_id and account != self._oa_id:
            raise Malformed("account")
        return account

    def _echo(self, data: Mapping[str, Any], name: str, sent: datetime) -> Event:
        """Our own message come back, or one an officer typed in Zalo's console (`admin_id`)."""
        account, person = self._own(data["sender"]["id"]), _id(data["recipient"]["id"])
        message = data.get("message")
        message = message if isinstance(message, dict) else {}
        by_hand = bool(data.get("admin_id") or message.get("admin_id"))
        kind = EventKind.TAKEN_OVER if by_hand else EventKind.IGNORED
        return Event(
            kind, account, bounded_id(_event_id(name, person, data, message)), person, sent
        )


# ---- sending --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Template:
    """An approved template: its id at Zalo and which of our values fill its parameters.

    `parameters`: Zalo's name → one of `reference`, `number`, `agency`, `date`, `kind`.
    """

    template_id: str
    parameters: Mapping[str, str]


def load_templates(settings: Settings) -> Mapping[str, Template]:
    """Approved templates by notice kind (or `default`), from the operator's file.

    Raises:
        SetupRefused: the file can't be read or is malformed.
    """
    path = settings.zalo_oa_templates
    if path is None:
        return {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return {
            kind: Template(str(entry["template_id"]), dict(entry["parameters"]))
            for kind, entry in table["template"].items()
        }
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        raise SetupRefused(reason="TIEPDAN_ZALO_OA_TEMPLATES can't be read") from error


class Refused(SendFailed):
    """Zalo's answer, with what is to be done about it."""

    def __init__(self, remedy: Remedy, host: str, code: int, **how: Any) -> None:
        self.remedy = remedy
        super().__init__(f"{host}{code}", **how)


class ZaloOaChannel:
    """The sending half."""

    name = NAME

    def __init__(
        self,
        settings: Settings,
        *,
        client: httpx.Client,
        tokens: ZaloTokens,
        templates: Mapping[str, Template],
        phone_of: Callable[[Notice], str],
        values_of: Callable[[Notice], Mapping[str, str]],
        may_upload: Callable[[], bool] = lambda: True,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Args:

        phone_of: the petitioner's telephone number ("" unknown), for templates by phone.
        values_of: what may stand in a template: never petition text, names or addresses.
        may_upload: counts one upload; False once the month's are used up.
        """
        self.capabilities = capabilities(NAME)
        self._api = settings.zalo_oa_api_url.rstrip("/")
        self._phone_api = settings.zalo_oa_phone_url.rstrip("/")
        self._paid = settings.zalo_oa_paid_messages
        # Zalo's own form for contact data wants a picture that it can fetch.
        public = settings.public_url.rstrip("/")
        self._picture = public + static_address("icon.png") if public.startswith("https:") else ""
        self._client = client
        self._tokens = tokens
        self._templates = templates
        self._phone_of = phone_of
        self._values_of = values_of
        self._may_upload = may_upload
        self._clock = clock

    def send(self, to: Sender, message: OutgoingMessage, *, key: str) -> None:
        """Send one message that already fits, as consultation.

        Raises:
            SendFailed: refused; `Uncertain` when it may have arrived.
        """
        body: dict[str, Any] = {"text": message.text}
        if message.choices:
            body["attachment"] = {"type": "template", "payload": {"buttons": _buttons(message)}}
        self._post(
            "oa",
            f"{self._api}/v3.0/oa/message/cs",
            {"recipient": {"user_id": to.id}, "message": body},
        )
        if message.topic in ASKS_CONTACT and self._picture:
            # The question stands by itself; the form is a convenience.
            with contextlib.suppress(SendFailed):
                say = channel_voice(_LANGUAGE)
                self.ask_contact(
                    to,
                    title=say("channel.contact_title"),
                    subtitle=say("channel.contact_subtitle"),
                    image_url=self._picture,
                )

    def ask_contact(self, to: Sender, *, title: str, subtitle: str, image_url: str) -> None:
        """Ask for name and telephone number by Zalo's own form; answered by `user_submit_info`.

        Raises:
            SendFailed: as `send`.
        """
        element = {"title": title[:100], "subtitle": subtitle[:500], "image_url": image_url}
        payload = {"template_type": "request_user_info", "elements": [element]}
        self._post(
            "oa",
            f"{self._api}/v3.0/oa/message/cs",
            {
                "recipient": {"user_id": to.id},
                "message": {"attachment": {"type": "template", "payload": payload}},
            },
        )

    def send_notice(
        self, to: Sender, message: OutgoingMessage, notice: Notice, contact: Contact, *, key: str
    ) -> bool:
        """A notice by the best way there is: message, template by user id, template by phone.

        Returns:
            Whether its words arrived; False: a template in their place.

        Raises:
            SendFailed: none worked; `held` when only the person's next contact will help.
        """
        if self._window_open(contact) and self._quota_left(to, contact):
            try:
                self._send_parts(to, message, key)
            except Refused as refusal:
                if refusal.remedy not in (Remedy.WINDOW, Remedy.UNREACHABLE):
                    raise
            else:
                return True
        if notice.template_sent_at is not None:
            raise SendFailed(DOCUMENTS_WAIT, held=True)
        self._send_template(to, notice, key)
        return False

    def _send_template(self, to: Sender, notice: Notice, key: str) -> None:
        template = self._templates.get(str(notice.kind)) or self._templates.get("default")
        if template is None:
            raise SendFailed("WindowClosed", held=True)
        self._wait_for_day()
        values = self._values_of(notice)
        filled = {name: values.get(value, "") for name, value in template.parameters.items()}
        try:
            self._post(
                "oa",
                f"{self._api}/v3.0/oa/message/template",
                {
                    "user_id": to.id,
                    "template_id": template.template_id,
                    "template_data": filled,
                },
            )
        except Refused as refusal:
            if refusal.remedy not in (Remedy.WINDOW, Remedy.UNREACHABLE):
                raise
        else:
            return
        phone = _international(self._phone_of(notice))
        if not phone:
            raise SendFailed("NoRoute", held=True)
        try:
            self._post(
                "phone",
                f"{self._phone_api}/message/template",
                {
                    "phone": phone,
                    "template_id": template.template_id,
                    "template_data": filled,
                    "tracking_id": key[:48],
                },
            )
        except Refused as refusal:
            if refusal.remedy is Remedy.UNREACHABLE:
                raise SendFailed("NoRoute", held=True) from None
            raise

    # ---- documents --------------------------------------------------------------------------

    def send_document(
        self, to: Sender, enclosure: Enclosure, contact: Contact, *, key: str
    ) -> None:
        """Upload a document, unless Zalo still keeps an earlier upload of it, and send it.

        Raises:
            SendFailed: not taken; `held` outside the window and once the month's uploads are used.
        """
        if not (self._window_open(contact) and self._quota_left(to, contact)):
            raise SendFailed("WindowClosed", held=True)
        upload = enclosure.upload or self._upload(enclosure)
        try:
            self._send_uploaded(to, enclosure, upload)
        except Refused as refusal:
            if refusal.remedy is not Remedy.UPLOAD or not enclosure.upload:
                raise
            enclosure.remember("", timedelta(0))
            self._send_uploaded(to, enclosure, self._upload(enclosure))

    def _send_uploaded(self, to: Sender, enclosure: Enclosure, upload: str) -> None:
        message: dict[str, Any]
        if _is_picture(enclosure):
            element = {"media_type": "image", "attachment_id": upload}
            payload = {"template_type": "media", "elements": [element]}
            message = {
                "text": enclosure.caption,
                "attachment": {"type": "template", "payload": payload},
            }
        else:
            message = {"attachment": {"type": "file", "payload": {"token": upload}}}
        self._post(
            "oa",
            f"{self._api}/v3.0/oa/message/cs",
            {"recipient": {"user_id": to.id}, "message": message},
        )

    def _upload(self, enclosure: Enclosure) -> str:
        """Give Zalo a file; what it calls it is noted before it is used."""
        if not self._may_upload():
            _log.error("zalo_uploads_used_up")
            raise SendFailed("UploadsUsedUp", held=True)
        figures = limits(NAME)
        name, media_type, content = enclosure.name, enclosure.media_type, enclosure.content
        kind, key = "file", "token"
        if _is_picture(enclosure):
            kind, key = "image", "attachment_id"
            content, media_type = within(content, media_type, figures["largest_picture"])
            name = f"{name.rpartition('.')[0]}{_ENDINGS[media_type]}"
        try:
            data = self._post(
                "oa",
                f"{self._api}/v2.0/oa/upload/{kind}",
                files={"file": (name, content, media_type)},
                timeout=float(figures["upload_seconds"]),
            )
        except Uncertain as error:
            # Nobody sees an upload: making another one repeats nothing.
            raise SendFailed(error.reason, retry_after=timedelta(0)) from None
        upload = data.get(key)
        if not isinstance(upload, str) or not upload:
            raise SendFailed("NoUpload", retry_after=timedelta(minutes=1))
        enclosure.remember(upload, timedelta(days=figures["upload_days"]))
        return upload

    def _send_parts(self, to: Sender, message: OutgoingMessage, key: str) -> None:
        for part in fit(message, self.capabilities):
            self.send(to, part, key=key)

    def _window_open(self, contact: Contact) -> bool:
        if contact.last_inbound_at is None:
            return False
        figures = limits(NAME)
        hours = figures["window_hours"] if self._paid else figures["free_hours"]
        return self._clock() - contact.last_inbound_at < timedelta(hours=hours)

    def _quota_left(self, to: Sender, contact: Contact) -> bool:
        """Before a message that costs money: whether Zalo would take it. No answer: it is tried."""
        since = self._clock() - (contact.last_inbound_at or self._clock())
        if since < timedelta(hours=limits(NAME)["free_hours"]):
            return True
        try:
            answer = self._client.post(
                f"{self._api}/v3.0/oa/quota/message",
                json={"user_id": to.id},
                headers={"access_token": self._tokens.access()},
            )
            left = answer.json()["data"]["cs_reply"]["remain"]
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return True
        return not (type(left) is int and left == 0)

    def _wait_for_day(self) -> None:
        """Templates sent at night arrive without a sound: nobody would notice them."""
        figures = limits(NAME)
        first, last = figures["template_from_hour"], figures["template_until_hour"]
        now = self._clock().astimezone(CIVIL_ZONE)
        if not first <= now.hour < last:
            raise SendFailed("QuietHours", retry_after=_until_hour(now, first))

    def _post(
        self,
        host: str,
        address: str,
        body: Mapping[str, Any] | None = None,
        *,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        timeout: float | None = None,
    ) -> Mapping[str, Any]:
        """Call Zalo with a JSON body or files; what it answers under `data`."""
        how: dict[str, Any] = {"json": body} if files is None else {"files": files}
        if timeout is not None:
            how["timeout"] = httpx.Timeout(timeout, connect=5.0)
        token = self._tokens.access()
        try:
            return self._call(host, address, how, token)
        except Refused as refusal:
            if refusal.remedy is not Remedy.REFRESH:
                raise
            return self._call(host, address, how, self._tokens.access(refused=token))

    def _call(
        self, host: str, address: str, how: Mapping[str, Any], token: str
    ) -> Mapping[str, Any]:
        try:
            answer = self._client.post(address, headers={"access_token": token}, **how)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise SendFailed(type(error).__name__, retry_after=timedelta(0)) from None
        except httpx.HTTPError as error:
            raise Uncertain(type(error).__name__) from None
        if answer.status_code == 401:
            raise Refused(Remedy.REFRESH, host, -401, retry_after=timedelta(minutes=1))
        if answer.status_code == 429:
            raise SlowDown("HTTP429", pause=_pause_said(answer.headers), everything=True)
        if answer.status_code in (408, 500, 503):
            raise SendFailed(f"HTTP{answer.status_code}", retry_after=timedelta(0))
        try:
            content = answer.json()
            code = content["error"]
        except (ValueError, KeyError, TypeError):
            raise Uncertain(f"HTTP{answer.status_code}") from None
        if code == 0:
            data = content.get("data")
            return data if isinstance(data, dict) else {}
        refusal = self._refusal(host, code if type(code) is int else 0)
        if refusal.remedy is Remedy.SLOW:
            # The limit is the app's, not the chat's.
            raise SlowDown(refusal.reason, pause=_SLOW, everything=True)
        raise refusal

    def _refusal(self, host: str, code: int) -> Refused:
        row = zalo_errors().get((host, code))
        if row is None:
            _log.error("zalo_unknown_refusal", host=host, code=code)
            return Refused(Remedy.OPERATOR, host, code, retry_after=timedelta(minutes=15))
        if row.remedy in (Remedy.SLOW, Remedy.REFRESH):
            return Refused(row.remedy, host, code, retry_after=timedelta(minutes=1))
        if row.remedy is Remedy.NIGHT:
            now = self._clock().astimezone(CIVIL_ZONE)
            wait = _until_hour(now, limits(NAME)["resume_hour"])
            return Refused(row.remedy, host, code, retry_after=wait)
        if row.remedy is Remedy.OPERATOR:
            _log.error("zalo_needs_an_operator", host=host, code=code, meaning=row.meaning)
            return Refused(row.remedy, host, code, retry_after=timedelta(minutes=15))
        if row.remedy in (Remedy.FAULT, Remedy.UPLOAD):
            _log.error("zalo_refused_our_message", host=host, code=code, meaning=row.meaning)
            return Refused(row.remedy, host, code)
        return Refused(row.remedy, host, code, held=True)


def _is_picture(enclosure: Enclosure) -> bool:
    return enclosure.media_type in _ENDINGS


def _buttons(message: OutgoingMessage) -> list[dict[str, str]]:
    # The label itself is what the person is seen to say, and what comes back as their text.
    longest = limits(NAME)["longest_label"]
    return [
        {
            "title": choice.label[:longest],
            "type": "oa.query.show",
            "payload": choice.label[:1_000],
        }
        for choice in message.choices
    ]


def _pause_said(headers: Mapping[str, str]) -> timedelta:
    said = headers.get("retry-after", "")
    return timedelta(seconds=int(said)) if said.isdigit() else _SLOW


def _until_hour(now: datetime, hour: int) -> timedelta:
    day = now if now.hour < hour else now + timedelta(days=1)
    return day.replace(hour=hour, minute=0, second=0, microsecond=0) - now


def _international(phone: str) -> str:
    digits = "".join(letter for letter in phone if letter.isdigit())
    if digits.startswith("84") and len(digits) == 11:
        return digits
    return f"84{digits[1:]}" if digits.startswith("0") and len(digits) == 10 else ""


# ---- pieces of a payload --------------------------------------------------------------------


def _id(value: object) -> str:
    text = str(value) if isinstance(value, str) or type(value) is int else ""
    if not _ID.match(text):
        raise Malformed("id")
    return text


def _instant(value: object) -> datetime:
    try:
        return datetime.fromtimestamp(int(str(value)) / 1000, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Malformed("timestamp") from error


def _event_id(name: str, person: str, data: Mapping[str, Any], message: Mapping[str, Any]) -> str:
    own = message.get("msg_id")
    if isinstance(own, str) and own:
        return own
    # The scheme has no id for events without a message.
    told = f"{name}\x00{person}\x00{data.get('timestamp')}"
    return "event:" + hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


def _info(info: Mapping[str, Any]) -> str:
    """What a person filled in, as lines; the dialogue reads name, number and address from them."""
    lines = []
    for field in _INFO_FIELDS:
        value = info.get(field)
        text = str(value).strip() if isinstance(value, str) or type(value) is int else ""
        if field == "phone" and text.startswith("84"):
            text = "0" + text[2:]
        if text:
            lines.append(text)
    return "\n".join(lines)


def _payloads(message: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    attachments = message.get("attachments")
    for attachment in attachments if isinstance(attachments, list) else ():
        payload = attachment.get("payload") if isinstance(attachment, dict) else None
        if isinstance(payload, dict):
            yield payload


def _media(name: str, message: Mapping[str, Any]) -> tuple[Media, ...]:
    kind = _MEDIA.get(name)
    if kind is None:
        return ()
    found = []
    for payload in _payloads(message):
        url = payload.get("url")
        if isinstance(url, str) and url:
            size = str(payload.get("size", ""))
            shown = payload.get("name")
            name = shown if isinstance(shown, str) else urlsplit(url).path.rpartition("/")[2]
            found.append(Media(kind, url=url, name=name, size=int(size) if size.isdecimal() else 0))
    return tuple(found)


def _position(message: Mapping[str, Any]) -> Position | None:
    for payload in _payloads(message):
        coordinates = payload.get("coordinates")
        if isinstance(coordinates, dict):
            latitude, longitude = (
                str(float(coordinates[axis])) for axis in ("latitude", "longitude")
            )
            return Position(latitude, longitude)
    return None


def _links(message: Mapping[str, Any]) -> str:
    found = [payload.get("url") for payload in _payloads(message)]
    return "\n".join(url for url in found if isinstance(url, str))
