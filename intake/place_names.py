"""Names of places as keys: the vocabulary around them and an index of one province's names.

Used by `places` (the tables) and `place_mentions` (finding names in a text); nothing else needs it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from rapidfuzz.distance import OSA

from intake.errors import DataFault
from intake.text import accent_key, fold

TOKEN = re.compile(r"[0-9]+|[^\W\d_]+")
"""A syllable or a number: "P.7" and "p7" both give two."""
SHORTEST_FUZZY = 5
"""Letters a name needs before a misspelt form of it is accepted."""
LONGEST_FUZZY = 40
"""Letters from which nothing is a misspelt name any more."""


@dataclass(frozen=True, slots=True)
class Name:
    """One reading of a name.

    `rank` is `commune`, `district` or `province`; `target` the commune code, district code or
    province slug; `to` the communes of today; `districts` and `was` the old districts and provinces
    its land belonged to; `old` whether the unit no longer exists under this name.
    """

    rank: str
    type: str
    target: str
    name: str
    old: bool
    to: tuple[str, ...]
    districts: frozenset[str]
    was: frozenset[str]


class MarkedWords:
    """A set of words in which tone marks count only where the writer sets any."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words: dict[str, set[str]] = {}
        for word in words:
            self._words.setdefault(fold(word), set()).add(marked(word))

    @property
    def folded(self) -> frozenset[str]:
        """All of them without marks."""
        return frozenset(self._words)

    def fits(self, folded: str, typed: str, *, strict: bool = False) -> bool:
        """Whether a word is one of these.

        `typed` without any mark fits every spelling, unless `strict`: in a text written with marks
        "ba" is the number and not "bà".
        """
        known = self._words.get(folded)
        if known is None:
            return False
        return (not strict and typed.isascii()) or marked(typed) in known


class Syllable(NamedTuple):
    """One token of a text: folded without leading zeros, as typed, and where it stands."""

    folded: str
    typed: str
    start: int
    end: int


def marked(words: str) -> str:
    """Syllables with their marks in one spelling, so that 'Hòa' equals 'Hoà'."""
    return " ".join(accent_key(word) for word in words.lower().split())


@dataclass(frozen=True)
class PlaceWords:
    """`words.toml`: type words, words before a place, words that rule one out, common names.

    `types` maps a folded type word (one or two syllables) to (type, rank), `type_starts` holds
    their first syllables, `openers` these and the words that rule a place out; `type_words` knows
    their marks; `fuzzy` holds those after which a misspelt name is accepted; `shorts` the shortest
    word of a type; `provinces` short forms by slug; `numbers` digits by number word with its marks;
    `common` keys of names that are everyday words; `compounds` two words one of which only looks
    like a type word.
    """

    types: Mapping[str, tuple[str, str]]
    type_starts: frozenset[str]
    type_words: MarkedWords
    fuzzy: frozenset[str]
    labels: Mapping[str, str]
    ranks: Mapping[str, str]
    shorts: Mapping[str, str]
    before: MarkedWords
    shield: MarkedWords
    number: MarkedWords
    former: MarkedWords
    numbers: Mapping[str, str]
    provinces: Mapping[str, tuple[str, ...]]
    common: frozenset[str]
    openers: frozenset[str]
    compounds: MarkedWords


def name_key(name: str) -> str:
    """'Cầu Kè' -> 'cauke'; numbers lose leading zeros, so that 'P.07' is 'phường 7'."""
    return "".join(t.lstrip("0") or t for t in TOKEN.findall(fold(name)))


def read_place_words(path: Path) -> PlaceWords:
    """Read `words.toml`. Raises DataFault when it is no TOML or lacks a part."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        words, entries = raw["words"], raw["type"]
        spelled = [(word, e) for e in entries for word in (*e["words"], *e["exact"])]
        type_starts = frozenset(fold(word).split()[0] for word, _ in spelled)
        shield = MarkedWords(words["shield"])
        return PlaceWords(
            types={fold(word): (e["type"], e["rank"]) for word, e in spelled},
            type_starts=type_starts,
            compounds=MarkedWords(" ".join(word.split()[-2:]) for word in words["compounds"]),
            openers=type_starts | shield.folded,
            type_words=MarkedWords(word for word, _ in spelled),
            fuzzy=frozenset(fold(word) for e in entries for word in e["words"]),
            labels={e["type"]: e["label"] for e in entries},
            ranks={e["type"]: e["rank"] for e in entries},
            shorts={e["type"]: e["exact"][0] for e in entries if e["exact"]},
            before=MarkedWords(words["before"]),
            shield=shield,
            number=MarkedWords(words["number"]),
            former=MarkedWords(words["former"]),
            numbers={marked(word): number for word, number in raw["numbers"].items()},
            provinces={slug: tuple(short) for slug, short in raw["provinces"].items()},
            common=frozenset(name_key(name) for name in raw["common"]["names"]),
        )
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise DataFault(file=path.name, line=0, fault=f"cannot be read: {error!r}") from error


class NameIndex:
    """Names by key, with a repair for misspelt ones.

    `starts` maps every folded syllable a name can begin with, and the whole keys, to the syllables
    of the longest such name; `pairs` holds the first two syllables of the longer names, in one.
    """

    def __init__(self, names: Iterable[tuple[str, Name]]) -> None:
        table: dict[str, dict[Name, None]] = {}
        for key, name in names:
            table.setdefault(key, {})[name] = None
        self.table: Mapping[str, tuple[Name, ...]] = {k: tuple(v) for k, v in table.items()}
        starts: dict[str, int] = {}
        pairs: set[str] = set()
        for key, readings in self.table.items():
            starts.setdefault(key, 1)
            for name in readings:
                syllables = TOKEN.findall(fold(name.name))
                starts[syllables[0]] = max(len(syllables), starts.get(syllables[0], 1))
                pairs.add("".join(syllables[:2]))
        self.starts: Mapping[str, int] = starts
        self.pairs = frozenset(pairs)
        lacking: dict[tuple[str, int, tuple[str, ...]], list[tuple[str, Name]]] = {}
        for key, readings in self.table.items():
            for name in readings if len(key) >= SHORTEST_FUZZY else ():
                syllables = TOKEN.findall(fold(name.name))
                if len(syllables) > 1 and "".join(syllables) == key:
                    for at, syllable in enumerate(syllables):
                        others = (*syllables[:at], *syllables[at + 1 :])
                        lacking.setdefault((name.rank, at, others), []).append((syllable, name))
        self._lacking = lacking

    def begins(self, word: str, following: str) -> bool:
        """Whether a name begins with these two folded syllables, or is the first of them."""
        return word + following in self.pairs or word in self.table

    def near(self, syllables: Sequence[str], rank: str) -> tuple[Name, ...]:
        """Names of that rank that differ in one syllable, and there by one letter.

        Only names that share all other syllables are compared, so it costs the same however many
        names a province has.
        """
        if not SHORTEST_FUZZY <= sum(map(len, syllables)) <= LONGEST_FUZZY:
            return ()
        return tuple(
            name
            for at, typed in enumerate(syllables)
            for syllable, name in self._lacking.get(
                (rank, at, (*syllables[:at], *syllables[at + 1 :])), ()
            )
            if OSA.distance(syllable, typed, score_cutoff=1) == 1
        )
