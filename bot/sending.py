"""What a sending attempt can end in, beyond taken and refused."""

from __future__ import annotations

from datetime import timedelta

from bot.messages import SendFailed


class Uncertain(SendFailed):
    """The platform may have taken the message: no answer came, or one that does not say.

    A numbered notice is sent again, since a repeat is recognisable; a question of the dialogue
    is not, since nobody should be asked twice.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason, retry_after=timedelta(0))


class SlowDown(SendFailed):
    """The platform wants to be left alone for a while: by this chat, or by all of them."""

    def __init__(self, reason: str, *, pause: timedelta, everything: bool = False) -> None:
        self.everything = everything
        super().__init__(reason, retry_after=pause)
