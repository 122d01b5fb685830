"""What the dialogue may ask about the world: values and pure look-ups, no storage, no clock.

`bot/knowledge.py` answers from the office's data files; tests answer from a few lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from bot.dialogue.documents import GivenDocuments
from intake.classification import Classification
from intake.petition import PetitionKind
from intake.routing import Routing
from intake.status import PetitionStatus


@dataclass(frozen=True)
class AgencyCard:
    """An agency as a citizen needs it. `competent` False: people are only pointed there."""

    code: str
    name: str
    address: str
    phone: str
    competent: bool


@dataclass(frozen=True)
class NextDate:
    """A day the law names. `stage` is what is due, in the citizen's language."""

    on: date
    stage: str
    citation: str
    verified: bool


@dataclass(frozen=True)
class OwnPetition:
    """A petition of this conversation, as its owner sees it."""

    reference: str
    kind: PetitionKind
    status: PetitionStatus
    agency: str
    filed_on: date
    next: NextDate | None
    message_only: bool


@dataclass(frozen=True)
class ProvinceCard:
    """Where people can go and call. `emergencies`: key and number, the first to call first."""

    name: str
    prefix: str
    hotline: str
    centre: AgencyCard
    emergencies: tuple[tuple[str, str], ...]


class Knowledge(Protocol):
    """The look-ups. All are pure: the same question has the same answer within a turn."""

    @property
    def today(self) -> date:
        """The civil day of the turn."""

    @property
    def province(self) -> ProvinceCard:
        """The province that is served."""

    @property
    def own(self) -> tuple[OwnPetition, ...]:
        """The citizen's petitions, newest first."""

    @property
    def court(self) -> AgencyCard | None:
        """The province's court, where people are only pointed to."""

    def classify(self, text: str) -> Classification:
        """Kind, subject and intent of a text."""

    def route(self, text: str, *, place: str, kind: str, answer: str) -> Routing:
        """Which agency the text is for, and what was understood of it."""

    def communes_in(self, text: str) -> tuple[tuple[str, str], ...]:
        """The communes of today a text may mean, as (code, name), likeliest first; () for none."""

    def agency(self, code: str) -> AgencyCard:
        """The agency of that code today."""

    def agencies_called(self, text: str) -> tuple[AgencyCard, ...]:
        """Agencies whose name or alias a text comes near, best first, at most three."""

    def accused_agencies(self, words: tuple[str, ...], commune: str) -> tuple[str, ...]:
        """Codes of the agencies an accusation names; `commune` is where it happened."""

    def topic_name(self, code: str) -> str:
        """What a subject is called; "" for none."""

    def wants_place(self, routing: Routing) -> bool:
        """Whether the place decides which body is right."""

    def time_bar(self, kind: PetitionKind, decided_on: date) -> NextDate | None:
        """The last day for complaining of a decision."""

    def events_of(self, reference: str) -> tuple[tuple[date, str], ...]:
        """What happened to an own petition, as (day, event code), oldest first."""

    def documents_of(self, reference: str) -> GivenDocuments:
        """What the office gave with its notices about an own petition."""

    def earlier_like(self, text: str) -> str:
        """The reference of an own open petition that says nearly the same, or ""."""
