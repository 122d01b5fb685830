"""Fill a letter's template for one petition.

What a template may print is the fixed set of `LetterFields`. For a denunciation they are built
without opening the identity, so that no template, however edited, can print the denouncer.
"""

from __future__ import annotations

import io
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from intake.actions.terms import EXTENDED
from intake.deadlines import Deadline
from intake.due import derive_view, due_view
from intake.errors import DataFault, InvalidInput, NotFound, WrongStatus
from intake.office import Office
from intake.officers import Officer
from intake.permissions import can_see_identity, check_can_view
from intake.petition import Petition, PetitionKind
from intake.refusals import refusal
from intake.rules import EXTENSION
from intake.status import Action, PetitionStatus
from intake.store.engine import Transaction
from intake.store.petitions import (
    ClockEventRow,
    answers_of,
    clock_events_of,
    content_of,
    handlings_of,
)

_HERE = Path(__file__).parent
_DATA = _HERE / "letters.toml"
TEMPLATES = _HERE / "templates"
NEEDS = ("target", "ground", "documents")
# The one letter that names a date that holds only by the letter itself.
_EXTENSION = "quyet-dinh-gia-han"


@dataclass(frozen=True)
class Letter:
    """One kind of letter.

    `needs`: what the officer must give (see `LetterInput`). `citations`: what is cited for a kind,
    where that is another than `citation`.
    """

    code: str
    title: str
    form: str
    kinds: tuple[PetitionKind, ...]
    statuses: tuple[PetitionStatus, ...]
    needs: tuple[str, ...]
    citation: str
    citations: Mapping[PetitionKind, str]
    verified: bool

    @property
    def template(self) -> Path:
        """The .docx file."""
        return TEMPLATES / f"{self.code}.docx"


@dataclass(frozen=True)
class LetterInput:
    """What only the officer knows. `summary` is printed, so it is theirs to write without names."""

    summary: str
    number: str = ""
    target: str = ""  # agency code
    ground: str = ""  # wording of the ground
    explanation: str = ""
    documents: str = ""
    signer: str = ""


@dataclass(frozen=True)
class LetterFields:
    """Everything a template can print; dates are written the Vietnamese way."""

    reference: str
    kind_name: str
    agency_name: str
    agency_title: str
    superior_name: str
    head_title: str
    capacity: str
    place: str
    date_line: str
    number: str
    received_on: str
    accepted_on: str
    suspended_on: str
    withdrawn_on: str
    due_on: str
    due_citation: str
    due_mark: str
    citation: str
    summary: str
    target_name: str
    ground_label: str
    explanation: str
    documents: str
    answer_text: str
    addressee: str
    addressee_first: str  # where a line begins with it
    petitioner_name: str
    petitioner_address: str
    officer_name: str
    signer: str


@cache
def letters() -> Mapping[str, Letter]:
    """All letters by code.

    Raises:
        DataFault: a row is malformed or its template is missing.
    """
    found = {}
    for number, row in enumerate(_data()["letter"], start=1):
        try:
            letter = Letter(
                code=row["code"],
                title=row["title"],
                form=row["form"],
                kinds=tuple(PetitionKind(kind) for kind in row["kinds"]),
                statuses=tuple(PetitionStatus(status) for status in row["statuses"]),
                needs=tuple(row["needs"]),
                citation=row["citation"],
                citations={
                    PetitionKind(kind): text for kind, text in row.get("citations", {}).items()
                },
                verified=row["verified"],
            )
        except (KeyError, ValueError) as error:
            raise DataFault(file=_DATA.name, line=f"letter {number}", fault=str(error)) from error
        if set(letter.needs) - set(NEEDS) or not letter.template.is_file():
            raise DataFault(file=_DATA.name, line=f"letter {number}", fault="needs or template")
        found[letter.code] = letter
    return found


def letters_for(petition: Petition) -> list[Letter]:
    """The letters that make sense for a petition as it stands."""
    return [
        letter
        for letter in letters().values()
        if petition.kind in letter.kinds and petition.status in letter.statuses
    ]


def write_letter(
    office: Office,
    tx: Transaction,
    officer: Officer,
    petition: Petition,
    code: str,
    given: LetterInput,
    *,
    today: date,
) -> bytes:
    """The filled letter as .docx bytes.

    Raises:
        NotFound: no such letter, or a petition the officer may not see.
        WrongStatus: the letter is not for this kind or status.
        InvalidInput: something the officer must give is missing.
    """
    check_can_view(officer, petition, office.directory)
    letter = letters().get(code)
    if letter is None:
        raise NotFound(what="letter")
    if letter not in letters_for(petition):
        raise WrongStatus(action=code, status=petition.status)
    for need in ("summary", *letter.needs):
        if not getattr(given, need).strip():
            raise InvalidInput(field=need, reason="empty")
    fields = _fields(office, tx, officer, petition, letter, given, today)
    return _render(letter.template, asdict(fields))


def vietnamese_day(day: date | None) -> str:
    """`07/6/2026`: days below 10 and months 1 and 2 get a zero (NĐ 30/2020/NĐ-CP)."""
    if day is None:
        return str(_data()["words"]["blank"])
    return f"{day.day:02d}/{_month(day)}/{day.year}"


def _fields(
    office: Office,
    tx: Transaction,
    officer: Officer,
    petition: Petition,
    letter: Letter,
    given: LetterInput,
    today: date,
) -> LetterFields:
    data = _data()
    words = data["words"]
    agency = office.directory.get(petition.agency or officer.agency)
    superior = office.directory.superior_of(agency.code, today)
    name = address = ""
    if not petition.kind.may_hold_denunciation and can_see_identity(officer, petition):
        people = content_of(tx, office.sealer, petition).petitioners
        if people:
            name, address = people[0].name, people[0].address
    days = {row.event: row.on for row in clock_events_of(tx, petition.id)}
    extends = letter.code == _EXTENSION
    due = (_extended_due if extends else _printed_due)(office, tx, petition, today)
    secret = petition.kind.may_hold_denunciation
    answers = [] if secret else answers_of(tx, office.sealer, petition)
    target = office.directory.get_on(given.target, today).name if given.target else ""
    head = data["head_titles"].get(agency.agency_class, data["head_titles"]["other"])
    addressee = words["person"].format(name=name) if name else words["anonymous"]
    if petition.kind is PetitionKind.TC:
        addressee = words["denouncer"]
    return LetterFields(
        reference=petition.reference,
        kind_name=data["kind_names"].get(petition.kind, petition.kind),
        agency_name=agency.short_name.upper(),
        agency_title=agency.name,
        superior_name=superior.name.upper() if superior else "",
        head_title=head.format(agency=agency.name),
        capacity=data["capacity"].get(agency.agency_class, data["capacity"]["other"]),
        place=office.directory.province.name,
        date_line=words["date_line"].format(
            day=f"{today.day:02d}", month=_month(today), year=today.year
        ),
        number=given.number.strip() or "......",
        received_on=vietnamese_day(petition.legal_received_on or days.get("message_received")),
        accepted_on=vietnamese_day(petition.accepted_on),
        suspended_on=vietnamese_day(days.get("suspended")),
        withdrawn_on=vietnamese_day(days.get("withdrawn")),
        due_on=vietnamese_day(due.due if due else None),
        due_citation=due.citation if due else words["blank"],
        due_mark="" if due is None or due.verified else words["unverified"],
        citation=letter.citations.get(petition.kind, letter.citation),
        summary=given.summary.strip(),
        target_name=target,
        ground_label=given.ground.strip(),
        explanation=given.explanation.strip(),
        documents=given.documents.strip(),
        answer_text=answers[-1]["text"] if answers else words["blank"],
        addressee=addressee,
        addressee_first=addressee[:1].upper() + addressee[1:],
        petitioner_name=name,
        petitioner_address=address,
        officer_name=officer.display_name,
        signer=given.signer.strip(),
    )


def _printed_due(
    office: Office, tx: Transaction, petition: Petition, today: date
) -> Deadline | None:
    """The date a letter names: the settling term once accepted, before that what is owed next."""
    view = due_view(office, tx, petition, today=today)
    settling = [d for d in view.deadlines if d.governs and office.rules.settles(d.rule)]
    return settling[-1] if settling else view.next


def _extended_due(
    office: Office, tx: Transaction, petition: Petition, today: date
) -> Deadline | None:
    """The end of the term as the decision of `today` extends it, whether recorded already or not.

    Raises:
        LawRefuses: the law allows no further extension.
    """
    events = clock_events_of(tx, petition.id)
    if any(row.event == EXTENDED and row.on == today for row in events):
        return _printed_due(office, tx, petition, today)
    arrivals = [row["received_on"] for row in handlings_of(tx, petition.id)]
    last = max((row.id for row in events), default=0)
    decided = ClockEventRow(EXTENDED, today, "", (), id=last + 1)
    view = derive_view(
        office, replace(petition, complex=True), [*events, decided], arrivals, today=today
    )
    extended = [d for d in view.deadlines if d.governs and d.mode == EXTENSION]
    if not extended or extended[-1].ground.extended_on != today:
        raise refusal("extension_used_up", Action.EXTEND)
    return extended[-1]


def _month(day: date) -> str:
    return f"{day.month:02d}" if day.month <= 2 else str(day.month)


def _render(template: Path, values: Mapping[str, str]) -> bytes:
    # Imported here: the library takes a while to load, and most requests write no letter.
    from docxtpl import DocxTemplate
    from jinja2.sandbox import SandboxedEnvironment

    document = DocxTemplate(template)
    # Without autoescape "&" and "<" in a citizen's words silently vanish from the file.
    document.render(dict(values), jinja_env=SandboxedEnvironment(), autoescape=True)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


@cache
def _data() -> dict[str, Any]:
    with _DATA.open("rb") as file:
        return tomllib.load(file)
