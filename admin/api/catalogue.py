"""What petitions refer to: the caller, agencies, lawful grounds."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from admin.api.schemas import AgencyOut, GroundOut, Me, agency_of, ground_of, me_of
from admin.context import TheOffice, TheOfficer, Today
from admin.paths import Paths
from intake.grounds import PURPOSES, grounds, grounds_for
from intake.petition import PetitionKind

router = Paths(tags=["catalogue"])

Purpose = Annotated[str | None, Query(pattern="^(" + "|".join(PURPOSES) + ")$")]


@router.get("/me", summary="Who am I")
def me(office: TheOffice, officer: TheOfficer) -> Me:
    """The caller's account as it stands now."""
    return me_of(office, officer)


@router.get("/agencies", summary="Agencies of today")
def agencies(
    office: TheOffice,
    today: Today,
    q: Annotated[str, Query(max_length=200)] = "",
    agency_class: Annotated[str, Query(max_length=80)] = "",
) -> list[AgencyOut]:
    """All agencies of today, or those whose name or old name is like `q`, best first."""
    if q.strip():
        found = office.directory.by_name(q, today, limit=10)
        return [agency_of(match.agency, match.score) for match in found]
    return [
        agency_of(agency)
        for agency in office.directory.on(today)
        if not agency_class or agency.agency_class == agency_class
    ]


@router.get("/grounds", summary="Lawful grounds")
def list_grounds(
    today: Today, purpose: Purpose = None, kind: PetitionKind | None = None
) -> list[GroundOut]:
    """The grounds an officer picks from, with their citations."""
    if purpose and kind:
        return [ground_of(ground) for ground in grounds_for(purpose, kind, today)]
    return [
        ground_of(ground)
        for ground in grounds()
        if (purpose is None or ground.purpose == purpose) and (kind is None or kind in ground.kinds)
    ]
