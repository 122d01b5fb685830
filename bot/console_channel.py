"""The dialogue at the terminal: the same turns as every channel, typed and printed."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from datetime import datetime

from bot.delivery import NoticeWriter
from bot.dialogue.state import LANGUAGES
from bot.messages import Capabilities, IncomingMessage, OutgoingMessage, fit
from bot.phrases import voice
from bot.turn import take_turn
from intake.conversations import (
    OUTBOUND,
    Sender,
    find_conversation,
    messages_since,
    newest_message_id,
)
from intake.errors import IntakeError, TooMany
from intake.office import Office
from intake.petition import Source

ACCOUNT = "terminal"
LEAVE = ("/quit", "/exit")
_ABLE = Capabilities(choices=0, longest=10_000)


class TerminalChat:
    """One person at one terminal. `show` prints a text."""

    def __init__(
        self,
        office: Office,
        session: str,
        *,
        show: Callable[[str], None],
        clock: Callable[[], datetime],
    ) -> None:
        """Args: session: names the conversation; the same name goes on where it stood."""
        self._office = office
        self._sender = Sender(Source.TERMINAL, ACCOUNT, session)
        self._show = show
        self._clock = clock
        self._writer = NoticeWriter(office, clock=clock)
        self._after = self._newest()

    def run(self, lines: Iterable[str]) -> None:
        """Answer line after line until they end or the person leaves."""
        say = voice(LANGUAGES[0])
        self._show(say("terminal.welcome", province=self._office.directory.province.unit))
        self._show_new()
        for line in lines:
            text = line.rstrip("\r\n")
            if text.strip().lower() in LEAVE:
                break
            self._answer(text)
        self._show(say("terminal.bye"))

    def _answer(self, text: str) -> None:
        now = self._clock()
        message = IncomingMessage(self._sender, text, secrets.token_hex(12), now)
        try:
            take_turn(self._office, message, now=now)
        except IntakeError as error:
            self._show(self._refused(error))
            return
        self._show_new()

    def _refused(self, error: IntakeError) -> str:
        say = voice(LANGUAGES[0])
        if isinstance(error, TooMany):
            return say("flood.again", seconds=error.values["retry_after"])
        return say(f"error.{error.code}")

    def _show_new(self) -> None:
        """Print what was written since, notices included."""
        with self._office.store.read() as tx:
            found = find_conversation(tx, self._office.sealer, self._sender)
        if found is None:
            return
        self._writer.deliver_to(found.id)
        with self._office.store.read() as tx:
            stored = messages_since(tx, self._office.sealer, found, after=self._after)
        for message in stored:
            self._after = message.id
            if message.direction == OUTBOUND:
                for part in fit(OutgoingMessage.from_content(message.content), _ABLE):
                    self._show(f"\n{part.text}")

    def _newest(self) -> int:
        with self._office.store.read() as tx:
            found = find_conversation(tx, self._office.sealer, self._sender)
            return 0 if found is None else newest_message_id(tx, found.id)
