"""What comes in and what goes out, the same for every channel.

A channel translates its platform's payloads into `IncomingMessage` and sends `OutgoingMessage`;
the dialogue knows neither Zalo nor Telegram nor the web. `fit` shapes a message to what a channel
can show: buttons become numbered lines, long texts become several.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from intake.conversations import Sender

ASKS_CONTACT = frozenset({"item.phone_or_email", "ask.new_contact"})
"""Topics that ask for a telephone number: some platforms let a person hand it over with one tap."""

LONGEST_AUTHORED = 1_800
"""Characters our own messages keep to, so that every platform carries them in one piece."""


@dataclass(frozen=True)
class Choice:
    """An answer the citizen can pick. `value` is ours, `label` is what is read and typed."""

    value: str
    label: str


@dataclass(frozen=True)
class IncomingMessage:
    """One message of a citizen.

    `client_id` is the channel's number of the message, unique within the conversation: the same
    number again is the same message again. `attachments` are uids of files already stored;
    `spoken`: all of them are recordings. `source` names the address it came from, for limits on
    guessing; `origin` is our own address as the sender reached it; both "" where a channel has
    none.
    """

    sender: Sender
    text: str
    client_id: str
    received_at: datetime
    attachments: tuple[str, ...] = ()
    spoken: bool = False
    source: str = ""
    origin: str = ""


@dataclass(frozen=True)
class ReceiptCard:
    """The receipt as data, for channels that can show more than text."""

    reference: str
    secret: str
    agency: str
    next_date: str
    address: str

    def to_content(self) -> dict[str, str]:
        """As stored with the message."""
        return {
            "reference": self.reference,
            "secret": self.secret,
            "agency": self.agency,
            "next_date": self.next_date,
            "address": self.address,
        }


@dataclass(frozen=True)
class DocumentCard:
    """A document of the office as data, for channels that can show it. `size` in bytes.

    `secret`: of a denunciation: shown for a while after both codes of the receipt, then no more.
    """

    uid: str
    name: str
    media_type: str
    size: int
    secret: bool = False

    def to_content(self) -> dict[str, str | int]:
        """As stored with the message."""
        content: dict[str, str | int] = {
            "uid": self.uid,
            "name": self.name,
            "media_type": self.media_type,
            "size": self.size,
        }
        return {**content, "secret": True} if self.secret else content


@dataclass(frozen=True)
class OutgoingMessage:
    """One message to a citizen. `topic` is the key of the phrase it is made of.

    `documents` are shown by channels that fetch them from us; the text says what others need.
    """

    text: str
    choices: tuple[Choice, ...] = ()
    topic: str = ""
    receipt: ReceiptCard | None = None
    documents: tuple[DocumentCard, ...] = ()

    def to_content(self) -> dict[str, Any]:
        """As stored; `from_content` reads it back."""
        content: dict[str, Any] = {"text": self.text, "topic": self.topic}
        if self.choices:
            content["choices"] = [[choice.value, choice.label] for choice in self.choices]
        if self.receipt is not None:
            content["receipt"] = self.receipt.to_content()
        if self.documents:
            content["documents"] = [card.to_content() for card in self.documents]
        return content

    @staticmethod
    def from_content(content: Mapping[str, Any]) -> OutgoingMessage:
        """A stored message again."""
        card = content.get("receipt")
        return OutgoingMessage(
            text=content["text"],
            choices=tuple(Choice(value, label) for value, label in content.get("choices", ())),
            topic=content.get("topic", ""),
            receipt=ReceiptCard(**card) if card else None,
            documents=tuple(DocumentCard(**each) for each in content.get("documents", ())),
        )


@dataclass(frozen=True)
class Enclosure:
    """A document on its way through a platform, behind the words it belongs to.

    `upload`: what the platform called an earlier upload of it and still keeps ("": none).
    `remember` notes a new one and how long it is kept, before it is used; ("", 0) forgets it.
    """

    name: str
    media_type: str
    caption: str
    content: bytes
    upload: str
    remember: Callable[[str, timedelta], None]


@dataclass(frozen=True)
class Capabilities:
    """What a channel can show: so many buttons at once (0: none), so many characters of text.

    `documents`: whether it carries files to the person.
    """

    choices: int
    longest: int
    documents: bool = False


class SendFailed(Exception):
    """A platform did not take a message.

    `retry_after`: when it may be tried again; None: never (the person blocked us, is unknown …).
    `held`: the platform can't reach the person now, but the next contact will.
    """

    def __init__(
        self, reason: str, *, retry_after: timedelta | None = None, held: bool = False
    ) -> None:
        self.reason = reason
        self.retry_after = retry_after
        self.held = held
        super().__init__(reason)


class Channel(Protocol):
    """A platform that carries our messages; web and terminal, which fetch theirs, are none."""

    name: str
    capabilities: Capabilities

    def send(self, to: Sender, message: OutgoingMessage, *, key: str) -> None:
        """Send one message.

        Args:
            key: the same for a repeat of the same message, where the platform can use it.

        Raises:
            SendFailed: the platform refused or did not answer.
        """


def fit(message: OutgoingMessage, able: Capabilities) -> list[OutgoingMessage]:
    """The message as the channel can show it: split, buttons or numbered lines on the last part."""
    text, choices = message.text, message.choices
    if choices and len(choices) > able.choices:
        listed = "\n".join(
            f"{number}. {choice.label}" for number, choice in enumerate(choices, start=1)
        )
        text, choices = f"{text}\n\n{listed}", ()
    parts = split_text(text, able.longest)
    shown = [OutgoingMessage(part, topic=message.topic) for part in parts[:-1]]
    return [*shown, replace(message, text=parts[-1], choices=choices)]


def split_text(text: str, longest: int) -> list[str]:
    """Pieces of at most `longest` characters, cut at paragraphs, then sentences, then words."""
    pieces: list[str] = []
    rest = text
    while len(rest) > longest:
        window = rest[:longest]
        cut = max(window.rfind("\n\n"), 0) or window.rfind("\n")
        if cut < longest // 3:
            ends = [found.end() for found in re.finditer(r"[.!?…]\s", window)]
            cut = ends[-1] if ends and ends[-1] >= longest // 3 else window.rfind(" ")
        cut = cut if cut > 0 else longest
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*pieces, rest] if rest or not pieces else pieces
