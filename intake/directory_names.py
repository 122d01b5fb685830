"""Agency names as people write them: short, misspelt, outdated, in the middle of a letter.

An inverted index over pairs of neighbouring words finds the few names worth a look, so the cost
does not grow with the number of agencies; words that every second agency has ("ủy ban nhân dân
xã") never lead to a candidate on their own.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from intake.directory_rows import read_toml
from intake.errors import DataFault
from intake.place_names import TOKEN, MarkedWords, marked
from intake.text import MAX_TEXT, fold

LOWEST_SCORE = 72.0
"""Of 100; below it a name is not taken for the agency."""
SPREAD = 15.0
"""A name that much weaker than the best one is a chance likeness."""
SHORTLIST = 32
"""Names compared in full for one text."""
POSTINGS = 600
"""Entries of the index read for a short text, rarest pairs of words first; ..."""
POSTINGS_A_WORD = 3
"""... and so many more for each word of it."""
REMEMBERED = 20_000
"""Words whose repair is remembered; Vietnamese has fewer syllables."""
REPAIRED = range(4, 11)
"""Letters of a word that is repaired when misspelt; no Vietnamese syllable is longer."""
REPAIR_WEIGHT = 0.85
"""What a repaired word counts, of an exact one."""

_NO_BAR = str.maketrans("đĐ", "dD")
_AMPERSAND = re.compile(r"\s*&\s*")


@dataclass(frozen=True)
class NameWords:
    """`names.toml`: short forms, words that count for nothing, words for kinds of bodies.

    `beside` holds short forms that are everyday syllables too: (expansion, words before, words
    after), of which one must stand there. `units` are words after which a place name follows.
    """

    short: Mapping[str, tuple[str, ...]]
    beside: Mapping[str, tuple[tuple[str, ...], frozenset[str], frozenset[str]]]
    drop: MarkedWords
    generic: frozenset[str]
    units: frozenset[str]


def read_name_words(path: Path) -> NameWords:
    """Read `names.toml`. Raises DataFault."""
    raw = read_toml(path)
    try:
        return NameWords(
            short={key: tuple(text.split()) for key, text in raw["short"].items()},
            beside={
                key: (
                    tuple(entry["expansion"].split()),
                    frozenset(entry.get("before", ())),
                    frozenset(entry.get("after", ())),
                )
                for key, entry in raw["beside"].items()
            },
            drop=MarkedWords(raw["drop"]["words"]),
            generic=frozenset(raw["generic"]["words"]),
            units=frozenset(raw["units"]["words"]),
        )
    except (KeyError, AttributeError, TypeError) as error:
        raise DataFault(file=path.name, line=0, fault=f"cannot be read: {error!r}") from error


class Word(NamedTuple):
    """A folded word, and as it was typed (empty where a short form was written out)."""

    folded: str
    typed: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A name found in a text: position in the list given to the index, and 0–100."""

    name: int
    score: float


class NameSearch:
    """Finds names of a fixed list in texts.

    Args:
        names: the names; a hit refers to one by its position.
        words: short forms and words without weight.
    """

    def __init__(self, names: Sequence[str], words: NameWords) -> None:
        self._words = words
        read = [self.words_of(name) for name in names]
        self._names = [tuple(word.folded for word in name) for name in read]
        self._heads = [marked(name[0].typed) if name else "" for name in read]
        self._places = [self._place_of(name) for name in self._names]
        self._repairs: dict[str, str] = {}
        counts = Counter(token for name in self._names for token in set(name))
        total = len(self._names) + 1
        self._weight = {token: math.log(1 + total / n) for token, n in counts.items()}
        self._mass = [sum(self._weight[token] for token in name) for name in self._names]
        self._pairs: dict[tuple[str, str], list[int]] = {}
        self._single: dict[str, list[int]] = {}
        self._plain: dict[tuple[str, ...], list[int]] = {}
        self._texts = [" ".join(name) for name in self._names]
        for position, name in enumerate(self._names):
            self._enter(position, name)
        self._plain_lengths = {
            first: sorted({len(name) for name in self._plain if name[0] == first}, reverse=True)
            for first in {name[0] for name in self._plain}
        }
        self._deletions: dict[str, str] = {}
        for token in sorted(counts, key=lambda t: counts[t]):
            if len(token) in REPAIRED and token.isalpha():
                self._deletions.update(dict.fromkeys(_deletions(token), token))

    def _enter(self, position: int, name: tuple[str, ...]) -> None:
        if name and all(token in self._words.generic for token in name):
            self._plain.setdefault(name, []).append(position)
        elif len(name) == 1:
            self._single.setdefault(name[0], []).append(position)
        for pair in set(pairwise(name)):
            if not self._words.generic.issuperset(pair):
                self._pairs.setdefault(pair, []).append(position)

    def words_of(self, text: str) -> list[Word]:
        """Words with short forms written out: 'UBND P.7' -> uy ban nhan dan phuong 7."""
        typed = TOKEN.findall(normalize("NFC", _AMPERSAND.sub("", text[:MAX_TEXT])))
        folded = fold(" ".join(typed)).split(" ") if typed else []
        if len(folded) != len(typed):
            folded = [fold(word) for word in typed]
        words: list[Word] = []
        last = len(folded) - 1
        for at, (word, as_typed) in enumerate(zip(folded, typed, strict=True)):
            # A short form carries no marks; Đ is a letter of its own ("LĐTBXH").
            plain = as_typed.translate(_NO_BAR).isascii()
            known = self._words.short.get(word) if plain else None
            if plain and word in self._words.beside:
                expansion, before, after = self._words.beside[word]
                if (at and folded[at - 1] in before) or (at < last and folded[at + 1] in after):
                    known = expansion
            if known is not None:
                words.extend(Word(part, "") for part in known)
            elif as_typed.isascii() or not self._words.drop.fits(word, as_typed):
                words.append(Word(word.lstrip("0") or word, as_typed))
        return words

    def _place_of(self, name: Sequence[str]) -> frozenset[str]:
        """The words of a name that say where it is: those after the first "xã", "tỉnh", …"""
        first = next((at for at, token in enumerate(name) if token in self._words.units), None)
        if first is None:
            return frozenset()
        return frozenset(name[first + 1 :]) - self._words.units

    def find(self, text: str, limit: int) -> list[Hit]:
        """The best `limit` names in a text, best first. Linear in its length."""
        words = self.words_of(text)
        read = [self._repaired(word.folded) for word in words]
        hits = [
            Hit(position, score)
            for position, at in self._shortlist(read)
            if (score := self._score(position, at, words, read)) >= LOWEST_SCORE
        ]
        hits += [Hit(position, 100.0) for position in self._plain_names(read)]
        if not hits:
            return []
        most = max(self._mass[hit.name] for hit in hits)
        # "Công an xã Tân Phú" names the commune's police, not "Công an", though both stand there.
        ranked = [Hit(h.name, h.score * (0.9 + 0.1 * self._mass[h.name] / most)) for h in hits]
        ranked.sort(key=lambda hit: -hit.score)
        return [hit for hit in ranked[:limit] if hit.score >= ranked[0].score - SPREAD]

    def _repaired(self, token: str) -> str:
        known = self._repairs.get(token)
        if known is None:
            known = self._repair(token)
            if len(self._repairs) < REMEMBERED:
                self._repairs[token] = known
        return known

    def _repair(self, token: str) -> str:
        if token in self._weight or len(token) not in REPAIRED or not token.isalpha():
            return token
        found = self._deletions.get(token)
        if found is None:
            parts = list(_deletions(token))
            candidates = (*parts, *(self._deletions.get(part) for part in parts))
            found = next(
                (c for c in candidates if c in self._weight and OSA.distance(c, token) == 1), None
            )
        return found or token

    def _shortlist(self, read: Sequence[str]) -> list[tuple[int, int]]:
        """(name, position of its rarest pair in the text) of the names sharing most with it."""
        gained: dict[int, float] = {}
        first: dict[int, int] = {}
        for at, names, value in self._leads(read):
            for name in names:
                if name in gained:
                    gained[name] += value
                else:
                    gained[name] = value
                    first[name] = at
        if len(gained) > SHORTLIST:
            mass = self._mass
            best = nlargest(SHORTLIST, gained, key=lambda n: gained[n] * gained[n] / mass[n])
        else:
            best = list(gained)
        return [(name, first[name]) for name in best]

    def _leads(self, read: Sequence[str]) -> Iterator[tuple[int, Sequence[int], float]]:
        """(position, names, weight) of the text's pairs and words, rarest first, within bounds."""
        weight = self._weight
        leads = {
            pair: (at, self._pairs[pair])
            for at, pair in enumerate(pairwise(read))
            if pair in self._pairs
        }
        ordered = sorted(
            (len(names), at, names, weight[a] + weight[b]) for (a, b), (at, names) in leads.items()
        )
        left = POSTINGS + POSTINGS_A_WORD * len(read)
        for count, at, names, value in ordered:
            # The rarest pair is read whatever its length, or a crowded name would find nobody.
            if left < count and left < POSTINGS:
                break
            left -= count
            yield at, names, value
        for at, token in enumerate(read):
            if token in self._single:
                yield at, self._single[token], weight[token] * 2

    def _score(self, position: int, at: int, words: Sequence[Word], read: Sequence[str]) -> float:
        """How much of the name stands around this position, 0–100.

        0 for kinds of bodies alone, without the name's first word ("giao thông" is a subject, "Sở"
        before it makes it a body), and where the place in the name is another one.
        """
        name = self._names[position]
        left, right = max(0, at - len(name)), at + len(name) + 2
        window = read[left:right]
        if not self._places[position].issubset(window) or not any(
            token == name[0] and self._same_head(position, words[left + offset])
            for offset, token in enumerate(window)
        ):
            return 0.0
        found = 0.0
        telling = False
        open_tokens = list(window)
        for token in name:
            if token in open_tokens:
                offset = open_tokens.index(token)
                open_tokens[offset] = ""
                exact = words[left + offset].folded == token
                found += self._weight[token] * (1.0 if exact else REPAIR_WEIGHT)
                telling = telling or token not in self._words.generic
        covered = 75.0 * found / self._mass[position]
        if not telling or covered + 25.0 < LOWEST_SCORE:
            return 0.0
        return covered + 0.25 * fuzz.partial_ratio(self._texts[position], " ".join(window))

    def _same_head(self, position: int, word: Word) -> bool:
        """Whether the first word is the same with its marks too, where marks were set."""
        head = self._heads[position]
        return word.typed.isascii() or not head or marked(word.typed) == head

    def _plain_names(self, read: Sequence[str]) -> Iterator[int]:
        """Names made of general words only ("UBND tỉnh") must stand in the text word for word."""
        for at, token in enumerate(read):
            for length in self._plain_lengths.get(token, ()):
                names = self._plain.get(tuple(read[at : at + length]), ())
                yield from names
                if names:
                    break


def _deletions(token: str) -> Iterable[str]:
    return (token[:at] + token[at + 1 :] for at in range(len(token)))
