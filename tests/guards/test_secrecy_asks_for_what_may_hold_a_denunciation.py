"""Secrecy asks whether a petition may hold a denunciation, never whether its kind is one.

A mixed petition may hold one too, so `kind is PetitionKind.TC` protects too little. Places that ask
for the kind alone are about clocks, outcomes, forms or wording, and are counted here; a new one is
either that and raises the number with its reason, or asks `PetitionKind.may_hold_denunciation`.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import intake
from intake.petition import MAY_HOLD_DENUNCIATION, PetitionKind

ROOT = Path(intake.__file__).parent.parent
# They choose kind and agency for a text, from what it says; nobody is shown anything there.
TEXT_READERS = frozenset({"intake/classification.py", "intake/routing.py"})
ABOUT_THE_KIND = {
    "intake/actions/acceptance.py": 1,  # an anonymous denunciation is not accepted
    "intake/actions/citizen.py": 2,  # withdrawn in writing; may go on after it
    "intake/actions/handling.py": 4,  # forwarded, not guided; once; information (two)
    "intake/due.py": 1,  # outside the Law on Denunciations its terms don't run
    "intake/obligations.py": 1,  # likewise
    "admin/letters/letters.py": 1,  # how a letter calls its reader
    "admin/templates/console/action.html": 6,  # fields for facts of the Law on Denunciations
    "bot/dialogue/petition.py": 3,  # which warning, which kind was chosen
    "bot/dialogue/receipt.py": 2,  # which dates and which law the receipt names
    "bot/open311_filing.py": 1,  # which refusal; mixed ones are refused as well
}


def places() -> Iterator[str]:
    """A path for every comparison with the kind of denunciations alone."""
    for package in ("intake", "admin", "bot"):
        for path in sorted((ROOT / package).rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            if path.suffix == ".py" and name not in TEXT_READERS:
                yield from (name for _ in comparisons(path.read_text("utf-8")))
            elif path.suffix == ".html":
                yield from (name for _ in re.findall(r"""[=!]= ?["']TC["']""", path.read_text()))


def comparisons(source: str) -> Iterator[ast.Compare]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            sides = (node.left, *node.comparators)
            if any("TC" in (found := kinds_in(side)) and "MIXED" not in found for side in sides):
                yield node


def kinds_in(side: ast.expr) -> set[str]:
    """The kinds a side of a comparison names: one of them, or a display of several."""
    parts = side.elts if isinstance(side, ast.Tuple | ast.List | ast.Set) else [side]
    return {
        part.attr if isinstance(part, ast.Attribute) else str(part.value)
        for part in parts
        if isinstance(part, ast.Attribute | ast.Constant)
    }


def test_no_new_place_asks_for_a_denunciation_alone() -> None:
    assert dict(Counter(places())) == ABOUT_THE_KIND


@pytest.mark.parametrize(
    "source",
    [
        "petition.kind is PetitionKind.TC",
        "row.kind is not PetitionKind.TC",
        "table.c.kind != PetitionKind.TC",
        "found == 'TC'",
        "kind in (PetitionKind.KN, PetitionKind.TC)",
    ],
)
def test_the_guard_sees_a_question_for_a_denunciation_alone(source: str) -> None:
    assert list(comparisons(source))


def test_the_guard_lets_the_one_definition_and_mixed_pass() -> None:
    assert not list(comparisons("kind.may_hold_denunciation or kind in (Kind.TC, Kind.MIXED)"))
    assert MAY_HOLD_DENUNCIATION == (PetitionKind.TC, PetitionKind.MIXED)
    assert [kind for kind in PetitionKind if kind.may_hold_denunciation] == list(
        MAY_HOLD_DENUNCIATION
    )
