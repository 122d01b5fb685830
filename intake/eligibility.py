"""What the law asks a petition to contain, and what is still missing.

The items, their kinds and their sources are `data/eligibility.toml`; the bot asks for what is
missing, and `accept` refuses while it is.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from intake.errors import DataFault
from intake.petition import Petitioner, PetitionKind

_FILE = Path(__file__).parent / "data" / "eligibility.toml"
_TAKEN_FROM = ("text", "answer", "petitioner", "paper", "file")


@dataclass(frozen=True)
class Item:
    """One thing a petition must contain.

    `taken_from`: "text" (the content itself), "answer" (an answer by item code), "petitioner"
    (a field of the identity), "paper" (only a signed petition has it) or "file" (an officer finds
    it in the file of a group or of a second complaint; `actions/acceptance.py` asks for it).
    `asked_in_chat`: whether the bot may ask it; a denouncer's identity it may not.
    """

    code: str
    kinds: tuple[PetitionKind, ...]
    taken_from: str
    asked_in_chat: bool
    optional_in_chat: bool
    citation: str
    verified: bool


@cache
def items() -> tuple[Item, ...]:
    """All items, in the order in which they are asked.

    Raises:
        DataFault: the data file is malformed.
    """
    with _FILE.open("rb") as file:
        rows = tomllib.load(file)["item"]
    found = []
    for number, row in enumerate(rows, start=1):
        try:
            item = Item(
                code=row["code"],
                kinds=tuple(PetitionKind(kind) for kind in row["kinds"]),
                taken_from=row["taken_from"],
                asked_in_chat=row["asked_in_chat"],
                optional_in_chat=row["optional_in_chat"],
                citation=row["citation"],
                verified=row["verified"],
            )
        except (KeyError, ValueError) as error:
            raise DataFault(file=_FILE.name, line=f"item {number}", fault=str(error)) from error
        if item.taken_from not in _TAKEN_FROM:
            raise DataFault(file=_FILE.name, line=f"item {number}", fault="taken_from")
        found.append(item)
    return tuple(found)


def items_for(kind: PetitionKind) -> tuple[Item, ...]:
    """The items a petition of this kind must contain."""
    return tuple(item for item in items() if kind in item.kinds)


def missing_items(
    kind: PetitionKind,
    *,
    text: str,
    answers: Mapping[str, str],
    petitioners: tuple[Petitioner, ...],
    signed: bool,
) -> tuple[Item, ...]:
    """What the law asks for and the petition lacks; empty means eligible (TT 05/2021 Điều 6 k2).

    What only the file of a group or of a second complaint holds is not looked at here.
    """
    person = petitioners[0] if petitioners else Petitioner()

    def present(item: Item) -> bool:
        if item.taken_from == "text":
            return bool(text.strip())
        if item.taken_from == "paper":
            return signed
        if item.taken_from == "petitioner":
            wanted = (getattr(person, field) for field in item.code.split("_or_"))
            return any(value.strip() for value in wanted)
        return bool(answers.get(item.code, "").strip())

    return tuple(
        item for item in items_for(kind) if item.taken_from != "file" and not present(item)
    )


def file_items(kind: PetitionKind, codes: Collection[str]) -> tuple[Item, ...]:
    """The items of these codes that an officer must find in the file, where the kind has them."""
    return tuple(
        item for item in items_for(kind) if item.taken_from == "file" and item.code in codes
    )
