"""Grounds: the lawful reasons an officer picks from, as dated data with citations.

`data/grounds.toml` lists why a petition may be rejected, when a case counts as complex, when
handling may be suspended, and which obstacles don't count towards a complaint's time bar. Free
text never stands in for a ground.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from intake.errors import DataFault, InvalidInput
from intake.petition import PetitionKind

_FILE = Path(__file__).parent / "data" / "grounds.toml"
PURPOSES = ("reject", "complex", "suspend", "obstacle")


@dataclass(frozen=True)
class Ground:
    """One lawful reason. `label` is what officers read (Vietnamese).

    `eligible`: whether a petition rejected on it is still one that could be processed (TT 05/2021
    Điều 6): then form 02/XLD counts it as eligible, and 03/GQKN or 04/GQTC as "không thụ lý".
    """

    code: str
    purpose: str
    kinds: tuple[PetitionKind, ...]
    label: str
    citation: str
    verified: bool
    effective_from: date
    eligible: bool


@cache
def grounds() -> tuple[Ground, ...]:
    """All grounds.

    Raises:
        DataFault: the data file is malformed.
    """
    with _FILE.open("rb") as file:
        rows = tomllib.load(file)["ground"]
    found = []
    for number, row in enumerate(rows, start=1):
        try:
            ground = Ground(
                code=row["code"],
                purpose=row["purpose"],
                kinds=tuple(PetitionKind(kind) for kind in row["kinds"]),
                label=row["label"],
                citation=row["citation"],
                verified=row["verified"],
                effective_from=row["effective_from"],
                eligible=row.get("eligible", False),
            )
        except (KeyError, ValueError) as error:
            raise DataFault(file=_FILE.name, line=f"ground {number}", fault=str(error)) from error
        if ground.purpose not in PURPOSES:
            raise DataFault(file=_FILE.name, line=f"ground {number}", fault="purpose")
        found.append(ground)
    return tuple(found)


def grounds_for(purpose: str, kind: PetitionKind, on: date) -> tuple[Ground, ...]:
    """The grounds an officer may pick for this purpose, kind and day."""
    return tuple(
        ground
        for ground in grounds()
        if ground.purpose == purpose and kind in ground.kinds and ground.effective_from <= on
    )


def pick_ground(purpose: str, kind: PetitionKind, code: str, on: date) -> Ground:
    """The ground of that code.

    Raises:
        InvalidInput: no such ground for this purpose, kind and day.
    """
    for ground in grounds_for(purpose, kind, on):
        if ground.code == code:
            return ground
    raise InvalidInput(field="ground", reason="unknown")
