"""Knowledge out of a few lines: what a dialogue may ask about the world, without any office."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from bot.dialogue.documents import GivenDocuments
from bot.dialogue.knowledge import AgencyCard, NextDate, OwnPetition, ProvinceCard
from intake.classification import Classification
from intake.petition import PetitionKind
from intake.routing import RouteCandidate, RouteQuestion, Routing
from intake.status import PetitionStatus

TODAY = date(2026, 11, 21)
AGENCIES = {
    "works": AgencyCard("works", "Sở Thử Xây", "", "", competent=True),
    "school": AgencyCard("school", "Sở Thử Học", "1 Đường Thử", "0270 000 000", competent=True),
    "court": AgencyCard("court", "Tòa án Thử", "", "", competent=False),
    "centre": AgencyCard("centre", "Ban Tiếp Thử", "2 Đường Thử", "", competent=True),
}
OWN = OwnPetition(
    "THU-2611-AAAAAA", PetitionKind.KNPA, PetitionStatus.RECEIVED, "Sở Thử Xây", TODAY, None,
    message_only=False,
)  # fmt: skip


@dataclass(frozen=True)
class Known:
    """Answers given once; `kind`, `intent` and `urgent` hold for every text unless `varied`."""

    kind: str = "KNPA"
    intent: str = "petition"
    urgent: str | None = None
    sure: bool = True
    agency_code: str = "works"
    asks_route: bool = False
    communes: tuple[tuple[str, str], ...] = (("1", "Xã Thử"),)
    own: tuple[OwnPetition, ...] = ()
    like: str = ""
    documents: GivenDocuments = field(default_factory=GivenDocuments)
    varied: bool = False
    today: date = TODAY

    @property
    def province(self) -> ProvinceCard:
        return ProvinceCard(
            "tỉnh Thử", "THU", "", AGENCIES["centre"], (("police", "113"), ("fire", "114"))
        )

    @property
    def court(self) -> AgencyCard | None:
        return AGENCIES["court"]

    def classify(self, text: str) -> Classification:
        kind, intent, urgent = self.kind, self.intent, self.urgent
        if self.varied:
            number = zlib.crc32(text.encode("utf-8", "replace"))
            kind = ("KN", "TC", "KNPA", "PAKN", "MIXED", "OTHER", "KN_KL")[number % 7]
            intent = "petition" if kind != "OTHER" else _INTENTS[number // 7 % len(_INTENTS)]
            urgent = "114" if number % 11 == 0 else None
        return Classification(kind, "roads", 80.0, ("đường",), intent=intent, urgent=urgent)

    def route(self, text: str, *, place: str, kind: str, answer: str) -> Routing:
        seen = self.classify(text)
        if kind:
            seen = replace(seen, kind=kind)
        card = AGENCIES[self.agency_code]
        candidate = RouteCandidate(
            card.code, card.code, card.name, 80.0, (), not card.competent, verified=True
        )
        question = None
        if self.asks_route and not answer:
            choices = (("Việc của Sở Thử Xây", "works"), ("Việc của Sở Thử Học", "school"))
            question = RouteQuestion("class", "Việc này của ai?", choices)
        sure = self.sure or bool(answer)
        return Routing(
            "route" if sure else "ask_officer", (candidate,), question, None, "Vì là đường.",
            0.9, {}, seen,
        )  # fmt: skip

    def communes_in(self, text: str) -> tuple[tuple[str, str], ...]:
        return self.communes if text else ()

    def agency(self, code: str) -> AgencyCard:
        return AGENCIES[code]

    def agencies_called(self, text: str) -> tuple[AgencyCard, ...]:
        return tuple(card for card in AGENCIES.values() if text.lower() in card.name.lower())

    def accused_agencies(self, words: tuple[str, ...], commune: str) -> tuple[str, ...]:
        return ()

    def topic_name(self, code: str) -> str:
        return "đường sá"

    def wants_place(self, routing: Routing) -> bool:
        return False

    def time_bar(self, kind: PetitionKind, decided_on: date) -> NextDate | None:
        return NextDate(decided_on + timedelta(days=90), "hạn", "Luật Thử", verified=False)

    def events_of(self, reference: str) -> tuple[tuple[date, str], ...]:
        return ((TODAY, "petition_filed"),)

    def documents_of(self, reference: str) -> GivenDocuments:
        return self.documents

    def earlier_like(self, text: str) -> str:
        return self.like


_INTENTS = (
    "greeting", "thanks", "insult", "status", "schedule_question", "procedure_question", "person",
    "spam", "court", "emergency",
)  # fmt: skip
