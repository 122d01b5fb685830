"""Finding place names in free text, with or without tone marks, type words and spelling.

A text is read once from left to right. Names become mentions, neighbouring mentions become one
address ("phường 7, TP Trà Vinh"), and the parts of an address narrow each other down. A name
without a type word counts only with some sign that a place is meant, an everyday word only with
two: "hòa bình" is peace before it is a commune.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from rapidfuzz.distance import OSA

from intake.place_names import (
    TOKEN,
    MarkedWords,
    Name,
    NameIndex,
    PlaceWords,
    Syllable,
    marked,
)
from intake.text import fold, fold_letters

LONGEST_NAME = 5
"""Syllables of the longest name looked up ("Phan Rang - Tháp Chàm")."""
LONGEST_MISSPELT = 3
"""Syllables of the longest name that is repaired."""
LINK_TOKENS = 2
"""Words that may stand between two parts of one address ("thuộc", "cũ nay")."""
MARKED_FROM = 5
"""One syllable in so many carries a mark: the writer uses tone marks, and their absence counts."""
GLUED_FROM = 6
"""Letters of a name written without its space ("travinh") before it is taken for one."""

_INSIDE = re.compile(r"[\s.\-–:\"“”'()]*\Z")
_SENTENCE_END = re.compile(r"[.!?\n]")
_RANKS = ("commune", "district", "province")


@dataclass(frozen=True)
class Address:
    """Neighbouring place names read together: commune codes (likeliest first), where they stand,
    the level the words reach, whether they name units of before, and the province of today."""

    communes: tuple[str, ...]
    start: int
    end: int
    old: bool
    level: str
    province: str


@dataclass(frozen=True)
class _Mention:
    """One name as it stands: syllables `first` to `last` (excluded), its type word, its readings.

    `signs` counts what speaks for a place, `needs` how many signs it takes; a name with a type word
    needs none. `key` is what was looked up, for looking it up again in another province.
    """

    first: int
    last: int
    name_at: int
    type: str
    names: tuple[Name, ...]
    signs: int
    needs: int
    former: bool

    def ranks(self) -> set[str]:
        """What the name may stand for."""
        ranks = {name.rank for name in self.names}
        if not self.type and "province" in ranks:
            # "ở Trà Vinh" is the province; the ward or city of that name takes its type word.
            return {"province"}
        return ranks


@dataclass
class _Chain:
    parts: dict[str, _Mention] = field(default_factory=dict)
    last: int = -1

    def place_for(self, mention: _Mention, open_rank: str | None) -> str | None:
        """The part of the address this mention can be, or None when it starts another address."""
        ranks = {open_rank} if open_rank else mention.ranks()
        return next((r for r in _RANKS if r in ranks and r not in self.parts), None)

    def first(self) -> int:
        return min(mention.first for mention in self.parts.values())


def find_addresses(
    text: str,
    province: str,
    words: PlaceWords,
    provinces: NameIndex,
    index: Callable[[str], NameIndex],
    syllables: frozenset[str],
) -> list[Address]:
    """Addresses in an NFC text, in order.

    Args:
        text: any length; the time grows linearly with it.
        province: slug of the province whose names count without being named.
        words: the vocabulary around names.
        provinces: the names of provinces, old and new.
        index: gives the names of a province by slug.
        syllables: folded syllables that names are made of; such a one is hardly a slip of the pen.
    """
    flat = fold_letters(text)
    folded = [word if word[0] != "0" else word.lstrip("0") or "0" for word in TOKEN.findall(flat)]
    quiet = _quiet(folded, words, index(province), provinces)
    # Half of all messages name no place; their syllables need not be taken apart.
    if all(quiet):
        return []
    return _Scan(text, folded, quiet, province, words, provinces, index, syllables).addresses()


def _quiet(
    folded: Sequence[str], words: PlaceWords, own: NameIndex, provinces: NameIndex
) -> list[bool]:
    """Where neither a name nor a word that matters to names begins: most of a text."""
    first = words.openers
    names, others = own.starts, provinces.starts
    return [
        word not in first
        and len(word) < GLUED_FROM + 2
        and (
            (word not in names and word not in others)
            or not (own.begins(word, following) or provinces.begins(word, following))
        )
        for word, following in zip_longest(folded, folded[1:], fillvalue="")
    ]


class _Scan:
    def __init__(
        self,
        text: str,
        folded: Sequence[str],
        quiet: Sequence[bool],
        province: str,
        words: PlaceWords,
        provinces: NameIndex,
        index: Callable[[str], NameIndex],
        syllables: frozenset[str],
    ) -> None:
        self.text = text
        self.quiet = quiet
        self.province = province
        self.words = words
        self.provinces = provinces.table
        self.index = index
        self.syllables = syllables
        self.table = index(province).table
        self.starts, self.province_starts = index(province).starts, provinces.starts
        spans = [found.span() for found in TOKEN.finditer(text)]
        self.tokens = [
            Syllable(word, text[start:end], start, end)
            for word, (start, end) in zip(folded, spans, strict=True)
        ]
        shouted = sum([token.typed.isupper() for token in self.tokens])
        self.shouting = shouted * 2 > len(self.tokens)
        unmarked = sum(token.typed.isascii() for token in self.tokens)
        self.with_marks = unmarked * MARKED_FROM < len(self.tokens) * (MARKED_FROM - 1)

    def addresses(self) -> list[Address]:
        chains = self._chains(self._mentions())
        hints = [chain.parts["district"] for chain in chains if "district" in chain.parts]
        found = [self._address(chain, hints) for chain in chains]
        return [address for address in found if address]

    # -- names ---------------------------------------------------------------------------------

    def _mentions(self) -> list[_Mention]:
        found: list[_Mention] = []
        at = 0
        count = len(self.tokens)
        shielded = -1
        quiet = self.quiet
        while at < count:
            if quiet[at]:
                at += 1
                continue
            mention = self._typed(at) or (
                None if at == shielded else self._bare(at, found[-1] if found else None)
            )
            if mention is not None:
                found.append(mention)
                at = max(mention.last, at + 1)
                continue
            if at + 1 < count and self._is(self.words.shield, at):
                shielded = at + 1
            at += 1
        return found

    def _is(self, words: MarkedWords, at: int) -> bool:
        token = self.tokens[at]
        return words.fits(token.folded, token.typed, strict=self.with_marks)

    def _joined(self, first: int, last: int) -> bool:
        """Whether only blanks, dots, dashes, quotes or brackets stand between these syllables."""
        return all(
            self.tokens[i].end == self.tokens[i + 1].start
            or _INSIDE.match(self.text, self.tokens[i].end, self.tokens[i + 1].start)
            for i in range(first, last - 1)
        )

    def _type_at(self, at: int) -> tuple[str, str, int] | None:
        """(word, type, next position) of the type word at this position."""
        for length in (2, 1):
            part = self.tokens[at : at + length]
            word = " ".join(token.folded for token in part)
            if len(part) == length and word in self.words.types:
                typed = " ".join(token.typed for token in part)
                if self.words.type_words.fits(word, typed) and self._joined(at, at + length):
                    return word, self.words.types[word][0], at + length
        return None

    def _compound(self, first: int) -> bool:
        """Whether this word and the next are one of the words that only hold a type word."""
        if not 0 <= first < len(self.tokens) - 1:
            return False
        one, two = self.tokens[first : first + 2]
        folded, typed = f"{one.folded} {two.folded}", f"{one.typed} {two.typed}"
        return self.words.compounds.fits(folded, typed) and self._joined(first, first + 2)

    def _typed(self, at: int) -> _Mention | None:
        found = self._type_at(at) if self.tokens[at].folded in self.words.type_starts else None
        if found is not None and (self._compound(at) or self._compound(at - 1)):
            return None
        if found is None:
            return self._glued(at) if len(self.tokens[at].folded) >= GLUED_FROM + 2 else None
        word, kind, start = found
        if start < len(self.tokens) and self._is(self.words.number, start):
            start += 1
        names, last = self._read(start, kind, self.table)
        if not names and word in self.words.fuzzy:
            names, last = self._repair(start, kind)
        if start >= len(self.tokens) or not self._joined(at, start + 1):
            return None
        if not names:
            # Perhaps a name of another province, if the address goes on to say so.
            return _Mention(at, start, start, kind, (), 0, 0, former=False)
        return _Mention(at, last, start, kind, names, 1, 0, self._former(last))

    def _glued(self, at: int) -> _Mention | None:
        """'tptravinh': the short type word and the name in one."""
        key = self.tokens[at].folded
        for kind, short in self.words.shorts.items():
            if len(short) == 2 and key.startswith(short):
                rank = self.words.ranks[kind]
                names = tuple(n for n in self.table.get(key[2:], ()) if n.rank == rank)
                if names:
                    return _Mention(at, at + 1, at, kind, names, 1, 0, self._former(at + 1))
        return None

    def _read(
        self, start: int, kind: str, table: Mapping[str, tuple[Name, ...]]
    ) -> tuple[tuple[Name, ...], int]:
        """The longest name after a type word, spelled right: (readings, position after it)."""
        rank = self.words.ranks[kind]
        for length in range(min(LONGEST_NAME, len(self.tokens) - start), 0, -1):
            key = "".join(token.folded for token in self.tokens[start : start + length])
            if length == 1 and rank == "commune":
                key = self.words.numbers.get(marked(self.tokens[start].typed), key)
            names = self._of_type(table.get(key, ()), kind, key)
            if kind in ("tinh", "thanh-pho"):
                names += tuple(
                    n for n in self.provinces.get(key, ()) if kind == "tinh" or n.type == kind
                )
            if names and self._joined(start, start + length):
                return self._as_marked(names, start, start + length), start + length
        return (), start

    def _of_type(self, names: Iterable[Name], kind: str, key: str) -> tuple[Name, ...]:
        """Readings a type word allows: its rank; for numbers ("phường 7") its very type."""
        rank = self.words.ranks[kind]
        return tuple(n for n in names if n.rank == rank and (n.type == kind or not key.isdigit()))

    def _repair(self, start: int, kind: str) -> tuple[tuple[Name, ...], int]:
        """A misspelt name: as many syllables as the right one, and one of them a letter off."""
        rank = self.words.ranks[kind]
        for length in range(min(LONGEST_MISSPELT, len(self.tokens) - start), 1, -1):
            part = self.tokens[start : start + length]
            if not self._joined(start, start + length):
                continue
            near = self.index(self.province).near([token.folded for token in part], rank)
            capitals = self._capitals(part)
            names = tuple(
                name
                for name in near
                if (wrong := _misspelt(name.name, part))
                and (capitals or wrong not in self.syllables)
            )
            if names:
                return names, start + length
        return (), start

    def _bare(self, at: int, before: _Mention | None) -> _Mention | None:
        start = self.tokens[at].folded
        longest = max(self.starts.get(start, 0), self.province_starts.get(start, 0))
        if not longest:
            return None
        for length in range(min(longest, len(self.tokens) - at), 0, -1):
            part = self.tokens[at : at + length]
            key = "".join(token.folded for token in part)
            names = (*self.table.get(key, ()), *self.provinces.get(key, ()))
            if not names or key.isdigit() or not self._joined(at, at + length):
                continue
            if length == 1 and not self._stands_alone(key, names):
                continue
            names = self._with_marks(names, part)
            if not names or self._inside_a_longer_name(at, key, before):
                return None
            signs = self._signs(at, at + length, names)
            needs = 2 if key in self.words.common else 1
            return _Mention(at, at + length, at, "", names, signs, needs, self._former(at + length))
        return None

    def _stands_alone(self, key: str, names: Iterable[Name]) -> bool:
        """One written word is a name only as initials ("TPTV"), short form or glued syllables."""
        return any(
            (len(key) >= GLUED_FROM and " " in name.name)
            or key.startswith(self.words.shorts.get(name.type, "\0"))
            or key in map(fold, self.words.provinces.get(name.target, ()))
            for name in names
        )

    def _with_marks(self, names: Iterable[Name], part: Sequence[Syllable]) -> tuple[Name, ...]:
        """Readings that agree with the tone marks the writer set; a syllable without marks fits."""
        return tuple(name for name in names if _marks_fit(name.name, part))

    def _as_marked(self, names: tuple[Name, ...], first: int, last: int) -> tuple[Name, ...]:
        """Like `_with_marks`, but a name after a type word is kept even with other marks."""
        return self._with_marks(names, self.tokens[first:last]) or names

    def _inside_a_longer_name(self, at: int, key: str, before: _Mention | None) -> bool:
        """'Nguyễn Bình Minh' is a person; 'Tại Bình Minh' is not."""
        if at == 0 or (before is not None and before.last == at):
            return False
        previous, token = self.tokens[at - 1], self.tokens[at]
        if not (previous.typed[0].isupper() and token.typed[0].isupper()) or self.shouting:
            return False
        if self._is(self.words.before, at - 1) or previous.folded in self.words.types:
            return False
        if not _INSIDE.match(self.text, previous.end, token.start):
            return False
        opens = at == 1 or _SENTENCE_END.search(self.text, self.tokens[at - 2].end, previous.start)
        return not opens or key in self.words.common

    def _signs(self, first: int, last: int, names: Sequence[Name]) -> int:
        part = self.tokens[first:last]
        capitals = self._capitals(part)
        spelled = any(
            not name.name.isascii() and marked(name.name) == marked(" ".join(t.typed for t in part))
            for name in names
        )
        led = first > 0 and self._is(self.words.before, first - 1)
        wide = any(name.rank == "province" for name in names)
        return capitals + spelled + led + wide

    def _capitals(self, part: Sequence[Syllable]) -> bool:
        return not self.shouting and all(token.typed[0].isupper() for token in part)

    def _former(self, at: int) -> bool:
        return at < len(self.tokens) and self._is(self.words.former, at)

    # -- addresses -----------------------------------------------------------------------------

    def _chains(self, mentions: Sequence[_Mention]) -> list[_Chain]:
        chains: list[_Chain] = []
        for mention in mentions:
            open_rank = None if mention.names else self.words.ranks[mention.type]
            chain = chains[-1] if chains else None
            if chain is not None and mention.first - chain.last > LINK_TOKENS:
                chain = None
            part = chain.place_for(mention, open_rank) if chain else None
            if chain is None or part is None:
                chain = _Chain()
                chains.append(chain)
                part = chain.place_for(mention, open_rank)
            if part is not None:
                chain.parts[part] = mention
                chain.last = mention.last
        return [kept for kept in map(self._believed, chains) if kept.parts]

    def _believed(self, chain: _Chain) -> _Chain:
        """Drop bare names with too few signs; a neighbour in the address is one more."""
        sure = [m for m in chain.parts.values() if m.names and (m.type or m.signs)]
        kept = {
            rank: mention
            for rank, mention in chain.parts.items()
            if mention.type
            or mention.signs + any(other is not mention for other in sure) >= mention.needs
        }
        return _Chain(kept, chain.last)

    def _address(self, chain: _Chain, hints: Sequence[_Mention]) -> Address | None:
        parts = chain.parts
        target = self._target(parts)
        if target != self.province:
            parts = self._elsewhere(parts, target)
        parts = {rank: mention for rank, mention in parts.items() if mention.names}
        if not parts:
            return None
        level = next(rank for rank in _RANKS if rank in parts)
        names = [n for n in parts[level].names if n.rank == level]
        if level == "commune":
            names = self._narrowed(names, parts, hints)
            names = _preferred(names, parts["commune"], narrowed="district" in parts)
            if not parts["commune"].type:
                wider = [n for n in parts["commune"].names if n.rank == "district"]
                if wider and "district" not in parts:
                    level, names = "district", [*names, *wider]
        elif level == "district":
            kind = parts["district"].type
            names = [n for n in names if n.type == kind] or names
            if "province" in parts:
                names = _within(names, parts["province"]) or names
        codes = tuple(dict.fromkeys(code for name in names for code in name.to))
        first = min(parts.values(), key=lambda m: m.first)
        last = max(parts.values(), key=lambda m: m.last)
        return Address(
            codes if level != "province" else (),
            self.tokens[first.first].start,
            self.tokens[last.last - 1].end,
            all(name.old for name in names),
            level,
            target,
        )

    def _target(self, parts: Mapping[str, _Mention]) -> str:
        """The province of today the address itself names, else the office's own."""
        named = [n for m in parts.values() for n in m.names if n.rank == "province"]
        if not named or any(name.target == self.province for name in named):
            return self.province
        return named[0].target

    def _elsewhere(self, parts: Mapping[str, _Mention], target: str) -> dict[str, _Mention]:
        """The same words read with the names of another province."""
        table = self.index(target).table
        moved: dict[str, _Mention] = {}
        for rank, mention in parts.items():
            if rank == "province" or any(n.rank == "province" for n in mention.names):
                moved["province"] = mention
                continue
            kind = mention.type
            names, last = self._read(mention.name_at, kind, table) if kind else ((), 0)
            if not kind:
                span = self.tokens[mention.first : mention.last]
                key = "".join(token.folded for token in span)
                names, last = table.get(key, ()), mention.last
            moved[rank] = _Mention(
                mention.first, last, mention.name_at, kind,
                tuple(n for n in names if n.rank == rank), mention.signs, 0, self._former(last),
            )  # fmt: skip
        return moved

    def _narrowed(
        self, names: list[Name], parts: Mapping[str, _Mention], hints: Sequence[_Mention]
    ) -> list[Name]:
        """Readings that lie in the district and province the address names, or the text does."""
        for rank in ("district", "province"):
            if rank in parts:
                names = _within(names, parts[rank]) or names
        if len({code for name in names for code in name.to}) > 1:
            for hint in hints:
                names = _within(names, hint) or names
        return names


def _marks_fit(name: str, part: Sequence[Syllable]) -> bool:
    if all(token.typed.isascii() for token in part):
        return True
    syllables = TOKEN.findall(name)
    return len(syllables) != len(part) or all(
        token.typed.isascii() or marked(token.typed) == marked(syllable)
        for token, syllable in zip(part, syllables, strict=True)
    )


def _misspelt(name: str, part: Sequence[Syllable]) -> str | None:
    """The one syllable of the text that is a letter off the name, if all the others are right."""
    syllables = TOKEN.findall(name)
    if len(syllables) != len(part):
        return None
    wrong: list[tuple[str, str]] = []
    for syllable, token in zip(syllables, part, strict=True):
        if fold(syllable) != token.folded:
            wrong.append((fold(syllable), token.folded))
        elif not token.typed.isascii() and marked(token.typed) != marked(syllable):
            return None
    if len(wrong) != 1 or OSA.distance(*wrong[0]) != 1:
        return None
    return wrong[0][1]


def _within(names: Sequence[Name], container: _Mention) -> list[Name]:
    """The names whose land belonged to the district, or else to the old province, named."""
    districts = {n.target for n in container.names if n.rank == "district"}
    inside = [n for n in names if n.districts & districts]
    if inside:
        return inside
    was = {slug for n in container.names if n.rank == "province" for slug in n.was}
    return [n for n in names if n.was & was]


def _preferred(names: list[Name], mention: _Mention, *, narrowed: bool) -> list[Name]:
    """What a commune's name most likely stands for.

    Beside a district, or with "cũ", it is the unit of before. Otherwise today's commune comes
    first, and old namesakes stay only where their land went elsewhere.
    """
    if mention.type:
        names = [n for n in names if n.type == mention.type] or names
    old = [n for n in names if n.old]
    if (narrowed or mention.former) and old:
        return old
    today = [n for n in names if not n.old]
    codes = {code for name in today for code in name.to}
    return [*today, *(n for n in old if not codes & set(n.to))]
