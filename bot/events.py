"""What a platform tells us, in our words: one event, whoever carried it.

A channel's translation turns a payload into an `Event`; nothing of the platform gets past it.
Media are named here, not yet fetched: that is the work of `bot/media.py`, after the answer 200.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

_LONGEST_EVENT_ID = 100


class EventKind(StrEnum):
    """What kind of thing happened."""

    MESSAGE = "message"  # text, a picked choice, media, a place, contact data
    UNSUPPORTED = "unsupported"  # the person sent what we can't read
    FOLLOWED = "followed"  # the person opened the channel to us
    LEFT = "left"  # the person closed it
    WITHDREW = "withdrew"  # the person takes back the consent to keep data
    TAKEN_OVER = "taken_over"  # an officer answered by hand: the bot keeps quiet
    IGNORED = "ignored"  # known, and of no consequence


class MediaKind(StrEnum):
    """What the platform says a file is; the bytes decide."""

    IMAGE = "image"
    FILE = "file"
    AUDIO = "audio"
    VIDEO = "video"


@dataclass(frozen=True)
class Media:
    """A file the platform keeps for us: at an address (`url`) or under its own name (`file_id`).

    `size` in bytes as the platform says; 0 where it does not.
    """

    kind: MediaKind
    url: str = ""
    file_id: str = ""
    name: str = ""
    size: int = 0


@dataclass(frozen=True)
class Position:
    """A shared place: degrees as decimal text, and what the platform calls the place ("" none)."""

    latitude: str
    longitude: str
    label: str = ""


@dataclass(frozen=True)
class Event:
    """One thing a platform told us.

    `event_id` names it within the account; the same id again is the same event again.
    `sender_id` is the platform's own name of the person. `sent_at` is the platform's clock.
    `acknowledge` is a token the platform wants confirmed (Telegram's callback id); "" for none.
    """

    kind: EventKind
    account: str
    event_id: str
    sender_id: str
    sent_at: datetime
    text: str = ""
    media: tuple[Media, ...] = ()
    position: Position | None = None
    acknowledge: str = ""


class Malformed(ValueError):
    """A payload that is none of the platform's; carries the place of the fault, never a value."""


class Forged(Exception):
    """A call whose proof of origin is missing or wrong."""


@dataclass(frozen=True)
class Call:
    """One webhook call as it came. Header names are lower case."""

    headers: Mapping[str, str]
    body: bytes


class Translator(Protocol):
    """The receiving half of a channel: proof of origin (in a header), then translation."""

    name: str
    proof_header: str

    def check(self, call: Call) -> bool:
        """Whether there is something to process; False for a harmless probe.

        Raises:
            Forged: the proof of origin is missing or wrong. Nothing has been parsed.
        """

    def translate(self, body: bytes) -> Event:
        """A proven payload, in our words.

        Raises:
            Malformed: it is not of the platform's shape.
        """


def bounded_id(event_id: str) -> str:
    """An event id that fits its column: long ones become a digest of themselves."""
    if len(event_id) <= _LONGEST_EVENT_ID and event_id.isprintable():
        return event_id
    return "sha256:" + hashlib.sha256(event_id.encode("utf-8", "surrogatepass")).hexdigest()
