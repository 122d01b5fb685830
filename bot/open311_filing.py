"""Filing feedback through Open311: who calls, what was sent, and where it goes.

A text that is a denunciation, a complaint or an emergency is refused with what to do instead.
A key's own request id is given one petition, however often and from how many sides it comes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from bot.media import Fetcher, MediaAway, MediaRefused, any_public_host
from bot.open311_terms import Refused, figure, offered, word
from intake.accounts import Purpose, Session, find_session
from intake.actions import file_petition, new_receipt
from intake.actions.filing import LONGEST_TEXT
from intake.attachments import CheckedFile, add_attachment, check_file, write_file
from intake.classification import Classification, classify
from intake.clock import local_date
from intake.errors import InvalidInput
from intake.limits import Limit, spend
from intake.office import Office
from intake.petition import Petition, Petitioner, PetitionKind, Source, Submission
from intake.place_points import Point, communes_near
from intake.places import Place
from intake.routing import Routing
from intake.store.engine import Transaction
from intake.store.petitions import get_petition_by_id
from intake.store.tables import jobs
from intake.text import clean
from intake.topics import Topic

_KEYS = (Purpose.OPEN311, Purpose.KEY)
_COMPLAINTS = (PetitionKind.KN, PetitionKind.KN_KL, PetitionKind.MIXED)
_EMERGENCY_NUMBER = "112"  # where no other number fits better
_REPEATS = "open311-request"  # name in `jobs`: the petition a key's own request id was given
_CLIENT_ID = re.compile(r"[\x21-\x7e]{1,100}")
_CLEARLY = 2.0  # times farther: the points of two communes say little about the line between them
_LONGEST_CELL = 400  # characters of a name, address or contact


@dataclass(frozen=True)
class SentFile:
    """A file of the form, unchecked."""

    content: bytes
    name: str


class Filing:
    """Files feedback into one office."""

    def __init__(
        self,
        office: Office,
        *,
        clock: Callable[[], datetime],
        fetch: Callable[[str], bytes] | None = None,
    ) -> None:
        """Args:

        clock: the present instant.
        fetch: gets a picture from its address (raises MediaRefused, MediaAway).
        """
        self._fetch = fetch or Fetcher(any_public_host()).fetch
        self._office = office
        self._clock = clock
        self._limit = Limit(figure("filings_a_minute"), timedelta(minutes=1))

    def caller(self, key: str) -> Session:
        """The holder of an API key.

        Raises:
            Refused: no key, or none that is valid (403).
        """
        if not key:
            raise Refused(403, "key_missing")
        session = find_session(self._office.store, key, _KEYS, now=self._clock())
        if session is None:
            raise Refused(403, "key_unknown")
        return session

    def file(
        self, fields: Mapping[str, str], sent: Sequence[SentFile], key: Session
    ) -> dict[str, Any]:
        """File a request, or find the one its `client_request_id` was given before.

        Raises:
            Refused: a field is missing, unknown or malformed, or the text is no feedback.
            TooMany: more than the key may file.
        """
        office, now = self._office, self._clock()
        with office.store.write() as tx:
            spend(office.store, tx, f"open311:{key.token_hash}", self._limit, now=now)
        slot = _slot(fields, key)
        if slot is not None:
            with office.store.read() as tx:
                known = _known(tx, slot)
                if known:
                    return self._given(get_petition_by_id(tx, known), None)
        submission = self._submission(fields, now)
        files = [*sent, *self._media(fields)]
        try:
            checked = [check_file(each.content, each.name) for each in files if each.content]
        except InvalidInput as error:
            raise Refused(400, "file_refused") from error
        petition, secret = self._store(submission, checked, slot, now)
        return self._given(petition, secret)

    def _media(self, fields: Mapping[str, str]) -> list[SentFile]:
        """What `media_url` leads to: fetched now, from public addresses only, or refused."""
        address = fields.get("media_url", "").strip()
        if not address:
            return []
        try:
            content = self._fetch(address)
        except MediaRefused as error:
            raise Refused(400, "media_refused") from error
        except MediaAway as error:
            raise Refused(400, "media_away") from error
        return [SentFile(content, address.partition("?")[0].rpartition("/")[2])]

    def _submission(self, fields: Mapping[str, str], now: datetime) -> Submission:
        topic = self._topic(fields)
        text = clean(fields.get("description", "")).strip()
        if not text:
            raise Refused(400, "description_missing")
        if len(text) > LONGEST_TEXT:
            raise Refused(400, "description_too_long", longest=LONGEST_TEXT)
        place, people = _place(fields), _petitioners(fields)
        found = classify(text)
        self._refuse_what_is_no_feedback(found, text)
        nearest = self._nearest(fields)
        routing = self._route(text, place, topic, now)
        if nearest is not None and _commune(routing) is None:
            named = f"{nearest.label}, {place}"
            routing = self._route(text, named, topic, now)
        first = routing.candidates[0] if routing.candidates else None
        return Submission(
            kind=PetitionKind.PAKN if found.kind == PetitionKind.PAKN else PetitionKind.KNPA,
            text=text,
            source=Source.OPEN311,
            petitioners=people,
            anonymous=not people,
            place_text=place,
            commune=_commune(routing) or (nearest.code if nearest is not None else None),
            agency=first.agency if first else None,
            agency_class=first.agency_class if first else None,
            topic=topic.code,
            fields=(topic.field,),
            urgent=found.urgent is not None,
            routing=_proposal(routing),
        )

    def _nearest(self, fields: Mapping[str, str]) -> Place | None:
        """The commune the coordinates lie in, where the next one is clearly farther away."""
        point = _point(fields)
        if point is None:
            return None
        gazetteer, slug = self._office.gazetteer, self._office.directory.province.slug
        codes = (place.code for place in gazetteer.communes(slug))
        near = communes_near(point, codes, most=2)
        clear = len(near) == 2 and near[0].kilometres * _CLEARLY <= near[1].kilometres
        return gazetteer.commune(near[0].code) if clear else None

    def _topic(self, fields: Mapping[str, str]) -> Topic:
        code = fields.get("service_code", "").strip()
        if not code:
            raise Refused(400, "service_code_missing")
        topic = offered(self._office).get(code)
        if topic is None:
            raise Refused(404, "service_code_unknown")
        return topic

    def _refuse_what_is_no_feedback(self, found: Classification, text: str) -> None:
        address = self._page or word("refused", "some_page")
        if found.kind == PetitionKind.TC:
            raise Refused(400, "denunciation", table="refused", address=address)
        if found.kind in _COMPLAINTS:
            raise Refused(400, "complaint", table="refused", address=address)
        if found.intent == "emergency":
            number = found.urgent or _EMERGENCY_NUMBER
            raise Refused(400, "emergency", table="refused", number=number)
        # "Nhờ xem giúp" says nothing by itself; the service that was picked says what it is about.
        if found.intent == "spam" or not any(map(str.isalpha, text)):
            raise Refused(400, "empty", table="refused")

    def _route(self, text: str, place: str, topic: Topic, now: datetime) -> Routing:
        """By the text where it is clear; else by the service the person picked."""
        route, day, kind = self._office.router.route, local_date(now), str(PetitionKind.KNPA)
        found = route(text, place=place or None, on=day, kind=kind)
        if found.decision == "route":
            return found
        return route(text, place=place or None, on=day, kind=kind, answer=topic.classes[0])

    def _store(
        self, submission: Submission, files: Sequence[CheckedFile], slot: str | None, now: datetime
    ) -> tuple[Petition, str | None]:
        office = self._office
        receipt = new_receipt(office, now=now)
        digests = [write_file(office, file) for file in files]
        with office.store.write() as tx:
            known = _taken(office, tx, slot) if slot is not None else None
            if known is not None:
                return get_petition_by_id(tx, known), None
            uids = tuple(
                add_attachment(office, tx, file, digest, conversation_id=None, now=now)
                for file, digest in zip(files, digests, strict=True)
            )
            filed = file_petition(
                office, tx, replace(submission, attachments=uids), receipt, now=now
            )
            if slot is not None:
                tx.execute(
                    update(jobs)
                    .where(jobs.c.name == _REPEATS, jobs.c.slot == slot)
                    .values(progress=filed.petition.id, done_at=now)
                )
        return filed.petition, filed.secret

    def _given(self, petition: Petition, secret: str | None) -> dict[str, Any]:
        """What a filing answers. `lookup_code` is told once: it is stored as a hash only."""
        name = self._office.directory.get(str(petition.agency)).name
        notice = "filed" if self._page else "filed_without_page"
        return {
            "service_request_id": petition.reference,
            "service_notice": word("notice", notice, agency=name, address=self._page),
            "account_id": None,
            "lookup_code": secret,
        }

    @property
    def _page(self) -> str:
        public = self._office.settings.public_url.rstrip("/")
        return f"{public}/chat" if public else ""


# ---- reading the form -----------------------------------------------------------------------


def _cell(fields: Mapping[str, str], name: str) -> str:
    return " ".join(clean(fields.get(name, "")).split())[:_LONGEST_CELL]


def _petitioners(fields: Mapping[str, str]) -> tuple[Petitioner, ...]:
    """Who files, if they said so; a Vietnamese name has its family name first."""
    name = " ".join(filter(None, (_cell(fields, "last_name"), _cell(fields, "first_name"))))
    phone, email = _cell(fields, "phone"), _cell(fields, "email")
    if not (name or phone or email):
        return ()
    return (Petitioner(name=name, phone=phone, email=email),)


def _place(fields: Mapping[str, str]) -> str:
    """Address and coordinates as one text; sealed with the petition."""
    address, point = _cell(fields, "address_string"), _point(fields)
    if point is None:
        return address
    return f"{address} ({point.latitude}, {point.longitude})".strip()


def _point(fields: Mapping[str, str]) -> Point | None:
    lat, long = fields.get("lat", "").strip(), fields.get("long", "").strip()
    if not lat and not long:
        return None
    try:
        point = Point(float(lat), float(long))
    except ValueError:
        raise Refused(400, "location_malformed") from None
    # Written this way round, so that "nan" is nowhere, too.
    if not (abs(point.latitude) <= 90 and abs(point.longitude) <= 180):
        raise Refused(400, "location_malformed")
    return point


def _commune(routing: Routing) -> str | None:
    place = routing.place
    if place is None or place.ambiguous or len(place.places) != 1:
        return None
    return place.places[0].code


def _proposal(routing: Routing) -> dict[str, object]:
    """The machine's proposal as kept for officers: codes, scores and matched words."""
    return {
        "decision": routing.decision,
        "confidence": routing.confidence,
        "versions": dict(routing.versions),
        "candidates": [
            {"agency": each.agency, "score": each.score, "reasons": list(each.reasons)}
            for each in routing.candidates
        ],
    }


# ---- repeated requests ----------------------------------------------------------------------


def _slot(fields: Mapping[str, str], key: Session) -> str | None:
    """The row under which a key's own request id is kept; a digest, since an id may tell much."""
    given = fields.get("client_request_id", "")
    if not given:
        return None
    if not _CLIENT_ID.fullmatch(given):
        raise Refused(400, "id_malformed")
    return hashlib.sha256(f"{key.token_hash}:{given}".encode()).hexdigest()


def _known(tx: Transaction, slot: str) -> int | None:
    query = select(jobs.c.progress).where(jobs.c.name == _REPEATS, jobs.c.slot == slot)
    return tx.execute(query).scalar_one_or_none()


def _taken(office: Office, tx: Transaction, slot: str) -> int | None:
    """The petition's id if the slot is taken; else takes it for this transaction."""
    build = sqlite_insert if office.store.is_sqlite else postgresql_insert
    row = build(jobs).values(name=_REPEATS, slot=slot, progress=0).on_conflict_do_nothing()
    if tx.execute(row.returning(jobs.c.slot)).first() is not None:
        return None
    return _known(tx, slot)
