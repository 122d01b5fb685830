"""One office with all channels on, three platforms, and citizens who talk through each of them.

A citizen's driver says something the way the platform would tell it (a signed webhook call),
lets the office work, and reads what reached the platform, buttons included.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from fastapi import FastAPI
from pydantic import SecretStr
from starlette.testclient import TestClient

from bot.channels import PATHS, Channels
from bot.events import Media
from bot.inbox import InboxState
from bot.inbox_worker import InboxWorker
from bot.outbound import Outbound
from bot.zalo_tokens import Pair, store_pair
from intake.clock import utc_now
from intake.office import Office
from tests.factories import build_office
from tests.fakes import telegram, zalo_bot, zalo_oa
from tests.fakes.telegram import FakeTelegram
from tests.fakes.zalo_bot import FakeZaloBot
from tests.fakes.zalo_oa import FakeZaloOa

CHANNELS = ("telegram", "zalo_oa", "zalo_bot")


@dataclass
class Clock:
    """A clock that tests move."""

    now: datetime = field(default_factory=utc_now)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: float) -> None:
        self.now += timedelta(**time)


@dataclass(frozen=True)
class Town:
    """Everything a test of channels needs."""

    office: Office
    channels: Channels
    client: TestClient
    clock: Clock
    telegram: FakeTelegram
    zalo_oa: FakeZaloOa
    zalo_bot: FakeZaloBot
    files: dict[str, bytes]

    def fake(self, channel: str) -> Any:
        return getattr(self, channel)

    def post(self, channel: str, event: Mapping[str, Any] | bytes, **headers: str) -> int:
        """One webhook call, with its proof unless `headers` says otherwise; the status."""
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        sent = {**proof(channel, body), **{k.replace("_", "-"): v for k, v in headers.items()}}
        return self.client.post(PATHS[channel], content=body, headers=sent).status_code

    def work(self) -> None:
        """Let the workers do everything that is due, as if a while had passed."""
        self.clock.pass_by(seconds=2)
        for lane in (InboxState.READY, InboxState.MEDIA):
            while self.worker.work_once(lane):
                self.clock.pass_by(seconds=1)
        self.deliver()

    def deliver(self) -> None:
        for outbound in self.outbounds:
            idle = 0
            while idle < 3:
                idle = 0 if outbound.send_once() else idle + 1
                self.clock.pass_by(seconds=1.1)

    @property
    def worker(self) -> InboxWorker:
        return self.channels._worker

    @property
    def outbounds(self) -> list[Outbound]:
        return self.channels._outbounds


def proof(channel: str, body: bytes) -> dict[str, str]:
    """The header that proves a call's origin."""
    if channel == "telegram":
        return {"X-Telegram-Bot-Api-Secret-Token": telegram.SECRET}
    if channel == "zalo_bot":
        return {"X-Bot-Api-Secret-Token": zalo_bot.SECRET}
    try:
        return {"X-ZEvent-Signature": zalo_oa.sign(body)}
    except (ValueError, KeyError, TypeError, RecursionError):
        return {"X-ZEvent-Signature": "mac=" + "0" * 64}


def settings_of(
    office: Office, tg: FakeTelegram, oa: FakeZaloOa, zb: FakeZaloBot, **changes: Any
) -> Office:
    """The office with all channels switched on, towards the fakes."""
    settings = office.settings.model_copy(
        update={
            "telegram_token": SecretStr(telegram.TOKEN),
            "telegram_base_url": tg.base_url,
            "telegram_secret": SecretStr(telegram.SECRET),
            "zalo_oa_app_id": zalo_oa.APP_ID,
            "zalo_oa_app_secret": SecretStr(zalo_oa.APP_SECRET),
            "zalo_oa_secret": SecretStr(zalo_oa.OA_SECRET),
            "zalo_oa_id": zalo_oa.OA_ID,
            "zalo_oa_api_url": oa.address,
            "zalo_oa_phone_url": oa.address,
            "zalo_oa_oauth_url": oa.address,
            "zalo_bot_token": SecretStr(zalo_bot.TOKEN),
            "zalo_bot_base_url": zb.address,
            "zalo_bot_secret": SecretStr(zalo_bot.SECRET),
            **changes,
        }
    )
    return replace(office, settings=settings)


@contextmanager
def open_town(url: str, folder: Path, **settings: Any) -> Iterator[Town]:
    """A town on a migrated database. Files of Zalo's hosts come from `Town.files` by address."""
    with ExitStack() as stack:
        tg = stack.enter_context(FakeTelegram())
        oa = stack.enter_context(FakeZaloOa())
        zb = stack.enter_context(FakeZaloBot())
        office = settings_of(build_office(url, folder), tg, oa, zb, **settings)
        stack.callback(office.store.close)
        clock = Clock()
        files: dict[str, bytes] = {}
        zalo_files: Callable[[Media], bytes] = lambda media: files[media.url]  # noqa: E731
        store_pair(
            office,
            Pair(oa.access, oa.refresh, clock.now + timedelta(hours=25)),
            now=clock.now,
        )
        channels = Channels(
            office,
            clock=clock,
            fetchers={"zalo_oa": zalo_files, "zalo_bot": zalo_files},
            sleep=lambda seconds: clock.pass_by(seconds=seconds),
        )
        stack.callback(channels.stop)
        app = FastAPI()
        channels.add_routes(app)
        client = stack.enter_context(TestClient(app))
        yield Town(office, channels, client, clock, tg, oa, zb, files)


class Citizen(Protocol):
    """Somebody who talks through one channel."""

    def say(self, text: str) -> list[str]:
        """Type something; what comes back."""

    def pick(self, label: str) -> list[str]:
        """Choose an answer of those offered last; what comes back."""

    def send_photo(self, content: bytes) -> list[str]:
        """Send a picture; what comes back."""

    def share_place(self) -> list[str]:
        """Share where they are; what comes back."""


@dataclass
class ChannelCitizen:
    """A person on a platform: speaks by webhook, reads what the fake platform was given."""

    town: Town
    channel: str
    user: str
    read: int = 0

    def say(self, text: str) -> list[str]:
        return self._told(self.town.fake(self.channel).text(self.user, text))

    def pick(self, label: str) -> list[str]:
        shown = self._inbox()[-1]
        for title, data in shown.buttons:
            if title == label:
                if self.channel == "telegram":
                    return self._told(self.town.telegram.click(self.user, data))
                return self.say(data)
        # No buttons: the choices stand as numbered lines.
        (line,) = (line for line in shown.text.splitlines() if line.endswith(f". {label}"))
        return self.say(line.partition(".")[0])

    def send_photo(self, content: bytes) -> list[str]:
        if self.channel == "telegram":
            return self._told(self.town.telegram.photo(self.user, content))
        address = f"https://photo.zdn.vn/{len(self.town.files)}.jpg"
        self.town.files[address] = content
        return self._told(self.town.fake(self.channel).photo(self.user, address))

    def hand_over_contact(self, phone: str) -> list[str]:
        """Tap what the platform offers for that."""
        if self.channel == "telegram":
            update = self.town.telegram.text(self.user, "")
            contact = {"phone_number": phone, "first_name": "Thử", "user_id": int(self.user)}
            del update["message"]["text"]
            update["message"]["contact"] = contact
            return self._told(update)
        info = {"name": "Lê Thị Thử", "phone": int("84" + phone[1:])}
        return self._told(self.town.zalo_oa.event("user_submit_info", self.user, info=info))

    def offered(self) -> list[str]:
        """The labels of the buttons shown last."""
        return [title for title, _ in self._inbox()[-1].buttons]

    def send_voice(self, address: str) -> list[str]:
        """A recording that Zalo keeps at an address."""
        recording = {"type": "audio", "payload": {"url": address}}
        message = {"msg_id": f"voice-{len(self._inbox())}", "attachments": [recording]}
        return self._told(self.town.zalo_oa.event("user_send_audio", self.user, message=message))

    def share_place(self) -> list[str]:
        if self.channel == "telegram":
            return self._told(self.town.telegram.location(self.user, 10.2537, 105.9722))
        if self.channel == "zalo_oa":
            place = ("10.2537", "105.9722", "xã Long Hồ, Vĩnh Long")
            return self._told(self.town.zalo_oa.location(self.user, *place))
        return self.say("xã Long Hồ")

    def _told(self, event: Mapping[str, Any]) -> list[str]:
        assert self.town.post(self.channel, event) == 200
        self.town.work()
        inbox = self._inbox()
        new, self.read = inbox[self.read :], len(inbox)
        return [message.text for message in new]

    def _inbox(self) -> list[Any]:
        return [sent for sent in self.town.fake(self.channel).sent if sent.chat == self.user]
