"""What the dialogue knows about the world, from the office's data and the citizen's petitions.

One value serves one turn: answers are kept, so that a text is classified and routed once however
often the flows ask.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import select

from bot.dialogue.documents import GivenDocuments, Where
from bot.dialogue.knowledge import AgencyCard, NextDate, OwnPetition, ProvinceCard
from bot.messages import DocumentCard
from bot.phrases import Voice, voice
from intake.classification import Classification, classify
from intake.clock import local_date
from intake.conversations import petitions_of
from intake.deadlines import ClockCase, ClockEvent, Deadline, derive_deadlines
from intake.directory import Agency
from intake.documents import given_documents, is_secret
from intake.duplicates import band_keys
from intake.errors import UnknownAgency
from intake.office import Office
from intake.petition import Petition, PetitionKind, Source
from intake.place_points import communes_near, point_in
from intake.places import Place
from intake.routing import Routing
from intake.store.engine import Transaction
from intake.store.tables import bands
from intake.timeline import entries_of
from intake.topics import lexicon

_NAME_LIKENESS = 60.0
_SURE_LIKENESS = 85.0
_SHARED_BANDS = 2
_COMMUNE_COMMITTEE = "ubnd-xa"
_COURT = "toa-an"
_TIME_BAR = "time_bar_first_complaint"


@dataclass(frozen=True)
class OfficeKnowledge:
    """Answers for one turn. `petitions` are the citizen's own, newest first.

    `channel` is the one the citizen writes on, `page` the web page's address ("" not known).
    """

    office: Office
    language: str
    today: date
    petitions: tuple[Petition, ...] = ()
    channel: str = ""
    page: str = ""
    _classified: dict[str, Classification] = field(default_factory=dict, repr=False)
    _routed: dict[tuple[str, ...], Routing] = field(default_factory=dict, repr=False)
    _communes: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict, repr=False)
    _like: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def province(self) -> ProvinceCard:
        """The province that is served."""
        province = self.office.directory.province
        centre = self.agency(province.reception_centres[0])
        place = next((p for p in province.reception_places if p.agency == centre.code), None)
        if place is not None:
            centre = AgencyCard(
                centre.code, place.name, place.address or centre.address, centre.phone, True
            )
        return ProvinceCard(
            name=province.unit,
            prefix=province.prefix,
            hotline=province.hotline or "",
            centre=centre,
            emergencies=tuple((item.key, item.number) for item in province.emergencies),
        )

    @property
    def own(self) -> tuple[OwnPetition, ...]:
        """The citizen's petitions, newest first."""
        return tuple(own_petition(self.office, p, self.language) for p in self.petitions)

    @property
    def court(self) -> AgencyCard | None:
        """The province's court, where people are only pointed to."""
        court = self.office.directory.of_class(_COURT, self.today, None)
        return None if court is None else _card(court)

    def classify(self, text: str) -> Classification:
        """Kind, subject and intent of a text."""
        if text not in self._classified:
            self._classified[text] = classify(text)
        return self._classified[text]

    def route(self, text: str, *, place: str, kind: str, answer: str) -> Routing:
        """Which agency the text is for, and what was understood of it."""
        key = (text, place, kind, answer)
        if key not in self._routed:
            self._routed[key] = self.office.router.route(
                text, place=place or None, on=self.today, kind=kind or None, answer=answer or None
            )
        return self._routed[key]

    def communes_in(self, text: str) -> tuple[tuple[str, str], ...]:
        """The communes of today a text may mean, as (code, name), likeliest first."""
        if not text:
            return ()
        if text not in self._communes:
            slug = self.office.directory.province.slug
            match = self.office.gazetteer.find(text, province=slug)
            places = self._near(text) if match is None else match.places
            self._communes[text] = tuple((place.code, place.label) for place in places)
        return self._communes[text]

    def _near(self, text: str) -> tuple[Place, ...]:
        """The province's communes near the coordinates in a text, nearest first."""
        point = point_in(text)
        if point is None:
            return ()
        among = self.office.gazetteer.communes(self.office.directory.province.slug)
        near = communes_near(point, (place.code for place in among))
        return tuple(self.office.gazetteer.commune(each.code) for each in near)

    def agency(self, code: str) -> AgencyCard:
        """The agency of that code, or of the one that took over."""
        return agency_card(self.office, code, self.today)

    def agencies_called(self, text: str) -> tuple[AgencyCard, ...]:
        """Agencies whose name or alias a text comes near, best first, at most three."""
        found = self.office.directory.by_name(text, self.today, 3)
        near = [match for match in found if match.score >= _NAME_LIKENESS]
        if len(near) > 1 and near[0].score - near[1].score >= 10:
            near = near[:1]
        return tuple(_card(match.agency) for match in near)

    def accused_agencies(self, words: tuple[str, ...], commune: str) -> tuple[str, ...]:
        """Codes of the agencies an accusation names; `commune` is where it happened."""
        directory = self.office.directory
        found: list[str] = []
        for phrase in words:
            matches = directory.by_name(phrase, self.today, 1)
            found += [match.agency.code for match in matches if match.score >= _SURE_LIKENESS]
        if not found and commune and words:
            # "chủ tịch xã", no name given: the committee of the place it happened in.
            local = directory.of_class(_COMMUNE_COMMITTEE, self.today, commune)
            found += [local.code] if local is not None else []
        return tuple(dict.fromkeys(found))

    def topic_name(self, code: str) -> str:
        """What a subject is called; "" for none."""
        topic = lexicon().topics.get(code)
        return "" if topic is None else topic.name

    def wants_place(self, routing: Routing) -> bool:
        """Whether the place decides which body is right."""
        return routing.question is not None and routing.question.key == "place"

    def time_bar(self, kind: PetitionKind, decided_on: date) -> NextDate | None:
        """The last day for complaining of a decision."""
        derived = derive_deadlines(
            ClockCase(kind=kind, events=(ClockEvent("decision_known", decided_on),)),
            as_of=self.today,
            rules=self.office.rules,
            calendar=self.office.calendar,
        )
        found = next((row for row in derived if row.stage == _TIME_BAR), None)
        return None if found is None else next_date(found, self.language)

    def events_of(self, reference: str) -> tuple[tuple[date, str], ...]:
        """What happened to an own petition, as (day, event code), oldest first."""
        petition = next((p for p in self.petitions if p.reference == reference), None)
        if petition is None:
            return ()
        with self.office.store.read() as tx:
            entries = entries_of(tx, petition.id, audience="citizen")
        return tuple((local_date(entry.at), entry.event) for entry in entries)

    def documents_of(self, reference: str) -> GivenDocuments:
        """What the office gave with its notices about an own petition."""
        petition = next((p for p in self.petitions if p.reference == reference), None)
        if petition is None:
            return GivenDocuments()
        with self.office.store.read() as tx:
            found = given_documents(self.office, tx, petition.id)
        return GivenDocuments(
            cards=tuple(
                DocumentCard(each.uid, each.name, each.media_type, each.size) for each in found
            ),
            where=Where.HERE if self.channel == Source.WEB else Where.ELSEWHERE,
            secret=is_secret(petition),
            page=self.page,
        )

    def earlier_like(self, text: str) -> str:
        """The reference of an own open petition that says nearly the same, or ""."""
        candidates = {p.id: p for p in self.petitions if p.status.is_open}
        if not candidates:
            return ""
        if text not in self._like:
            self._like[text] = self._nearest(text, candidates)
        return self._like[text]

    def _nearest(self, text: str, candidates: dict[int, Petition]) -> str:
        keys = band_keys(text)
        with self.office.store.read() as tx:
            shared = Counter(
                tx.execute(
                    select(bands.c.petition_id).where(
                        bands.c.petition_id.in_(list(candidates)), bands.c.band.in_(list(keys))
                    )
                ).scalars()
            )
        nearest = shared.most_common(1)
        if not nearest or nearest[0][1] < _SHARED_BANDS:
            return ""
        return candidates[nearest[0][0]].reference


def read_knowledge(
    office: Office,
    tx: Transaction,
    *,
    conversation_id: int | None,
    proven: tuple[str, ...],
    language: str,
    today: date,
    channel: str = "",
    page: str = "",
) -> OfficeKnowledge:
    """The knowledge for one turn of a conversation (None: one that does not exist yet)."""
    petitions = (
        () if conversation_id is None else petitions_of(tx, conversation_id, references=proven)
    )
    return OfficeKnowledge(office, language, today, tuple(petitions), channel, page)


def own_petition(office: Office, petition: Petition, language: str) -> OwnPetition:
    """A petition as its owner sees it."""
    following = None
    if petition.next_due is not None and petition.next_rule is not None:
        rule = office.rules.get(petition.next_rule)
        following = NextDate(
            petition.next_due,
            stage_name(office, rule.stage, language),
            rule.citation,
            rule.verified_on(petition.next_due),
        )
    filed_on = local_date(petition.received_at)
    holder = petition.agency or office.directory.province.reception_centres[0]
    return OwnPetition(
        reference=petition.reference,
        kind=petition.kind,
        status=petition.status,
        agency=office.directory.get(holder).name,
        filed_on=filed_on,
        next=following,
        message_only=petition.is_message_only,
    )


def agency_card(office: Office, code: str, today: date) -> AgencyCard:
    """An agency as a citizen needs it; a closed one leads to its successor."""
    current = office.directory.current(code, today)
    return _card(current[0] if current else office.directory.get(code))


def superior_name(office: Office, code: str, today: date) -> str:
    """The name of the body above an agency; "" where the directory knows none."""
    try:
        above = office.directory.superior_of(code, today)
    except UnknownAgency:
        return ""
    return "" if above is None else above.name


def next_date(deadline: Deadline, language: str) -> NextDate:
    """A derived deadline in the citizen's language."""
    stage = deadline.stage_name if language == "vi" else _stage(deadline.stage, voice(language))
    return NextDate(deadline.due, stage, deadline.citation, deadline.verified)


def stage_name(office: Office, stage: str, language: str) -> str:
    """What a legal stage is called: Vietnamese names are law data, the others phrases."""
    if language == "vi":
        return office.rules.stage_name(stage)
    return _stage(stage, voice(language))


def _stage(stage: str, say: Voice) -> str:
    return say(f"stage.{stage}")


def _card(agency: Agency) -> AgencyCard:
    return AgencyCard(
        code=agency.code,
        name=agency.name,
        address=agency.address or "",
        phone=agency.phone or "",
        competent=agency.competent,
    )
