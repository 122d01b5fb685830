"""The Telegram adapter against a Bot API server that we did not write.

    npm i telegram-test-api@4.2.1
    export TIEPDAN_TEST_NODE_MODULES=$PWD/node_modules
    python -m pytest tests/integration/test_telegram_emulator.py

The emulator answers a few calls less exactly than Telegram does, which the library we send with
does not forgive; `Mended` puts that right on the way and nothing else.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from bot.telegram_channel import TelegramChannel
from intake.store.tables import petitions
from tests.factories import BUS_LINE
from tests.fakes import telegram
from tests.fakes.platforms import Town, open_town
from tests.fakes.server import Answer, Call, Fake
from tests.serving import free_port

FOLDER = "TIEPDAN_TEST_NODE_MODULES"
_START = (
    "const TelegramServer = require('telegram-test-api');"
    "new TelegramServer({port: Number(process.argv[1]), host: '127.0.0.1', storeTimeout: 3600})"
    ".start()"
)


@dataclass
class Mended(Fake):
    """Between our adapter and the emulator: what the emulator says, as Telegram would say it."""

    emulator: str = ""
    called: list[str] = field(default_factory=list)

    def answer(self, call: Call) -> Answer:
        method = call.path.rpartition("/")[2]
        self.called.append(method)
        kind = call.headers.get("content-type", "")
        found = httpx.post(
            self.emulator + call.path, content=call.body,
            headers={"content-type": kind} if kind else {}, trust_env=False, timeout=30,
        )  # fmt: skip
        said = found.json()
        result = said.get("result")
        if method == "getMe":
            result["is_bot"] = True
        elif method == "sendMessage":
            result = {
                "message_id": result["message_id"],
                "date": int(time.time()),
                "chat": {"id": int(call.fields()["chat_id"]), "type": "private"},
            }
        elif method == "answerCallbackQuery":
            said, result = {"ok": True}, True
        for update in result if method == "getUpdates" else ():
            if "callback_query" in update:
                update["callback_query"]["chat_instance"] = "1"
                update["callback_query"]["id"] = str(update["callback_query"].get("id", "1"))
        return found.status_code, {**said, "result": result}


@dataclass
class Person:
    """Somebody with the emulator's own client side."""

    town: Town
    emulator: str
    after: int = 0
    user: int = 77
    shown: list[Any] = field(default_factory=list)

    def say(self, text: str) -> list[str]:
        return self._told("/sendMessage", text=text)

    def pick(self, label: str) -> list[str]:
        last = self.shown[-1]["message"]
        rows = last["reply_markup"]["inline_keyboard"]
        (data,) = (b["callback_data"] for row in rows for b in row if b["text"] == label)
        chat = {"id": self.user, "type": "private"}
        clicked = {
            "message_id": self.shown[-1]["messageId"],
            "date": int(time.time()),
            "chat": chat,
        }
        return self._told("/sendCallback", message=clicked, data=data)

    def _told(self, path: str, **content: Any) -> list[str]:
        chat = {"id": self.user, "type": "private", "first_name": "Thử"}
        sender = {"id": self.user, "is_bot": False, "first_name": "Thử"}
        self._post(
            path, botToken=telegram.TOKEN, date=int(time.time()), chat=chat,
            **{"from": sender}, **content,
        )  # fmt: skip
        channel = self.town.channels._carriers["telegram"]
        assert isinstance(channel, TelegramChannel)
        found = channel.updates(after=self.after, wait=timedelta(seconds=1))
        self.after = max(int(update["update_id"]) for update in found)
        translator = self.town.channels._inlets["telegram"].translator
        self.town.channels._store(translator, found)
        self.town.work()
        self.shown = self._post("/getUpdates", token=telegram.TOKEN, chatId=self.user)["result"]
        return [each["message"]["text"] for each in self.shown]

    def _post(self, path: str, **content: Any) -> Any:
        answer = httpx.post(self.emulator + path, json=content, trust_env=False, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def emulator() -> Iterator[str]:
    node, folder = shutil.which("node"), os.environ.get(FOLDER, "")
    if node is None or not Path(folder, "telegram-test-api").is_dir():
        pytest.skip(f"NO BOT API EMULATOR: node or the npm package in {FOLDER} is missing")
    port = free_port()
    process = subprocess.Popen(
        [node, "-e", _START, str(port)], env={**os.environ, "NODE_PATH": folder}
    )
    address = f"http://127.0.0.1:{port}"
    try:
        while True:
            assert process.poll() is None, "the emulator ended"
            try:
                httpx.get(address, trust_env=False)
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait()


def test_the_script_files_a_petition_through_an_independent_bot_api(
    emulator: str, sqlite_url: str, tmp_path: Path
) -> None:
    with Mended(emulator=emulator) as between, open_town(
        sqlite_url, tmp_path,
        telegram_base_url=f"{between.address}/bot", telegram_mode="polling",
    ) as town:  # fmt: skip
        person = Person(town, emulator)
        assert person.say("xin chào")
        assert person.say(BUS_LINE)
        assert "xem lại trước khi gửi" in person.pick("Bỏ qua")[-1]
        receipt = person.pick("Gửi đơn")

        with town.office.store.read() as tx:
            (reference,) = tx.execute(select(petitions.c.reference)).scalars()
    assert reference in receipt[0]
    assert {"getUpdates", "sendMessage", "answerCallbackQuery"} <= set(between.called)
