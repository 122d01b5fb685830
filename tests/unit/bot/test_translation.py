"""Recorded and malformed payloads of each platform, and what becomes of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.events import Event, EventKind, Malformed, Translator
from bot.telegram_channel import TelegramTranslator
from bot.zalo_bot import ZaloBotTranslator
from bot.zalo_oa import ZaloOaTranslator
from tests.fakes import zalo_oa

FOLDER = Path(__file__).parents[2] / "payloads"
TRANSLATORS: dict[str, Translator] = {
    "telegram": TelegramTranslator(account="700000001", secret="s"),
    "zalo_oa": ZaloOaTranslator(
        app_id=zalo_oa.APP_ID, keys={"oa_secret": zalo_oa.OA_SECRET}, oa_id=zalo_oa.OA_ID
    ),
    "zalo_bot": ZaloBotTranslator(account="1459232241454765289", secret="s"),
}
GOOD = [
    (channel, path.stem)
    for channel in TRANSLATORS
    for path in sorted((FOLDER / channel).glob("*.json"))
    if path.stem != "expected"
]
BAD = [
    (channel, path.stem)
    for channel in TRANSLATORS
    for path in sorted((FOLDER / channel / "malformed").glob("*.json"))
]


def expected(channel: str) -> dict[str, dict[str, Any]]:
    loaded: dict[str, dict[str, Any]] = json.loads(
        (FOLDER / channel / "expected.json").read_text("utf-8")
    )
    return loaded


def shown(event: Event) -> dict[str, Any]:
    return {
        "kind": str(event.kind),
        "sender": event.sender_id,
        "text": event.text,
        "event_id": event.event_id,
        "media": len(event.media),
        "position": event.position and [event.position.latitude, event.position.longitude],
    }


@pytest.mark.parametrize(("channel", "name"), GOOD)
def test_a_recorded_payload_means_what_its_file_says(channel: str, name: str) -> None:
    event = TRANSLATORS[channel].translate((FOLDER / channel / f"{name}.json").read_bytes())
    wanted = expected(channel)[name]

    assert {key: shown(event)[key] for key in wanted} == wanted


@pytest.mark.parametrize("channel", TRANSLATORS)
def test_every_recorded_payload_has_its_expectation(channel: str) -> None:
    assert set(expected(channel)) == {name for found, name in GOOD if found == channel}


@pytest.mark.parametrize(("channel", "name"), BAD)
def test_a_malformed_payload_is_named_so_and_nothing_else(channel: str, name: str) -> None:
    body = (FOLDER / channel / "malformed" / f"{name}.json").read_bytes()

    with pytest.raises(Malformed) as caught:
        TRANSLATORS[channel].translate(body)
    assert len(str(caught.value)) < 40


def test_events_without_a_message_are_told_apart_by_what_they_say() -> None:
    body = json.loads((FOLDER / "zalo_oa" / "follow.json").read_bytes())
    translate = TRANSLATORS["zalo_oa"].translate
    later = {**body, "timestamp": str(int(body["timestamp"]) + 1)}

    first, again, other = (
        translate(json.dumps(payload).encode()) for payload in (body, body, later)
    )

    assert first.event_id == again.event_id != other.event_id


def test_ids_of_nineteen_digits_keep_every_digit() -> None:
    body = (FOLDER / "zalo_oa" / "text.json").read_text("utf-8")
    as_number = body.replace('"8309393969855402319"', "8309393969855402319")

    assert TRANSLATORS["zalo_oa"].translate(as_number.encode()).sender_id == "8309393969855402319"


def test_a_long_event_id_becomes_a_digest_of_itself() -> None:
    body = json.loads((FOLDER / "zalo_oa" / "text.json").read_bytes())
    body["message"]["msg_id"] = "m" * 5_000

    event = TRANSLATORS["zalo_oa"].translate(json.dumps(body).encode())

    assert event.kind is EventKind.MESSAGE
    assert event.event_id.startswith("sha256:")
    assert len(event.event_id) <= 100
