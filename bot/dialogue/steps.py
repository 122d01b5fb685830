"""What one move of the dialogue gives: the next state, replies, and effects for the turn to do.

An effect is a wish; the turn carries it out in its transaction and hands the outcome back to
`conversation.conclude`, which words it.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.dialogue.knowledge import AgencyCard, NextDate, OwnPetition
from bot.dialogue.state import State
from bot.messages import OutgoingMessage
from intake.errors import IntakeError
from intake.petition import PetitionKind, Submission


@dataclass(frozen=True)
class File:
    """File a petition. The turn fills in conversation and source."""

    submission: Submission
    time_bar: NextDate | None


@dataclass(frozen=True)
class Add:
    """Add text or files to an own petition."""

    reference: str
    text: str
    attachments: tuple[str, ...]


@dataclass(frozen=True)
class Withdraw:
    """Withdraw an own petition."""

    reference: str


@dataclass(frozen=True)
class LookUp:
    """Prove by the secret part that a petition is the citizen's."""

    reference: str
    secret: str


@dataclass(frozen=True)
class CallPerson:
    """Tell the reception desk that this person wants to speak to somebody."""


@dataclass(frozen=True)
class Forget:
    """Overwrite the citizen's last messages (this one included) in our store, with their files."""

    last: int
    attachments: tuple[str, ...] = ()


Effect = File | Add | Withdraw | LookUp | CallPerson | Forget


@dataclass(frozen=True)
class Filed:
    """A petition was filed: everything the receipt says."""

    reference: str
    secret: str
    kind: PetitionKind
    agency: AgencyCard
    superior: str
    next: NextDate | None
    time_bar: NextDate | None
    message_only: bool
    address: str


@dataclass(frozen=True)
class Added:
    """Text or files were added."""

    reference: str
    files: int


@dataclass(frozen=True)
class Withdrawn:
    """A petition was withdrawn."""

    reference: str


@dataclass(frozen=True)
class Found:
    """The secret part fits: the petition."""

    petition: OwnPetition


@dataclass(frozen=True)
class Refused:
    """An effect was refused; nothing changed."""

    error: IntakeError


Outcome = Filed | Added | Withdrawn | Found | Refused


@dataclass(frozen=True)
class Step:
    """One move. `stored_text` replaces what is kept of the citizen's message (a secret part)."""

    state: State
    replies: tuple[OutgoingMessage, ...]
    effects: tuple[Effect, ...] = ()
    stored_text: str | None = None
