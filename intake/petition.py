"""A petition and what belongs to it, as frozen data.

Shapes only: what may happen to a petition is in `status.py` and `actions/`, how it is stored in
`store/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from intake.status import PetitionStatus


class PetitionKind(StrEnum):
    """The kinds of petition; the content decides, never the title (TT 05/2021 Điều 6 k1)."""

    KN = "KN"  # khiếu nại: review of a decision or act that harms the petitioner's own right
    KN_KL = "KN_KL"  # khiếu nại quyết định kỷ luật: own clocks, in writing only
    TC = "TC"  # tố cáo: an unlawful act of anyone; individuals only; identity protected
    KNPA = "KNPA"  # kiến nghị, phản ánh
    PAKN = "PAKN"  # phản ánh, kiến nghị về quy định hành chính (NĐ 20/2008)
    MIXED = "MIXED"  # several kinds in one: guided to split
    OTHER = "OTHER"  # no petition

    @property
    def is_complaint(self) -> bool:
        """Whether the clocks of the Law on Complaints apply."""
        return self in (PetitionKind.KN, PetitionKind.KN_KL)

    @property
    def may_hold_denunciation(self) -> bool:
        """Whether content and writer are kept as secret as a denouncer's (Luật TC Điều 8, 56).

        Every decision about secrecy asks this; clocks, outcomes and counting ask for the kind.
        """
        return self in MAY_HOLD_DENUNCIATION


MAY_HOLD_DENUNCIATION = (PetitionKind.TC, PetitionKind.MIXED)
"""A mixed petition may have one among its matters, until an officer has settled its kind."""


class Source(StrEnum):
    """How a petition reached the office; form 02/XLD counts all of them."""

    WEB = "web"
    TELEGRAM = "telegram"
    ZALO_OA = "zalo_oa"
    ZALO_BOT = "zalo_bot"
    TERMINAL = "terminal"
    OPEN311 = "open311"
    RECEPTION = "reception"
    POST = "post"
    FORWARDED = "forwarded"

    @property
    def is_message(self) -> bool:
        """Whether it came as a message: no signature, so not every legal clock starts."""
        return self not in (Source.RECEPTION, Source.POST, Source.FORWARDED)


@dataclass(frozen=True)
class Petitioner:
    """Identity and contact of one person; stored sealed, apart from the petition."""

    name: str = ""
    address: str = ""
    phone: str = ""
    email: str = ""
    identity_number: str = ""
    role: str = "petitioner"  # or "representative", "co_petitioner"


class Scan(StrEnum):
    """What the antivirus program said of a file."""

    WAITING = "waiting"  # nothing yet: it is away, or there is none
    CLEAN = "clean"
    INFECTED = "infected"  # kept sealed, given to nobody


@dataclass(frozen=True)
class Attachment:
    """A stored file. `uid` names it in our store, `sha256` its content, `size` in bytes.

    `original_sha256`: what came, where the file is a picture written anew. `finding`: what the
    antivirus program calls what it found. `taken`: an officer has had it.
    """

    uid: str
    media_type: str
    size: int
    sha256: str
    name: str = ""
    original_sha256: str | None = None
    scan: Scan = Scan.WAITING
    finding: str = ""
    taken: bool = False

    @property
    def to_be_heard(self) -> bool:
        """A recording that no officer has taken yet."""
        return self.media_type.startswith("audio/") and not self.taken


@dataclass(frozen=True)
class Submission:
    """Everything a finished dialogue (or a clerk's form) hands to `file_petition`.

    `answers` holds further items of the kind by item code (see `data/eligibility.toml`), such as
    `decision` (the decision complained of) or `demand`. `signed_on` is the day a signed or
    fingerprinted petition was received; a message has none.
    """

    kind: PetitionKind
    text: str
    source: Source
    petitioners: tuple[Petitioner, ...] = ()
    anonymous: bool = False
    place_text: str = ""
    commune: str | None = None
    agency: str | None = None
    agency_class: str | None = None
    topic: str = ""
    fields: tuple[str, ...] = ()
    accused: tuple[str, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    attachments: tuple[str, ...] = ()
    instance: int = 1
    people: int = 1
    signed_on: date | None = None
    conversation_id: int | None = None
    language: str = "vi"
    routing: Mapping[str, object] = field(default_factory=dict)
    case_id: int | None = None
    urgent: bool = False


@dataclass(frozen=True)
class Petition:
    """A petition as it stands now; `version` rises by one with every change.

    `received_at` is when the message came; `legal_received_on` is the civil day from which the
    law counts, and is None while a complaint or denunciation exists only as a message
    (Luật KN Điều 8, Luật TC Điều 22-23). `dismissal`: the disciplinary decision complained of is
    a dismissal (buộc thôi việc). `own_competence`: the agency that has it is competent; `facts`:
    further facts that terms depend on (codes of `law/names.toml`); `acceptance_rule`: the rule an
    officer confirmed where the law leaves open which term for accepting applies.
    `representatives`, `appointment`, `all_signed`: of a group, how
    many represent it (None: not recorded) and whether the written appointment and everybody's
    signature are in the file (Luật TCD Điều 29). `as_information`: information with the content of
    a denunciation, handled outside the Law on Denunciations (Luật TC Điều 25).
    """

    id: int
    reference: str
    version: int
    kind: PetitionKind
    status: PetitionStatus
    source: Source
    received_at: datetime
    legal_received_on: date | None
    agency: str | None
    agency_class: str | None
    commune: str | None
    topic: str
    fields: tuple[str, ...]
    instance: int
    complex: bool
    remote: bool
    several_places: bool
    dismissal: bool
    own_competence: bool
    facts: tuple[str, ...]
    acceptance_rule: str
    people: int
    representatives: int | None
    appointment: bool
    all_signed: bool
    as_information: bool
    anonymous: bool
    urgent: bool
    language: str
    accepted_on: date | None
    closed_at: datetime | None
    assigned_to: str | None
    case_id: int | None
    conversation_id: int | None
    next_due: date | None
    next_rule: str | None
    accused: tuple[str, ...]
    routing: Mapping[str, object]
    updated_at: datetime

    @property
    def is_message_only(self) -> bool:
        """Whether the signed petition the law asks for has not been received yet."""
        return self.legal_received_on is None


@dataclass(frozen=True)
class PetitionContent:
    """The sealed part of a petition, opened: text, further answers, people."""

    text: str
    answers: Mapping[str, str]
    petitioners: tuple[Petitioner, ...]
    place_text: str
