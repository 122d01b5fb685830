"""Demonstration data: an office with officers and a year of petitions, reached by real actions.

Everything is loaded in one transaction, so that a demonstration is there or is not. The days lie
before `now`, so that queues and reports are alive whenever it is loaded; with the same `now` the
result is the same. All people are fictitious.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from intake import actions
from intake.accounts import NewAccount, create_officer, get_officer, hash_password
from intake.clock import local_date, start_of_day
from intake.errors import SetupRefused
from intake.office import Office
from intake.officers import CITIZEN, SYSTEM, Actor, Officer, actor_of
from intake.petition import Petition, Petitioner, PetitionKind, Source, Submission
from intake.receipts import ALPHABET, hash_secret
from intake.register import (
    DayForm,
    VisitForm,
    record_day,
    record_entry,
    record_visit,
    schedule_day,
)
from intake.status import Action, Role
from intake.store.engine import Transaction
from intake.store.tables import officers as officers_table
from intake.store.tables import petitions as petitions_table

_FOLDER = Path(__file__).parent / "data" / "demo"
_OPENING_HOUR = timedelta(hours=7, minutes=30)
_DEMO_SECRET = "TRYD-EM00-2026"  # noqa: S105 - the receipt of fictitious petitions
_PETITION_FILES = ("feedback.toml", "complaints.toml", "denunciations.toml")
_REFERENCE_LETTERS = 6


@dataclass(frozen=True)
class Login:
    """A demonstration login, shown when the server starts."""

    username: str
    password: str
    role: Role


@dataclass(frozen=True)
class _Happening:
    """One thing to do at one instant: file a petition (`step` None) or take an action on it."""

    at: datetime
    reference: str
    row: Mapping[str, Any]
    step: Mapping[str, Any] | None


def demo_logins(office: Office) -> list[Login]:
    """The demonstration logins of the office's province.

    Raises:
        SetupRefused: no demonstration data for this province.
    """
    table = _read(office, "officers.toml")
    return [
        Login(row["username"], table["password"], Role(row["role"])) for row in table["officer"]
    ]


def is_empty(office: Office) -> bool:
    """Whether neither an officer nor a petition is stored yet."""
    with office.store.read() as tx:
        return all(
            tx.execute(select(func.count()).select_from(table)).scalar_one() == 0
            for table in (officers_table, petitions_table)
        )


def load_demo(office: Office, *, now: datetime) -> int:
    """Load officers and petitions into an empty office; returns how many petitions.

    Raises:
        SetupRefused: no demonstration data for this province, or the office isn't empty.
    """
    if not is_empty(office):
        raise SetupRefused(reason="demonstration data go into an empty database only")
    people = _read(office, "officers.toml")
    password_hash, secret_hash = hash_password(people["password"]), hash_secret(_DEMO_SECRET)
    happenings = sorted(_happenings(office, now), key=lambda each: each.at)
    opened = happenings[0].at - timedelta(days=1)
    with office.store.write() as tx:
        for row in people["officer"]:
            account = NewAccount(
                row["username"],
                row["display_name"],
                Role(row["role"]),
                row["agency"],
                row.get("handles_denunciations", False),
            )
            create_officer(office, tx, account, password_hash, by=SYSTEM, now=opened)
        for each in happenings:
            if each.step is None:
                _file(office, tx, each, secret_hash)
            else:
                _act(office, tx, each)
        _keep_register(office, tx, now)
    return sum(each.step is None for each in happenings)


def _happenings(office: Office, now: datetime) -> Iterator[_Happening]:
    """Every petition's filing and steps, up to yesterday."""
    today = local_date(now)
    rows = [row for name in _PETITION_FILES for row in _read(office, name)["petition"]]
    for number, row in enumerate(rows):
        day = office.calendar.roll_back(today - timedelta(days=row["days_ago"]))
        at = start_of_day(day) + _OPENING_HOUR + timedelta(minutes=7 * number)
        reference = _reference(office, day, number)
        yield _Happening(at, reference, row, None)
        for step in row["steps"]:
            day = office.calendar.add_working_days(day, step["after"]) if step["after"] else day
            at = max(at, start_of_day(day) + _OPENING_HOUR) + timedelta(minutes=11 + number)
            if day >= today:
                break
            yield _Happening(at, reference, row, step)


def _file(office: Office, tx: Transaction, each: _Happening, secret_hash: str) -> None:
    row, day = each.row, local_date(each.at)
    routing = office.router.route(row["text"], place=row.get("place"), on=day, kind=row["kind"])
    proposed = routing.candidates[0].agency if routing.candidates else None
    agency = row.get("agency") or (proposed if routing.decision == "route" else None)
    place = routing.place.places if routing.place else ()
    submission = Submission(
        kind=PetitionKind(row["kind"]),
        text=row["text"],
        source=Source(row["source"]),
        petitioners=() if row.get("anonymous") else (_petitioner(row),),
        anonymous=row.get("anonymous", False),
        place_text=row.get("place", ""),
        commune=place[0].code if len(place) == 1 else None,
        agency=agency,
        agency_class=office.directory.get(agency).agency_class if agency else None,
        topic=routing.classification.topic,
        fields=routing.classification.fields,
        accused=tuple(row.get("accused", ())),
        answers=row.get("answers", {}),
        instance=row.get("instance", 1),
        people=row.get("people", 1),
        signed_on=day if row.get("signed") else None,
        routing={
            "decision": routing.decision,
            "confidence": routing.confidence,
            "explanation": routing.explanation,
            "candidates": [
                {"agency": c.agency, "score": round(c.score, 1), "reasons": list(c.reasons)}
                for c in routing.candidates
            ],
            "versions": dict(routing.versions),
        },
        urgent=row.get("urgent", False),
    )
    receipt = actions.Receipt(each.reference, _DEMO_SECRET, secret_hash)
    actor = CITIZEN if submission.source.is_message else _desk(tx)
    actions.file_petition(office, tx, submission, receipt, now=each.at, actor=actor, notify=True)


def _act(office: Office, tx: Transaction, each: _Happening) -> None:
    assert each.step is not None
    given = _without(each.step, "after", "by", "do")
    officer = get_officer(tx, each.step["by"]) if each.step["by"] else None
    action = Action(each.step["do"])
    if action is Action.WITHDRAW:
        actions.withdraw(office, tx, each.reference, officer=officer, now=each.at, **given)
    elif action is Action.ADD_INFORMATION:
        actions.add_information(office, tx, each.reference, officer=officer, now=each.at, **given)
    else:
        assert officer is not None
        _OFFICERS_ACTIONS[action](office, tx, officer, each, given)


_Given = Mapping[str, Any]
_Step = Callable[[Office, Transaction, Officer, _Happening, _Given], Petition]


def _plain(action: Callable[..., Petition]) -> _Step:
    def take(
        office: Office, tx: Transaction, officer: Officer, each: _Happening, given: _Given
    ) -> Petition:
        return action(office, tx, officer, each.reference, now=each.at, **given)

    return take


_IN_THE_FILE = tuple(item.name for item in fields(actions.CheckedFile))


def _accept(
    office: Office, tx: Transaction, officer: Officer, each: _Happening, given: _Given
) -> Petition:
    found = {name: given[name] for name in _IN_THE_FILE if name in given}
    return actions.accept(
        office,
        tx,
        officer,
        each.reference,
        now=each.at,
        file=actions.CheckedFile(**found),
        **_without(given, *_IN_THE_FILE),
    )


def _answer(
    office: Office, tx: Transaction, officer: Officer, each: _Happening, given: _Given
) -> Petition:
    return actions.answer(office, tx, officer, each.reference, actions.Answer(**given), now=each.at)


def _receive_signed(
    office: Office, tx: Transaction, officer: Officer, each: _Happening, given: _Given
) -> Petition:
    return actions.receive_signed(
        office, tx, officer, each.reference, on=local_date(each.at), now=each.at, **given
    )


_OFFICERS_ACTIONS: Mapping[Action, _Step] = {
    Action.ACCEPT: _accept,
    Action.REJECT: _plain(actions.reject),
    Action.GUIDE: _plain(actions.guide),
    Action.FORWARD: _plain(actions.forward),
    Action.REQUEST_INFORMATION: _plain(actions.request_information),
    Action.EXTEND: _plain(actions.extend),
    Action.SUSPEND: _plain(actions.suspend),
    Action.RESUME: _plain(actions.resume),
    Action.CLOSE: _plain(actions.close),
    Action.REOPEN: _plain(actions.reopen),
    Action.ANSWER: _answer,
    Action.RECEIVE_SIGNED: _receive_signed,
}


def _keep_register(office: Office, tx: Transaction, now: datetime) -> None:
    """Announced reception days, visits and documents of the past year."""
    table, today = _read(office, "register.toml"), local_date(now)

    def day_of(row: Mapping[str, Any]) -> date:
        return office.calendar.roll_back(today - timedelta(days=row["days_ago"]))

    for row in table["day"]:
        _reception_day(office, tx, row, day_of(row), today)
    for row in table["visit"]:
        day, given = day_of(row), _without(row, "by", "days_ago")
        form = VisitForm(regime="regular", received_by="staff", on=day, **given)
        record_visit(office, tx, get_officer(tx, row["by"]), form, now=_at_work(day))
    for row in table["entry"]:
        day, officer = day_of(row), get_officer(tx, row["by"])
        record_entry(office, tx, officer, row["kind"], row["values"], on=day, now=_at_work(day))


def _reception_day(
    office: Office, tx: Transaction, row: Mapping[str, Any], day: date, today: date
) -> None:
    officer = get_officer(tx, row["by"])
    announced = _at_work(min(day, today) - timedelta(days=30))
    form = DayForm(
        on=day,
        chair=row["chair"],
        chair_name=row["chair_name"],
        posted_at=row["posted_at"],
        notice_number=row["notice_number"],
        notice_on=local_date(announced),
    )
    made = schedule_day(office, tx, officer, form, now=announced)
    if day >= today:
        return
    at = _at_work(day)
    for visit in row.get("visits", ()):
        given = VisitForm(
            regime="periodic",
            received_by=row["chair"],
            receiver_name=row["chair_name"],
            on=day,
            reception_day=made.uid,
            **visit,
        )
        record_visit(office, tx, officer, given, now=at)
    if row.get("nobody_came") or "not_held" in row:
        record_day(
            office,
            tx,
            officer,
            made.uid,
            held="not_held" not in row,
            now=at,
            nobody_came=row.get("nobody_came", False),
            reason=row.get("not_held", ""),
        )


def _at_work(day: date) -> datetime:
    return start_of_day(day) + _OPENING_HOUR + timedelta(hours=2)


def _without(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def _desk(tx: Transaction) -> Actor:
    """Who registers a paper petition: the first desk officer there is."""
    username = tx.execute(
        select(officers_table.c.username)
        .where(officers_table.c.role == Role.RECEPTION_DESK)
        .order_by(officers_table.c.id)
        .limit(1)
    ).scalar_one()
    return actor_of(get_officer(tx, username))


def _petitioner(row: Mapping[str, Any]) -> Petitioner:
    return Petitioner(
        name=row.get("name", ""), address=row.get("address", ""), phone=row.get("phone", "")
    )


def _reference(office: Office, day: date, number: int) -> str:
    """The same number every time; a real one is random."""
    digest = hashlib.sha256(f"demo {number}".encode()).digest()
    letters = "".join(ALPHABET[byte % len(ALPHABET)] for byte in digest[:_REFERENCE_LETTERS])
    return f"{office.directory.province.prefix}-{day:%y%m}-{letters}"


def _read(office: Office, name: str) -> dict[str, Any]:
    path = _FOLDER / office.directory.province.slug / name
    if not path.is_file():
        raise SetupRefused(
            reason=f"there are no demonstration data for {office.directory.province.slug}"
        )
    with path.open("rb") as file:
        return tomllib.load(file)
