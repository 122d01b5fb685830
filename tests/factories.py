"""Petitions at a given status, reached by real actions, on a real database.

`build_office` opens an installation on a migrated database; the data files are loaded once for
the whole session, since they never change while tests run.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

from intake import actions
from intake.directory import Directory
from intake.office import Office
from intake.officers import Officer
from intake.petition import Petition, Petitioner, PetitionKind, Source, Submission
from intake.places import Gazetteer
from intake.routing import Router
from intake.rules import Rules
from intake.sealing import load_sealer
from intake.settings import Settings
from intake.status import Role
from intake.store import Store
from intake.workdays import WorkCalendar

NOW = datetime(2026, 11, 3, 2, 0, tzinfo=UTC)  # a Tuesday, 09:00 in Việt Nam
TODAY = date(2026, 11, 3)
BUS_LINE = "Bà con ấp tôi cần mở tuyến xe buýt ra thành phố, nhờ Sở Giao thông xem giúp."


@cache
def data_files() -> tuple[Directory, Gazetteer, Router, Rules, WorkCalendar]:
    directory, gazetteer = Directory.load("vinh-long"), Gazetteer.load()
    return directory, gazetteer, Router(directory, gazetteer), Rules.load(), WorkCalendar.load()


def build_office(url: str, folder: Path) -> Office:
    """An installation of the demonstration province on a migrated database."""
    directory, gazetteer, router, rules, calendar = data_files()
    settings = Settings(database_url=url, data_dir=folder)
    return Office(
        settings=settings,
        store=Store(url),
        sealer=load_sealer(settings.effective_key_file, create=True),
        directory=directory,
        gazetteer=gazetteer,
        router=router,
        rules=rules,
        calendar=calendar,
    )


def agency_of(office: Office, agency_class: str) -> str:
    """The province's agency of a class, such as `so-xay-dung`."""
    found = office.directory.of_class(agency_class, TODAY, None)
    assert found is not None
    return found.code


def officer(
    office: Office,
    role: Role = Role.AGENCY_CLERK,
    *,
    agency: str | None = None,
    denunciations: bool = False,
    active: bool = True,
) -> Officer:
    """An officer of an agency (default: Sở Xây dựng; the desk sits at the reception centre)."""
    if agency is None:
        centre = office.directory.province.reception_centres[0]
        agency = centre if role is Role.RECEPTION_DESK else agency_of(office, "so-xay-dung")
    return Officer(
        id=1,
        username=f"{role}-1",
        display_name="Cán bộ Thử",
        role=role,
        agency=agency,
        handles_denunciations=denunciations,
        active=active,
    )


def submission(
    office: Office, kind: PetitionKind = PetitionKind.KNPA, **changes: object
) -> Submission:
    """A complete submission by web chat, to Sở Xây dựng unless said otherwise."""
    values: dict[str, object] = {
        "kind": kind,
        "text": BUS_LINE,
        "source": Source.WEB,
        "petitioners": (
            Petitioner(name="Lê Thị Thử Nghiệm", address="ấp Thử", phone="0900000001"),
        ),
        "agency": agency_of(office, "so-xay-dung"),
        "agency_class": "so-xay-dung",
        "topic": "public_transport",
    }
    return Submission(**{**values, **changes})  # type: ignore[arg-type]


def file(
    office: Office,
    kind: PetitionKind = PetitionKind.KNPA,
    *,
    now: datetime = NOW,
    **changes: object,
) -> Petition:
    """A filed petition."""
    receipt = actions.new_receipt(office, now=now)
    with office.store.write() as tx:
        return actions.file_petition(
            office, tx, submission(office, kind, **changes), receipt, now=now
        ).petition


def file_signed(office: Office, kind: PetitionKind, **changes: object) -> Petition:
    """A petition whose signed paper was handed in at the desk on `TODAY`."""
    return file(office, kind, source=Source.RECEPTION, signed_on=TODAY, **changes)


def accepted(office: Office, kind: PetitionKind = PetitionKind.KNPA, **changes: object) -> Petition:
    """A petition accepted by its agency a day after it was filed."""
    petition = (
        file(office, kind, **changes)
        if kind in (PetitionKind.KNPA, PetitionKind.PAKN)
        else file_signed(office, kind, **changes)
    )
    by = officer(office, agency=petition.agency, denunciations=True)
    with office.store.write() as tx:
        return actions.accept(office, tx, by, petition.reference, now=NOW + timedelta(days=1))
