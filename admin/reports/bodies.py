"""The body that makes a report: its type, its head's title, letterhead, scope and signature."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from intake.directory import Agency, Directory

_FILE = Path(__file__).parent / "bodies.toml"
OWN, ALL = "own", "all"
SCOPES = (OWN, ALL)
_COMMUNE_CLASS = "ubnd-xa"
_PROVINCE, _COMMUNE = "province", "commune"


@dataclass(frozen=True)
class Body:
    """Everything a document says about its maker.

    `type`: commune_committee, province_committee, reception_centre, department or other; `place`
    is where the document is dated; `province` its name ("tỉnh …"); `symbol` "" is left for the
    office to fill.
    """

    agency: Agency
    type: str
    name: str
    head: str
    place: str
    superior: str
    symbol: str
    signature: tuple[str, ...]
    archive: str
    province: str
    scope_own: str
    scope_all: str

    @property
    def is_province(self) -> bool:
        """Whether the report is the province's own, due at the centre."""
        return self.type == "province_committee"


def body_of(directory: Directory, code: str, day: date) -> Body:
    """The body behind an agency code.

    Raises:
        UnknownAgency: no such agency.
    """
    agency = directory.get(code)
    table = _table()
    kind = _type(directory, agency)
    row: dict[str, Any] = dict(table[kind])
    if kind in ("department", "other"):
        for title in table["title"]:
            if agency.agency_class.startswith(title["class"]) and agency.level == _PROVINCE:
                row.update({key: value for key, value in title.items() if key != "class"})
                break
    province = directory.province
    committee = table["names"]["committee"]
    area = agency.name.removeprefix(committee)
    name = agency.name
    if kind in ("department", "other"):
        name = name.removesuffix(table["names"]["province_suffix"].format(province=province.unit))
    slots = {"name": name, "area": area, "province": province.unit}
    above: Agency | None = directory.superior_of(code, day) if row["superior"] else None
    return Body(
        agency=agency,
        type=kind,
        name=name,
        head=row["head"].format(**slots),
        place=area.partition(" ")[2] if kind == "commune_committee" else province.name,
        superior=above.name if above else "",
        symbol=row["symbol"],
        signature=tuple(row["signature"]),
        archive=row["archive"],
        province=province.unit,
        scope_own=row["scope"].format(**slots),
        scope_all=row.get("scope_all", row["scope"]).format(**slots),
    )


def in_lines(name: str) -> tuple[str, ...]:
    """A body's name as a letterhead sets it: the committee, then its area."""
    committee: str = _table()["names"]["committee"]
    area = name.removeprefix(committee)
    return (name,) if area == name else (committee.strip(), area)


def units_of(directory: Directory, code: str, scope: str, day: date) -> tuple[str, ...]:
    """The agencies whose numbers a report holds: the body itself, and in scope "all" those below.

    Central bodies in the province report to their own ministries and are left out
    (TT 06/2025/TT-TTCP Điều 4).
    """
    if scope == OWN:
        return (code,)
    found = [code]
    for agency in directory.on(day):
        if agency.level in (_PROVINCE, _COMMUNE) and agency.competent and agency.code != code:
            if agency.level == _COMMUNE and agency.agency_class != _COMMUNE_CLASS:
                continue
            if code in _above(directory, agency.code):
                found.append(agency.code)
    return tuple(found)


def can_roll_up(directory: Directory, code: str, day: date) -> bool:
    """Whether there is any body below, so that scope "all" differs from "own"."""
    return len(units_of(directory, code, ALL, day)) > 1


def _above(directory: Directory, code: str) -> list[str]:
    chain: list[str] = []
    above = directory.superior_code(code)
    while above is not None and above not in chain:
        chain.append(above)
        above = directory.superior_code(above)
    return chain


def _type(directory: Directory, agency: Agency) -> str:
    if agency.level == _COMMUNE and agency.agency_class == _COMMUNE_CLASS:
        return "commune_committee"
    if agency.code in directory.province.reception_centres:
        return "reception_centre"
    committee = _table()["names"]["committee"]
    if agency.level == _PROVINCE and agency.name.startswith(committee):
        return "province_committee"
    return "department" if agency.level == _PROVINCE else "other"


@cache
def _table() -> Mapping[str, Any]:
    with _FILE.open("rb") as file:
        return tomllib.load(file)
