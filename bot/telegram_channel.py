"""Telegram by python-telegram-bot: its types and its sending, none of its dispatching.

The dialogue's state is in our database, so updates go through the inbox like every channel's.
Nothing here runs at import or construction that needs Telegram to answer: the office starts and
works while Telegram is away.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import threading
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
import telegram
from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    KeyboardButton,
    Message,
    ReplyKeyboardMarkup,
    Update,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.request import HTTPXRequest

from bot.channel_data import capabilities, channel_voice, limits
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
from bot.messages import ASKS_CONTACT, Choice, Enclosure, OutgoingMessage, SendFailed
from bot.outbound import Contact
from bot.pictures import size_of
from bot.sending import SlowDown, Uncertain
from intake.conversations import Sender
from intake.settings import Settings

# The library's documented switch: `RetryAfter.retry_after` as a timedelta, without a warning.
os.environ.setdefault("PTB_TIMEDELTA", "true")

NAME = "telegram"
_LANGUAGE = "vi"  # a button's label; the question itself is in the citizen's language
WANTED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")
PROOF_HEADER = "x-telegram-bot-api-secret-token"
_LONGEST_CALLBACK = 64  # bytes
_LATER = timedelta(minutes=1)
# Said by whoever stands between us and Telegram, who can't know what Telegram did.
_FROM_BETWEEN = ("Bad Gateway", "(502)", "Gateway Timeout", "(504)")

_Result = TypeVar("_Result")


class TelegramTranslator:
    """The receiving half: secret header, then update → event."""

    name = NAME
    proof_header = PROOF_HEADER

    def __init__(self, *, account: str, secret: str) -> None:
        """Args: secret: "" where nothing is received by webhook: then every call is forged."""
        self.account = account
        self._secret = secret.encode()

    def check(self, call: Call) -> bool:
        """Compare the secret header, in constant time.

        Raises:
            Forged: missing or different.
        """
        given = call.headers.get(PROOF_HEADER, "").encode()
        if not self._secret or not hmac.compare_digest(given, self._secret):
            raise Forged()
        return True

    def translate(self, body: bytes) -> Event:
        """One update.

        Raises:
            Malformed: no update, or one of a shape Telegram does not send.
        """
        try:
            data = json.loads(body)
            if not isinstance(data, dict) or type(data.get("update_id")) is not int:
                raise Malformed("update_id")
            update = Update.de_json(data, None)
            return self._event(update)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            raise Malformed(type(error).__name__) from error
        except RecursionError as error:
            raise Malformed("nesting") from error

    def _event(self, update: Update) -> Event:
        event_id = bounded_id(str(update.update_id))
        if update.callback_query is not None:
            query = update.callback_query
            said = query.data or ""
            # A click carries no time of its own, and its button may be old: it is made now.
            return Event(
                EventKind.MESSAGE if said else EventKind.IGNORED,
                self.account, event_id, str(query.from_user.id), datetime.now(UTC),
                text=said, acknowledge=query.id,
            )  # fmt: skip
        if update.my_chat_member is not None:
            change = update.my_chat_member
            gone = change.new_chat_member.status in ("kicked", "left")
            kind = EventKind.LEFT if gone else EventKind.FOLLOWED
            if change.chat.type != "private":
                kind = EventKind.IGNORED
            return Event(kind, self.account, event_id, str(change.from_user.id), change.date)
        message = update.message or update.edited_message
        if message is None or message.from_user is None or message.chat.type != "private":
            return Event(EventKind.IGNORED, self.account, event_id, "", datetime.now(UTC))
        return self._message(message, event_id, edited=update.message is None)

    def _message(self, message: Message, event_id: str, *, edited: bool) -> Event:
        assert message.from_user is not None
        media = _media(message)
        text = message.text or message.caption or ""
        if message.contact is not None:
            text = message.contact.phone_number
        position = _position(message)
        readable = bool(text or media or position)
        sent = message.edit_date if edited and message.edit_date else message.date
        return Event(
            EventKind.MESSAGE if readable else EventKind.UNSUPPORTED,
            self.account, event_id, str(message.from_user.id), sent,
            text=text, media=media, position=position,
        )  # fmt: skip


class TelegramChannel:
    """The sending half. A thread of its own runs the library's loop; any thread may call."""

    name = NAME

    def __init__(self, settings: Settings) -> None:
        """Nothing is sent yet."""
        assert settings.telegram_token is not None
        token = settings.telegram_token.get_secret_value()
        self.account = account_of(token)
        self.capabilities = capabilities(NAME)
        self._timeout = float(limits(NAME)["timeout_seconds"])
        base = settings.telegram_base_url
        self.file_base = base.removesuffix("/bot") + "/file/bot"
        self._requests = (self._request(), self._request())
        self._bot = telegram.Bot(
            token,
            base_url=base,
            base_file_url=self.file_base,
            request=self._requests[0],
            get_updates_request=self._requests[1],
        )
        self._lock = threading.Lock()
        self._running: tuple[asyncio.AbstractEventLoop, threading.Thread] | None = None

    def send(self, to: Sender, message: OutgoingMessage, *, key: str) -> None:
        """Send one message that already fits.

        Raises:
            SendFailed: refused; `Uncertain` when it may have arrived.
        """
        markup: InlineKeyboardMarkup | ReplyKeyboardMarkup | None = None
        if message.topic in ASKS_CONTACT:
            markup = _contact_keyboard(message.choices)
        elif message.choices:
            markup = InlineKeyboardMarkup(_keyboard(message.choices))
        self._call(
            self._bot.send_message(chat_id=_chat_id(to.id), text=message.text, reply_markup=markup)
        )

    def send_document(
        self, to: Sender, enclosure: Enclosure, contact: Contact, *, key: str
    ) -> None:
        """Send one document: a picture to look at, anything else as a file.

        Raises:
            SendFailed: refused; `Uncertain` when it may have arrived.
        """
        chat, seconds = _chat_id(to.id), float(limits(NAME)["upload_seconds"])
        file = InputFile(enclosure.content, filename=enclosure.name)
        wait = timedelta(seconds=seconds)
        if _is_shown(enclosure):
            self._call(
                self._bot.send_photo(
                    chat, photo=file, caption=enclosure.caption, write_timeout=seconds
                ),
                wait=wait,
            )
            return
        self._call(
            self._bot.send_document(
                chat, document=file, caption=enclosure.caption, write_timeout=seconds
            ),
            wait=wait,
        )

    def acknowledge(self, token: str) -> None:
        """Tell Telegram that a button was seen, so that it stops spinning.

        Raises:
            SendFailed: not taken; nothing depends on it.
        """
        self._call(self._bot.answer_callback_query(token))

    def address_of(self, file_id: str) -> str:
        """A fresh address of a file; it lives for an hour and holds the token: never log it.

        Raises:
            SendFailed: Telegram does not say.
        """
        file = self._call(self._bot.get_file(file_id))
        return file.file_path or ""

    def set_webhook(self, address: str, secret: str) -> None:
        """Ask Telegram to call us. Waiting updates are kept.

        Raises:
            SendFailed: refused or away.
        """
        self._call(
            self._bot.set_webhook(
                address,
                secret_token=secret,
                allowed_updates=WANTED_UPDATES,
                drop_pending_updates=False,
            )
        )

    def own_name(self) -> str:
        """The bot's username, for links to it.

        Raises:
            SendFailed: Telegram does not say.
        """
        return self._call(self._bot.get_me()).username or ""

    def updates(self, *, after: int, wait: timedelta) -> list[dict[str, Any]]:
        """Updates above `after`, waiting up to `wait` for the first; polling mode.

        Raises:
            SendFailed: refused or away.
        """
        found = self._call(
            self._bot.get_updates(
                offset=after + 1,
                timeout=int(wait.total_seconds()),
                allowed_updates=WANTED_UPDATES,
            ),
            wait=wait,
        )
        return [update.to_dict() for update in found]

    def close(self) -> None:
        """End the loop's thread."""
        with self._lock:
            running, self._running = self._running, None
        if running is not None:
            loop, thread = running
            asyncio.run_coroutine_threadsafe(self._shut_down(), loop).result(5)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(5)
            loop.close()

    def _loop(self) -> asyncio.AbstractEventLoop:
        """The loop, started by the first who needs it: a process that only receives has none."""
        with self._lock:
            if self._running is None:
                loop = asyncio.new_event_loop()
                thread = threading.Thread(
                    target=loop.run_forever, name="telegram-loop", daemon=True
                )
                thread.start()
                self._running = (loop, thread)
            return self._running[0]

    async def _shut_down(self) -> None:
        await asyncio.gather(*(request.shutdown() for request in self._requests))

    def _request(self) -> HTTPXRequest:
        return HTTPXRequest(
            connection_pool_size=16,
            connect_timeout=5.0,
            read_timeout=self._timeout,
            write_timeout=self._timeout,
            pool_timeout=self._timeout,
            # Settings name the address; a proxy from the environment would see the token.
            httpx_kwargs={"trust_env": False},
        )

    def _call(
        self, work: Coroutine[Any, Any, _Result], *, wait: timedelta = timedelta(0)
    ) -> _Result:
        future = asyncio.run_coroutine_threadsafe(work, self._loop())
        try:
            return future.result(self._timeout * 3 + wait.total_seconds())
        except TimeoutError as error:
            future.cancel()
            raise Uncertain("no answer in time") from error
        except TelegramError as error:
            raise _failure(error) from None  # its text may quote the address, and with it the token


def _is_shown(enclosure: Enclosure) -> bool:
    """Whether Telegram takes it as a picture; very long and very large ones go as files."""
    if not enclosure.media_type.startswith("image/"):
        return False
    figures, (width, height) = limits(NAME), size_of(enclosure.content)
    narrow, wide = sorted((width, height))
    slim = wide <= narrow * figures["picture_ratio"]
    return bool(slim and width + height <= figures["picture_sides"])


def account_of(token: str) -> str:
    """The bot's own id, the part of its token that is no secret."""
    return token.partition(":")[0][:60]


def _failure(error: TelegramError) -> SendFailed:
    kind = type(error).__name__
    if isinstance(error, RetryAfter):
        wait = error.retry_after
        pause = wait if isinstance(wait, timedelta) else timedelta(seconds=wait)
        return SlowDown(kind, pause=pause)
    if isinstance(error, Forbidden):
        return SendFailed(kind, held=True)
    if isinstance(error, InvalidToken):
        return SendFailed(kind, retry_after=_LATER)  # also what a proxy's 404 looks like
    if isinstance(error, BadRequest | ChatMigrated):
        return SendFailed(kind)
    if isinstance(error, NetworkError):
        return _unreached(error)
    return Uncertain(kind)  # such as a good status with an answer that can't be read


def _unreached(error: NetworkError) -> SendFailed:
    """No answer, or a server's own trouble: did the message get there?"""
    kind, cause = type(error).__name__, error.__cause__
    if isinstance(cause, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return SendFailed(kind, retry_after=timedelta(0))
    if isinstance(cause, httpx.HTTPError) or isinstance(error, TimedOut):
        return Uncertain(kind)
    if any(part in error.message for part in _FROM_BETWEEN):
        return Uncertain(kind)
    return SendFailed(kind, retry_after=timedelta(0))


def _chat_id(sender_id: str) -> int:
    try:
        return int(sender_id)
    except ValueError as error:
        raise SendFailed("BadRecipient") from error


def _contact_keyboard(choices: tuple[Choice, ...]) -> ReplyKeyboardMarkup:
    """One tap hands over the telephone number; a keyboard of this kind cannot be an inline one."""
    label = channel_voice(_LANGUAGE)("channel.contact_button")
    rows = [[KeyboardButton(label, request_contact=True)]]
    rows += [[KeyboardButton(choice.label)] for choice in choices]
    return ReplyKeyboardMarkup(rows, resize_keyboard=True, one_time_keyboard=True)


def _keyboard(choices: tuple[Choice, ...]) -> list[list[InlineKeyboardButton]]:
    longest = limits(NAME)["longest_label"]
    fits = all(len(choice.value.encode()) <= _LONGEST_CALLBACK for choice in choices)
    return [
        [
            InlineKeyboardButton(
                choice.label[:longest], callback_data=choice.value if fits else str(number)
            )
        ]
        for number, choice in enumerate(choices, start=1)
    ]


def _media(message: Message) -> tuple[Media, ...]:
    found: list[Media] = []
    if message.photo:
        largest = message.photo[-1]
        found.append(Media(MediaKind.IMAGE, file_id=largest.file_id, size=largest.file_size or 0))
    for kind, file in (
        (MediaKind.FILE, message.document),
        (MediaKind.AUDIO, message.voice),
        (MediaKind.AUDIO, message.audio),
        (MediaKind.VIDEO, message.video),
        (MediaKind.VIDEO, message.video_note),
    ):
        if file is not None:
            name = getattr(file, "file_name", None) or ""
            size = file.file_size or 0
            found.append(Media(kind, file_id=file.file_id, name=name, size=size))
    return tuple(found)


def _position(message: Message) -> Position | None:
    if message.location is None:
        return None
    label = ""
    if message.venue is not None:
        label = ", ".join(part for part in (message.venue.title, message.venue.address) if part)
    return Position(str(message.location.latitude), str(message.location.longitude), label)
