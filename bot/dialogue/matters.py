"""Several matters in one message: found where the writer marks a new one, told apart by content.

The law settles each kind in its own procedure and each matter at its own office, so they become
petitions of their own (Luật 42/2013/QH13 Điều 25 khoản 3; TT 05/2021/TT-TTCP Điều 21).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from bot.dialogue.knowledge import Knowledge
from bot.dialogue.words import words
from intake.petition import PetitionKind
from intake.routing import Routing
from intake.text import fold_letters

MOST_MATTERS = 4
_FEWEST_WORDS = 4
_EDGES = " \t\n,;:-–•"


@dataclass(frozen=True)
class Matter:
    """One matter of several: what was written about it, and its kind."""

    text: str
    kind: PetitionKind


def matters_in(text: str, known: Knowledge) -> tuple[Matter, ...]:
    """The matters of a text, in its order; fewer than two: it is about one thing."""
    pieces = _pieces(text)
    if len(pieces) < 2:
        return _by_subject(text, known)
    found: list[tuple[Matter, Routing]] = []
    for piece in pieces:
        routing = known.route(piece, place="", kind="", answer="")
        kind = PetitionKind(routing.classification.kind)
        is_matter = kind is not PetitionKind.OTHER and len(piece.split()) >= _FEWEST_WORDS
        if found and (not is_matter or _same(found[-1], kind, routing)):
            last, how = found[-1]
            found[-1] = (Matter(f"{last.text}\n{piece}", last.kind), how)
        elif is_matter:
            found.append((Matter(piece, kind), routing))
        else:
            return ()  # an opening that says nothing by itself belongs to what follows it
    return tuple(matter for matter, _ in found[:MOST_MATTERS]) if len(found) > 1 else ()


def _by_subject(text: str, known: Knowledge) -> tuple[Matter, ...]:
    """The matters of a text without our marks, where its subjects change; no word is lost."""
    parts = known.classify(text).parts[:MOST_MATTERS]
    starts = [text.find(part.excerpt[:_OPENING]) for part in parts[1:]]
    if not starts or min(starts) <= 0 or starts != sorted(set(starts)):
        return ()
    cuts = [0, *starts, len(text)]
    pieces = [text[a:b].strip(_EDGES) for a, b in pairwise(cuts)]
    if any(len(piece.split()) < _FEWEST_WORDS for piece in pieces):
        return ()
    return tuple(
        Matter(piece, PetitionKind(part.kind)) for piece, part in zip(pieces, parts, strict=True)
    )


_OPENING = 24  # letters of a part that tell where it begins


def _same(before: tuple[Matter, Routing], kind: PetitionKind, routing: Routing) -> bool:
    """Whether a piece goes on with the matter before it: same kind, no other sure agency."""
    matter, how = before
    if kind is not matter.kind:
        return False
    if how.decision != "route" or routing.decision != "route":
        return True
    return how.candidates[0].agency_class == routing.candidates[0].agency_class


def _pieces(text: str) -> list[str]:
    folded = fold_letters(text)
    if len(folded) != len(text):
        return [text]
    starts = [found.start(1) for found in _openings().finditer(folded)]
    cuts = [0, *(start for start in starts if start > 0), len(text)]
    pieces = [text[a:b].strip(_EDGES) for a, b in pairwise(cuts)]
    return [piece for piece in pieces if piece]


@cache
def _openings() -> re.Pattern[str]:
    phrases = "|".join(re.escape(phrase) for phrase in words().further_matters)
    return re.compile(rf"(?:^|[.!?;,\n]\s*)((?:{phrases})(?!\w)|(?<=\n)\d[.)]\s)", re.MULTILINE)
